"""From packed integers to what the model sees: normalise, crop, flip, turn and resize a batch on its device.

The resize is the exact one (METHOD, section 4); each sample is clipped to the range of its own crop, as the released
code does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from engine.raster.harmonise import Harmoniser
from engine.raster.radiometry import Radiometry
from train.data.shards import Side
from train.data.views import Harmonise, View, views_one_by_one, views_together

#: METHOD, section 5: a square of 25 to 100 % of the area.
CROP_SCALE = (0.25, 1.0)


@dataclass(frozen=True, eq=False)
class Draws:
    """The random numbers of n samples, float32 in [0, 1): the same for every sensor of a sample.

    ``crop`` (n, 3) chooses area, row and column, ``turn`` (n, 3) the flips of rows and columns and the transposition
    (together all eight flips and quarter turns), ``take`` and ``hide`` (n, N) rank the tokens for mixup and mask.
    """

    crop: torch.Tensor
    turn: torch.Tensor
    take: torch.Tensor
    hide: torch.Tensor

    @staticmethod
    def of_part(seed: int, number: int, count: int, tokens: int) -> Draws:
        """The draws of the ``count`` samples of part ``number``: known from the two numbers, on any machine."""
        numbers = np.random.default_rng([seed, number, 1])
        drawn = torch.from_numpy(numbers.random((count, 6 + 2 * tokens), dtype=np.float32))
        crop, turn, take, hide = drawn.split([3, 3, tokens, tokens], dim=1)
        return Draws(crop, turn, take, hide)

    def rows(self, start: int, stop: int) -> Draws:
        """The draws of samples ``start`` to ``stop``."""
        return Draws(*(values[start:stop] for values in (self.crop, self.turn, self.take, self.hide)))

    def to(self, device: torch.device) -> Draws:
        """The same on ``device``."""
        return Draws(*(v.to(device, non_blocking=True) for v in (self.crop, self.turn, self.take, self.hide)))


class Augment:
    """Batches of the ``sides`` of a collection → float32 (B, C_i, ``size``, ``size``) each, on ``device``.

    ValueError for records that are not square.
    """

    def __init__(
        self,
        sides: Sequence[Side],
        size: int,
        device: torch.device,
        scale: tuple[float, float] = CROP_SCALE,
    ) -> None:
        if any(side.height != side.width for side in sides):
            raise ValueError("crops are drawn from square records")
        self._size, self._device, self._scale = size, device, scale
        self._heights = [side.height for side in sides]
        self._harmonise = [_harmonise(side, device) for side in sides]
        # Crops are aligned to the pixels of the coarser image, which those of the finer divide in a multiple.
        self._base = min(self._heights)

    def __call__(self, images: Sequence[torch.Tensor], draws: Draws) -> tuple[torch.Tensor, ...]:
        """``images`` are the sides' stored integers (B, C_i, H_i, W_i); all sides get the same crop and turn.

        Images and draws are best given on the host: sizes must be known there.
        """
        results = []
        for image, height, harmonise in zip(images, self._heights, self._harmonise, strict=True):
            views = self._views(draws, height)
            if self._device.type == "cpu":
                results.append(views_one_by_one(image, views, self._size, harmonise))
            else:
                image = image.to(self._device, non_blocking=True)
                results.append(views_together(image, views, self._size, harmonise))
        return tuple(results)

    def _views(self, draws: Draws, height: int) -> list[View]:
        """What is taken from records of ``height`` px."""
        area, row, column = draws.crop.cpu().unbind(1)
        low, high = self._scale
        side = ((low + (high - low) * area).sqrt() * self._base).round().clamp(1, self._base)
        free = self._base - side + 1
        ratio = height / self._base
        corners = []
        for first in ((row * free).floor(), (column * free).floor()):
            corners += [(first * ratio).round().int().tolist(), ((first + side) * ratio).round().int().tolist()]
        turns = (draws.turn.cpu() >= 0.5).tolist()
        return [
            View(bottom - top, top, left, *turn) for top, bottom, left, _, turn in zip(*corners, turns, strict=True)
        ]


def _harmonise(side: Side, device: torch.device) -> Harmonise:
    """From stored integers to what the model sees; unmeasured pixels become 0."""
    bands = len(side.bands)
    radiometry = Radiometry((side.gain,) * bands, (side.bias,) * bands, (False,) * bands, side.sensor, "")
    harmoniser = Harmoniser(radiometry, side.statistics, device)

    def harmonise(stored: torch.Tensor) -> torch.Tensor:
        missing = None if side.nodata is None else _missing(stored, side.nodata)
        return harmoniser(stored, None if missing is None else ~missing[:, 0])

    return harmonise


def _missing(stored: torch.Tensor, nodata: int) -> torch.Tensor | None:
    """Where all bands of a pixel of (B, C, H, W) are ``nodata``: (B, 1, H, W) bool, None for nowhere."""
    missing = stored[:, :1] == nodata
    for band in range(1, stored.shape[1]):
        # Mostly the first bands say it all; on a GPU the question would cost more than the answer saves.
        if stored.is_cpu and not bool(missing.any()):
            return None
        missing &= stored[:, band : band + 1] == nodata
    return missing
