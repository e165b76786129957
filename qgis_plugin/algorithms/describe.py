"""`smarties:describe`: what is known of images and their bands, before anything is run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Optional

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFileDestination,
)

from ...engine.errors import OutputError
from ...engine.jobs.describe import DescribeJob
from ..translation import tr
from .base import SmartiesAlgorithm, helped
from .describe_page import band_row, page_of
from .feature_tables import write_table
from .image_parameters import ImageInputs, add_assignment, add_grid, add_inputs, read_inputs

#: The columns of the table, with QGIS's names of their types.
_COLUMNS = (
    ("image", "string"),
    ("band", "integer"),
    ("name", "string"),
    ("centre_nm", "double"),
    ("min_nm", "double"),
    ("max_nm", "double"),
    ("polarisation", "string"),
    ("source", "string"),
    ("layers", "string"),
    ("verdict", "string"),
    ("problem", "string"),
)


class Describe(SmartiesAlgorithm):
    """Images in, a table of their bands and a page for people out."""

    NAME = "describe"
    FILE = "describe"

    def __init__(self) -> None:
        super().__init__()
        self._job: Optional[DescribeJob] = None
        self._warnings: tuple = ()

    def title(self) -> str:
        """The name in the toolbox."""
        return tr("Describe images")

    def shortDescription(self) -> str:  # noqa: N802
        """One sentence."""
        return tr("Shows bands, wavelengths, where they come from, the learnt layers they map to, and the grid.")

    def tags(self) -> List[str]:
        """Words by which the toolbox finds it."""
        return tr("bands,wavelengths,sensor,metadata,spectrum").split(",")

    def initAlgorithm(self, configuration: Optional[Dict[str, Any]] = None) -> None:  # noqa: N802
        """Declare parameters and outputs."""
        add_inputs(self)
        add_grid(self)
        add_assignment(self)
        table = QgsProcessingParameterFeatureSink(
            "OUTPUT", tr("Bands of the images"), QgsProcessing.SourceType.TypeVector, optional=True
        )
        self.addParameter(helped(table, tr("A table with one row per band.")))
        page = QgsProcessingParameterFileDestination(
            "OUTPUT_HTML", tr("Description"), tr("Web pages (*.html)"), optional=True, createByDefault=True
        )
        self.addParameter(helped(page, tr("The same as a page, with radiometry, statistics and the common grid.")))
        self.addOutput(QgsProcessingOutputString("GRID", tr("Common grid")))
        self.addOutput(QgsProcessingOutputNumber("PROBLEMS", tr("Unusable bands")))

    def check(self, parameters: Dict[str, Any], context: QgsProcessingContext) -> None:
        """Raise SmartiesError for settings that cannot be run."""
        _job_of(read_inputs(self, parameters, context)).check()

    def prepare_job(self, parameters: Dict[str, Any], context: QgsProcessingContext) -> None:
        """Read layers and settings."""
        inputs = read_inputs(self, parameters, context)
        self._job, self._warnings = _job_of(inputs), inputs.warnings
        self._job.check()

    def run_job(
        self, parameters: Dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Dict[str, Any]:
        """Ask the engine, then write table and page."""
        assert self._job is not None, "Processing prepares before it runs"  # nosec B101: for the type checker
        for warning in self._warnings:
            feedback.pushWarning(warning)
        described = self.call_engine("describe", json.loads(self._job.to_json()), feedback)
        rows = [band_row(image, band) for image in described["images"] for band in image["bands"]]
        outputs: Dict[str, Any] = {
            "GRID": described["grid"].get("text") or described["grid"]["error"],
            "PROBLEMS": sum(bool(row["problem"]) for row in rows),
        }
        destination = write_table(self, "OUTPUT", _COLUMNS, rows, parameters, context)
        if destination is not None:
            outputs["OUTPUT"] = destination
        page = self.parameterAsFileOutput(parameters, "OUTPUT_HTML", context)
        if page:
            _write(page, page_of(described))
            outputs["OUTPUT_HTML"] = page
        for image in described["images"]:
            for note in image["notes"]:
                feedback.pushInfo(f"{image['name']}: {note}")
        return outputs


def _job_of(inputs: ImageInputs) -> DescribeJob:
    return DescribeJob(**inputs.fields)


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(
            tr("The page {path} cannot be written ({reason}).").format(path=path, reason=error.strerror),
            tr("Choose another folder."),
        ) from error
