"""One thread for steps too small to share."""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager, nullcontext

from threadpoolctl import ThreadpoolController

#: Multiplications of a step from which on several threads pay.
_LARGE = 1e9


@functools.cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()


def threads_for(multiplications: float) -> AbstractContextManager[object]:
    """Within it numpy and torch take one thread, unless a step has so many multiplications that more threads pay.

    Threads wait for each other at every step: on two busy cores a regression of hundreds of small ones took 30 to 60 s
    with two threads, and 1 s with one.
    """
    if multiplications >= _LARGE:
        return nullcontext()
    limited: AbstractContextManager[object] = _libraries().limit(limits=1)
    return limited
