"""The probe tells classes apart by nearest neighbours, and says what is wrong with its folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pretraining_runs import SIZE, TINY

from engine.errors import JobError, SourceError
from engine.model.initialise import random_autoencoder
from train.watch.probe import Probe

CPU = torch.device("cpu")


def _write(folder: Path, name: str, colour: tuple[int, int, int], count: int, side: int = 40) -> None:
    numbers = np.random.default_rng(sum(colour))
    for number in range(count):
        noise = numbers.integers(-20, 20, (side + number % 2, side, 3))
        path = folder / name / f"{name}{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)).save(path)


def test_classes_of_different_colours(tmp_path):
    _write(tmp_path, "forest", (20, 90, 30), 9)
    _write(tmp_path, "beach", (220, 200, 150), 9)
    # What is no class, and no image.
    (tmp_path / "readme.txt").write_text("")
    (tmp_path / "empty").mkdir()
    (tmp_path / "beach" / "notes.txt").write_text("")
    probe = Probe(tmp_path, SIZE, CPU, False)
    assert probe.queries == 6
    model = random_autoencoder(TINY, 1).eval()
    assert probe.accuracy(model) == 1.0
    # Classes that look alike are not told apart.
    for path in (tmp_path / "beach").glob("*.png"):
        Image.new("RGB", (40, 40), (9, 9, 9)).save(path)
    for path in (tmp_path / "forest").glob("*.png"):
        Image.new("RGB", (40, 40), (9, 9, 9)).save(path)
    assert probe.accuracy(model) == 0.5


def test_the_first_two_thirds_by_name_are_the_bank(tmp_path):
    _write(tmp_path, "a", (20, 90, 30), 3)
    _write(tmp_path, "b", (220, 200, 150), 4)
    probe = Probe(tmp_path, SIZE, CPU, False)
    assert probe.queries == 2
    (tmp_path / "b" / "b03.png").write_bytes(b"no image")
    with pytest.raises(SourceError, match=r"b03.png cannot be read"):
        probe.accuracy(random_autoencoder(TINY, 1).eval())


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({}, "has 0 folders"),
        ({"a": 5}, "has 1 folders of images."),
        ({"a": 5, "b": 2}, "has 2 folders of images, some with fewer"),
    ],
)
def test_a_folder_without_classes_is_refused(tmp_path, counts: dict[str, int], message: str):
    for name, count in counts.items():
        _write(tmp_path / "probe", name, (9, 9, 9), count)
    with pytest.raises(JobError, match=message):
        Probe(tmp_path / "probe", SIZE, CPU, False)
