"""`smarties:embed`: an embedding of images, with a picture of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Optional

from osgeo import gdal
from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
)

from ...engine.errors import JobError, OutputError
from ...engine.jobs.embed import EmbedJob
from ...engine.options import DEVICES, DTYPES, FUSIONS, LEVELS, MAX_CHIP_PX, MAX_OVERLAP, PRECISIONS
from ..translation import tr
from .base import SmartiesAlgorithm, advanced, helped, push_notes
from .image_parameters import ImageInputs, add_grid, add_inputs, add_reading, optional_int, optional_value, read_inputs
from .models import DEFAULT_MODEL, MODELS
from .results import EmbeddingResult, load_results

#: Before this GDAL reads signed bytes as unsigned ones, and so would QGIS.
INT8_FROM_GDAL = (3, 7)


class Embed(SmartiesAlgorithm):
    """Images in, one vector per cell out."""

    NAME = "embed"
    FILE = "embed"

    def __init__(self) -> None:
        super().__init__()
        self._inputs: Optional[ImageInputs] = None
        self._fields: Dict[str, Any] = {}

    def title(self) -> str:
        """The name in the toolbox."""
        return tr("Embed images")

    def shortDescription(self) -> str:  # noqa: N802
        """One sentence."""
        return tr("Describes every place of satellite images by a vector, whatever sensors they come from.")

    def tags(self) -> List[str]:
        """Words by which the toolbox finds it."""
        words = tr("embedding,features,foundation model,vision transformer,deep learning,satellite,wavelength,sar")
        return words.split(",")

    def initAlgorithm(self, configuration: Optional[Dict[str, Any]] = None) -> None:  # noqa: N802
        """Declare parameters and outputs."""
        add_inputs(self)
        self._add_model()
        add_grid(self)
        add_reading(self)
        self._add_running()
        embedding = QgsProcessingParameterRasterDestination("OUTPUT", tr("Embedding"))
        self.addParameter(helped(embedding, tr("A GeoTIFF with one feature per band; one cell per token.")))
        picture = QgsProcessingParameterRasterDestination("PICTURE", tr("Picture"), optional=True, createByDefault=True)
        self.addParameter(helped(picture, tr("The three main components of the embedding as red, green and blue.")))
        self.addOutput(QgsProcessingOutputNumber("TILES", tr("Tiles")))
        self.addOutput(QgsProcessingOutputNumber("SECONDS", tr("Seconds")))
        self.addOutput(QgsProcessingOutputString("DEVICE", tr("Device")))
        self.addOutput(QgsProcessingOutputString("NOTES", tr("Notes")))

    def check(self, parameters: Dict[str, Any], context: QgsProcessingContext) -> None:
        """Raise SmartiesError for settings and outputs that cannot be run; opens no pixels."""
        inputs = read_inputs(self, parameters, context)
        EmbedJob(**self._job_fields(inputs, parameters, context), output="").check()
        outputs = [_named_output(parameters.get(name)) for name in ("OUTPUT", "PICTURE")]
        for output in outputs:
            if output is not None and Path(output).suffix.lower() not in (".tif", ".tiff"):
                raise OutputError(
                    tr("“{name}” is not the name of a GeoTIFF.").format(name=Path(output).name),
                    tr("Let the name of the output end in .tif."),
                )
            if output is not None and any(_same_file(output, source) for source in inputs.sources):
                raise OutputError(
                    tr("{path} is one of the images to read.").format(path=output),
                    tr("Choose another name for the output."),
                )
        if outputs[0] is not None and outputs[1] is not None and _same_file(outputs[0], outputs[1]):
            raise OutputError(
                tr("Embedding and picture have the same name."), tr("Choose another name for one of them.")
            )

    def job(self, parameters: Dict[str, Any], context: QgsProcessingContext) -> EmbedJob:
        """The job that the parameters stand for, without outputs. Raises SmartiesError; for the main thread."""
        inputs = read_inputs(self, parameters, context)
        job = EmbedJob(**self._job_fields(inputs, parameters, context), output="")
        job.check()
        return job

    def prepare_job(self, parameters: Dict[str, Any], context: QgsProcessingContext) -> None:
        """Read layers and settings."""
        # A task that runs an algorithm in the background never asks for `check`.
        self.check(parameters, context)
        self._inputs = read_inputs(self, parameters, context)
        self._fields = self._job_fields(self._inputs, parameters, context)

    def run_job(
        self, parameters: Dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Dict[str, Any]:
        """Embed, style, and say what was noticed."""
        assert self._inputs is not None, "Processing prepares before it runs"  # nosec B101: for the type checker
        output = self.parameterAsOutputLayer(parameters, "OUTPUT", context)
        picture = self.parameterAsOutputLayer(parameters, "PICTURE", context)
        # Processing replaces what it has asked about; so does the engine.
        job = EmbedJob(**self._fields, output=output, picture=picture or "", overwrite=True)
        for warning in self._inputs.warnings:
            feedback.pushWarning(warning)
        answer = self.call_engine("embed", json.loads(job.to_json()), feedback)
        result = EmbeddingResult.of(answer)
        # The engine's first note is that of random weights.
        push_notes(feedback, list(result.notes), warnings=1 if result.random else 0)
        feedback.pushInfo(
            tr("{tiles} tiles in {seconds} s on {device}.").format(
                tiles=result.tiles, seconds=round(result.seconds, 1), device=result.device
            )
        )
        load_results(result, self._inputs.names, context)
        outputs: Dict[str, Any] = {
            "OUTPUT": result.output,
            "TILES": result.tiles,
            "SECONDS": result.seconds,
            "DEVICE": result.device,
            "NOTES": "\n".join(result.notes),
        }
        if result.picture:
            outputs["PICTURE"] = result.picture
        return outputs

    def _add_model(self) -> None:
        model = QgsProcessingParameterEnum(
            "MODEL", tr("Model"), list(MODELS), defaultValue=DEFAULT_MODEL, usesStaticStrings=True
        )
        self.addParameter(helped(model, tr("The released models are downloaded once; smarties-tiny is not trained.")))
        file = QgsProcessingParameterFile("MODEL_FILE", tr("Model file"), optional=True)
        self.addParameter(helped(file, tr("Weights of your own, used in place of the model above.")))
        chip = QgsProcessingParameterNumber(
            "CHIP", tr("Chip (px)"), QgsProcessingParameterNumber.Type.Integer,
            optional=True, minValue=1, maxValue=MAX_CHIP_PX,
        )  # fmt: skip
        hint = tr("Pixels of the grid that fill one input of the model; without one, 112 or 224 by the sensor.")
        self.addParameter(helped(chip, hint))
        overlap = QgsProcessingParameterNumber(
            "OVERLAP", tr("Overlap"), QgsProcessingParameterNumber.Type.Double,
            defaultValue=0.25, minValue=0, maxValue=MAX_OVERLAP,
        )  # fmt: skip
        hint = tr("Share of a chip that its neighbours repeat: more takes longer and smooths the seams.")
        self.addParameter(helped(overlap, hint))
        self._add_choice("FUSION", tr("Fusion of several images"), FUSIONS, False,
                         tr("stack: all bands as one image; concat: features side by side; mixup: tokens of two "
                            "sensors swapped."))  # fmt: skip

    def _add_running(self) -> None:
        self._add_choice("DTYPE", tr("Type of the values"), DTYPES, True,
                         tr("int8 takes a quarter of the room, with a scale per band."))  # fmt: skip
        self._add_choice("LEVEL", tr("One vector per"), LEVELS, True, tr("Each token, or each chip."))
        valid = QgsProcessingParameterNumber(
            "MIN_VALID", tr("Least share of valid pixels"), QgsProcessingParameterNumber.Type.Double,
            defaultValue=0.5, minValue=0, maxValue=1,
        )  # fmt: skip
        self.addParameter(advanced(valid, tr("A cell with fewer has no data.")))
        self._add_choice("DEVICE", tr("Device"), DEVICES, True, tr("auto takes a graphics card where there is one."))
        self._add_choice("PRECISION", tr("Precision"), PRECISIONS, True, tr("auto takes the fastest that is safe."))
        batch = QgsProcessingParameterNumber(
            "BATCH", tr("Chips per pass"), QgsProcessingParameterNumber.Type.Integer, optional=True, minValue=1
        )
        self.addParameter(advanced(batch, tr("Without a number, as many as the device holds.")))

    def _add_choice(self, name: str, title: str, values: Any, is_advanced: bool, help_text: str) -> None:
        parameter = QgsProcessingParameterEnum(
            name, title, list(values), defaultValue=values[0], usesStaticStrings=True
        )  # fmt: skip
        self.addParameter(advanced(parameter, help_text) if is_advanced else helped(parameter, help_text))

    def _job_fields(
        self, inputs: ImageInputs, parameters: Dict[str, Any], context: QgsProcessingContext
    ) -> Dict[str, Any]:
        def choice(name: str) -> str:
            return str(self.parameterAsEnumString(parameters, name, context))

        dtype = choice("DTYPE")
        version = tuple(int(part) for part in gdal.__version__.split(".")[:2])
        if dtype == "int8" and version < INT8_FROM_GDAL:
            raise JobError(
                tr("Values of type int8 need GDAL {needed} or newer; this QGIS has {found}.").format(
                    needed=".".join(str(part) for part in INT8_FROM_GDAL), found=gdal.__version__
                ),
                tr("Choose float16, which takes twice the room."),
            )
        return {
            **inputs.fields,
            "model": self._model(parameters, context),
            "chip": optional_int(self, parameters, "CHIP", context),
            "overlap": self.parameterAsDouble(parameters, "OVERLAP", context),
            "fusion": choice("FUSION"),
            "dtype": dtype,
            "level": choice("LEVEL"),
            "min_valid": self.parameterAsDouble(parameters, "MIN_VALID", context),
            "device": choice("DEVICE"),
            "precision": choice("PRECISION"),
            "batch": optional_int(self, parameters, "BATCH", context),
        }

    def _model(self, parameters: Dict[str, Any], context: QgsProcessingContext) -> str:
        if not optional_value(parameters, "MODEL_FILE"):
            return str(self.parameterAsEnumString(parameters, "MODEL", context))
        file = self.parameterAsFile(parameters, "MODEL_FILE", context)
        if not Path(file).is_file():
            raise JobError(
                tr("The model file {path} does not exist.").format(path=file), tr("Choose a file, or a model by name.")
            )
        return str(Path(file).absolute())


def _named_output(value: Any) -> Optional[str]:
    """The path an output was given, None for a temporary one, one left out, or one that an expression makes."""
    if isinstance(value, QgsProcessingOutputLayerDefinition):
        value = value.sink.staticValue()
    text = str(value).strip() if isinstance(value, str) else ""
    return text if text and text != "TEMPORARY_OUTPUT" else None


def _same_file(one: str, other: str) -> bool:
    try:
        return Path(one).resolve() == Path(other).resolve()
    except (OSError, ValueError):
        return False
