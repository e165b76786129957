"""What all algorithms share: a call of the engine with progress and cancel, errors as sentences, help, icons."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

from qgis.core import (
    QgsApplication,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterDefinition,
)
from qgis.PyQt.QtGui import QIcon

from ...engine.errors import SmartiesError
from ...engine.protocol import ProgressEvent
from ..engine_link.engine import engine
from ..translation import tr

HELP = Path(__file__).resolve().parents[1] / "help"
ICONS = Path(__file__).resolve().parents[1] / "icons" / "algorithms"

#: Least seconds, and least share of the work, between two lines of text for the same stage of a run.
_TEXT_EVERY_S = 3.0
_TEXT_EVERY_SHARE = 0.1


class SmartiesAlgorithm(QgsProcessingAlgorithm):
    """An algorithm that the engine carries out.

    A subclass names itself (``NAME``, the id after ``smarties:``; ``title``; ``FILE``, the name of its help and
    icon), declares parameters in `initAlgorithm` and implements `check` and `run_job`. Everything that touches
    layers belongs into `prepare_job`, which runs in the main thread; `run_job` may run in any thread.
    """

    NAME = ""
    FILE = ""

    def title(self) -> str:
        """The name in the toolbox, translated."""
        raise NotImplementedError

    def group_title(self) -> str:
        """The group in the toolbox, translated."""
        return tr("Embeddings")

    GROUP = "embeddings"

    def prepare_job(self, parameters: Dict[str, Any], context: QgsProcessingContext) -> None:
        """Read what is needed of parameters and layers. Raises SmartiesError for what cannot be run."""

    def check(self, parameters: Dict[str, Any], context: QgsProcessingContext) -> None:
        """Raise SmartiesError for parameters that cannot be run."""

    def run_job(
        self, parameters: Dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Dict[str, Any]:
        """Do the work and give the outputs. Raises SmartiesError."""
        raise NotImplementedError

    def call_engine(self, method: str, params: Dict[str, Any], feedback: QgsProcessingFeedback) -> Any:
        """The engine's answer to a request. Raises SmartiesError, among them CancelledError."""
        return engine().call(method, params, ProgressReport(feedback), feedback.isCanceled)

    # -- what Processing asks for ----------------------------------------------------------------

    def name(self) -> str:
        """The id after ``smarties:``."""
        return self.NAME

    def displayName(self) -> str:  # noqa: N802
        """The name in the toolbox."""
        return self.title()

    def group(self) -> str:
        """The group in the toolbox."""
        return self.group_title()

    def groupId(self) -> str:  # noqa: N802
        """The id of the group; never translated."""
        return self.GROUP

    def icon(self) -> QIcon:
        """The icon in the toolbox."""
        return QIcon(self.svgIconPath())

    def svgIconPath(self) -> str:  # noqa: N802
        """Path of the icon."""
        return str(ICONS / f"{self.FILE}.svg")

    def createInstance(self) -> QgsProcessingAlgorithm:  # noqa: N802
        """A fresh one: Processing runs each job with its own."""
        return type(self)()

    def shortHelpString(self) -> str:  # noqa: N802
        """The help beside the dialog, in the language of QGIS where there is a page, else in English."""
        return read_help(self.FILE)

    def checkParameterValues(self, parameters: Dict[str, Any], context: QgsProcessingContext) -> Any:  # noqa: N802
        """Whether the parameters can be run, and a sentence why not."""
        ok, reason = super().checkParameterValues(parameters, context)
        if not ok:
            return ok, reason
        try:
            self.check(parameters, context)
        except SmartiesError as error:
            return False, str(error)
        return True, ""

    def prepareAlgorithm(  # noqa: N802
        self, parameters: Dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        """Read the layers, in the thread they belong to."""
        _spoken(lambda: self.prepare_job(parameters, context))
        return True

    def processAlgorithm(  # noqa: N802
        self, parameters: Dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Dict[str, Any]:
        """Run the job."""
        outputs: Dict[str, Any] = _spoken(lambda: self.run_job(parameters, context, feedback))
        return outputs


def _spoken(work: Callable[[], Any]) -> Any:
    """Do ``work``; what it raises becomes the exception that Processing shows to people."""
    try:
        return work()
    except SmartiesError as error:
        raise QgsProcessingException(str(error)) from error


class ProgressReport:
    """Hands the engine's progress to a feedback: the bar always, a line of text now and then.

    A feedback with a method ``engine_progress(event)`` gets every event as it comes.
    """

    def __init__(self, feedback: QgsProcessingFeedback) -> None:
        self._feedback = feedback
        self._every: Optional[Callable[[ProgressEvent], None]] = getattr(feedback, "engine_progress", None)
        self._stage = ""
        self._at = 0.0
        self._fraction = 0.0

    def __call__(self, event: ProgressEvent) -> None:
        """Show one event."""
        self._feedback.setProgress(100 * event.fraction)
        if self._every is not None:
            self._every(event)
        stage = re.sub(r"\d+", "", event.message)
        now = time.monotonic()
        later = now - self._at >= _TEXT_EVERY_S and event.fraction - self._fraction >= _TEXT_EVERY_SHARE
        # Lines are kept in the dialog's log: one per stage, and a few more in a long one.
        if stage != self._stage or later:
            self._stage, self._at, self._fraction = stage, now, event.fraction
            left = time_left(event.seconds_left)
            self._feedback.setProgressText(f"{event.message} ({left})" if left else event.message)


def time_left(seconds: Optional[float]) -> str:
    """The time left in words, "about 12 s left"; "" while nothing is known, and at the very end."""
    if seconds is None or seconds < 1:
        return ""
    if seconds < 90:
        return tr("about {count} s left").format(count=round(seconds))
    if seconds < 5400:
        return tr("about {count} min left").format(count=round(seconds / 60))
    return tr("about {count} h left").format(count=round(seconds / 3600, 1))


def read_help(name: str) -> str:
    """The help page ``name`` in the language of QGIS, else in English; "" where there is none.

    It comes as one line: QGIS makes a paragraph of every line.
    """
    language = QgsApplication.locale().split("_")[0]
    for path in (HELP / language / f"{name}.html", HELP / f"{name}.html"):
        if path.is_file():
            return " ".join(path.read_text(encoding="utf-8").split("\n")).strip()
    return ""


def advanced(parameter: QgsProcessingParameterDefinition, help_text: str = "") -> QgsProcessingParameterDefinition:
    """The parameter, hidden behind «Advanced parameters»."""
    parameter.setFlags(parameter.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
    return helped(parameter, help_text)


def helped(parameter: QgsProcessingParameterDefinition, help_text: str) -> QgsProcessingParameterDefinition:
    """The parameter with a sentence of help, which QGIS shows as its tooltip."""
    if help_text:
        parameter.setHelp(help_text)
    return parameter


def push_notes(feedback: QgsProcessingFeedback, notes: List[str], warnings: int = 0) -> None:
    """Show the engine's notes; the first ``warnings`` of them as warnings."""
    for number, note in enumerate(notes):
        if number < warnings:
            feedback.pushWarning(note)
        else:
            feedback.pushInfo(note)
