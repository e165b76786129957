"""Ask the engine something short in the background: the last question wins, the window never waits."""

from __future__ import annotations

import contextlib
import threading
from typing import Any, Callable, Dict, List, Optional

from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ...engine.errors import CancelledError, SmartiesError
from ..engine_link.engine import engine
from ..translation import tr

#: How long nothing must change before the engine is asked.
QUIET_MS = 400

#: What is asked, made when the time has come; None: nothing to ask. It may raise SmartiesError.
Question = Callable[[], Optional[Dict[str, Any]]]

#: Calls under way: an object of Qt must not go while its thread still speaks through it.
_held: List[_EngineCall] = []


class EngineQuery(QObject):
    """Calls one method of the engine; ``answered`` or ``refused`` comes in the main thread for the last question."""

    asked = pyqtSignal()
    answered = pyqtSignal(object)
    refused = pyqtSignal(object)

    def __init__(self, method: str, parent: Optional[QObject] = None, quiet_ms: int = QUIET_MS) -> None:
        super().__init__(parent)
        self._method = method
        self._question: Optional[Question] = None
        self._call: Optional[_EngineCall] = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(quiet_ms)
        self._timer.timeout.connect(self._ask)

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return self._call is not None or self._timer.isActive()

    def ask(self, question: Question) -> None:
        """Ask once nothing else was asked for a moment; what was asked before is given up."""
        self.stop()
        self._question = question
        self._timer.start()

    def stop(self) -> None:
        """Forget the question; no answer comes any more."""
        self._timer.stop()
        self._question = None
        call, self._call = self._call, None
        if call is not None:
            call.given_up.set()

    def _ask(self) -> None:
        question, self._question = self._question, None
        if question is None:
            return
        try:
            params = question()
        except SmartiesError as error:
            self.refused.emit(error)
            return
        if params is None:
            return
        self._call = _EngineCall(self._method, params)
        self._call.ended.connect(self._ended)
        self.asked.emit()
        self._call.start()

    def _ended(self, call: _EngineCall) -> None:
        if call is not self._call:
            return
        self._call = None
        if call.error is None:
            self.answered.emit(call.answer)
        elif not isinstance(call.error, CancelledError):
            self.refused.emit(call.error)


class _EngineCall(QObject):
    """One call in a thread of its own; ``ended`` comes in the main thread, then there is an answer or an error.

    A task of QGIS would show «Asking the engine» in the status bar, and tell of its end, at every change of the panel.
    """

    ended = pyqtSignal(object)

    def __init__(self, method: str, params: Dict[str, Any]) -> None:
        super().__init__()
        self._method = method
        self._params = params
        self.given_up = threading.Event()
        self.answer: Any = None
        self.error: Optional[SmartiesError] = None

    def start(self) -> None:
        """Begin to ask."""
        _held.append(self)
        self.ended.connect(_release)
        threading.Thread(target=self._ask, name="smarties-query", daemon=True).start()

    def _ask(self) -> None:
        try:
            self.answer = engine().call(self._method, self._params, lambda _event: None, self.given_up.is_set)
        except SmartiesError as error:
            self.error = error
        except Exception as error:  # a thread that dies without a word would leave the panel waiting
            self.error = SmartiesError(tr("The engine could not be asked: {reason}.").format(reason=error))
        with contextlib.suppress(RuntimeError):  # QGIS has closed meanwhile
            self.ended.emit(self)


def _release(call: _EngineCall) -> None:
    _held.remove(call)
