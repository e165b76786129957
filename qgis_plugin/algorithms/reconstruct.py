"""`smarties:reconstruct`: bands that a sensor lacks, and what the model did not expect."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterString,
)

from ...engine.jobs.reconstruct import ReconstructJob
from ..raster_tags import is_random
from ..translation import tr
from .base import advanced, helped
from .feature_parameters import add_chip, add_computing, add_model, add_overlap, compute_fields, model_fields
from .image_parameters import add_grid, add_inputs, add_reading
from .map_results import show_reconstruction
from .maps import MapTask, words_of
from .outputs import Written

#: What a camera lacks most.
_NEAR_INFRARED = "sentinel-2-l2a:B08"


class Reconstruct(MapTask):
    """Images in, bands they lack out."""

    NAME = "reconstruct"
    FILE = "reconstruct"
    METHOD = "reconstruct"
    JOB = ReconstructJob
    FILES = (Written("OUTPUT", "output"), Written("ANOMALY", "anomaly"))

    def title(self) -> str:
        """The name in the toolbox."""
        return tr("Predict missing bands")

    def shortDescription(self) -> str:  # noqa: N802
        """One sentence."""
        return tr("Predicts bands that a sensor lacks from those it has, and shows what is out of the ordinary.")

    def tags(self) -> List[str]:
        """Words by which the toolbox finds it."""
        return tr("reconstruct,predict,near infrared,synthetic band,anomaly,decoder").split(",")

    def initAlgorithm(self, configuration: Optional[Dict[str, Any]] = None) -> None:  # noqa: N802
        """Declare parameters and outputs."""
        add_inputs(self)
        targets = QgsProcessingParameterString(
            "TARGETS", tr("Bands to predict"), defaultValue=_NEAR_INFRARED, optional=True
        )
        hint = tr("SENSOR:BAND, separated by commas, or names of learnt layers such as near_infrared_1.")
        self.addParameter(helped(targets, hint))
        add_model(self)
        add_chip(self)
        add_overlap(self)
        add_grid(self)
        add_reading(self)
        share = QgsProcessingParameterNumber(
            "HIDDEN_SHARE", tr("Hidden share"), QgsProcessingParameterNumber.Type.Double,
            defaultValue=0.75, minValue=0.01, maxValue=0.99,
        )  # fmt: skip
        self.addParameter(advanced(share, tr("Part of the tokens that is hidden from the model in each pass.")))
        norm = QgsProcessingParameterBoolean("NORM_PIX", tr("Trained on normalised patches"), defaultValue=True)
        self.addParameter(advanced(norm, tr("As the released models are.")))
        self.add_seed()
        add_computing(self)
        output = QgsProcessingParameterRasterDestination(
            "OUTPUT", tr("Predicted bands"), optional=True, createByDefault=True
        )
        self.addParameter(helped(output, tr("A GeoTIFF on the grid of the images, in the units of each sensor.")))
        anomaly = QgsProcessingParameterRasterDestination(
            "ANOMALY", tr("Anomaly"), optional=True, createByDefault=False
        )  # fmt: skip
        self.addParameter(
            helped(anomaly, tr("The error of the model about places hidden from it, one cell per token."))
        )
        self.add_run_outputs()

    def settings(self, parameters: Dict[str, Any], context: QgsProcessingContext) -> Dict[str, Any]:
        """The fields of the job beside those of its images and outputs."""
        return {
            **model_fields(self, parameters, context),
            **compute_fields(self, parameters, context),
            "targets": tuple(words_of(self.parameterAsString(parameters, "TARGETS", context))),
            "hidden_share": self.parameterAsDouble(parameters, "HIDDEN_SHARE", context),
            "norm_pix": self.parameterAsBool(parameters, "NORM_PIX", context),
            "seed": self.parameterAsInt(parameters, "SEED", context),
        }

    def show(self, answer: Mapping[str, Any], names: Sequence[str], context: QgsProcessingContext) -> None:
        """Style bands and anomaly."""
        show_reconstruction(answer, names, context)

    def warnings(self, answer: Mapping[str, Any]) -> int:
        """Whether the first note is that of random weights."""
        return int(is_random(str(answer["output"] or answer["anomaly"])))
