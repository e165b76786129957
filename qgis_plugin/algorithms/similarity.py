"""`smarties:similarity`: where it looks like here."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence

from qgis.core import (
    QgsPointXY,
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorDestination,
    QgsProcessingParameterVectorLayer,
)

from ...engine.errors import JobError
from ...engine.jobs.similarity import SimilarityJob
from ..translation import tr
from .base import helped
from .image_parameters import ImageInputs, crs_text, optional_value
from .labels import Copies
from .map_results import show_similarity
from .maps import MapTask
from .outputs import GEOPACKAGE, Written
from .point_text import Located, in_one_crs, parse_points


class Similarity(MapTask):
    """Images and examples in, a map of what is alike out."""

    NAME = "similarity"
    FILE = "similarity"
    METHOD = "similarity"
    JOB = SimilarityJob
    FILES = (Written("OUTPUT", "output"), Written("POLYGONS", "polygons", GEOPACKAGE))

    def __init__(self) -> None:
        super().__init__()
        self._copies = Copies()

    def title(self) -> str:
        """The name in the toolbox."""
        return tr("Find alike places")

    def shortDescription(self) -> str:  # noqa: N802
        """One sentence."""
        return tr("Shows where images look like the places you point at.")

    def tags(self) -> List[str]:
        """Words by which the toolbox finds it."""
        return tr("similarity,search,alike,cosine,example,detection").split(",")

    def initAlgorithm(self, configuration: Optional[Dict[str, Any]] = None) -> None:  # noqa: N802
        """Declare parameters and outputs."""
        self.add_images()
        self._add_examples()
        centred = QgsProcessingParameterBoolean("CENTRED", tr("Take the mean off"), defaultValue=True)
        text = tr("Takes off what all places of the image have in common: values then tell of what they differ in.")
        self.addParameter(helped(centred, text))
        threshold = QgsProcessingParameterNumber(
            "THRESHOLD", tr("Threshold"), QgsProcessingParameterNumber.Type.Double,
            optional=True, minValue=-1, maxValue=1,
        )  # fmt: skip
        self.addParameter(helped(threshold, tr("Places at or above it become polygons.")))
        self.add_feature_parameters()
        output = QgsProcessingParameterRasterDestination("OUTPUT", tr("Similarity"))
        self.addParameter(helped(output, tr("A raster from −1 to 1 with one cell per token.")))
        polygons = QgsProcessingParameterVectorDestination(
            "POLYGONS", tr("Alike places"), QgsProcessing.SourceType.TypeVectorPolygon,
            optional=True, createByDefault=False,
        )  # fmt: skip
        self.addParameter(
            helped(polygons, tr("A GeoPackage of the places at or above the threshold, with their area."))
        )
        self.add_run_outputs()

    def settings(self, parameters: Dict[str, Any], context: QgsProcessingContext) -> Dict[str, Any]:
        """The fields of the job beside those of its images and outputs."""
        return {
            **super().settings(parameters, context),
            **self._examples(parameters, context, write=False),
            "centred": self.parameterAsBool(parameters, "CENTRED", context),
            "threshold": self.parameterAsDouble(parameters, "THRESHOLD", context)
            if optional_value(parameters, "THRESHOLD")
            else None,
        }

    def prepare_job(self, parameters: Dict[str, Any], context: QgsProcessingContext) -> None:
        """Read layers and settings; copy the examples that have no file of their own."""
        super().prepare_job(parameters, context)
        self._fields.update(self._examples(parameters, context, write=True))

    def run_job(
        self, parameters: Dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Dict[str, Any]:
        """As every task; the copies go."""
        try:
            return super().run_job(parameters, context, feedback)
        finally:
            self._copies.clear()

    def show(self, answer: Mapping[str, Any], names: Sequence[str], context: QgsProcessingContext) -> None:
        """Style similarity and polygons."""
        show_similarity(answer, names, context)

    def read_files(self, fields: Mapping[str, Any], inputs: ImageInputs) -> List[str]:
        """The images, and the files of the examples."""
        examples = [*fields["like"], *fields["unlike"]]
        return [*super().read_files(fields, inputs), *(each.split("|")[0] for each in examples)]

    def _add_examples(self) -> None:
        form = tr("Points x,y; x,y [EPSG:4326]; without a CRS, in that of the image.")
        kind = [QgsProcessing.SourceType.TypeVectorAnyGeometry]
        points = QgsProcessingParameterString("POINTS", tr("Points that are alike"), optional=True)
        self.addParameter(helped(points, form))
        like = QgsProcessingParameterVectorLayer("LIKE", tr("Layer of what is alike"), kind, optional=True)
        self.addParameter(helped(like, tr("Points, lines or polygons, each an example of what is sought.")))
        points = QgsProcessingParameterString("UNLIKE_POINTS", tr("Points that are not"), optional=True)
        self.addParameter(helped(points, form))
        unlike = QgsProcessingParameterVectorLayer("UNLIKE", tr("Layer of what is not"), kind, optional=True)
        self.addParameter(helped(unlike, tr("Places that look like what is sought but are something else.")))

    def _examples(self, parameters: Dict[str, Any], context: QgsProcessingContext, write: bool) -> Dict[str, Any]:
        groups = [self._points(parameters, name, context) for name in ("POINTS", "UNLIKE_POINTS")]
        (like, unlike), crs = in_one_crs(groups, context)
        for name, into in (("LIKE", like), ("UNLIKE", unlike)):
            layer = self.parameterAsVectorLayer(parameters, name, context)
            if layer is not None:
                into.append(self._copies.source(layer, [], write))
        if not like:
            raise JobError(
                tr("No example was given."), tr("Write a point of what is sought, or choose a layer of examples.")
            )
        return {"like": tuple(like), "unlike": tuple(unlike), "points_crs": crs_text(crs) if crs else None}

    def _points(self, parameters: Dict[str, Any], name: str, context: QgsProcessingContext) -> List[Located]:
        value = parameters.get(name)
        # A click on the map comes as it is; all else may be an expression.
        return parse_points(
            value if isinstance(value, QgsPointXY) else self.parameterAsString(parameters, name, context)
        )
