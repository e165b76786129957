"""Looking at a run changes nothing of it, and never ends it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pretraining_runs import ONE, run_here, settings, write_recipe

from engine.errors import JobError
from train.recipe import recipe_from
from train.run import Run
from train.watch.curve import read_curve
from train.watch.views import evaluation_model
from train.watch.watch import Watch

OFTEN = 1e-6


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    folder = tmp_path_factory.mktemp("probe")
    for number, name in enumerate(("a", "b")):
        (folder / name).mkdir()
        for image in range(3):
            Image.new("RGB", (40, 40), (90 * number, 60, 9 * image)).save(folder / name / f"{image}.png")
    return folder


def test_a_run_that_is_looked_at_has_the_losses_of_one_that_is_not(tmp_path, data, probe, capsys):
    content = settings(data, steps=4)
    run_here(content, tmp_path / "alone")
    state = torch.get_rng_state()
    capsys.readouterr()
    run_here({**content, "pictures_minutes": OFTEN, "probe": str(probe), "probe_minutes": OFTEN}, tmp_path / "seen")
    rows, seen = (read_curve(tmp_path / name / "curve.csv") for name in ("alone", "seen"))
    for row, other in zip(rows, seen, strict=True):
        assert {**row, "pairs_per_s": 0} == {**other, "pairs_per_s": 0}
    assert torch.equal(torch.get_rng_state(), state)

    accuracies = read_curve(tmp_path / "seen" / "probe.csv")
    assert [row["step"] for row in accuracies] == [0, 1, 2, 3, 4]
    pictures = sorted(str(p.relative_to(tmp_path / "seen" / "pictures")) for p in tmp_path.glob("seen/pictures/*/*"))
    assert pictures[:3] == ["00000001/alone.png", "00000001/fine.png", "00000001/radar.png"]
    assert len(pictures) == 12
    with Image.open(tmp_path / "seen" / "pictures" / pictures[0]) as image:
        assert np.ptp(np.asarray(image)) > 200
    told = capsys.readouterr().err
    assert "step 0: kNN accuracy " in told
    assert "step 4/4 · loss " in told
    # A run that goes on knows what it has probed, and does not begin anew.
    run_here({**content, "steps": 5, "probe": str(probe)}, tmp_path / "seen")
    assert [row["step"] for row in read_curve(tmp_path / "seen" / "probe.csv")] == [0, 1, 2, 3, 4, 5]


def test_what_cannot_be_written_or_read_is_told_and_the_run_goes_on(tmp_path, data, probe, capsys):
    content = settings(data, steps=2, probe=str(probe))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "pictures").write_text("in the way")
    broken = probe.parent / "broken"
    for path in probe.rglob("*.png"):
        (broken / path.parent.name).mkdir(parents=True, exist_ok=True)
        (broken / path.parent.name / path.name).write_bytes(b"no image")
    run_here({**content, "probe": str(broken)}, tmp_path / "run")
    told = capsys.readouterr().err
    assert "Warning: there are no pictures of step 2: " in told
    assert "Warning: the probe of step 0 failed: " in told
    assert len(read_curve(tmp_path / "run" / "curve.csv")) == 2
    with pytest.raises(JobError, match="The probe needs two classes"):
        run_here({**content, "probe": str(tmp_path / "absent")}, tmp_path / "other")


def test_pictures_and_probe_have_their_own_times(tmp_path, data, probe):
    recipe = recipe_from(settings(data, probe=str(probe), pictures_minutes=100, probe_minutes=OFTEN))
    run = Run(recipe, tmp_path, ONE)
    run.done = 1
    with Watch(run, tmp_path) as watch:
        time.sleep(0.001)
        assert watch.due
        watch.look()
        assert not (tmp_path / "pictures").exists()
        assert [row["step"] for row in read_curve(tmp_path / "probe.csv")] == [1]
    recipe = recipe_from(settings(data, pictures_minutes=100))
    with Watch(Run(recipe, tmp_path, ONE), tmp_path) as watch:
        assert not watch.due


def test_the_model_that_is_looked_at_shares_the_weights_and_nothing_else(tmp_path, data):
    run = Run(recipe_from(settings(data)), tmp_path, ONE)
    model = evaluation_model(run)
    assert model is not None
    assert (model.training, run.model.training) == (False, True)
    assert not any(parameter.requires_grad for parameter in model.parameters())
    for (name, mine), (_, theirs) in zip(model.named_parameters(), run.model.named_parameters(), strict=True):
        assert mine.data_ptr() == theirs.data_ptr(), name


def test_two_tasks_of_slurm_look_at_a_sharded_run_and_the_first_writes(tmp_path, data, probe, monkeypatch):
    recipe = write_recipe(
        tmp_path / "recipe.toml",
        settings(data, steps=2, sharding="fsdp", pictures_minutes=OFTEN, probe=str(probe), probe_minutes=OFTEN),
    )
    content = settings(data, steps=2)
    run_here(content, tmp_path / "one")
    log = tmp_path / "log"
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    processes = _slurm_tasks(recipe, tmp_path / "two", log)
    try:
        assert [process.wait(240) for process in processes] == [0, 0], log.read_text()
    finally:
        for process in processes:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
    expected, found = (read_curve(tmp_path / name / "curve.csv") for name in ("one", "two"))
    for row, other in zip(expected, found, strict=True):
        assert other["loss"] == pytest.approx(row["loss"], rel=1e-5)
    assert [row["step"] for row in read_curve(tmp_path / "two" / "probe.csv")] == [0, 1, 2]
    assert len(list((tmp_path / "two" / "pictures").glob("*/*.png"))) == 6
    assert log.read_text().count("step 2: kNN accuracy") == 1


def _slurm_tasks(recipe, out, log):
    """Two processes with the variables that srun gives them, and those of train/pretrain.sbatch."""
    program = Path(__file__).resolve().parents[2] / "helpers" / "pretraining_runs.py"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    processes = []
    for task in range(2):
        environment = {
            **os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(program.parents[2]), "SLURM_PROCID": str(task),
            "SLURM_NTASKS": "2", "SLURM_LOCALID": str(task), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port,
        }  # fmt: skip
        command = [sys.executable, str(program), "--recipe", str(recipe), "--out", str(out), "--device", "cpu"]
        with log.open("ab") as file:
            processes.append(subprocess.Popen(command, env=environment, stdout=file, stderr=subprocess.STDOUT))
    return processes
