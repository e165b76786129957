"""`smarties:checkengine`: whether the engine starts, with which versions, on which device."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsProcessingOutputString

from ...engine.errors import EngineEnvironmentError
from ..engine_link.engine import engine
from ..translation import tr
from .base import SmartiesAlgorithm


class CheckEngine(SmartiesAlgorithm):
    """Nothing in, a report out."""

    NAME = "checkengine"
    FILE = "check_engine"
    GROUP = "engine"

    def title(self) -> str:
        """The name in the toolbox."""
        return tr("Check the engine")

    def group_title(self) -> str:
        """The group in the toolbox."""
        return tr("Engine")

    def shortDescription(self) -> str:  # noqa: N802
        """One sentence."""
        return tr("Starts the engine and reports its versions, device, precision and models.")

    def tags(self) -> List[str]:
        """Words by which the toolbox finds it."""
        return tr("device,version,environment,diagnostics,gpu").split(",")

    def initAlgorithm(self, configuration: Optional[Dict[str, Any]] = None) -> None:  # noqa: N802
        """Declare the outputs; there are no parameters."""
        self.addOutput(QgsProcessingOutputString("REPORT", tr("Report")))
        self.addOutput(QgsProcessingOutputString("VERSION", tr("Version")))
        self.addOutput(QgsProcessingOutputString("DEVICE", tr("Device")))
        self.addOutput(QgsProcessingOutputString("PRECISION", tr("Precision")))

    def run_job(
        self, parameters: Dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Dict[str, Any]:
        """Start the engine with its smallest request, and report what it says of itself."""
        models = self.call_engine("models", {}, feedback)
        hello = engine().hello
        if hello is None:
            raise EngineEnvironmentError(tr("The engine stopped while it was asked."), tr("Run the check again."))
        lines = [
            tr("Engine {version}").format(version=hello.engine),
            tr("Device: {device}").format(device=hello.device_name),
            tr("Precision: {precision}").format(precision=hello.precision),
            *(f"{name} {version}" for name, version in sorted(hello.versions.items())),
            *(f"{model['name']}: {model['title']} ({model['state']})" for model in models),
        ]
        for line in lines:
            feedback.pushInfo(line)
        return {
            "REPORT": "\n".join(lines),
            "VERSION": hello.engine,
            "DEVICE": hello.device_name,
            "PRECISION": hello.precision,
        }
