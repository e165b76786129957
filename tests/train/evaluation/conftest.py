"""A dataset in memory that any encoder can learn, and encoders small enough to be trained in a test."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pytest

from engine.model.config import DecoderConfig, ModelConfig
from engine.model.encoder import Encoder
from engine.model.initialise import random_autoencoder
from engine.raster.statistics import BandStatistics
from train.evaluation.dataset import IGNORED, Modality, Sample

BANDS = {"s1": ("microwave_1", "microwave_2"), "s2": ("blue_1", "green_2", "red_2")}
CLASSES = ("flat", "fine", "coarse")


def statistics_of(bands: tuple[str, ...]) -> BandStatistics:
    count = len(bands)
    return BandStatistics(bands, (0.0,) * count, (255.0,) * count, (0.4,) * count, (0.3,) * count, "made up")


class Toy:
    """Three textures on random brightness, 8-bit, the same in both modalities; s1 is half as large as s2.

    In a multi-label set fine and coarse checks may come together. In a segmentation set the left half is of one class,
    the right half of the next. With ``shuffled`` the labels have nothing to do with the images.
    """

    name, classes, statistics_source, split_source = "toy", CLASSES, "made up", "by number"

    def __init__(
        self, task: str, modalities: tuple[str, ...] = ("s2",), shuffled: bool = False, side: int = 20
    ) -> None:
        self.task, self._side, self._shuffled = task, side, shuffled
        self.modalities = tuple(Modality(name, BANDS[name], statistics_of(BANDS[name])) for name in modalities)

    def ids(self, split: str) -> tuple[str, ...]:
        first, last = {"train": (0, 48), "validation": (0, 0), "test": (48, 78)}[split]
        return tuple(f"image-{number:02d}" for number in range(first, last))

    def read(self, sample_id: str) -> Sample:
        number = int(sample_id[-2:])
        rng = np.random.default_rng(number)
        fine, coarse = self._textures(number)
        images = []
        for modality in self.modalities:
            side = self._side // 2 if modality.name == "s1" else self._side
            places = np.indices((self._side, self._side))
            small, large = ((places // size).sum(axis=0) % 2 * 2 - 1 for size in (2, 5))
            level = rng.uniform(90, 160) + 60 * (fine * small + coarse * large)
            noise = rng.normal(0, 8, (len(modality.bands), self._side, self._side))
            step = self._side // side
            images.append(np.clip(level + noise, 0, 255).astype(np.uint8)[:, ::step, ::step])
        valid = tuple(None if number % 2 else np.ones(image.shape[1:], bool) for image in images)
        return Sample(tuple(images), valid, self._label(number))

    def _textures(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Where there are fine and coarse checks: 0 or 1, one number or (side,) per column of the image."""
        if self.task == "multi-label":
            return np.float64(number % 2), np.float64(number // 2 % 2)
        kinds = np.array([number % 3, (number + 1) % 3 if self.task == "segmentation" else number % 3])
        kind = kinds.repeat(self._side // 2)
        return (kind == 1) * 1.0, (kind == 2) * 1.0

    def _label(self, number: int) -> np.ndarray:
        if self._shuffled:
            number = hashlib.sha256(f"{number}".encode()).digest()[0]
        if self.task == "multi-label":
            return np.array([number % 2 == 0 and number // 2 % 2 == 0, number % 2, number // 2 % 2], bool)
        if self.task == "single-label":
            return np.array(number % 3, np.int64)
        label = np.full((self._side, self._side), number % 3, np.int64)
        label[:, self._side // 2 :] = (number + 1) % 3
        label[0] = IGNORED
        return label


@pytest.fixture(scope="session")
def toy() -> Callable[..., Toy]:
    return Toy


@pytest.fixture(scope="session")
def tiny_encoder() -> Encoder:
    """Inputs of 16 × 16 px in 16 tokens."""
    config = ModelConfig(48, 2, 3, patch=4, grid=4, decoder=DecoderConfig(16, 1, 2))
    return random_autoencoder(config, seed=3, name="tiny").eval()
