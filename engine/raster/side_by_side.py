"""One image read by several threads at once: each has its own handle, and its own columns, or windows, of the grid."""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue
from types import TracebackType
from typing import Self

import numpy as np

from engine.raster.reader import GridReader

#: A machine with fewer cores than this per thread has better things to do with them.
_CORES_PER_THREAD = 2
_MOST_THREADS = 8


class SideBySideReader:
    """Reads an image through several readers; a context manager, to be used by one thread at a time.

    GDAL unpacks blocks on all cores by itself, but masks and copies are made by the thread that reads: on a machine
    with many cores they would take longer than a GPU needs for the features. Columns are divided between whole
    blocks, so that each is unpacked once; rows of blocks as wide as the image are read by one reader.

    Args:
        make: makes a reader of the image.
        width: the grid's, in px.
        threads: how many readers at most, by the machine's cores without.
    """

    def __init__(self, make: Callable[[], GridReader], width: int, threads: int | None = None) -> None:
        self._make, self._width = make, width
        self._threads = threads or _threads()
        self._readers: list[GridReader] = []
        self._edges: list[int] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            first = stack.enter_context(self._make())
            self._edges = column_edges(self._width, first.block_columns, self._threads)
            others = [stack.enter_context(self._make()) for _ in self._edges[2:]]
            self._readers = [first, *others]
            self._pool = stack.enter_context(ThreadPoolExecutor(len(self._readers), thread_name_prefix="columns"))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._readers = []
        self._stack.close()

    @property
    def first(self) -> GridReader:
        """One of the readers, for ``block_cache``: together they unpack each block once, as it would alone."""
        return self._readers[0]

    def read(self, row0: int, row1: int, col0: int = 0, col1: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """As ``GridReader.read``; several threads read full rows, one a part of them. Raises SourceError."""
        if len(self._readers) == 1 or (col0, col1) != (0, None):
            return self.first.read(row0, row1, col0, col1)
        first = self.first
        values = np.empty((len(first.bands), row1 - row0, self._width), first.dtype)
        valid = np.empty(values.shape[1:], bool)

        def fill(reader: GridReader, col0: int, col1: int) -> None:
            reader.cache_bytes = first.cache_bytes
            values[:, :, col0:col1], valid[:, col0:col1] = reader.read(row0, row1, col0, col1)

        # All are waited for, so that none still writes when the first error is raised.
        spans = itertools.pairwise(self._edges)
        futures = [self._pool.submit(fill, reader, *span) for reader, span in zip(self._readers, spans, strict=True)]
        for failure in [future.exception() for future in futures]:
            if failure is not None:
                raise failure
        return values, valid


def read_windows(
    make: Callable[[], GridReader], windows: Sequence[tuple[int, int, int, int]], threads: int | None = None
) -> Generator[tuple[np.ndarray, np.ndarray], None, None]:
    """Values and validity of windows (row0, row1, col0, col1), in their order, as ``GridReader.read``.

    ``threads`` readers, by the machine's cores without, read ahead of what is taken. Close it where not all are.
    """
    count = min(threads or _threads(), len(windows))
    with ExitStack() as stack:
        idle: SimpleQueue[GridReader] = SimpleQueue()
        for _ in range(count):
            idle.put(stack.enter_context(make()))
        pool = stack.enter_context(ThreadPoolExecutor(count, thread_name_prefix="windows"))

        def read(window: tuple[int, int, int, int]) -> tuple[np.ndarray, np.ndarray]:
            reader = idle.get()
            try:
                return reader.read(*window)
            finally:
                idle.put(reader)

        ahead = deque(pool.submit(read, window) for window in windows[: 2 * count])
        for window in windows[2 * count :]:
            yield ahead.popleft().result()
            ahead.append(pool.submit(read, window))
        while ahead:
            yield ahead.popleft().result()


def column_edges(width: int, block_columns: int, parts: int) -> list[int]:
    """Where to divide ``width`` columns into at most ``parts`` of whole blocks: first and end included."""
    blocks = -(-width // block_columns)
    parts = max(1, min(parts, blocks))
    return [*(block_columns * (blocks * part // parts) for part in range(parts)), width]


def _threads() -> int:
    return max(1, min(_MOST_THREADS, (os.cpu_count() or 1) // _CORES_PER_THREAD))
