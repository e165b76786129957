"""Strips of raw pixels in, rows of features out: reading, copying, encoding, blending and fetching side by side."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from engine.errors import CancelledError
from engine.progress import CancelCallback, Progress, ProgressCallback
from engine.raster.blend import StripBlender
from engine.raster.strips import Strip
from engine.raster.tiles import Tile, TilePlan
from engine.tasks.features import FeatureExtractor
from engine.tasks.transfer import Download, Upload


@dataclass(frozen=True, eq=False)
class _Pixels:
    """A strip's raw pixels where they are encoded: per image values (C, chip, width) and valid (chip, width)."""

    values: list[torch.Tensor]
    valid: list[torch.Tensor]


def feature_rows(
    strips: Iterable[Strip],
    plan: TilePlan,
    extractor: FeatureExtractor,
    blender: StripBlender,
    progress: ProgressCallback,
    cancelled: CancelCallback,
    first: int = 0,
) -> Iterator[tuple[int, np.ndarray]]:
    """First row and rows (dims, n, cols) float32 of the output, from top to bottom.

    A strip travels to the device as it is stored; chips are cut there, however often they overlap. On a GPU nothing
    waits but the last step: while rows come down, the next strip is copied up and encoded, and batches fill up
    across strips. ``first`` is the tile row that the strips begin with. Raises CancelledError between batches.
    """
    stream = _TileStream(plan, extractor, blender, progress, cancelled, first)
    download = Download()
    for strip in strips:
        stream.take(strip)
        for row, rows in blender.finished_there():
            yield from download.put(row, rows)
    stream.finish()
    for row, rows in blender.finished_there():
        yield from download.put(row, rows)
    yield from download.rest()


class _TileStream:
    """The tiles that wait to be encoded, and how far the whole has come."""

    def __init__(
        self,
        plan: TilePlan,
        extractor: FeatureExtractor,
        blender: StripBlender,
        progress: ProgressCallback,
        cancelled: CancelCallback,
        first: int,
    ) -> None:
        self._plan, self._extractor, self._blender = plan, extractor, blender
        self._progress, self._cancelled = progress, cancelled
        self._upload = Upload(extractor.device)
        self._waiting: deque[tuple[Tile, _Pixels]] = deque()
        self._done = first * len(plan.col_starts)

    def take(self, strip: Strip) -> None:
        """Encode the strip's tiles, as far as they fill batches."""
        tiles = self._blender.begin(strip.row, strip.valid_in_all)
        self._tell(len(self._plan.col_starts) - len(tiles))
        if tiles:
            pixels = _Pixels([*map(self._upload, strip.values)], [*map(self._upload, strip.valid)])
            self._waiting.extend((tile, pixels) for tile in tiles)
        # A processor gains nothing from full batches; a GPU does, where a strip has few tiles.
        full = self._extractor.device.type != "cpu"
        while self._waiting and (not full or len(self._waiting) >= self._extractor.batch):
            self._encode()

    def finish(self) -> None:
        """Encode what still waits."""
        while self._waiting:
            self._encode()

    def _encode(self) -> None:
        if self._cancelled():
            raise CancelledError("Cancelled; nothing was written.")
        count = min(self._extractor.batch, len(self._waiting))
        batch = [self._waiting.popleft() for _ in range(count)]
        self._extractor.compile_if_worthwhile(self._plan.tile_count - self._done)
        columns = [slice(tile.x, tile.x + self._plan.chip) for tile, _ in batch]
        strips = [pixels for _, pixels in batch]
        values, valid = [], []
        for image in range(len(strips[0].values)):
            where = [*zip(strips, columns, strict=True)]
            values.append(_stack([strip.values[image][:, :, window] for strip, window in where]))
            valid.append(_stack([strip.valid[image][:, window] for strip, window in where]))
        features = self._extractor.features(values, valid, self._plan.level)
        if self._plan.level == "chips":
            features = features[..., None, None]
        for (tile, _), found in zip(batch, features, strict=True):
            self._blender.add(tile, found)
        self._tell(count)

    def _tell(self, more: int) -> None:
        self._done += more
        total = self._plan.tile_count
        self._progress(Progress(self._done / total, f"Embedding tile {self._done} of {total}"))


def _stack(parts: list[torch.Tensor]) -> torch.Tensor:
    """The parts, of one type, in a new first dimension, where the first one is; in main memory where a GPU is full."""
    # Few of PyTorch's operations know unsigned integers: the bytes are moved as signed ones.
    unsigned = parts[0].dtype == torch.uint16
    moved = [part.view(torch.int16) if unsigned else part for part in parts]
    try:
        stacked = torch.stack([part.to(moved[0].device) for part in moved])
    except torch.OutOfMemoryError:
        stacked = torch.stack([part.cpu() for part in moved])
    return stacked.view(torch.uint16) if unsigned else stacked
