"""`smarties:cluster`: a map without labels."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingOutputString,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
)

from ...engine.jobs.cluster import MAX_CLUSTERS, ClusterJob
from ..translation import tr
from .base import helped
from .map_results import show_clusters
from .maps import MapTask, classes_text
from .outputs import Written


class Cluster(MapTask):
    """Images in, groups of like places out."""

    NAME = "cluster"
    FILE = "cluster"
    METHOD = "cluster"
    JOB = ClusterJob
    FILES = (Written("OUTPUT", "output"),)

    def title(self) -> str:
        """The name in the toolbox."""
        return tr("Segment without labels")

    def shortDescription(self) -> str:  # noqa: N802
        """One sentence."""
        return tr("Divides images into groups of places that look alike, without an example.")

    def tags(self) -> List[str]:
        """Words by which the toolbox finds it."""
        return tr("cluster,k-means,unsupervised,classification,segmentation,map").split(",")

    def initAlgorithm(self, configuration: Optional[Dict[str, Any]] = None) -> None:  # noqa: N802
        """Declare parameters and outputs."""
        self.add_images()
        clusters = QgsProcessingParameterNumber(
            "CLUSTERS", tr("Clusters"), QgsProcessingParameterNumber.Type.Integer,
            defaultValue=8, minValue=2, maxValue=MAX_CLUSTERS,
        )  # fmt: skip
        self.addParameter(helped(clusters, tr("How many groups to make.")))
        self.add_feature_parameters()
        self.add_seed()
        output = QgsProcessingParameterRasterDestination("OUTPUT", tr("Clusters"))
        self.addParameter(
            helped(output, tr("A class raster with one cell per token; alike clusters in alike colours."))
        )
        self.addOutput(QgsProcessingOutputString("CLASSES", tr("Classes (JSON)")))
        self.add_run_outputs()

    def settings(self, parameters: Dict[str, Any], context: QgsProcessingContext) -> Dict[str, Any]:
        """The fields of the job beside those of its images and outputs."""
        return {
            **super().settings(parameters, context),
            "clusters": self.parameterAsInt(parameters, "CLUSTERS", context),
            "seed": self.parameterAsInt(parameters, "SEED", context),
        }

    def show(self, answer: Mapping[str, Any], names: Sequence[str], context: QgsProcessingContext) -> None:
        """Style the clusters."""
        show_clusters(answer, names, context)

    def outputs(self, answer: Mapping[str, Any]) -> Dict[str, Any]:
        """The clusters with names and colours."""
        return {"CLASSES": classes_text(answer["clusters"])}
