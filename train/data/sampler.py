"""Which records make which batch: the same for any number of ranks, and known from the number of the batch alone.

The unit is the *part*: ``size`` records of one collection, shared by all ranks. An optimiser step takes one or more
parts. Collections follow each other in the proportion of their weights, as evenly as can be; within a collection
records come in random order, each once before any comes again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False)
class Part:
    """Records of one collection: its place in the list, the numbers of the records (size,), the part's own number."""

    number: int
    collection: int
    records: np.ndarray


@dataclass(eq=False)
class Sampler:
    """An endless sequence of parts.

    ``lengths`` are the collections' numbers of records, ``weights`` how often each is taken, ``size`` the records of
    a part over all ranks. ``state`` and ``restore`` carry it over an interruption.
    """

    lengths: Sequence[int]
    weights: Sequence[float]
    size: int
    seed: int
    number: int = 0
    _taken: list[int] = field(default_factory=list)
    _order: dict[int, tuple[int, np.ndarray]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.lengths or len(self.lengths) != len(self.weights):
            raise ValueError(f"{len(self.lengths)} collections with {len(self.weights)} weights")
        if min(self.lengths) < 1 or min(self.weights) <= 0 or self.size < 1:
            raise ValueError("lengths, weights and the size of a part must be above 0")
        total = sum(self.weights)
        self._shares = [weight / total for weight in self.weights]
        self._taken = self._taken or [0] * len(self.lengths)

    def next(self) -> Part:
        """The next part."""
        # The collection that lags most behind its share; the first of equals.
        lag = [share * (self.number + 1) - taken for share, taken in zip(self._shares, self._taken, strict=True)]
        chosen = lag.index(max(lag))
        first = self._taken[chosen] * self.size
        records = self._records(chosen, first)
        part = Part(self.number, chosen, records)
        self._taken[chosen] += 1
        self.number += 1
        return part

    def state(self) -> dict[str, object]:
        """What ``restore`` needs, as JSON."""
        return {"number": self.number, "taken": list(self._taken), "seed": self.seed, "size": self.size}

    def restore(self, state: dict[str, object]) -> None:
        """Goes on where ``state`` was taken. ValueError for the state of another seed, size or list of collections."""
        taken = state["taken"]
        assert isinstance(taken, list)
        if (state["seed"], state["size"], len(taken)) != (self.seed, self.size, len(self.lengths)):
            raise ValueError("the sampler's state belongs to another seed, size of parts or list of collections")
        self.number, self._taken = int(str(state["number"])), [int(count) for count in taken]

    def _records(self, collection: int, first: int) -> np.ndarray:
        """``size`` records from place ``first`` of the endless order of a collection."""
        length = self.lengths[collection]
        pieces: list[np.ndarray] = []
        wanted = self.size
        while wanted:
            epoch, start = divmod(first, length)
            piece = self._epoch(collection, epoch)[start : start + wanted]
            pieces.append(piece)
            wanted -= len(piece)
            first += len(piece)
        return np.concatenate(pieces)

    def _epoch(self, collection: int, epoch: int) -> np.ndarray:
        kept = self._order.get(collection)
        if kept is None or kept[0] != epoch:
            order = np.random.default_rng([self.seed, collection, epoch]).permutation(self.lengths[collection])
            kept = self._order[collection] = (epoch, order)
        return kept[1]
