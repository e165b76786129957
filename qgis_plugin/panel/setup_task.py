"""Work of the set-up dialog outside the main thread, with progress, cancel and one result or error."""

from __future__ import annotations

from typing import Any, Callable, List, Optional

from qgis.core import QgsApplication, QgsTask
from qgis.PyQt.QtCore import pyqtSignal

from ...engine.errors import CancelledError, EngineEnvironmentError, SmartiesError
from ..translation import tr

Work = Callable[[Callable[[float, str], None], Callable[[], bool]], Any]

#: QGIS forgets the Python side of a task that nobody holds.
_held: List[SetupTask] = []


class SetupTask(QgsTask):
    """Runs ``work(progress, cancelled)``; ``ended`` comes in the main thread when ``result`` or ``error`` is set."""

    step_changed = pyqtSignal(float, str)
    ended = pyqtSignal()

    def __init__(self, title: str, work: Work) -> None:
        super().__init__(title, QgsTask.Flag.CanCancel)
        self._work = work
        self.step = ""
        self.fraction = 0.0
        self.result: Any = None
        self.error: Optional[SmartiesError] = None

    def start(self) -> None:
        """Hand it to QGIS's task manager."""
        _held.append(self)
        QgsApplication.taskManager().addTask(self)

    def run(self) -> bool:
        """Called by QGIS in a thread of its own."""
        try:
            self.result = self._work(self._progress, self.isCanceled)
        except SmartiesError as error:
            self.error = error
        except Exception as error:  # an exception must not reach QGIS's thread
            self.error = EngineEnvironmentError(f"{type(error).__name__}: {error}")
        return self.error is None

    def finished(self, result: bool) -> None:
        """Called by QGIS in the main thread."""
        if not result and self.error is None:
            # Cancelled before it began.
            self.error = CancelledError(tr("The set-up was stopped. It goes on from there the next time."))
        if self in _held:
            _held.remove(self)
        self.ended.emit()

    def _progress(self, fraction: float, text: str) -> None:
        self.fraction, self.step = fraction, text
        self.setProgress(100.0 * fraction)
        self.step_changed.emit(fraction, text)
