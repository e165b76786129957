"""Killed at any moment, on one rank or two, a run that goes on has the losses of an unbroken one."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from pretraining_runs import children, losses, run_here, settings, start, tiny_model, write_collections, write_recipe

from train.checkpoints import newest
from train.pretrain import Outcome
from train.watch.curve import read_curve

STEPS = 24
ALWAYS = 1e-9
#: Losses of one rank and of two: the order of sums in float32 differs.
SAME = 1e-5


@pytest.fixture(autouse=True, scope="module")
def _tiny():
    with tiny_model():
        yield


@pytest.fixture(scope="module")
def recipe(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("resume")
    content = settings(write_collections(folder), steps=STEPS, checkpoint_minutes=ALWAYS)
    return write_recipe(folder / "recipe.toml", content)


@pytest.fixture(scope="module")
def unbroken(recipe, tmp_path_factory) -> list[float]:
    """The losses of one rank that nobody disturbs."""
    out = tmp_path_factory.mktemp("unbroken")
    assert run_here(_content(recipe), out) is Outcome.DONE
    return losses(out)


def _content(recipe: Path) -> dict[str, object]:
    return settings(recipe.parent, steps=STEPS, checkpoint_minutes=ALWAYS)


def _until_rows(rows: int, out: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until the curve of ``out`` has so many rows."""
    path, end = out / "curve.csv", time.monotonic() + 120
    while not (path.exists() and len(read_curve(path)) >= rows):
        assert time.monotonic() < end, log.read_text()
        assert process.poll() is None, log.read_text()
        time.sleep(0.01)


def test_kill_and_go_on_alone(recipe, unbroken, tmp_path):
    log = tmp_path / "log"
    process = start(recipe, tmp_path, log=log)
    _until_rows(4, tmp_path, process, log)
    # Any moment: within a step, while a checkpoint is written, or between the two.
    time.sleep(random.uniform(0, 0.2))
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert 3 <= newest(tmp_path) < STEPS
    assert run_here(_content(recipe), tmp_path) is Outcome.DONE
    assert losses(tmp_path) == unbroken
    assert not list(tmp_path.glob(".*.part"))


def test_torchrun_goes_on_when_a_rank_is_killed(recipe, unbroken, tmp_path):
    """Two ranks of DDP, one of them killed: the other ends with a message, both start again, nothing is lost."""
    log = tmp_path / "log"
    torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--max-restarts", "1")
    process = start(recipe, tmp_path, log=log, launcher=torchrun)
    try:
        _until_rows(4, tmp_path, process, log)
        os.kill(children(process)[1], signal.SIGKILL)
        assert process.wait(120) == 0, log.read_text()
    finally:
        process.terminate()
        process.wait(60)
    assert "of 2 ends: it lost contact with another rank" in log.read_text()
    assert losses(tmp_path) == pytest.approx(unbroken, rel=SAME)


def test_a_signal_to_one_of_two_ranks_and_on_with_fsdp(recipe, unbroken, tmp_path):
    log = tmp_path / "log"
    process = start(recipe, tmp_path, world=2, log=log)
    _until_rows(3, tmp_path, process, log)
    os.kill(children(process)[1], signal.SIGTERM)
    assert process.wait(60) == 0, log.read_text()
    assert log.read_text().count("Stopped as asked") == 1
    stopped = newest(tmp_path)
    assert len(losses(tmp_path)) == stopped < STEPS

    process = start(recipe, tmp_path, "sharding=fsdp", "checkpoint_minutes=9", world=2, log=log)
    assert process.wait(120) == 0, log.read_text()
    assert newest(tmp_path) == STEPS
    assert losses(tmp_path) == pytest.approx(unbroken, rel=SAME)
