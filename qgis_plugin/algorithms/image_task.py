"""What all algorithms share whose engine task reads images and writes files: the job, its outputs, the run."""

from __future__ import annotations

import json
from typing import Any, ClassVar, Dict, List, Mapping, Optional, Sequence, Tuple, Type

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterFileDestination,
)

from ...engine.jobs.image import ImageJob
from ..raster_tags import is_random
from ..translation import tr
from .base import SmartiesAlgorithm, push_notes
from .image_parameters import ImageInputs, read_inputs
from .outputs import Written, check_outputs, expected_paths, wanted


class ImageTask(SmartiesAlgorithm):
    """Images, or embeddings, in; files out.

    A subclass names the engine's method and its job, the files it writes, and implements `settings` and `show`.
    """

    METHOD: ClassVar[str] = ""
    JOB: ClassVar[Type[ImageJob]] = ImageJob
    FILES: ClassVar[Tuple[Written, ...]] = ()

    def __init__(self) -> None:
        super().__init__()
        self._inputs: Optional[ImageInputs] = None
        self._fields: Dict[str, Any] = {}

    def settings(self, parameters: Dict[str, Any], context: QgsProcessingContext) -> Dict[str, Any]:
        """The fields of the job beside those of its images and outputs. Raises SmartiesError."""
        raise NotImplementedError

    def read(self, parameters: Dict[str, Any], context: QgsProcessingContext) -> ImageInputs:
        """The images of the run. Raises SmartiesError; for the main thread."""
        return read_inputs(self, parameters, context)

    def show(self, answer: Mapping[str, Any], names: Sequence[str], context: QgsProcessingContext) -> None:
        """Style what was written, and the layers that come of it. ``names`` are those of the images."""
        raise NotImplementedError

    def outputs(self, answer: Mapping[str, Any]) -> Dict[str, Any]:
        """Outputs beside the files, and those that every run has."""
        return {}

    def summary(self, answer: Mapping[str, Any]) -> str:
        """A line for the log when all is done."""
        seconds, device = round(float(answer["seconds"]), 1), answer.get("device")
        if not device:
            return tr("Done in {seconds} s.").format(seconds=seconds)
        return tr("Done in {seconds} s on {device}.").format(seconds=seconds, device=device)

    def add_run_outputs(self) -> None:
        """Declare what every run tells."""
        self.addOutput(QgsProcessingOutputNumber("SECONDS", tr("Seconds")))
        self.addOutput(QgsProcessingOutputString("DEVICE", tr("Device")))
        self.addOutput(QgsProcessingOutputString("NOTES", tr("Notes")))

    # -- one run -------------------------------------------------------------------------------------

    def job(self, parameters: Dict[str, Any], context: QgsProcessingContext) -> Any:
        """The job that the parameters stand for, without outputs. Raises SmartiesError; for the main thread."""
        fields, _ = self._checked(parameters, context)
        return self.JOB(**fields)

    def check(self, parameters: Dict[str, Any], context: QgsProcessingContext) -> None:
        """Raise SmartiesError for settings and outputs that cannot be run; opens no pixels."""
        self._checked(parameters, context)

    def prepare_job(self, parameters: Dict[str, Any], context: QgsProcessingContext) -> None:
        """Read layers and settings."""
        # A task that runs an algorithm in the background never asks for `check`.
        self._fields, self._inputs = self._checked(parameters, context)

    def run_job(
        self, parameters: Dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Dict[str, Any]:
        """Have the engine do it, style the results, and say what was noticed."""
        assert self._inputs is not None, "Processing prepares before it runs"  # nosec B101: for the type checker
        paths = {each.field: self._path(each, parameters, context) for each in self.FILES}
        # Processing replaces what it has asked about; so does the engine.
        job = self.JOB(**{**self._fields, **paths, "overwrite": True})
        for warning in self._inputs.warnings:
            feedback.pushWarning(warning)
        answer = self.call_engine(self.METHOD, json.loads(job.to_json()), feedback)
        notes = [str(note) for note in answer["notes"]]
        push_notes(feedback, notes, warnings=self.warnings(answer))
        feedback.pushInfo(self.summary(answer))
        self.show(answer, self._inputs.names, context)
        outputs: Dict[str, Any] = {each.parameter: paths[each.field] for each in self.FILES if paths[each.field]}
        outputs.update(SECONDS=float(answer["seconds"]), DEVICE=str(answer.get("device") or ""), NOTES="\n".join(notes))
        outputs.update(self.outputs(answer))
        return outputs

    def warnings(self, answer: Mapping[str, Any]) -> int:
        """How many of the notes, the first ones, are warnings: the engine's first one is that of random weights."""
        return int(is_random(str(answer["output"])))

    def _checked(
        self, parameters: Dict[str, Any], context: QgsProcessingContext
    ) -> Tuple[Dict[str, Any], ImageInputs]:  # fmt: skip
        inputs = self.read(parameters, context)
        fields = {**inputs.fields, **self.settings(parameters, context)}
        # Some settings need an output, or forbid one.
        self.JOB(**{**fields, **expected_paths(parameters, self.FILES)}).check()
        titles = {each.parameter: self.parameterDefinition(each.parameter).description() for each in self.FILES}
        check_outputs(parameters, self.FILES, self.read_files(fields, inputs), titles)
        return fields, inputs

    def read_files(self, fields: Mapping[str, Any], inputs: ImageInputs) -> List[str]:
        """The files that the run reads, none of which it may overwrite."""
        return list(inputs.sources)

    def _path(self, file: Written, parameters: Dict[str, Any], context: QgsProcessingContext) -> str:
        if not wanted(parameters, file.parameter):
            return ""
        if isinstance(self.parameterDefinition(file.parameter), QgsProcessingParameterFileDestination):
            return str(self.parameterAsFileOutput(parameters, file.parameter, context))
        return str(self.parameterAsOutputLayer(parameters, file.parameter, context))
