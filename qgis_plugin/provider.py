"""The Processing provider: the group «SMARTIES» of the toolbox."""

from __future__ import annotations

from pathlib import Path
from typing import List

from qgis.core import QgsProcessingProvider, QgsVectorFileWriter
from qgis.PyQt.QtGui import QIcon

from .algorithms import ALGORITHMS
from .algorithms.base import ICONS


class SmartiesProvider(QgsProcessingProvider):
    """Every algorithm of `ALGORITHMS`, as ``smarties:NAME``."""

    def id(self) -> str:
        """What stands before the colon of an algorithm's id; never translated."""
        return "smarties"

    def name(self) -> str:
        """The name in the toolbox."""
        return "SMARTIES"

    def longName(self) -> str:  # noqa: N802 - the name is Qt's
        """The name where there is room."""
        return "SMARTIES"

    def icon(self) -> QIcon:
        """The plugin's icon."""
        return QIcon(self.svgIconPath())

    def svgIconPath(self) -> str:  # noqa: N802
        """Path of the plugin's icon."""
        plugin_icon = Path(__file__).parent / "icons" / "smarties.svg"
        return str(plugin_icon if plugin_icon.is_file() else ICONS / "embed.svg")

    def loadAlgorithms(self) -> None:  # noqa: N802
        """Add one of each algorithm; called by Processing whenever it asks for them anew."""
        for algorithm in ALGORITHMS:
            self.addAlgorithm(algorithm())

    def defaultRasterFileExtension(self) -> str:  # noqa: N802
        """Rasters are GeoTIFFs."""
        return "tif"

    def supportedOutputRasterLayerExtensions(self) -> List[str]:  # noqa: N802
        """The engine writes GeoTIFFs and nothing else."""
        return ["tif", "tiff"]

    def supportedOutputVectorLayerExtensions(self) -> List[str]:  # noqa: N802
        """The engine writes polygons into GeoPackages and nothing else."""
        return ["gpkg"]

    def supportedOutputTableExtensions(self) -> List[str]:  # noqa: N802
        """Tables are written by QGIS, in any of its formats."""
        return list(QgsVectorFileWriter.supportedFormatExtensions())
