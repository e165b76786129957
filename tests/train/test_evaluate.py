from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.model import load_encoder
from engine.model.checkpoints import save_checkpoint
from engine.model.config import DecoderConfig, ModelConfig
from engine.model.initialise import random_autoencoder
from train import compare, compare_tokens, evaluate, finetune

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def merced(tmp_path_factory) -> Path:
    """Two classes of UC Merced in its published layout, one dark, one bright."""
    root = tmp_path_factory.mktemp("merced")
    rng = np.random.default_rng(0)
    for name, level in (("beach", 60), ("river", 190)):
        (root / "Images" / name).mkdir(parents=True)
        for number in (*range(6), *range(40, 44)):
            pixels = np.clip(level + rng.normal(0, 20, (32, 32, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(root / "Images" / name / f"{name}{number:02d}.tif")
    return root


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    config = ModelConfig(48, 2, 3, patch=4, grid=4, decoder=DecoderConfig(16, 1, 2))
    save_checkpoint(random_autoencoder(config, seed=3, name="tiny"), path)
    return str(path)


def code_of(command, *arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        command.main([str(each) for each in arguments])
    return int(ended.value.code or 0)


def test_calls_add_to_one_table(merced, model, tmp_path, capsys):
    call = ("uc-merced", merced, "--model", model, "--device", "cpu", "--out", tmp_path)
    assert code_of(evaluate, *call, "--protocol", "knn", "--protocol", "multiscale-knn") == 0
    assert (
        code_of(evaluate, *call, "--protocol", "linear", "--epochs", 30, "--resize", "bicubic", "--pooling", "mean")
        == 0
    )
    assert code_of(evaluate, *call, "--protocol", "knn", "--train-share", 0.5) == 0
    rows = json.loads((tmp_path / "evaluation.json").read_text())["rows"]
    assert [(row["protocol"], row["train_share"], row["resize"], row["pooling"]) for row in rows] == [
        ("knn", 0.5, "exact", "cls"), ("knn", 1.0, "exact", "cls"), ("linear", 1.0, "bicubic", "mean"),
        ("multiscale-knn", 1.0, "exact", "cls"),
    ]  # fmt: skip
    assert all(row["statistics"] == "published with the paper's code" for row in rows)
    assert {row["model_sha256"] for row in rows} == {load_encoder(model).info.sha256}
    assert "77.0 (table 4)" in (tmp_path / "evaluation.md").read_text()
    assert "uc-merced linear: accuracy" in capsys.readouterr().out


def test_finetune_writes_a_task_file(merced, model, tmp_path):
    task = tmp_path / "task.safetensors"
    assert code_of(finetune, "uc-merced", merced, "--model", model, "--epochs", 1, "--to", task, "--out", tmp_path) == 0
    assert set(load_encoder(task).extra) == {"head.weight", "head.bias"}
    (row,) = json.loads((tmp_path / "evaluation.json").read_text())["rows"]
    assert (row["protocol"], row["epochs"], row["counts"]) == ("finetune", 1, {"train": 12, "test": 8})


def test_compare_writes_a_table(merced, model, tmp_path, capsys):
    assert code_of(compare, "uc-merced", merced, "--model", model, "--out", tmp_path) == 0
    written = json.loads((tmp_path / "compare-uc-merced-tiny.json").read_text())
    assert [row["features"] for row in written["rows"]][-1] == "colour histogram"
    assert written["rows"][0]["regression"] > 0.9 and set(written["margins"]) == {"knn", "probe", "regression"}
    assert "| channel means | 3 |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "arguments", "message"),
    [
        (evaluate, ("uc-merced", "MERCED", "--protocol", "conv"), "does not fit uc-merced"),
        (evaluate, ("uc-mercedes", "MERCED", "--protocol", "knn"), "uc-mercedes"),
        (evaluate, ("uc-merced", "nowhere", "--protocol", "knn"), "nowhere"),
        (evaluate, ("uc-merced", "MERCED", "--protocol", "magic"), "magic"),
        (evaluate, ("uc-merced", "MERCED", "--protocol", "knn", "--train-share", 2), "not a share"),
        (evaluate, ("uc-merced", "MERCED", "--protocol", "knn", "--modality", "s1"), "'s1' is not in uc-merced"),
        (evaluate, ("uc-merced", "MERCED", "--protocol", "knn", "--model", "none.safetensors"), "none.safetensors"),
        (finetune, ("uc-merced", "MERCED", "--to", "task.bin"), "task.bin"),
        (compare, ("uc-merced", "nowhere"), "nowhere"),
        (compare_tokens, ("nowhere",), "nowhere"),
    ],
)
def test_an_error_is_a_sentence_and_exit_code_2(command, arguments, message, merced, model, tmp_path, capsys):
    given = [merced if each == "MERCED" else each for each in arguments]
    if "--model" not in given:
        given += ["--model", model]
    assert code_of(command, *given, "--out", tmp_path) == 2
    told = capsys.readouterr().err
    assert message in told and "Traceback" not in told
    assert not list(tmp_path.iterdir())


def test_a_script_runs_as_a_file():
    result = subprocess.run(
        [sys.executable, "train/evaluate.py", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "--protocol" in result.stdout
