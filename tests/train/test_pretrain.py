"""A run on one rank: its end, its signals, its errors."""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from pretraining_runs import (
    losses,
    run_here,
    s2_side,
    settings,
    tiny_model,
    write_collection,
    write_collections,
    write_recipe,
)
from safetensors.torch import load_file

from engine.errors import CheckpointError, JobError, OutputError, SourceError
from train.checkpoints import find_checkpoints, newest
from train.distributed import Ranks
from train.pretrain import Outcome, main
from train.recipe import recipe_from
from train.run import Run, _model
from train.watch.curve import read_curve

#: After every step.
ALWAYS = 1e-9


@pytest.fixture(autouse=True, scope="module")
def _tiny():
    with tiny_model():
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return write_collections(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def unbroken(data, tmp_path_factory) -> list[float]:
    out = tmp_path_factory.mktemp("unbroken")
    assert run_here(settings(data), out) is Outcome.DONE
    assert newest(out) == 12
    return losses(out)


def signal_after(out: Path, rows: int, number: int) -> threading.Thread:
    """Sends this process a signal when the curve of ``out`` has so many rows."""

    def wait_and_send() -> None:
        path = out / "curve.csv"
        until = time.monotonic() + 60
        while time.monotonic() < until and not (path.exists() and len(read_curve(path)) >= rows):
            time.sleep(0.01)
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=wait_and_send)
    thread.start()
    return thread


def test_it_learns(unbroken):
    assert len(unbroken) == 12
    assert sum(unbroken[-3:]) < 0.97 * sum(unbroken[:3])


def test_it_goes_on_in_the_middle_of_an_epoch_and_may_become_longer(data, unbroken, tmp_path):
    """Collections of 13, 9 and 7 records in parts of 4: no epoch ends with a step."""
    assert run_here(settings(data, checkpoint_minutes=ALWAYS), tmp_path) is Outcome.DONE
    for checkpoint in find_checkpoints(tmp_path)[1:]:
        checkpoint.unlink()
    assert newest(tmp_path) == 11
    assert run_here(settings(data), tmp_path) is Outcome.DONE
    assert losses(tmp_path) == unbroken
    # Done is done; more steps are another schedule, from where it stands.
    assert run_here(settings(data), tmp_path) is Outcome.DONE
    assert run_here(settings(data, steps=14), tmp_path) is Outcome.DONE
    assert losses(tmp_path)[:12] == unbroken
    assert len(losses(tmp_path)) == 14
    assert run_here(settings(data, steps=5), tmp_path) is Outcome.DONE


@pytest.mark.parametrize(("number", "requeued"), [(signal.SIGUSR1, True), (signal.SIGTERM, False)])
def test_a_signal_ends_it_with_a_checkpoint(data, unbroken, tmp_path, monkeypatch, number, requeued):
    scontrol = tmp_path / "bin" / "scontrol"
    scontrol.parent.mkdir()
    scontrol.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\n')
    scontrol.chmod(0o755)
    monkeypatch.setenv("PATH", str(scontrol.parent), prepend=os.pathsep)
    monkeypatch.setenv("SLURM_JOB_ID", "4711")
    recipe, out = write_recipe(tmp_path / "recipe.toml", settings(data)), tmp_path / "out"
    arguments = ["--recipe", str(recipe), "--out", str(out), "--device", "cpu"]
    handlers = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)}
    sender = signal_after(out, 2, number)
    result = CliRunner().invoke(main, arguments)
    sender.join()
    assert result.exit_code == 0, result.output
    assert f"Stopped as asked; the same command goes on from the checkpoint in {out}." in result.stdout
    assert ((tmp_path / "asked").exists() and (tmp_path / "asked").read_text() == "requeue 4711\n") == requeued
    assert 2 <= newest(out) < 12
    assert len(losses(out)) == newest(out)
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert losses(out) == unbroken
    for n, handler in handlers.items():
        signal.signal(n, handler)


def is_sound(out: Path, step: int) -> bool:
    """The last checkpoint is that of ``step``, and all in it are numbers."""
    return newest(out) == step and all(t.isfinite().all() for t in load_file(find_checkpoints(out)[-1]).values())


def test_a_loss_that_is_no_number_ends_it_with_the_records_named(data, tmp_path):
    """A collection whose statistics are absurd: the squares of its errors overflow."""
    side = s2_side()
    absurd = replace(side, statistics=replace(side.statistics, std=(1e-30,) * 4))
    write_collection(data / "absurd", (absurd,), 8, 4)
    sources = [{"path": "radar", "weight": 5}, {"path": "absurd", "weight": 1}]
    with pytest.raises(JobError, match="The loss of step 2 is no number") as raised:
        run_here(settings(data, data=sources, norm_pix=False, checkpoint_minutes=ALWAYS), tmp_path)
    listed = (tmp_path / "not-a-number-rank-0.txt").read_text().splitlines()
    # The part of the innocent collection is not listed.
    assert len(listed) == 4
    assert all(line.startswith("absurd record ") and ": absurd place " in line for line in listed)
    assert listed[0] in str(raised.value)
    assert is_sound(tmp_path, 1)


def test_a_gradient_that_is_no_number_never_reaches_the_weights(data, tmp_path, monkeypatch):
    measured = Run.gradient_norm
    monkeypatch.setattr(Run, "gradient_norm", lambda run: measured(run) / (0.0 if run.done == 3 else 1.0))
    with pytest.raises(JobError, match=r"The gradient of step 4 is no number\. The 8 records behind it on rank 0"):
        run_here(settings(data, checkpoint_minutes=ALWAYS), tmp_path)
    assert is_sound(tmp_path, 3)


def test_a_full_disk_does_not_end_it(data, tmp_path, capsys):
    run_here(settings(data, steps=3), tmp_path)
    (kept,) = find_checkpoints(tmp_path)
    content = settings(data, checkpoint_minutes=ALWAYS)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The error is that of a full disk in all but its number.
    resource.setrlimit(resource.RLIMIT_FSIZE, (kept.stat().st_size - 1, limits[1]))
    try:
        with pytest.raises(OutputError, match="checkpoint of step 12 is not kept"):
            run_here(content, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert capsys.readouterr().err.count("Warning: The checkpoint of step ") == 9
    assert len(losses(tmp_path)) == 12
    assert find_checkpoints(tmp_path) == [kept]
    assert run_here(content, tmp_path) is Outcome.DONE
    assert len(losses(tmp_path)) == 12
    assert newest(tmp_path) == 12


def test_a_run_is_not_mixed_with_another(data, unbroken, tmp_path):
    run_here(settings(data, steps=2), tmp_path)
    with pytest.raises(JobError, match="another recipe: seed, base_lr differ"):
        run_here(settings(data, seed=1, base_lr=0.1), tmp_path)
    # The same recipe with other data under the same names.
    moved = tmp_path / "moved"
    moved.mkdir()
    for seed, name in enumerate(("radar", "fine", "alone")):
        write_collection(moved / name, (s2_side(),), 8, seed)
    with pytest.raises(CheckpointError, match="not those of the run"):
        run_here(settings(moved, steps=4), tmp_path)
    with pytest.raises(JobError, match="3 pairs does not divide among 2 ranks"):
        Run(recipe_from(settings(data, batch=6, parts=2)), tmp_path, Ranks(0, 2, torch.device("cpu")))


def test_damaged_data_are_found_at_the_start(data, tmp_path):
    write_collection(tmp_path / "data" / "radar", (s2_side(),), 8, 1)
    shard = tmp_path / "data" / "radar" / "00001.bin"
    content = bytearray(shard.read_bytes())
    content[100] ^= 1
    shard.write_bytes(content)
    with pytest.raises(SourceError, match="damaged"):
        run_here(settings(tmp_path / "data", data=["radar"]), tmp_path / "out")


def test_a_run_begins_from_a_model(data, untrained, tmp_path):
    """The tables of positions stay what they are."""
    model = _model(recipe_from(settings(data, start_from=str(untrained))))
    assert not model.pos_embed.requires_grad
    assert not model.decoder_pos_embed.requires_grad
    assert model.cls_token.requires_grad
    with pytest.raises(CheckpointError, match="is not a vit-s"):
        _model(recipe_from(settings(data, start_from=str(untrained), model="vit-s")))
