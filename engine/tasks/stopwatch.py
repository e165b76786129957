"""How long a device works on pieces of a run, measured without waiting for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch


class Stopwatch:
    """Adds up the time of pieces of work on a device; on a GPU that of the work itself, not of launching it."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        #: How many pieces ended well, and how many units (chips) they had.
        self.pieces, self.count = 0, 0
        self._seconds = 0.0
        self._running: list[tuple[torch.cuda.Event, torch.cuda.Event]] = []

    @contextmanager
    def piece(self, count: int) -> Iterator[None]:
        """Times what is done, or launched, inside; nothing is counted where it raises."""
        if self._device.type == "cuda":
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            stream = torch.cuda.current_stream(self._device)
            start.record(stream)
            yield
            end.record(stream)
            self._running.append((start, end))
        else:
            begun = time.monotonic()
            yield
            self._seconds += time.monotonic() - begun
        self.pieces, self.count = self.pieces + 1, self.count + count

    @property
    def seconds(self) -> float:
        """The time of all pieces; waits for those that a GPU has not finished."""
        for start, end in self._running:
            end.synchronize()
            self._seconds += start.elapsed_time(end) / 1000
        self._running.clear()
        return self._seconds
