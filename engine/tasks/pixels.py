"""Where a run takes its pixels from: the files themselves, unless someone else opens them for it."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Protocol

import numpy as np

from engine.progress import CancelCallback, ProgressCallback
from engine.raster.grid import Grid
from engine.raster.reader import block_cache
from engine.raster.side_by_side import SideBySideReader
from engine.tasks.embed_setup import EmbedSetup
from engine.tasks.inputs import PreparedImage, prepare_images


class WindowReader(Protocol):
    """One image on a grid, as ``engine.raster.reader.GridReader`` reads it."""

    def read(self, row0: int, row1: int, col0: int = 0, col1: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Raw values (C, h, w) and validity (h, w) bool of a window inside the grid, ends excluded."""


class PixelSource(Protocol):
    """What embedding asks for of its images, in the order in which it asks."""

    def prepare(self, setup: EmbedSetup, progress: ProgressCallback, cancelled: CancelCallback) -> list[PreparedImage]:
        """As ``engine.tasks.inputs.prepare_images``."""

    def open(
        self, images: Sequence[PreparedImage], grid: Grid, rows: Sequence[tuple[int, int]] = ()
    ) -> AbstractContextManager[Sequence[WindowReader]]:
        """A reader per image.

        ``rows``: the full-width ranges that will be asked of each, in this order and no others, which may be read
        ahead; none where windows of any place are.
        """


class LocalPixels:
    """Opens the files in this process."""

    def prepare(self, setup: EmbedSetup, progress: ProgressCallback, cancelled: CancelCallback) -> list[PreparedImage]:
        """As ``engine.tasks.inputs.prepare_images``."""
        return prepare_images(
            setup.job, setup.detected, setup.assignments, setup.statistics, setup.grid, progress, cancelled
        )

    @contextmanager
    def open(
        self, images: Sequence[PreparedImage], grid: Grid, rows: Sequence[tuple[int, int]] = ()
    ) -> Iterator[Sequence[WindowReader]]:
        """A ``GridReader`` per image; where ``rows`` are told several side by side, and each block is decoded once."""
        with ExitStack() as stack:
            if not rows:
                yield [stack.enter_context(image.detected.reader(grid)) for image in images]
                return
            readers = [
                stack.enter_context(SideBySideReader(functools.partial(image.detected.reader, grid), grid.width))
                for image in images
            ]
            stack.enter_context(block_cache([reader.first for reader in readers]))
            yield readers
