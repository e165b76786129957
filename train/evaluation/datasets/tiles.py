"""Scenes cut into samples: windows of one size, numbered by their first row and column."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rasterio.windows import Window

from engine.errors import GridError, SourceError
from train.evaluation.datasets.files import opened


@dataclass(frozen=True)
class Tile:
    """``size`` × ``size`` pixels from ``row`` and ``col`` of a scene on; what lies beyond its edge is empty."""

    row: int
    col: int
    size: int

    def read(self, path: Path, band_count: int, indexes: tuple[int, ...], fill: float = 0) -> np.ndarray:
        """Bands ``indexes`` (from 1) of the raster: (C, size, size) in its type, ``fill`` beyond the scene.

        SourceError for a file that cannot be read; GridError for one with other bands or without this window.
        """
        with opened(path) as raster:
            height, width = min(raster.height - self.row, self.size), min(raster.width - self.col, self.size)
            if raster.count != band_count or height <= 0 or width <= 0:
                raise GridError(
                    f"{path} has {raster.count} bands of {raster.height} × {raster.width} px; {band_count} bands that"
                    f" reach beyond row {self.row} and column {self.col} were published.",
                    "Use the dataset as it was published.",
                )
            window = Window(self.col, self.row, width, height)
            return self.padded(raster.read(list(indexes), window=window), fill)

    def cut(self, scene: np.ndarray, fill: float = 0) -> np.ndarray:
        """The tile of a scene (…, H, W) in memory: (…, size, size), ``fill`` beyond the scene."""
        part = scene[..., self.row : self.row + self.size, self.col : self.col + self.size]
        return self.padded(part, fill)

    def padded(self, part: np.ndarray, fill: float) -> np.ndarray:
        """``part`` (…, h, w) of the tile's top left, filled up to (…, size, size)."""
        height, width = part.shape[-2:]
        if (height, width) == (self.size, self.size):
            return part
        whole = np.full((*part.shape[:-2], self.size, self.size), fill, part.dtype)
        whole[..., :height, :width] = part
        return whole


@dataclass(frozen=True)
class Tiling:
    """Tiles of ``size`` pixels, one every ``stride`` pixels, that cover a scene of ``height`` × ``width`` pixels."""

    size: int
    stride: int
    height: int
    width: int

    def ids(self, scene: str) -> tuple[str, ...]:
        """The ids of a scene's tiles, "scene:row-column" of their top left pixel, in rows."""
        return tuple(f"{scene}:{row}-{col}" for row in self._starts(self.height) for col in self._starts(self.width))

    def _starts(self, length: int) -> range:
        return range(0, max(length - (self.size - self.stride), 1), self.stride)

    def split_id(self, sample_id: str) -> tuple[str, Tile]:
        """Scene and tile of an id that ``ids`` made. SourceError for any other."""
        scene, _, place = sample_id.rpartition(":")
        row, _, col = place.partition("-")
        if not (scene and row.isdecimal() and col.isdecimal()):
            raise SourceError(f"There is no sample {sample_id!r}.", "Use an id that the dataset's splits list.")
        return scene, Tile(int(row), int(col), self.size)
