"""What labels of any kind have in common on a grid: keys of classes and groups per pixel, surveyed window by window."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from engine.raster.grid import Grid
from engine.vector.classes import ClassHints

Window = tuple[int, int, int, int]


@dataclass(frozen=True)
class Places:
    """Where labels lie: the windows that hold some, the keys in each, and pixels (keys,) of every key."""

    windows: list[Window]
    keys: list[np.ndarray]
    pixels: np.ndarray


class LabelSource(ABC):
    """Labels on a grid. ``extent`` (row0, row1, col0, col1): the part of the grid that they may touch.

    ``grouped_by``: "polygon" or "block"; groups are numbered below ``group_count``.
    """

    grouped_by: str
    group_count: int
    extent: Window
    hints: ClassHints = ClassHints()

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.notes: list[str] = []

    @abstractmethod
    def read(self, row0: int, row1: int, col0: int, col1: int) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of keys and of groups (h, w) int32 of a window; −1 where nothing is labelled."""

    @abstractmethod
    def survey(self, windows: Iterable[Window], ask: Callable[[], None]) -> Places:
        """Look through all windows once; ``ask`` is called before each and may raise to stop. Completes ``notes``."""

    @abstractmethod
    def why_empty(self) -> str:
        """Why no pixel is labelled, for an error."""

    #: What to do then.
    remedy = "Check the CRS of labels and images, and that they show the same place."


class Tally:
    """Collects ``Places`` window by window."""

    def __init__(self) -> None:
        self._windows: list[Window] = []
        self._keys: list[np.ndarray] = []
        self._pixels = np.zeros(0, np.int64)

    def add(self, window: Window, keys: np.ndarray) -> None:
        """Count the keys (h, w) of a window, −1 not."""
        counts = np.bincount(keys[keys >= 0])
        if not len(counts):
            return
        self._windows.append(window)
        self._keys.append(np.flatnonzero(counts).astype(np.int32))
        if len(counts) > len(self._pixels):
            self._pixels = np.pad(self._pixels, (0, len(counts) - len(self._pixels)))
        self._pixels[: len(counts)] += counts

    def places(self) -> Places:
        """What was counted."""
        return Places(self._windows, self._keys, self._pixels)


def blocks(window: Window, grid: Grid, block_px: int) -> np.ndarray:
    """The number (h, w) int32 of the square of ``block_px`` pixels that each pixel of a window lies in."""
    side = block_side(grid, block_px)
    row0, row1, col0, col1 = window
    across = -(-grid.width // side)
    rows, cols = np.arange(row0, row1) // side, np.arange(col0, col1) // side
    return (rows[:, None] * across + cols).astype(np.int32)


def block_count(grid: Grid, block_px: int) -> int:
    """How many such squares the grid has."""
    side = block_side(grid, block_px)
    return -(-grid.width // side) * -(-grid.height // side)


def block_side(grid: Grid, block_px: int) -> int:
    """``block_px``, larger where there would be more squares than a number of 31 bits can count."""
    side = max(1, block_px)
    while -(-grid.width // side) * -(-grid.height // side) >= 2**31:
        side *= 2
    return side
