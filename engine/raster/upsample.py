"""From the cells of an embedding to the pixels it was made of: bilinear between the centres of cells."""

from __future__ import annotations

import numpy as np

from engine.raster.grid import Grid

#: First row, end row, first column, end column.
PixelWindow = tuple[int, int, int, int]

#: Centres are told apart to this many digits of a cell; what two geotransforms lose by rounding is far less.
_DIGITS = 6
#: So many columns are interpolated in one product of matrices: more, and most of it multiplies zeros.
_COLUMNS = 128


class Upsampler:
    """Values of cells at the centres of pixels, as torch's ``interpolate(align_corners=False)`` gives them.

    At the edge of the raster the nearest cell stands for those beyond. A cell without data takes no part: the
    weights of its neighbours are scaled up in its place. A pixel has data where the cell it lies in has.
    ``cells`` and ``pixels`` are lattices with parallel edges (``FeatureRaster.grid`` and ``.source_grid``);
    ValueError for others.
    """

    def __init__(self, cells: Grid, pixels: Grid) -> None:
        to_cells = ~cells.transform @ pixels.transform
        if cells.crs != pixels.crs or max(abs(to_cells.b) * pixels.height, abs(to_cells.d) * pixels.width) > 1e-3:
            raise ValueError(f"the cells ({cells.describe()}) do not lie along the pixels ({pixels.describe()})")
        self._shape = (cells.height, cells.width)
        self._rows = _Axis(to_cells.e, to_cells.f, cells.height)
        self._cols = _Axis(to_cells.a, to_cells.c, cells.width)

    def cell_window(self, row0: int, row1: int, col0: int, col1: int) -> PixelWindow:
        """The cells that a window of pixels takes values from; ends are excluded, as in the window."""
        return *self._rows.span(row0, row1), *self._cols.span(col0, col1)

    def __call__(self, values: np.ndarray, cell_window: PixelWindow, pixel_window: PixelWindow) -> np.ndarray:
        """Values (K, H, W) float32 of the pixels of a window, NaN where there is no data.

        ``values`` (K, h, w) are those of the cells of ``cell_window``, which holds at least what ``cell_window()``
        asks for; NaN in all K marks a cell without data.
        """
        row0, row1, col0, col1 = pixel_window
        down = self._rows.matrix(row0, row1, cell_window[0], cell_window[1])
        across = self._cols.matrix(col0, col1, cell_window[2], cell_window[3]).T
        missing = np.isnan(values[0])
        if not missing.any():
            return _interpolated(values.astype(np.float32, copy=False), down, across)
        present = (~missing).astype(np.float32)
        sums = _interpolated(np.where(missing, np.float32(0), values), down, across)
        weights = _interpolated(present[None], down, across)[0]
        own_row = self._rows.own(np.arange(row0, row1)) - cell_window[0]
        own_col = self._cols.own(np.arange(col0, col1)) - cell_window[2]
        # Where its own cell has data, at least a quarter of a pixel's weights are left.
        weights[missing[np.ix_(own_row, own_col)]] = np.nan
        sums /= weights
        return sums

    def at(self, rows: np.ndarray, cols: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The four cells (n, 4) around single pixels, as row · width + column, and their weights (n, 4) float32.

        The weights sum to 1; whether a cell has data is not known here. A cell may come twice at the edge.
        """
        (top, bottom, down), (left, right, across) = self._rows.between(rows), self._cols.between(cols)
        width = self._shape[1]
        cells = np.stack([top * width + left, top * width + right, bottom * width + left, bottom * width + right], 1)
        weights = np.stack(
            [(1 - down) * (1 - across), (1 - down) * across, down * (1 - across), down * across], 1, dtype=np.float32
        )
        return cells, weights

    def own(self, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
        """The cell (n,) that each pixel lies in, as row · width + column: it says whether the pixel has data."""
        return np.asarray(self._rows.own(rows) * self._shape[1] + self._cols.own(cols))


def _interpolated(values: np.ndarray, down: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Values (K, H, W) from (K, h, w) by weights (H, h) and (w, W), of which few differ from zero."""
    (height, _), (cells, width) = down.shape, across.shape
    rows = np.asarray(down @ values, np.float32).reshape(-1, cells)
    found = np.empty((len(rows), width), np.float32)
    for start in range(0, width, _COLUMNS):
        part = across[:, start : start + _COLUMNS]
        used = np.flatnonzero(part.any(axis=1))
        first, end = int(used[0]), int(used[-1]) + 1
        found[:, start : start + _COLUMNS] = rows[:, first:end] @ part[first:end]
    return found.reshape(-1, height, width)


class _Axis:
    """One axis: cell coordinate = ``scale`` · pixel coordinate + ``offset``, for ``count`` cells."""

    def __init__(self, scale: float, offset: float, count: int) -> None:
        self._scale, self._offset, self._last = scale, offset, count - 1

    def own(self, pixels: np.ndarray) -> np.ndarray:
        """The cells that pixels' centres lie in."""
        return np.clip(np.floor(self._centres(pixels)).astype(np.int64), 0, self._last)

    def between(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Per pixel the cells whose centres are before and after its own, and the second one's weight."""
        place = np.clip(self._centres(pixels) - 0.5, 0, self._last)
        before = np.floor(place).astype(np.int64)
        return before, np.minimum(before + 1, self._last), place - before

    def span(self, start: int, stop: int) -> tuple[int, int]:
        """First and end cell that pixels [start, stop) take values from."""
        before, after, _ = self.between(np.array([start, stop - 1]))
        return int(before.min()), int(after.max()) + 1

    def matrix(self, start: int, stop: int, first: int, end: int) -> np.ndarray:
        """Weights (pixels, cells) float32 of cells [first, end) for pixels [start, stop)."""
        before, after, weight = self.between(np.arange(start, stop))
        matrix = np.zeros((stop - start, end - first), np.float32)
        lines = np.arange(stop - start)
        np.add.at(matrix, (lines, before - first), 1 - weight)
        np.add.at(matrix, (lines, after - first), weight)
        return matrix

    def _centres(self, pixels: np.ndarray) -> np.ndarray:
        return np.round((np.asarray(pixels) + 0.5) * self._scale + self._offset, _DIGITS)
