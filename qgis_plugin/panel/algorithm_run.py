"""Run one Processing algorithm in the background, and bring its layers to the map."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional

from qgis.core import (
    QgsApplication,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingUtils,
    QgsProject,
)
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...engine.protocol import ProgressEvent
from ..translation import tr


class RunFeedback(QgsProcessingFeedback):
    """Feedback whose words are signals too: they reach the main thread whichever thread speaks."""

    said = pyqtSignal(str, str)
    step = pyqtSignal(str)
    timed = pyqtSignal(str, object)

    def __init__(self) -> None:
        super().__init__(False)
        self.errors: List[str] = []

    def pushInfo(self, info: str) -> None:  # noqa: N802 - QGIS's name
        """Take a note."""
        self.said.emit(info, "info")

    def pushWarning(self, warning: str) -> None:  # noqa: N802 - QGIS's name
        """Take a warning."""
        self.said.emit(warning, "warning")

    def reportError(self, error: str, fatalError: bool = False) -> None:  # noqa: N802 - QGIS's names
        """Take an error; the last one is why a run failed. That a run was cancelled is no error."""
        self.errors.append(error)
        self.said.emit(error, "info" if self.isCanceled() else "error")

    def setProgressText(self, text: str) -> None:  # noqa: N802 - QGIS's name
        """Take what is being done now, for the log."""
        self.step.emit(text)

    def engine_progress(self, event: ProgressEvent) -> None:
        """Take every event of the engine, with the time left."""
        self.timed.emit(event.message, event.seconds_left)


class AlgorithmRun(QObject):
    """At most one run at a time; every signal comes in the main thread.

    ``finished`` carries the results; ``failed`` a sentence; ``cancelled`` nothing. One of the three ends every run.
    """

    started = pyqtSignal()
    progressed = pyqtSignal(float)
    step = pyqtSignal(str)
    timed = pyqtSignal(str, object)
    said = pyqtSignal(str, str)
    finished = pyqtSignal(dict)
    failed = pyqtSignal(str)
    cancelled = pyqtSignal()

    def __init__(self, parent: Optional[QObject] = None) -> None:
        super().__init__(parent)
        self._task: Optional[QgsProcessingAlgRunnerTask] = None
        self._context: Optional[QgsProcessingContext] = None
        self._feedback: Optional[RunFeedback] = None
        self._silent = False

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self._task is not None

    def start(self, algorithm_id: str, parameters: Mapping[str, Any]) -> None:
        """Start the algorithm; what keeps it from starting comes as ``failed``."""
        if self.running:
            return
        algorithm = QgsApplication.processingRegistry().createAlgorithmById(algorithm_id)
        if algorithm is None:
            self._refuse(tr("Processing does not know {name}. Enable SMARTIES again.").format(name=algorithm_id))
            return
        context = QgsProcessingContext()
        context.setProject(QgsProject.instance())
        feedback = RunFeedback()
        context.setFeedback(feedback)
        values: Dict[str, Any] = dict(parameters)
        possible, reason = algorithm.checkParameterValues(values, context)
        if not possible:
            self._refuse(reason)
            return
        feedback.progressChanged.connect(self.progressed)
        feedback.step.connect(self.step)
        feedback.timed.connect(self.timed)
        feedback.said.connect(self.said)
        # The task prepares the algorithm while it is made; a failure there is in the feedback.
        task = QgsProcessingAlgRunnerTask(algorithm, values, context, feedback)
        task.executed.connect(self._executed)
        self._task, self._context, self._feedback = task, context, feedback
        self._silent = False
        self.started.emit()
        QgsApplication.taskManager().addTask(task)

    def cancel(self) -> None:
        """Ask the run to stop; it ends with ``cancelled``."""
        if self._task is not None and self._feedback is not None:
            self._feedback.cancel()
            self._task.cancel()

    def abandon(self) -> None:
        """Stop the run without another word: the panel goes."""
        self._silent = True
        self.cancel()

    def _refuse(self, reason: str) -> None:
        self.said.emit(reason, "error")
        self.failed.emit(reason)

    def _executed(self, successful: bool, results: Dict[str, Any]) -> None:
        context, feedback = self._context, self._feedback
        self._task = self._context = self._feedback = None
        if self._silent or context is None or feedback is None:
            return
        if successful:
            try:
                _load_layers(context, feedback)
            except RuntimeError as error:
                # A layer, or the project, that went while the run was under way.
                self.said.emit(str(error), "warning")
            self.finished.emit(results)
        elif feedback.isCanceled():
            self.cancelled.emit()
        elif feedback.errors:
            self.failed.emit(feedback.errors[-1])
        else:
            self._refuse(tr("The run failed without a reason. Its log may tell more."))


def _load_layers(context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> None:
    """Bring the layers that the algorithm made into the project, the last one named on top."""
    for reference, details in context.layersToLoadOnCompletion().items():
        layer = QgsProcessingUtils.mapLayerFromString(reference, context, True)
        if layer is None:
            feedback.reportError(tr("{path} was written but cannot be opened as a layer.").format(path=reference))
            continue
        details.setOutputLayerName(layer)
        project = details.project or QgsProject.instance()
        owned = context.temporaryLayerStore().takeMapLayer(layer) or layer
        project.addMapLayer(owned)
        processor = details.postProcessor()
        if processor is not None:
            processor.postProcessLayer(owned, context, feedback)
