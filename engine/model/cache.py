"""Keeps what is derived from weights until the weights change."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

import torch

T = TypeVar("T")


class WeightCache(Generic[T]):
    """Values computed from a fixed set of tensors, by key; all are dropped when one of the tensors changes.

    Changes are seen by storage and version: optimiser steps, ``load_state_dict``,
    a move to another device or type. Writing through ``tensor.data`` leaves no trace:
    call ``clear`` after it.
    """

    def __init__(self) -> None:
        self._values: dict[Hashable, T] = {}
        self._state: tuple[tuple[int, int, torch.dtype], ...] = ()
        # Holding the storages keeps their addresses from being given to other tensors.
        self._held: list[torch.Tensor] = []

    def get(self, key: Hashable, tensors: Iterable[torch.Tensor], make: Callable[[], T]) -> T:
        """The value for ``key``, made by ``make`` when there is none yet or ``tensors`` have changed."""
        tensors = list(tensors)
        state = tuple((t.data_ptr(), 0 if t.is_inference() else t._version, t.dtype) for t in tensors)
        if state != self._state:
            self.clear()
            self._state = state
            self._held = [tensor.detach() for tensor in tensors]
        if key not in self._values:
            self._values[key] = make()
        return self._values[key]

    def clear(self) -> None:
        """Forget everything."""
        self._values.clear()
        self._state = ()
        self._held = []

    def __len__(self) -> int:
        return len(self._values)
