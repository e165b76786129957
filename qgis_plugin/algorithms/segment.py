"""`smarties:segment`: a map of classes by a head."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingOutputString,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterVectorDestination,
)

from ...engine.jobs.segment import SegmentJob
from ...engine.options import CONFIDENCES, MAX_OVERLAP
from ..translation import tr
from .base import advanced, helped
from .feature_parameters import add_choice, add_computing, compute_fields, existing_file
from .image_parameters import ImageInputs, add_grid, optional_value
from .map_results import show_segmentation
from .maps import MapTask, classes_text
from .outputs import GEOPACKAGE, Written


class Segment(MapTask):
    """Images and a head in, a map of classes out."""

    NAME = "segment"
    FILE = "segment"
    METHOD = "segment"
    JOB = SegmentJob
    FILES = (
        Written("OUTPUT", "output"),
        Written("CONFIDENCE", "confidence"),
        Written("PROBABILITIES", "probabilities"),
        Written("POLYGONS", "polygons", GEOPACKAGE),
    )

    def title(self) -> str:
        """The name in the toolbox."""
        return tr("Segment with a head")

    def shortDescription(self) -> str:  # noqa: N802
        """One sentence."""
        return tr("Gives every pixel of images its class, by a head that was trained before.")

    def tags(self) -> List[str]:
        """Words by which the toolbox finds it."""
        return tr("segmentation,classification,map,predict,land cover,polygons,confidence").split(",")

    def initAlgorithm(self, configuration: Optional[Dict[str, Any]] = None) -> None:  # noqa: N802
        """Declare parameters and outputs."""
        self.add_images()
        head = QgsProcessingParameterFile("HEAD", tr("Head"), extension="safetensors")
        hint = tr("What “Train a head” wrote; it brings its model, chip, fusion and statistics along.")
        self.addParameter(helped(head, hint))
        sieve = QgsProcessingParameterNumber(
            "SIEVE", tr("Sieve (px)"), QgsProcessingParameterNumber.Type.Integer, defaultValue=0, minValue=0
        )
        hint = tr("Patches of fewer pixels are dissolved into what surrounds them; 0 keeps all.")
        self.addParameter(helped(sieve, hint))
        add_grid(self)
        overlap = QgsProcessingParameterNumber(
            "OVERLAP", tr("Overlap"), QgsProcessingParameterNumber.Type.Double,
            optional=True, minValue=0, maxValue=MAX_OVERLAP,
        )  # fmt: skip
        self.addParameter(advanced(overlap, tr("Share of a chip that its neighbours repeat; without one, the head's.")))
        add_choice(self, "CONFIDENCE_KIND", tr("Kind of confidence"), CONFIDENCES, True,
                   tr("probability: of the class that won; entropy: 1 where one class is certain, 0 where "
                      "all are alike."))  # fmt: skip
        add_computing(self)
        self._add_outputs()

    def settings(self, parameters: Dict[str, Any], context: QgsProcessingContext) -> Dict[str, Any]:
        """The fields of the job beside those of its images and outputs."""
        return {
            **compute_fields(self, parameters, context),
            "head": existing_file(self, parameters, "HEAD", context),
            "overlap": self.parameterAsDouble(parameters, "OVERLAP", context)
            if optional_value(parameters, "OVERLAP")
            else None,
            "confidence_kind": str(self.parameterAsEnumString(parameters, "CONFIDENCE_KIND", context)),
            "sieve_px": self.parameterAsInt(parameters, "SIEVE", context),
        }

    def show(self, answer: Mapping[str, Any], names: Sequence[str], context: QgsProcessingContext) -> None:
        """Style the map and what came with it."""
        show_segmentation(answer, names, context)

    def outputs(self, answer: Mapping[str, Any]) -> Dict[str, Any]:
        """The classes with their pixels and areas."""
        return {"CLASSES": classes_text(answer["classes"])}

    def read_files(self, fields: Mapping[str, Any], inputs: ImageInputs) -> List[str]:
        """The images, and the head."""
        return [*super().read_files(fields, inputs), str(fields["head"])]

    def _add_outputs(self) -> None:
        output = QgsProcessingParameterRasterDestination("OUTPUT", tr("Map"))
        hint = tr("A class raster on the grid of the images, with names and colours inside.")
        self.addParameter(helped(output, hint))
        confidence = QgsProcessingParameterRasterDestination(
            "CONFIDENCE", tr("Confidence"), optional=True, createByDefault=False
        )
        self.addParameter(helped(confidence, tr("How sure the head is, from 0 to 1.")))
        polygons = QgsProcessingParameterVectorDestination(
            "POLYGONS", tr("Polygons"), QgsProcessing.SourceType.TypeVectorPolygon, optional=True, createByDefault=False
        )
        self.addParameter(helped(polygons, tr("The same map as a GeoPackage, with class and area.")))
        probabilities = QgsProcessingParameterRasterDestination(
            "PROBABILITIES", tr("Probabilities"), optional=True, createByDefault=False
        )
        self.addParameter(advanced(probabilities, tr("A raster with one band per class.")))
        self.addOutput(QgsProcessingOutputString("CLASSES", tr("Classes (JSON)")))
        self.add_run_outputs()
