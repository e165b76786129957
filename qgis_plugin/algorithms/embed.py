"""`smarties:embed`: an embedding of images, with a picture of it."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence

from osgeo import gdal
from qgis.core import (
    QgsProcessingContext,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterRasterDestination,
)

from ...engine.errors import JobError
from ...engine.jobs.embed import EmbedJob
from ...engine.options import DTYPES
from ..translation import tr
from .base import advanced, helped
from .feature_parameters import add_choice, add_computing, add_feature_details, add_features, feature_fields
from .image_parameters import add_grid, add_inputs, add_reading
from .image_task import ImageTask
from .outputs import Written
from .results import EmbeddingResult, load_results

#: Before this GDAL reads signed bytes as unsigned ones, and so would QGIS.
INT8_FROM_GDAL = (3, 7)


class Embed(ImageTask):
    """Images in, one vector per cell out."""

    NAME = "embed"
    FILE = "embed"
    METHOD = "embed"
    JOB = EmbedJob
    FILES = (Written("OUTPUT", "output"), Written("PICTURE", "picture"))

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
        add_features(self)
        add_grid(self)
        add_reading(self)
        add_choice(self, "DTYPE", tr("Type of the values"), DTYPES, True,
                   tr("int8 takes a quarter of the room, with a scale per band."))  # fmt: skip
        cog = QgsProcessingParameterBoolean("COG", tr("Cloud-optimised GeoTIFF"), defaultValue=False)
        self.addParameter(
            advanced(cog, tr("Laid out for reading over a network; takes twice the room while it is made."))
        )
        add_feature_details(self)
        add_computing(self)
        resume = QgsProcessingParameterBoolean("RESUME", tr("Continue an unfinished run"), defaultValue=False)
        hint = tr(
            "Goes on where a run with the same settings and output stopped, and keeps what is finished of this one."
        )
        self.addParameter(advanced(resume, hint))
        embedding = QgsProcessingParameterRasterDestination("OUTPUT", tr("Embedding"))
        self.addParameter(helped(embedding, tr("A GeoTIFF with one feature per band; one cell per token.")))
        picture = QgsProcessingParameterRasterDestination("PICTURE", tr("Picture"), optional=True, createByDefault=True)
        self.addParameter(helped(picture, tr("The three main components of the embedding as red, green and blue.")))
        self.addOutput(QgsProcessingOutputNumber("TILES", tr("Tiles")))
        self.add_run_outputs()

    def settings(self, parameters: Dict[str, Any], context: QgsProcessingContext) -> Dict[str, Any]:
        """The fields of the job beside those of its images and outputs."""
        dtype = str(self.parameterAsEnumString(parameters, "DTYPE", context))
        version = tuple(int(part) for part in gdal.__version__.split(".")[:2])
        if dtype == "int8" and version < INT8_FROM_GDAL:
            raise JobError(
                tr("Values of type int8 need GDAL {needed} or newer; this QGIS has {found}.").format(
                    needed=".".join(str(part) for part in INT8_FROM_GDAL), found=gdal.__version__
                ),
                tr("Choose float16, which takes twice the room."),
            )
        return {
            **feature_fields(self, parameters, context),
            "dtype": dtype,
            "cog": self.parameterAsBool(parameters, "COG", context),
            "resume": self.parameterAsBool(parameters, "RESUME", context),
        }

    def show(self, answer: Mapping[str, Any], names: Sequence[str], context: QgsProcessingContext) -> None:
        """Style embedding and picture."""
        load_results(EmbeddingResult.of(answer), names, context)

    def outputs(self, answer: Mapping[str, Any]) -> Dict[str, Any]:
        """How many tiles it was."""
        return {"TILES": int(answer["tiles"])}

    def summary(self, answer: Mapping[str, Any]) -> str:
        """Tiles, time and device."""
        return tr("{tiles} tiles in {seconds} s on {device}.").format(
            tiles=answer["tiles"], seconds=round(float(answer["seconds"]), 1), device=answer["device"]
        )
