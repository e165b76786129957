"""`smarties:change`: what became different between two dates, or looks different to two sensors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from qgis.core import QgsProcessingContext, QgsProcessingParameterRasterDestination

from ...engine.jobs.change import ChangeJob
from ..translation import tr
from .base import helped
from .image_parameters import ImageInputs, add_bands, add_layers, read_images
from .map_results import show_change
from .maps import MapTask
from .outputs import Written


class Change(MapTask):
    """Two sets of images in, a map of change out."""

    NAME = "change"
    FILE = "change"
    METHOD = "change"
    JOB = ChangeJob
    FILES = (Written("OUTPUT", "output"),)

    def __init__(self) -> None:
        super().__init__()
        self._after: Tuple[str, ...] = ()

    def title(self) -> str:
        """The name in the toolbox."""
        return tr("Detect change")

    def shortDescription(self) -> str:  # noqa: N802
        """One sentence."""
        return tr("Shows where two dates, or two sensors, see something different.")

    def tags(self) -> List[str]:
        """Words by which the toolbox finds it."""
        return tr("change,difference,time,before,after,monitoring").split(",")

    def initAlgorithm(self, configuration: Optional[Dict[str, Any]] = None) -> None:  # noqa: N802
        """Declare parameters and outputs."""
        hint = tr("Rasters of any sensors that lie on each other, or an embedding made before, or its picture.")
        add_layers(self, "INPUT", tr("Images or embedding before"), hint)
        hint = tr("Those of the second date or sensor; all are brought to one grid.")
        add_layers(self, "AFTER", tr("Images or embedding after"), hint)
        add_bands(self)
        add_bands(self, "AFTER")
        self.add_feature_parameters()
        output = QgsProcessingParameterRasterDestination("OUTPUT", tr("Change"))
        self.addParameter(helped(output, tr("The cosine distance of the features, 0 to 2, with one cell per token.")))
        self.add_run_outputs()

    def read(self, parameters: Dict[str, Any], context: QgsProcessingContext) -> ImageInputs:
        """The images of both dates."""
        before = super().read(parameters, context)
        after = read_images(self, parameters, context, "AFTER")
        fields = {
            **before.fields,
            "after": after.fields["inputs"],
            "after_sensors": after.fields["sensors"],
            "after_band_tables": after.fields["band_tables"],
        }
        self._after = after.names
        return replace(
            before, fields=fields, sources=(*before.sources, *after.sources),
            warnings=(*before.warnings, *after.warnings),
        )  # fmt: skip

    def show(self, answer: Mapping[str, Any], names: Sequence[str], context: QgsProcessingContext) -> None:
        """Style the change."""
        show_change(answer, names, context, self._after)
