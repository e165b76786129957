"""The parameters of tasks that look at images through the model, and how they become the fields of a `FeatureJob`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Sequence

from qgis.core import (
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
)

from ...engine.errors import JobError
from ...engine.options import DEVICES, FUSIONS, LEVELS, MAX_CHIP_PX, MAX_OVERLAP, PRECISIONS
from ..translation import tr
from .base import advanced, helped
from .image_parameters import optional_int, optional_value
from .models import DEFAULT_MODEL, MODELS

Parameters = Dict[str, Any]


def add_features(algorithm: QgsProcessingAlgorithm) -> None:
    """Model, chip, overlap and fusion: what most runs decide."""
    add_model(algorithm)
    add_chip(algorithm)
    add_overlap(algorithm)
    add_choice(algorithm, "FUSION", tr("Fusion of several images"), FUSIONS, False,
               tr("stack: all bands as one image; concat: features side by side; mixup: tokens of two "
                  "sensors swapped."))  # fmt: skip


def add_model(algorithm: QgsProcessingAlgorithm) -> None:
    """A model by its name, or a file of weights."""
    model = QgsProcessingParameterEnum(
        "MODEL", tr("Model"), list(MODELS), defaultValue=DEFAULT_MODEL, usesStaticStrings=True
    )
    hint = tr("smarties-tiny comes along, a small demonstration model; the released models are downloaded once.")
    algorithm.addParameter(helped(model, hint))
    file = QgsProcessingParameterFile("MODEL_FILE", tr("Model file"), optional=True)
    algorithm.addParameter(helped(file, tr("Weights of your own, used in place of the model above.")))


def add_chip(algorithm: QgsProcessingAlgorithm) -> None:
    """The pixels that fill one input of the model."""
    chip = QgsProcessingParameterNumber(
        "CHIP", tr("Chip (px)"), QgsProcessingParameterNumber.Type.Integer,
        optional=True, minValue=1, maxValue=MAX_CHIP_PX,
    )  # fmt: skip
    hint = tr("Pixels of the grid that fill one input of the model; without one, 112 or 224 by the sensor.")
    algorithm.addParameter(helped(chip, hint))


def add_overlap(algorithm: QgsProcessingAlgorithm) -> None:
    """How much of a chip its neighbours repeat."""
    overlap = QgsProcessingParameterNumber(
        "OVERLAP", tr("Overlap"), QgsProcessingParameterNumber.Type.Double,
        defaultValue=0.25, minValue=0, maxValue=MAX_OVERLAP,
    )  # fmt: skip
    hint = tr("Share of a chip that its neighbours repeat: more takes longer and smooths the seams.")
    algorithm.addParameter(helped(overlap, hint))


def add_feature_details(algorithm: QgsProcessingAlgorithm) -> None:
    """What few runs decide of their features."""
    add_choice(algorithm, "LEVEL", tr("One vector per"), LEVELS, True, tr("Each token, or each chip."))
    valid = QgsProcessingParameterNumber(
        "MIN_VALID", tr("Least share of valid pixels"), QgsProcessingParameterNumber.Type.Double,
        defaultValue=0.5, minValue=0, maxValue=1,
    )  # fmt: skip
    algorithm.addParameter(advanced(valid, tr("A cell with fewer has no data.")))
    projections = QgsProcessingParameterFile("PROJECTIONS", tr("Learnt projections"), optional=True)
    hint = tr("A head that was trained with “Learn projections of unseen bands”: its bands are projected likewise.")
    algorithm.addParameter(advanced(projections, hint))


def add_computing(algorithm: QgsProcessingAlgorithm) -> None:
    """Where to compute, and how."""
    add_choice(algorithm, "DEVICE", tr("Device"), DEVICES, True, tr("auto takes a graphics card where there is one."))
    add_choice(algorithm, "PRECISION", tr("Precision"), PRECISIONS, True, tr("auto takes the fastest that is safe."))
    batch = QgsProcessingParameterNumber(
        "BATCH", tr("Chips per pass"), QgsProcessingParameterNumber.Type.Integer, optional=True, minValue=1
    )
    algorithm.addParameter(advanced(batch, tr("Without a number, as many as the device holds.")))


def add_choice(
    algorithm: QgsProcessingAlgorithm, name: str, title: str, values: Sequence[str], is_advanced: bool, help_text: str
) -> None:
    """A choice of names, the first being the default."""
    parameter = QgsProcessingParameterEnum(name, title, list(values), defaultValue=values[0], usesStaticStrings=True)
    algorithm.addParameter(advanced(parameter, help_text) if is_advanced else helped(parameter, help_text))


def feature_fields(
    algorithm: QgsProcessingAlgorithm, parameters: Parameters, context: QgsProcessingContext
) -> Dict[str, Any]:
    """The fields of a `FeatureJob` beside those of its images. Raises JobError for a file that is not there."""
    return {
        **model_fields(algorithm, parameters, context),
        "fusion": str(algorithm.parameterAsEnumString(parameters, "FUSION", context)),
        "level": str(algorithm.parameterAsEnumString(parameters, "LEVEL", context)),
        "min_valid": algorithm.parameterAsDouble(parameters, "MIN_VALID", context),
        "projections": existing_file(algorithm, parameters, "PROJECTIONS", context),
        **compute_fields(algorithm, parameters, context),
    }


def model_fields(
    algorithm: QgsProcessingAlgorithm, parameters: Parameters, context: QgsProcessingContext
) -> Dict[str, Any]:
    """Model, chip and overlap of a job. Raises JobError for a file that is not there."""
    file = existing_file(algorithm, parameters, "MODEL_FILE", context)
    return {
        "model": file or str(algorithm.parameterAsEnumString(parameters, "MODEL", context)),
        "chip": optional_int(algorithm, parameters, "CHIP", context),
        "overlap": algorithm.parameterAsDouble(parameters, "OVERLAP", context),
    }


def compute_fields(
    algorithm: QgsProcessingAlgorithm, parameters: Parameters, context: QgsProcessingContext
) -> Dict[str, Any]:
    """The fields of a `ComputeJob` beside those of its images."""
    return {
        "device": str(algorithm.parameterAsEnumString(parameters, "DEVICE", context)),
        "precision": str(algorithm.parameterAsEnumString(parameters, "PRECISION", context)),
        "batch": optional_int(algorithm, parameters, "BATCH", context),
    }


def existing_file(
    algorithm: QgsProcessingAlgorithm, parameters: Parameters, name: str, context: QgsProcessingContext
) -> str:
    """The path that a parameter gives, "" where it gives none. Raises JobError where no such file is."""
    if not optional_value(parameters, name):
        return ""
    file = algorithm.parameterAsFile(parameters, name, context)
    if not Path(file).is_file():
        if name == "MODEL_FILE":
            raise JobError(
                tr("The model file {path} does not exist.").format(path=file), tr("Choose a file, or a model by name.")
            )
        raise JobError(tr("The file {path} does not exist.").format(path=file), tr("Choose another file."))
    return str(Path(file).absolute())
