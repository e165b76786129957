"""The one command of the band table, bands before and bands after: every edit goes through it and can be undone."""

from __future__ import annotations

from typing import Callable, Dict, Mapping

from ...engine.spectrum.bands import Band
from ..compat import QUndoCommand


class BandsCommand(QUndoCommand):
    """Puts changed bands, by row, into the table, and the former ones back when it is undone."""

    def __init__(
        self,
        put: Callable[[Mapping[int, Band]], None],
        before: Mapping[int, Band],
        after: Mapping[int, Band],
        text: str,
    ) -> None:
        super().__init__(text)
        self._put = put
        self._before: Dict[int, Band] = dict(before)
        self._after: Dict[int, Band] = dict(after)

    def redo(self) -> None:
        """Put the changed bands in."""
        self._put(self._after)

    def undo(self) -> None:
        """Put the former bands back."""
        self._put(self._before)
