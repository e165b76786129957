"""Join the features of overlapping tiles into one raster, a strip at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np
import torch

from engine.errors import JobError
from engine.raster.tiles import Tile, TilePlan

_SHARE_SLACK = 1e-6
"""Areas are sums of float64 fractions: a share this little below the limit meets it."""


class StripBlender:
    """Weighted mean of overlapping tiles, in memory for one tile row only.

    Per strip, in order: ``begin(row, valid)`` says which tiles are worth running, ``add(tile, features)`` takes
    their features in that order (batches may span strips: begin may run ahead of add), ``finished()`` yields the
    output rows that no later tile can change. A cell is valid where at least ``min_valid`` of its source area
    inside the grid is valid (any valid pixel, for 0); other cells are NaN in all ``dims`` dimensions. ``first`` is the
    tile row to begin with: rows that it shares with those before then lack these. ``device`` is where the sums lie:
    beside a model on a GPU they spare the features the way to main memory.
    """

    def __init__(
        self,
        plan: TilePlan,
        dims: int,
        min_valid: float = 0.5,
        first: int = 0,
        device: torch.device | str = "cpu",
    ) -> None:
        if not 0 <= min_valid <= 1:
            raise JobError(
                f"The least share of valid pixels cannot be {min_valid:g}.", "Choose a value between 0 and 1."
            )
        self._plan = plan
        self._dims = dims
        self._min_valid = min_valid
        self._device = torch.device(device)
        self._row_weights = _axis_weights(plan.row_cells, plan.cells)
        self._col_weights = _axis_weights(plan.col_cells, plan.cells)
        # Begun tile rows that still wait for features: their valid cells (n, cols) and the tiles to come.
        self._waiting: deque[tuple[np.ndarray, deque[Tile]]] = deque()
        self._begun = self._ended = first
        # Cells × columns × dims, the layout of a transformer's tokens: 0.14 ms to add a tile of 768 dims, not 0.49.
        self._sums = self._blank()
        self._ready: deque[tuple[int, torch.Tensor]] = deque()

    def begin(self, row: int, valid: np.ndarray) -> list[Tile]:
        """Take the validity (chip, padded width) bool of strip ``row``; return its tiles that hold a valid cell.

        Pixels beyond the grid are ignored. Raises ValueError where rows come out of order.
        """
        if row != self._begun:
            raise ValueError(f"strip {row} begun after {self._begun} strips")
        self._begun += 1
        cells = self._valid_cells(row, valid)
        some = np.concatenate([[0], np.cumsum(cells.any(axis=0))])
        ends = [min(start + self._plan.cells, self._plan.cols) for start in self._plan.col_cells]
        tiles = [tile for tile, end in zip(self._plan.tiles(row), ends, strict=True) if some[end] > some[tile.cell_col]]
        self._waiting.append((cells, deque(tiles)))
        self._end_rows()
        return tiles

    def add(self, tile: Tile, features: np.ndarray | torch.Tensor) -> None:
        """Add the features (dims, t, t) of ``tile``, float, on any device; t is 1 at level "chips".

        Fastest where memory holds the dimensions last, as in ``tokens.reshape(t, t, dims).transpose(2, 0, 1)``.
        Raises ValueError where tiles come in another order than begin() gave.
        """
        if not self._waiting or self._waiting[0][1][0] != tile:
            raise ValueError(f"unexpected {tile}")
        size = self._plan.cells
        if tuple(features.shape) != (self._dims, size, size):
            raise ValueError(f"features {tuple(features.shape)} for {self._dims} dimensions of {size}×{size} cells")
        self._waiting[0][1].popleft()
        cols = min(size, self._plan.cols - tile.cell_col)
        # PyTorch has no read-only tensors: such an array is copied.
        given = torch.from_numpy(np.require(features, None, "W")) if isinstance(features, np.ndarray) else features
        weights = (self._row_weights[tile.row][:, None] * self._col_weights[tile.col])[:, :cols, None]
        last = given.to(self._sums.device, torch.float32).permute(1, 2, 0).contiguous()
        self._sums[:, tile.cell_col : tile.cell_col + cols] += weights * last[:, :cols]
        self._end_rows()

    def finished(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield and forget what is final: (first output row, rows (dims, n, cols) float32), from top to bottom."""
        for row, rows in self.finished_there():
            yield row, rows.cpu().numpy()

    def finished_there(self) -> Iterator[tuple[int, torch.Tensor]]:
        """As ``finished``, left on the device: what fetches them need not wait for what computes them."""
        while self._ready:
            yield self._ready.popleft()

    @property
    def complete(self) -> bool:
        """Whether every row of the plan has been handed out."""
        return self._ended == len(self._plan.row_cells) and not self._ready

    def _end_rows(self) -> None:
        """Hand over the rows of every tile row that has all its tiles, in order."""
        while self._waiting and not self._waiting[0][1]:
            cells, _ = self._waiting.popleft()
            start = self._plan.row_cells[self._ended]
            self._ended += 1
            following = (
                self._plan.row_cells[self._ended] if self._ended < len(self._plan.row_cells) else self._plan.rows
            )
            count = following - start
            done, rest = self._sums[:count], self._sums[count:]
            self._sums = self._blank()
            self._sums[: len(rest)] = rest
            if not cells[:count].all():
                done.masked_fill_(torch.from_numpy(~cells[:count])[..., None].to(done.device), torch.nan)
            self._ready.append((start, done.permute(2, 0, 1)))

    def _blank(self) -> torch.Tensor:
        """Sums of nothing; in main memory from now on where the device has no room for them."""
        shape = (self._plan.cells, self._plan.cols, self._dims)
        try:
            sums = torch.zeros(shape, device=self._device)
        except torch.OutOfMemoryError:
            self._device = torch.device("cpu")
            sums = torch.zeros(shape)
        self._row_weights, self._col_weights = (w.to(self._device) for w in (self._row_weights, self._col_weights))
        return sums

    def _valid_cells(self, row: int, valid: np.ndarray) -> np.ndarray:
        """Which cells of tile row ``row`` are valid: (n, cols) bool, n rows inside the output raster."""
        plan = self._plan
        if valid.shape != (plan.chip, plan.padded_width):
            raise ValueError(f"validity {valid.shape} for a strip of ({plan.chip}, {plan.padded_width})")
        y = plan.row_starts[row]
        pixels = valid[: plan.height - y, : plan.width]
        if pixels.all():
            return np.ones((min(plan.cells, plan.rows - plan.row_cells[row]), plan.cols), np.bool_)
        here = slice(plan.row_cells[row], plan.row_cells[row] + plan.cells)
        first, end = (edges[here] - y for edges in plan.cell_spans(0))
        heights = np.minimum(end, len(pixels)) - first
        by_column = _sum_between(pixels.T, first, end).T
        first, end = plan.cell_spans(1)
        widths = np.minimum(end, plan.width) - first
        area = _sum_between(by_column, first, end)
        whole = heights[:, None] * widths
        return (area >= (self._min_valid - _SHARE_SLACK) * whole) & (area > _SHARE_SLACK * whole)


def _sum_between(values: np.ndarray, first: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Integral over each [first, end) of the step function ``values`` (n, size) along its last axis, 0 beyond it."""
    size = values.shape[1]
    total = np.zeros((len(values), size + 1))
    np.cumsum(values, axis=1, dtype=np.float64, out=total[:, 1:])

    def up_to(position: np.ndarray) -> np.ndarray:
        position = np.minimum(position, size)
        whole = np.minimum(position.astype(np.int64), size - 1)
        return total[:, whole] + values[:, whole] * (position - whole)

    return up_to(end) - up_to(first)


def _axis_weights(starts: tuple[int, ...], size: int) -> torch.Tensor:
    """Weights (tiles, size) float32 along one axis: a Hann window, scaled so that they sum to 1 at every cell.

    The tiles form a product grid, so the product of both axes' weights sums to 1 too, and the weighted mean needs
    no division. Every tile that covers a valid cell holds that cell's valid pixels and is therefore run.
    """
    window = np.sin(np.pi * (np.arange(size) + 0.5) / size) ** 2
    total = np.zeros(starts[-1] + size)
    for start in starts:
        total[start : start + size] += window
    return torch.from_numpy(np.stack([window / total[start : start + size] for start in starts]).astype(np.float32))
