"""Read a raster once, from top to bottom, as strips of whole chips, ahead of the model."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from types import TracebackType

import numpy as np

from engine.raster.tiles import Tile, TilePlan

Read = Callable[[int, int], tuple[np.ndarray, np.ndarray]]
"""``read(row0, row1)`` → values (C, row1 − row0, width) and valid (row1 − row0, width) bool, of one image."""

_WAIT_S = 0.05
"""How often a full queue looks whether the reader was closed."""
_TELL_S = 1.0
"""How often who waits for a strip hears that there is none yet."""


def mirror(index: np.ndarray, size: int) -> np.ndarray:
    """Positions of ``index`` in an axis of ``size`` pixels mirrored at its ends, as often as needed.

    The edge pixel is repeated, as in numpy's pad mode "symmetric": 0 1 2 | 2 1 0 | 0 1 2.
    """
    folded = index % (2 * size)
    return np.minimum(folded, 2 * size - 1 - folded)


@dataclass(frozen=True)
class Strip:
    """The source pixels of one tile row, for one or several images on the same grid.

    ``values``: per image (C, chip, padded width), native dtype. ``valid``: per image (chip, padded width) bool.
    Pixels beyond the grid mirror those inside, values and validity alike, so that the model sees no border;
    whether a cell of the output is valid is counted inside the grid only (StripBlender.begin).
    """

    row: int
    values: tuple[np.ndarray, ...]
    valid: tuple[np.ndarray, ...]

    @property
    def valid_in_all(self) -> np.ndarray:
        """Where every image has data: (chip, padded width) bool."""
        return reduce(np.logical_and, self.valid)

    def cut(self, tile: Tile) -> list[tuple[np.ndarray, np.ndarray]]:
        """Per image the chip of ``tile``: values (C, chip, chip) and valid (chip, chip), views into the strip."""
        chip = self.valid[0].shape[0]
        window = slice(tile.x, tile.x + chip)
        return [(values[:, :, window], valid[:, window]) for values, valid in zip(self.values, self.valid, strict=True)]


class StripReader:
    """Iterate over the strips of a plan, in order, read by a background thread.

    ``reads`` holds one read function per image; each source row is asked for exactly once, rows that the next
    strip repeats are kept. Images are read side by side, each by one thread at a time. At most ``ahead`` strips
    wait in memory, besides the one being read and the one in use. ``first`` is the tile row to begin with. While
    nothing comes, ``waiting`` is told every second for how many seconds that has been; what it raises ends the
    iteration, as does an exception of a read function. Use as a context manager, or call close().
    """

    def __init__(
        self,
        reads: Sequence[Read],
        plan: TilePlan,
        ahead: int = 2,
        first: int = 0,
        waiting: Callable[[float], None] | None = None,
    ) -> None:
        if not reads:
            raise ValueError("StripReader needs at least one image to read")
        self._reads = tuple(reads)
        self._plan = plan
        self._first = first
        self._waiting = waiting
        self._queue: queue.Queue[Strip | BaseException | None] = queue.Queue(maxsize=max(1, ahead))
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="strip-reader", daemon=True)
        self._thread.start()

    def __enter__(self) -> StripReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Strip]:
        while not self._closed.is_set():
            item = self._next()
            if item is None:
                self.close()
            elif isinstance(item, BaseException):
                self.close()
                raise item
            else:
                yield item

    def _next(self) -> Strip | BaseException | None:
        since = time.monotonic()
        while True:
            try:
                return self._queue.get(timeout=_TELL_S)
            except queue.Empty:
                if self._waiting is not None:
                    self._waiting(time.monotonic() - since)

    def close(self) -> None:
        """Stop reading and wait for the thread: at most one read is still finished. Safe to call twice."""
        self._closed.set()
        self._thread.join()
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put(None)  # frees a consumer that waits in another thread

    def _run(self) -> None:
        try:
            with ThreadPoolExecutor(max_workers=len(self._reads), thread_name_prefix="strip-read") as pool:
                for strip in self._strips(pool):
                    if not self._put(strip):
                        return
            self._put(None)
        except BaseException as error:  # carried to the consumer, which raises it
            self._put(error)

    def _put(self, item: Strip | BaseException | None) -> bool:
        """Queue ``item`` as soon as there is room; False where the reader was closed meanwhile."""
        while not self._closed.is_set():
            try:
                self._queue.put(item, timeout=_WAIT_S)
                return True
            except queue.Full:
                continue
        return False

    def _strips(self, pool: ThreadPoolExecutor) -> Iterator[Strip]:
        values: list[np.ndarray | None] = [None] * len(self._reads)
        valid: list[np.ndarray | None] = [None] * len(self._reads)
        begin = max(0, self._first - 1)
        for row, (read_to, end) in enumerate(self._plan.row_reads(self._first), begin):
            if self._closed.is_set():
                return
            futures = [pool.submit(read, read_to, end) for read in self._reads]
            parts = [future.result() for future in futures]
            for index, (new_values, new_valid) in enumerate(parts):
                self._check(index, new_values, new_valid, end - read_to)
            strip_values = [self._assemble(row, read_to, p[0], last) for p, last in zip(parts, values, strict=True)]
            strip_valid = [self._assemble(row, read_to, p[1][None], last) for p, last in zip(parts, valid, strict=True)]
            if row >= self._first:
                yield Strip(row, tuple(strip_values), tuple(mask[0] for mask in strip_valid))
            values, valid = [*strip_values], [*strip_valid]

    def _check(self, index: int, values: np.ndarray, valid: np.ndarray, rows: int) -> None:
        window = (rows, self._plan.width)
        if values.ndim != 3 or values.shape[1:] != window or valid.shape != window or valid.dtype != np.bool_:
            raise ValueError(
                f"read function {index} returned values {values.shape} and valid {valid.shape} {valid.dtype}; "
                f"asked for (C, {rows}, {self._plan.width}) and ({rows}, {self._plan.width}) bool"
            )

    def _assemble(self, row: int, read_to: int, new: np.ndarray, previous: np.ndarray | None) -> np.ndarray:
        """The strip (C, chip, padded width) of tile row ``row`` from the last strip and the rows read since."""
        plan = self._plan
        start = plan.row_starts[row]
        strip = np.empty((new.shape[0], plan.chip, plan.padded_width), new.dtype)
        kept = read_to - start
        if previous is not None and kept > 0:
            strip[:, :kept] = previous[:, start - plan.row_starts[row - 1] :][:, :kept]
        inside = kept + new.shape[1]
        strip[:, kept:inside, : plan.width] = new
        beyond = mirror(np.arange(plan.width, plan.padded_width), plan.width)
        strip[:, kept:inside, plan.width :] = new[:, :, beyond]
        # Only the last strip hangs over; the rows it mirrors lie in it or in the strip before.
        for offset, source in enumerate(mirror(np.arange(start + inside, start + plan.chip), plan.height), inside):
            if source >= start:
                strip[:, offset] = strip[:, source - start]
            elif previous is not None:
                strip[:, offset] = previous[:, source - plan.row_starts[row - 1]]
        return strip
