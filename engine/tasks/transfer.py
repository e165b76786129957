"""Between main memory and a GPU: raw strips up and finished rows down, through pinned memory, beside its work."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np
import torch

#: Rows that are on their way while the next ones are computed.
_UNDER_WAY = 1


class Upload:
    """Copies arrays as they are to a device; on a GPU on a stream of its own, so that nothing waits for the way.

    PyTorch keeps pinned memory for the next array and gives it out again only when the copy from it has ended.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None

    def __call__(self, array: np.ndarray) -> torch.Tensor:
        """The array on the device, ready for the stream that computes; in main memory where the GPU has no room.

        On a CPU it shares the array's memory.
        """
        here = torch.from_numpy(array)
        if self._stream is None:
            return here
        pinned = torch.empty(here.shape, dtype=here.dtype, pin_memory=True)
        # NumPy copies integers of every type.
        np.copyto(pinned.numpy(), array)
        try:
            with torch.cuda.stream(self._stream):
                there = pinned.to(self._device, non_blocking=True)
        except torch.OutOfMemoryError:
            return here
        computing = torch.cuda.current_stream(self._device)
        computing.wait_stream(self._stream)
        # Its memory belongs to the copying stream, which must not reuse it while the computing one reads.
        there.record_stream(computing)
        return there


class Download:
    """Fetches tensors to main memory, in order; those of a GPU come one behind, when they are there."""

    def __init__(self) -> None:
        self._stream: torch.cuda.Stream | None = None
        self._under_way: deque[tuple[int, torch.Tensor, torch.cuda.Event | None]] = deque()

    def put(self, row: int, rows: torch.Tensor) -> Iterator[tuple[int, np.ndarray]]:
        """Sends ``rows`` on their way under the number ``row``; yields what has come before."""
        if rows.device.type == "cuda":
            self._under_way.append((row, *self._sent(rows)))
            yield from self._come(_UNDER_WAY)
        else:
            self._under_way.append((row, rows, None))
            yield from self._come(0)

    def rest(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yields all that is still under way."""
        yield from self._come(0)

    def _come(self, left: int) -> Iterator[tuple[int, np.ndarray]]:
        while len(self._under_way) > left:
            row, rows, arrived = self._under_way.popleft()
            if arrived is not None:
                arrived.synchronize()
            yield row, rows.numpy()

    def _sent(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.cuda.Event]:
        if self._stream is None:
            self._stream = torch.cuda.Stream(rows.device)
        stream = self._stream
        stream.wait_stream(torch.cuda.current_stream(rows.device))
        # As it lies in memory: dimensions last.
        host = torch.empty_like(rows, device="cpu", pin_memory=True)
        with torch.cuda.stream(stream):
            host.copy_(rows, non_blocking=True)
            arrived = stream.record_event()
        rows.record_stream(stream)
        return host, arrived
