"""`smarties:fetchmodel`: a released model, downloaded or taken from a file, and checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Optional

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputString,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
)

from ...engine.errors import JobError
from ..translation import tr
from .base import SmartiesAlgorithm, helped
from .image_parameters import optional_value
from .models import DOWNLOADED


class FetchModel(SmartiesAlgorithm):
    """A model's name in, its file out."""

    NAME = "fetchmodel"
    FILE = "fetch_model"
    GROUP = "engine"

    def __init__(self) -> None:
        super().__init__()
        self._params: Dict[str, Any] = {}

    def title(self) -> str:
        """The name in the toolbox."""
        return tr("Fetch a model")

    def group_title(self) -> str:
        """The group in the toolbox."""
        return tr("Engine")

    def shortDescription(self) -> str:  # noqa: N802
        """One sentence."""
        return tr("Downloads a released model once, or takes a file that was downloaded by hand.")

    def tags(self) -> List[str]:
        """Words by which the toolbox finds it."""
        return tr("download,weights,model").split(",")

    def initAlgorithm(self, configuration: Optional[Dict[str, Any]] = None) -> None:  # noqa: N802
        """Declare parameters and outputs."""
        model = QgsProcessingParameterEnum(
            "MODEL", tr("Model"), list(DOWNLOADED), defaultValue=DOWNLOADED[0], usesStaticStrings=True
        )
        self.addParameter(helped(model, tr("It is downloaded where it is not on this computer yet.")))
        file = QgsProcessingParameterFile("FILE", tr("Downloaded file"), optional=True)
        self.addParameter(helped(file, tr("For a computer without a connection: the model's file, fetched elsewhere.")))
        self.addOutput(QgsProcessingOutputString("PATH", tr("The model's file")))

    def check(self, parameters: Dict[str, Any], context: QgsProcessingContext) -> None:
        """Raise SmartiesError for a file that is not there."""
        if optional_value(parameters, "FILE"):
            file = self.parameterAsFile(parameters, "FILE", context)
            if not Path(file).is_file():
                raise JobError(tr("The file {path} does not exist.").format(path=file), tr("Choose another file."))

    def prepare_job(self, parameters: Dict[str, Any], context: QgsProcessingContext) -> None:
        """Read the name and the file."""
        self.check(parameters, context)
        self._params = {"name": self.parameterAsEnumString(parameters, "MODEL", context)}
        if optional_value(parameters, "FILE"):
            self._params["file"] = str(Path(self.parameterAsFile(parameters, "FILE", context)).absolute())

    def run_job(
        self, parameters: Dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Dict[str, Any]:
        """Fetch it and say where it lies."""
        path = self.call_engine("fetch", self._params, feedback)["path"]
        feedback.pushInfo(tr("{model} is ready: {path}").format(model=self._params["name"], path=path))
        return {"PATH": path}
