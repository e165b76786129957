"""Where the tiles of a raster lie: chips of source pixels in, cells of the output raster out.

A chip is a square of ``chip`` source pixels that fills one model input of ``tokens`` × ``tokens`` tokens, so a
token covers ``chip / tokens`` source pixels, which may be a fraction. A *cell* is a pixel of the output: a token
(level ``"tokens"``), or a whole chip (level ``"chips"``, one vector per chip).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from affine import Affine

from engine.errors import JobError
from engine.options import LEVELS, MAX_OVERLAP


@dataclass(frozen=True)
class Tile:
    """One model input: tile ``row`` and ``col``, its first source pixel (``y``, ``x``) and its first output cell."""

    row: int
    col: int
    y: int
    x: int
    cell_row: int
    cell_col: int


@dataclass(frozen=True)
class TilePlan:
    """Tiles of one raster; build it with :func:`plan_tiles`.

    ``height`` and ``width`` are source pixels, ``stride_px`` the step between tiles in source pixels (the last
    tile of a row or column may stand closer), ``row_cells`` and ``col_cells`` the first output cell of each tile
    row and tile column.
    """

    height: int
    width: int
    chip: int
    tokens: int
    overlap: float
    level: str
    stride_px: int
    row_cells: tuple[int, ...]
    col_cells: tuple[int, ...]

    @cached_property
    def token_px(self) -> Fraction:
        """Source pixels per token."""
        return Fraction(self.chip, self.tokens)

    @cached_property
    def cell_px(self) -> Fraction:
        """Source pixels from one output pixel to the next."""
        return self.token_px if self.level == "tokens" else Fraction(self.stride_px)

    @property
    def cells(self) -> int:
        """Output cells along one side of a tile."""
        return self.tokens if self.level == "tokens" else 1

    @cached_property
    def rows(self) -> int:
        """Rows of the output raster."""
        return math.ceil(self.height / self.token_px) if self.level == "tokens" else len(self.row_cells)

    @cached_property
    def cols(self) -> int:
        """Columns of the output raster."""
        return math.ceil(self.width / self.token_px) if self.level == "tokens" else len(self.col_cells)

    @property
    def tile_count(self) -> int:
        """Number of tiles, empty ones included."""
        return len(self.row_cells) * len(self.col_cells)

    @cached_property
    def row_starts(self) -> tuple[int, ...]:
        """First source row of each tile row."""
        return tuple(int(cell * self.cell_px) for cell in self.row_cells)

    @cached_property
    def col_starts(self) -> tuple[int, ...]:
        """First source column of each tile column."""
        return tuple(int(cell * self.cell_px) for cell in self.col_cells)

    def row_reads(self, first: int = 0) -> tuple[tuple[int, int], ...]:
        """Source rows (first, end) to read one after the other, so that each is read once, to have all strips.

        ``first`` is the tile row to begin with; the one before it is read as well: the last strip mirrors its rows.
        """
        begin = max(0, first - 1)
        ends = [min(start + self.chip, self.height) for start in self.row_starts[begin:]]
        return tuple(zip([self.row_starts[begin], *ends[:-1]], ends, strict=True))

    @cached_property
    def padded_width(self) -> int:
        """Source columns from 0 to the right edge of the last tile; those from ``width`` on lie beyond the grid."""
        return self.col_starts[-1] + self.chip

    @property
    def overlap_effective(self) -> float:
        """Share of a chip that its neighbour repeats, after rounding to whole tokens and whole source pixels."""
        return 1.0 - self.stride_px / self.chip

    @property
    def note(self) -> str:
        """One sentence where the overlap is not the one asked for, to half a token (or 1 % of a chip), else empty."""
        tolerance = 0.01 if self.level == "chips" else 0.5 / self.tokens
        if self.tile_count == 1 or abs(self.overlap_effective - self.overlap) <= tolerance + 1e-9:
            return ""
        sentence = f"Tiles overlap by {self.overlap_effective:.0%} instead of {self.overlap:.0%}"
        if self.level == "chips":
            return f"{sentence}: the step between chips is a whole number of pixels."
        step = self.tokens // math.gcd(self.tokens, self.chip)
        return (
            f"{sentence}: with a chip of {self.chip} px only steps of {step} tokens fall on whole pixels; "
            f"a chip that is a multiple of {self.tokens} px allows any number of tokens."
        )

    def first_tile_row(self, cell_row: int) -> int:
        """The first tile row that has a say in output row ``cell_row``."""
        return next(row for row, start in enumerate(self.row_cells) if start + self.cells > cell_row)

    def tiles(self, row: int) -> Iterator[Tile]:
        """The tiles of tile row ``row``, from left to right."""
        for col in range(len(self.col_cells)):
            yield Tile(row, col, self.row_starts[row], self.col_starts[col], self.row_cells[row], self.col_cells[col])

    def transform(self, source: Affine) -> Affine:
        """Geotransform of the output raster, from that of the source grid.

        Tokens: output pixel (i, j) covers source pixels [i·token_px, (i+1)·token_px). Chips: output pixels are as
        large as the step between chips and their centres are the chips' centres.
        """
        shift = 0.0 if self.level == "tokens" else (self.chip - self.stride_px) / 2
        return source @ Affine.translation(shift, shift) @ Affine.scale(float(self.cell_px))

    def cell_spans(self, axis: int) -> tuple[np.ndarray, np.ndarray]:
        """Source pixels that each output row (``axis`` 0) or column (1) stands for: (first, end), float64.

        The last end may lie beyond the grid.
        """
        count = self.rows if axis == 0 else self.cols
        index = np.arange(count, dtype=np.float64)
        if self.level == "chips":
            return index * self.stride_px, index * self.stride_px + self.chip
        # One division by an integer, so that edges on whole pixels are exact in float64.
        return index * self.chip / self.tokens, (index + 1) * self.chip / self.tokens


def plan_tiles(height: int, width: int, chip: int, tokens: int, overlap: float, level: str = "tokens") -> TilePlan:
    """Plan the tiles of a raster of ``height`` × ``width`` source pixels.

    ``chip`` is the side of a tile in source pixels, ``tokens`` the side of the model input in tokens, ``overlap``
    the share of a chip that neighbours repeat (0 to 0.9). The step between tiles is rounded to the nearest one
    that is a whole number of tokens and of source pixels (of source pixels only, at level ``"chips"``).
    Raises JobError for values out of range.
    """
    if height < 1 or width < 1:
        raise JobError(
            f"The area to embed is {width}×{height} px: it holds no pixel.", "Choose an extent that meets the layers."
        )
    if chip < 1:
        raise JobError(
            f"A chip of {chip} px holds no pixel.", "Choose a chip of at least 1 px (112 suits 10 m imagery)."
        )
    if tokens < 1:
        raise JobError(f"A model input of {tokens} tokens is empty.", "Choose an input of at least 16 px.")
    if not 0 <= overlap <= MAX_OVERLAP:
        raise JobError(f"Tiles cannot overlap by {overlap:g}.", f"Choose a share between 0 and {MAX_OVERLAP:g}.")
    if level not in LEVELS:
        raise JobError(f"There is no level “{level}”.", f"Choose one of: {', '.join(LEVELS)}.")

    if level == "chips":
        stride_px = max(1, _nearest((1 - overlap) * chip))
        row_cells = tuple(range(_chips_along(height, chip, stride_px)))
        col_cells = tuple(range(_chips_along(width, chip, stride_px)))
        return TilePlan(height, width, chip, tokens, overlap, level, stride_px, row_cells, col_cells)

    step = tokens // math.gcd(tokens, chip)
    stride = min(tokens, max(1, _nearest((1 - overlap) * tokens / step)) * step)
    rows, cols = (math.ceil(Fraction(size * tokens, chip)) for size in (height, width))
    row_cells, col_cells = (_starts(count, tokens, stride, step) for count in (rows, cols))
    return TilePlan(height, width, chip, tokens, overlap, level, stride * chip // tokens, row_cells, col_cells)


def _nearest(value: float) -> int:
    """Round to the nearest integer; a tie goes down, to the overlap that is at least the one asked for."""
    return math.ceil(value - 0.5 - 1e-9)


def _chips_along(size: int, chip: int, stride: int) -> int:
    return 1 if size <= chip else math.ceil((size - chip) / stride) + 1


def _starts(count: int, tokens: int, stride: int, step: int) -> tuple[int, ...]:
    """First tokens of the tiles along one axis: multiples of ``stride``, and a last one that hangs over least."""
    last = max(0, math.ceil((count - tokens) / step)) * step
    return (*range(0, last, stride), last)
