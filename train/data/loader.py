"""Reads the parts of a run ahead of the model, in a thread: copies out of mapped files, nothing else."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from train.data.augment import Draws
from train.data.sampler import Part, Sampler
from train.data.shards import Collection

#: Parts that wait for the model: enough to hide a slow disk for a moment.
AHEAD = 4


@dataclass(frozen=True, eq=False)
class LoadedPart:
    """One rank's share of a part: the stored integers per side (n, C, H, W), and the samples' draws.

    ``after`` is the sampler's state with which a run goes on behind this part.
    """

    part: Part
    images: tuple[torch.Tensor, ...]
    draws: Draws
    after: dict[str, object]


class Loader:
    """Iterates over the loaded parts of one rank; close it, or use it as a context manager.

    Errors of the reading thread are raised where the parts are taken.
    """

    def __init__(
        self, collections: Sequence[Collection], sampler: Sampler, rank: int, world: int, tokens: int, pin: bool
    ) -> None:
        if sampler.size % world:
            raise ValueError(f"a part of {sampler.size} records does not divide among {world} ranks")
        self._collections, self._sampler, self._tokens, self._pin = collections, sampler, tokens, pin
        share = sampler.size // world
        self._share = slice(rank * share, (rank + 1) * share)
        self._queue: queue.Queue[LoadedPart | BaseException] = queue.Queue(AHEAD)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="loader", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[LoadedPart]:
        while True:
            item = self._queue.get()
            if isinstance(item, BaseException):
                # The thread has ended: whoever asks again must not wait for ever.
                self._queue.put(item)
                raise item
            yield item

    def __enter__(self) -> Loader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the thread."""
        self._closed.set()
        while self._thread.is_alive():
            try:
                self._queue.get_nowait()
            except queue.Empty:
                self._thread.join(0.01)

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                item: LoadedPart | BaseException = self._load()
            except BaseException as error:  # it belongs to whoever waits for the part
                item = error
            while not self._closed.is_set():
                try:
                    self._queue.put(item, timeout=0.1)
                    break
                except queue.Full:
                    continue
            if isinstance(item, BaseException):
                return

    def _load(self) -> LoadedPart:
        part = self._sampler.next()
        state = self._sampler.state()
        images = self._collections[part.collection].read(part.records[self._share])
        # Drawn for the whole part, so that a sample's draws do not depend on the number of ranks.
        draws = Draws.of_part(self._sampler.seed, part.number, self._sampler.size, self._tokens)
        draws = draws.rows(self._share.start, self._share.stop)
        tensors = tuple(torch.from_numpy(image) for image in images)
        if self._pin:
            tensors = tuple(tensor.pin_memory() for tensor in tensors)
        return LoadedPart(part, tensors, draws, state)
