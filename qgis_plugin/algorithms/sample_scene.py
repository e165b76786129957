"""`smarties:samplescene`: a simulated piece of land, seen by four sensors, to learn and try things on."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Optional

from qgis.core import (
    QgsMapLayer,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputRasterLayer,
    QgsProcessingOutputVectorLayer,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterNumber,
    QgsProject,
)

from ..styling_maps import style_training
from ..translation import tr
from .base import SmartiesAlgorithm, advanced, helped
from .layer_styles import LayerStyle, keep_style
from .results import StretchedStyle

#: Outputs in the order of the layer tree, each with the start of its file's name and its bands as red, green, blue.
_RASTERS = (("S2", "S2", (4, 3, 2)), ("S1", "S1", (1, 2, 1)), ("LANDSAT", "LC08", (4, 3, 2)), ("RGB", "RGB", (1, 2, 3)))
#: The output of the polygons to train with.
_TRAINING = "TRAINING"
#: The side of the scene in metres: 512 Sentinel-2 pixels.
_SIZE_M = 5120


class TrainingStyle(LayerStyle):
    """Polygons to train with, by class."""

    def apply(self, layer: QgsMapLayer) -> None:
        """Set the layer's colours."""
        style_training(layer)


class SampleScene(SmartiesAlgorithm):
    """A folder in, rasters of four sensors out."""

    NAME = "samplescene"
    FILE = "sample_scene"
    GROUP = "engine"

    def __init__(self) -> None:
        super().__init__()
        self._params: Dict[str, Any] = {}
        self._project: Optional[QgsProject] = None

    def title(self) -> str:
        """The name in the toolbox."""
        return tr("Write a sample scene")

    def group_title(self) -> str:
        """The group in the toolbox."""
        return tr("Engine")

    def shortDescription(self) -> str:  # noqa: N802
        """One sentence."""
        return tr("A simulated piece of land as Sentinel-2, Sentinel-1, Landsat-8 and an aerial camera would see it.")

    def tags(self) -> List[str]:
        """Words by which the toolbox finds it."""
        return tr("example,tutorial,data,simulated").split(",")

    def initAlgorithm(self, configuration: Optional[Dict[str, Any]] = None) -> None:  # noqa: N802
        """Declare parameters and outputs."""
        seed = QgsProcessingParameterNumber(
            "SEED", tr("Seed"), QgsProcessingParameterNumber.Type.Integer, defaultValue=0, minValue=0
        )
        self.addParameter(advanced(seed, tr("Another number draws another landscape.")))
        folder = QgsProcessingParameterFolderDestination("FOLDER", tr("Folder for the scene"))
        self.addParameter(helped(folder, tr("Its files take about 15 MB.")))
        for output, _, _ in _RASTERS:
            self.addOutput(QgsProcessingOutputRasterLayer(output, output))
        self.addOutput(QgsProcessingOutputVectorLayer(_TRAINING, _TRAINING))

    def prepare_job(self, parameters: Dict[str, Any], context: QgsProcessingContext) -> None:
        """Read folder and seed."""
        folder = Path(self.parameterAsString(parameters, "FOLDER", context)).absolute()
        seed = self.parameterAsInt(parameters, "SEED", context)
        self._params = {"folder": str(folder), "seed": seed, "size_m": _SIZE_M}
        self._project = context.project()

    def run_job(
        self, parameters: Dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Dict[str, Any]:
        """Write the scene; its layers are loaded where there is a project to show them in."""
        paths = [Path(path) for path in self.call_engine("sample", self._params, feedback)]
        outputs: Dict[str, Any] = {"FOLDER": self._params["folder"]}
        training = next(path for path in paths if path.suffix == ".geojson")
        outputs[_TRAINING] = str(training)
        if self._project is not None:
            title = tr("Training polygons of the sample scene")
            details = QgsProcessingContext.LayerDetails(title, self._project, _TRAINING)
            images = [str(path) for path in paths if path.suffix == ".tif"]
            keep_style(details, TrainingStyle(above=images))
            context.addLayerToLoadOnCompletion(str(training), details)
        for output, start, bands in _RASTERS:
            path = next(path for path in paths if path.name.startswith(start))
            outputs[output] = str(path)
            if self._project is not None and output in ("S2", "S1"):
                details = QgsProcessingContext.LayerDetails(path.stem, self._project, output)
                keep_style(details, StretchedStyle(bands))
                context.addLayerToLoadOnCompletion(str(path), details)
        return outputs
