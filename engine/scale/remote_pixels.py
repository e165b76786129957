"""A scene's pixels, read by another process: raw blocks come through Ray's shared memory, a few ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import ray

from engine.errors import CancelledError, LostWorkerError, SmartiesError
from engine.progress import CancelCallback, ProgressCallback
from engine.raster.grid import Grid
from engine.tasks.embed_setup import EmbedSetup
from engine.tasks.inputs import PreparedImage

#: Blocks of an image that are asked for beyond the one in use. They and the strips made of them are all that is in
#: memory of a scene's pixels.
AHEAD = 2
#: What Ray raises when a process or a machine is no more, or what it held.
LOST = (
    ray.exceptions.RayActorError,
    ray.exceptions.WorkerCrashedError,
    ray.exceptions.NodeDiedError,
    ray.exceptions.ObjectLostError,
    ray.exceptions.OutOfMemoryError,
    ray.exceptions.ActorUnschedulableError,
)
_LOOK_S = 0.5


class RemotePixels:
    """A ``PixelSource`` whose files an actor of ``SceneReader`` opens. Raises LostWorkerError when that goes away."""

    def __init__(self, reader: Any, cancelled: CancelCallback) -> None:
        self._reader = reader
        self._cancelled = cancelled

    def prepare(self, setup: EmbedSetup, progress: ProgressCallback, cancelled: CancelCallback) -> list[PreparedImage]:
        """As ``engine.tasks.inputs.prepare_images``, without progress in between."""
        prepared: list[PreparedImage] = self.result(self._reader.prepare.remote(setup))
        return prepared

    @contextmanager
    def open(
        self, images: Sequence[PreparedImage], grid: Grid, rows: Sequence[tuple[int, int]] = ()
    ) -> Iterator[Sequence[RemoteImage]]:
        """A reader per image; ``rows`` are asked for before they are wanted, a few at a time."""
        self.result(self._reader.open.remote(list(images), grid, bool(rows)))
        yield [RemoteImage(self, self._reader, number, rows) for number in range(len(images))]

    def result(self, reference: Any) -> Any:
        """What the reader answers. Raises its SmartiesErrors, LostWorkerError, CancelledError."""
        while not ray.wait([reference], timeout=_LOOK_S)[0]:
            if self._cancelled():
                raise CancelledError("Cancelled; nothing was written.")
        try:
            return ray.get(reference)
        except ray.exceptions.RayTaskError as error:
            # As it was raised there, without Ray's account of where.
            if isinstance(error.cause, SmartiesError):
                raise error.cause from None
            raise
        except LOST as error:
            raise LostWorkerError("The process that read its images ended unexpectedly.") from error


class RemoteImage:
    """One image of an opened scene, for one thread at a time; see ``RemotePixels``."""

    def __init__(self, pixels: RemotePixels, reader: Any, number: int, rows: Sequence[tuple[int, int]]) -> None:
        self._pixels = pixels
        self._reader = reader
        self._number = number
        self._to_ask = deque(rows)
        self._asked: deque[tuple[tuple[int, int], Any]] = deque()

    def read(self, row0: int, row1: int, col0: int = 0, col1: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Raw values (C, h, w) and validity (h, w) bool of a window; both may be read-only views of shared memory."""
        if not self._asked and not self._to_ask:
            return self._answer(self._reader.read.remote(self._number, row0, row1, col0, col1))
        self._ask_ahead()
        expected, reference = self._asked.popleft()
        if (row0, row1, col0, col1) != (*expected, 0, None):
            raise ValueError(f"rows {row0}–{row1}, columns {col0}–{col1} asked for, rows {expected} were told")
        self._ask_ahead()
        return self._answer(reference)

    def _ask_ahead(self) -> None:
        while self._to_ask and len(self._asked) <= AHEAD - 1:
            rows = self._to_ask.popleft()
            self._asked.append((rows, self._reader.read.remote(self._number, *rows, 0, None)))

    def _answer(self, reference: Any) -> tuple[np.ndarray, np.ndarray]:
        values, valid = self._pixels.result(reference)
        return values, valid
