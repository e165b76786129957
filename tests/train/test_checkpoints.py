"""Checkpoints are whole or absent, on a full disk too, and the last good one is found."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from pretraining_runs import TINY

from engine.errors import CheckpointError, OutputError
from engine.model.initialise import random_autoencoder
from train.checkpoints import Progressed, Saver, checkpoint_path, collect, find_checkpoints, newest, restore, sweep
from train.optimiser import make_optimiser
from train.recipe import Recipe, Source


@contextmanager
def full_disk(bytes_left: int) -> Iterator[None]:
    """No file can grow beyond ``bytes_left``: the error is that of a full disk in all but its number."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_left, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def stepped(seed: int, steps: int):
    """A model and its optimiser after some steps."""
    model = random_autoencoder(TINY, seed)
    optimiser = make_optimiser(model, Recipe(data=(Source("a"),)))
    for _ in range(steps):
        sum((p * p).sum() for p in model.parameters()).backward()
        optimiser.step()
        optimiser.zero_grad()
    return model, optimiser


def progressed(step: int) -> Progressed:
    return Progressed(step, {"number": step}, {}, ())


def write(folder: Path, *steps: int) -> list[Path]:
    tensors = {"model.a": torch.zeros(1000)}
    with Saver(folder) as saver:
        for step in steps:
            saver.save(tensors, progressed(step))
    return [checkpoint_path(folder, step) for step in steps]


def test_model_and_moments_come_back_to_the_bit(tmp_path):
    model, optimiser = stepped(0, 3)
    with Saver(tmp_path) as saver:
        saver.save(collect(model, optimiser), progressed(3))
        # What is written is what was there, whatever the training does meanwhile.
        with torch.no_grad():
            before = model.cls_token.clone()
            model.cls_token.zero_()
    model.cls_token.data.copy_(before)
    other, its_optimiser = stepped(1, 1)
    restore(checkpoint_path(tmp_path, 3), other, its_optimiser)
    for one, two in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(one, two)
        assert optimiser.state.get(one, {}).keys() == its_optimiser.state.get(two, {}).keys()
        for name, value in optimiser.state.get(one, {}).items():
            assert torch.equal(value, its_optimiser.state[two][name])


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    (path,) = write(tmp_path, 1)
    with pytest.raises(CheckpointError, match="does not fit this model"):
        restore(path, *stepped(0, 0))


def test_the_last_two_stay(tmp_path):
    assert newest(tmp_path) == 0
    write(tmp_path, 5, 10, 15, 20)
    assert [path.name for path in find_checkpoints(tmp_path)] == [
        "checkpoint-00000015.safetensors",
        "checkpoint-00000020.safetensors",
    ]
    assert newest(tmp_path) == 20


def test_a_full_disk_keeps_what_was_there(tmp_path, capsys):
    write(tmp_path, 1)
    with pytest.raises(OutputError, match=r"step 2 is not kept: .*Earlier checkpoints are whole"):
        with full_disk(2000), Saver(tmp_path) as saver:
            saver.save({"model.a": torch.zeros(1000)}, progressed(2))
    assert "Warning: The checkpoint of step 2 is not kept" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-00000001.safetensors"]
    assert newest(tmp_path) == 1
    # Room was made before the end: a warning, and no error.
    with Saver(tmp_path) as saver:
        with full_disk(2000):
            saver.save({"model.a": torch.zeros(1000)}, progressed(2))
            saver.wait()
        saver.save({"model.a": torch.zeros(1000)}, progressed(3))
    assert newest(tmp_path) == 3


def test_an_error_of_the_run_is_not_hidden_by_one_of_the_disk(tmp_path):
    with pytest.raises(ZeroDivisionError), full_disk(2000), Saver(tmp_path) as saver:
        saver.save({"model.a": torch.zeros(1000)}, progressed(2))
        raise ZeroDivisionError


@pytest.mark.parametrize("damage", ["cut", "empty", "noise"])
def test_a_damaged_one_is_passed_over(tmp_path, capsys, damage):
    older, newer = write(tmp_path, 4, 9)
    content = newer.read_bytes()
    newer.write_bytes({"cut": content[:-100], "empty": b"", "noise": b"x" * len(content)}[damage])
    assert newest(tmp_path) == 4
    assert f"Warning: {newer} is damaged" in capsys.readouterr().err
    # The run that went back writes its own: the good one before it stays until there are two.
    write(tmp_path, 6)
    assert newest(tmp_path) == 6
    write(tmp_path, 7, 9)
    assert newest(tmp_path) == 9
    assert not older.exists()
    for path in find_checkpoints(tmp_path):
        path.write_bytes(b"")
    with pytest.raises(CheckpointError, match="None of the 2 checkpoints"):
        newest(tmp_path)


def test_what_a_kill_left_is_swept(tmp_path):
    write(tmp_path, 4)
    (tmp_path / ".checkpoint-00000009.safetensors.123.part").write_bytes(b"half")
    assert newest(tmp_path) == 4
    sweep(tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
