"""Maps from an embedding and a head that scores vectors: cells to scores, scores to pixels, pixels to classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from engine.errors import CancelledError
from engine.heads.head import TokenHead
from engine.progress import CancelCallback, Progress, ProgressCallback
from engine.raster.feature_raster import FeatureRaster
from engine.raster.grid import Grid
from engine.raster.reader import block_cache
from engine.raster.upsample import Upsampler
from engine.tasks.inputs import DetectedImage
from engine.tasks.segment_maps import SLAB_ROWS

#: ``take(row0, col0, probabilities)``, probabilities (K, h, w) float32, NaN where there is no data.
Take = Callable[[int, int, np.ndarray], None]
#: ``valid(row0, row1)`` → (row1 − row0, width) bool; asked from top to bottom.
Valid = Callable[[int, int], np.ndarray]

#: Vectors that are scored at once: cancel is asked between them.
_VECTORS = 8192
#: Scores of cells, and of pixels, in memory at once.
_CELL_BYTES, _PIXEL_BYTES = 256 * 2**20, 16 * 2**20
#: Rows of images that are read at once for their validity.
_VALID_ROWS = 64


def map_pixels(
    raster: FeatureRaster,
    head: TokenHead,
    device: torch.device,
    valid: Valid | None,
    take: Take,
    progress: ProgressCallback,
    cancelled: CancelCallback,
) -> None:
    """Probabilities of every pixel the embedding was made of, from scores between the centres of its cells.

    A pixel has data where its cell has, and it is ``valid``, where that is known.
    """
    pixels = raster.source_grid
    upsampler = Upsampler(raster.grid, pixels)
    scores = _Scores(raster, head, device, cancelled)
    classes = len(head.info.classes)
    height = _band_rows(upsampler, pixels, classes * raster.cols * 4)
    width = max(1, _PIXEL_BYTES // (4 * classes * height) // SLAB_ROWS) * SLAB_ROWS
    # Where classes are many even a block of pixels is too much at once.
    piece = min(height, max(1, _PIXEL_BYTES // (4 * classes * width)))
    # The products of matrices are small: split among threads they take longer, far longer where others compute, too.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(max_workers=1, thread_name_prefix="validity") as pool:
        ahead: Future[np.ndarray] | None = pool.submit(valid, 0, min(height, pixels.height)) if valid else None
        for row0 in range(0, pixels.height, height):
            row1 = min(row0 + height, pixels.height)
            known = ahead.result() if ahead is not None else None
            if valid is not None and row1 < pixels.height:
                ahead = pool.submit(valid, row1, min(row1 + height, pixels.height))
            for top in range(row0, row1, piece):
                bottom = min(top + piece, row1)
                for col0 in range(0, pixels.width, width):
                    if cancelled():
                        raise CancelledError("Cancelled; nothing was written.")
                    col1 = min(col0 + width, pixels.width)
                    cells = upsampler.cell_window(top, bottom, col0, col1)
                    found = upsampler(scores.window(*cells), cells, (top, bottom, col0, col1))
                    if known is not None:
                        found[:, ~known[top - row0 : bottom - row0, col0:col1]] = np.nan
                    take(top, col0, _probabilities(head, device, found))
            progress(Progress(row1 / pixels.height, f"Mapping row {row1} of {pixels.height}"))


def map_cells(
    raster: FeatureRaster,
    head: TokenHead,
    device: torch.device,
    take: Take,
    progress: ProgressCallback,
    cancelled: CancelCallback,
) -> None:
    """Probabilities of every cell of an embedding."""
    scores = _Scores(raster, head, device, cancelled)
    for row in range(raster.rows):
        found = scores.window(row, row + 1, 0, raster.cols)
        take(row, 0, _probabilities(head, device, found))
        progress(Progress((row + 1) / raster.rows, f"Mapping row {row + 1} of {raster.rows}"))


@contextmanager
def validity(detected: Sequence[DetectedImage], grid: Grid) -> Iterator[Valid]:
    """What tells where all images have data on ``grid``."""
    with ExitStack() as stack:
        readers = [stack.enter_context(each.reader(grid)) for each in detected]
        stack.enter_context(block_cache(readers))

        def valid(row0: int, row1: int) -> np.ndarray:
            everywhere = np.ones((row1 - row0, grid.width), np.bool_)
            for start in range(row0, row1, _VALID_ROWS):
                stop = min(start + _VALID_ROWS, row1)
                for reader in readers:
                    everywhere[start - row0 : stop - row0] &= reader.read(start, stop)[1]
            return everywhere

        yield valid


class _Scores:
    """Scores of an embedding's cells, made a strip at a time from top to bottom and forgotten above the last window."""

    def __init__(self, raster: FeatureRaster, head: TokenHead, device: torch.device, cancelled: CancelCallback) -> None:
        self._raster, self._head, self._device, self._cancelled = raster, head, device, cancelled
        self._classes = len(head.info.classes)
        self._strips = self._planned()
        self._first = 0
        self._held = np.empty((self._classes, 0, raster.cols), np.float32)

    def window(self, row0: int, row1: int, col0: int, col1: int) -> np.ndarray:
        """Scores (K, h, w) float32, NaN where cells have no data; ``row0`` never goes back."""
        while self._first + self._held.shape[1] < row1:
            over = min(row0 - self._first, self._held.shape[1])
            self._held = np.concatenate([self._held[:, over:], self._strip(*next(self._strips))], axis=1)
            self._first += over
        return self._held[:, row0 - self._first : row1 - self._first, col0:col1]

    def _planned(self) -> Iterator[tuple[int, int]]:
        """Ranges of rows: those the file is best read in, in parts where the scores of one would be too many."""
        rows = max(1, _CELL_BYTES // (4 * self._classes * self._raster.cols))
        for start, stop in self._raster.strips():
            for row in range(start, stop, rows):
                yield row, min(row + rows, stop)

    def _strip(self, start: int, stop: int) -> np.ndarray:
        raster = self._raster
        strip = np.full((self._classes, stop - start, raster.cols), np.nan, np.float32)
        # Whole blocks across, no more than a few megabytes of vectors at once.
        width = max(256, _VECTORS * 4 // (stop - start) // 256 * 256)
        for left in range(0, raster.cols, width):
            right = min(left + width, raster.cols)
            values = raster.read(start, stop, left, right)
            present = ~np.isnan(values[0])
            if present.any():
                vectors = values.reshape(raster.dims, -1).T[present.ravel()]
                strip[:, :, left:right][:, present] = self._scored(vectors).T
        return strip

    @torch.inference_mode()
    def _scored(self, vectors: np.ndarray) -> np.ndarray:
        """Scores (n, K) of vectors (n, D)."""
        scores = np.empty((len(vectors), self._classes), np.float32)
        for start in range(0, len(vectors), _VECTORS):
            if self._cancelled():
                raise CancelledError("Cancelled; nothing was written.")
            part = np.ascontiguousarray(vectors[start : start + _VECTORS], np.float32)
            found = self._head.scores(torch.from_numpy(part).to(self._device))
            scores[start : start + len(part)] = found.float().cpu().numpy()
        return scores


@torch.inference_mode()
def _probabilities(head: TokenHead, device: torch.device, scores: np.ndarray) -> np.ndarray:
    """Probabilities (K, …) of scores (K, …), NaN where these are."""
    last = torch.from_numpy(np.moveaxis(scores, 0, -1)).to(device)
    return np.moveaxis(head.probabilities(last).float().cpu().numpy(), -1, 0)


def _band_rows(upsampler: Upsampler, pixels: Grid, bytes_per_cell_row: int) -> int:
    """Rows of pixels that are mapped in one go: those of a block, fewer where the scores of their cells are many."""
    rows = SLAB_ROWS
    while rows > 16:
        first, end, _, _ = upsampler.cell_window(0, min(rows, pixels.height), 0, 1)
        if (end - first) * bytes_per_cell_row <= _CELL_BYTES:
            break
        rows //= 2
    return rows
