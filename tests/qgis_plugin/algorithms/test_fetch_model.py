"""`smarties:fetchmodel` inside QGIS, from files: no network."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import processing
import pytest
from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingException

ROOT = Path(__file__).resolve().parents[3]
MODEL = "smarties-v1-vit-b"

#: Writes weights of the sizes of a model, in half precision for their size.
WRITE = """
import sys, torch
from engine.model.checkpoints import save_checkpoint
from engine.model.config import CONFIGS
from engine.model.encoder import Encoder
torch.manual_seed(0)
save_checkpoint(Encoder(CONFIGS[sys.argv[1]]).half(), sys.argv[2])
"""


def write_weights(python: Path, config: str, path: Path) -> Path:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([str(python), "-c", WRITE, config, str(path)], env=environment, check=True)
    return path


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of models, for the engine too."""
    monkeypatch.setenv("SMARTIES_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def fetch(file: Path, model: str = MODEL) -> dict[str, Any]:
    return dict(processing.run("smarties:fetchmodel", {"MODEL": model, "FILE": str(file)}))


def test_a_downloaded_file_is_taken_and_can_be_used(
    models: Path, engine_python: Path, scene: dict[str, Path], tmp_path: Path
) -> None:
    file = write_weights(engine_python, "vit-b", tmp_path / "downloaded by hand.safetensors")
    path = Path(fetch(file)["PATH"])
    assert path.parent == models
    assert path.read_bytes() == file.read_bytes()
    assert json.loads(path.with_name(f"{path.name}.json").read_text(encoding="utf-8"))["size"] == file.stat().st_size
    report = processing.run("smarties:checkengine", {})["REPORT"]
    assert any(line.startswith(f"{MODEL}: ") and line.endswith("(downloaded)") for line in report.split("\n"))
    # It lies here now: asked for without a file, it is there without a connection.
    file.unlink()
    assert Path(processing.run("smarties:fetchmodel", {"MODEL": MODEL})["PATH"]) == path


def test_the_weights_of_another_model_are_refused(models: Path, engine_python: Path, tmp_path: Path) -> None:
    file = write_weights(engine_python, "vit-ti", tmp_path / "tiny.safetensors")
    with pytest.raises(QgsProcessingException, match=f"tiny.safetensors is not {MODEL}: it is 192 wide"):
        fetch(file)
    assert not models.exists() or not list(models.iterdir())


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip", b"<html>Sign in</html>" * 50])
def test_what_is_no_weights_is_refused_in_a_sentence(content: bytes, models: Path, tmp_path: Path) -> None:
    file = tmp_path / "page.safetensors"
    file.write_bytes(content)
    with pytest.raises(QgsProcessingException, match=r"page\.safetensors") as caught:
        fetch(file)
    assert "Traceback" not in str(caught.value)
    assert not models.exists() or not list(models.iterdir())


def test_a_file_that_is_not_there_is_told_before(tmp_path: Path) -> None:
    run = QgsApplication.processingRegistry().algorithmById("smarties:fetchmodel").create()
    parameters = {"MODEL": MODEL, "FILE": str(tmp_path / "absent.safetensors")}
    ok, reason = run.checkParameterValues(parameters, QgsProcessingContext())
    assert not ok and "absent.safetensors does not exist" in reason
    # A task in the background never asks for the check above.
    with pytest.raises(QgsProcessingException, match="does not exist"):
        run.prepareAlgorithm(parameters, QgsProcessingContext(), None)


def test_only_models_that_are_downloaded_are_offered() -> None:
    run = QgsApplication.processingRegistry().algorithmById("smarties:fetchmodel").create()
    assert not run.checkParameterValues({"MODEL": "smarties-tiny"}, QgsProcessingContext())[0]
