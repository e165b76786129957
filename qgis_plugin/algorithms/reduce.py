"""`smarties:reduce`: an embedding in few bands."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
)

from ...engine.jobs.reduce import ReduceJob
from ..translation import tr
from .base import helped
from .feature_parameters import add_choice, existing_file
from .image_parameters import ImageInputs
from .map_results import show_components
from .maps import MapTask
from .outputs import SAFETENSORS, Written

#: Signed bytes would cut what the components are there for.
_DTYPES = ("float32", "float16")


class Reduce(MapTask):
    """Images in, their main components out."""

    NAME = "reduce"
    FILE = "reduce"
    METHOD = "reduce"
    JOB = ReduceJob
    FILES = (
        Written("OUTPUT", "output"),
        Written("PICTURE", "picture"),
        Written("SAVE_BASIS", "save_basis", SAFETENSORS),
    )

    def title(self) -> str:
        """The name in the toolbox."""
        return tr("Reduce to main components")

    def shortDescription(self) -> str:  # noqa: N802
        """One sentence."""
        return tr("Reduces an embedding to few bands, in colours that can be compared between scenes.")

    def tags(self) -> List[str]:
        """Words by which the toolbox finds it."""
        return tr("pca,principal components,dimension,compress,embedding,picture").split(",")

    def initAlgorithm(self, configuration: Optional[Dict[str, Any]] = None) -> None:  # noqa: N802
        """Declare parameters and outputs."""
        self.add_images()
        components = QgsProcessingParameterNumber(
            "COMPONENTS", tr("Components"), QgsProcessingParameterNumber.Type.Integer, defaultValue=3, minValue=1
        )
        self.addParameter(helped(components, tr("How many bands to keep, those that tell most first.")))
        basis = QgsProcessingParameterFile("BASIS", tr("Basis of another scene"), optional=True)
        self.addParameter(helped(basis, tr("Components saved before: what is alike in both scenes has one colour.")))
        self.add_feature_parameters()
        add_choice(self, "DTYPE", tr("Type of the values"), _DTYPES, True, tr("float16 takes half the room."))
        output = QgsProcessingParameterRasterDestination("OUTPUT", tr("Components"))
        self.addParameter(helped(output, tr("A GeoTIFF with one component per band.")))
        picture = QgsProcessingParameterRasterDestination("PICTURE", tr("Picture"), optional=True, createByDefault=True)
        self.addParameter(helped(picture, tr("The first three components as red, green and blue.")))
        save = QgsProcessingParameterFileDestination(
            "SAVE_BASIS", tr("Basis to save"), tr("Bases (*.safetensors)"), optional=True, createByDefault=False
        )
        self.addParameter(helped(save, tr("The components, to be applied to other scenes.")))
        self.add_run_outputs()

    def settings(self, parameters: Dict[str, Any], context: QgsProcessingContext) -> Dict[str, Any]:
        """The fields of the job beside those of its images and outputs."""
        return {
            **super().settings(parameters, context),
            "components": self.parameterAsInt(parameters, "COMPONENTS", context),
            "basis": existing_file(self, parameters, "BASIS", context),
            "dtype": str(self.parameterAsEnumString(parameters, "DTYPE", context)),
        }

    def show(self, answer: Mapping[str, Any], names: Sequence[str], context: QgsProcessingContext) -> None:
        """Style components and picture."""
        show_components(answer, names, context)

    def read_files(self, fields: Mapping[str, Any], inputs: ImageInputs) -> List[str]:
        """The images, and the basis."""
        return [*super().read_files(fields, inputs), *filter(None, [fields["basis"]])]
