"""How layers of results arrive in QGIS: styled beside the file and again once loaded, described, named, in order."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, Callable, List, Optional, Sequence

from osgeo import gdal
from qgis.core import (
    QgsMapLayer,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QTimer

from ..styling import write_style
from ..styling_metadata import set_metadata

#: QGIS holds no reference to a post-processor made in Python: one without another is dropped without a word.
_KEPT: List[QgsProcessingLayerPostProcessorInterface] = []
#: As many as may wait at a time: layers of a cancelled model are never loaded.
_KEPT_AT_MOST = 64


class LayerStyle(QgsProcessingLayerPostProcessorInterface):
    """How a layer of a result looks; applied to the file's style and again to the layer that is loaded.

    ``above``: files whose layers lie below this one. ``shown``: whether the layer is switched on. ``legend``: whether
    its legend is unfolded.
    """

    def __init__(self, above: Sequence[str] = (), shown: bool = True, legend: bool = True) -> None:
        super().__init__()
        self._above, self._shown, self._legend = above, shown, legend

    def apply(self, layer: QgsMapLayer) -> None:
        """Set the layer's colours."""
        raise NotImplementedError

    def describe(self, layer: QgsMapLayer) -> None:
        """Fill the layer's metadata."""
        set_metadata(layer)

    def arrange(self, layer_id: str) -> None:
        """Put the layer in its place in the layer tree: above those it belongs on, where they lie in one group."""
        root = QgsProject.instance().layerTreeRoot()
        node = root.findLayer(layer_id)
        if node is None or node.parent() is None:
            return
        if not self._shown:
            node.setItemVisibilityChecked(False)
        if not (self._shown and self._legend):
            node.setExpanded(False)
        parent = node.parent()
        children = list(parent.children())
        below = next((place for place, child in enumerate(children) if self._lies_above(child)), None)
        if below is not None and below < children.index(node):
            parent.insertChildNode(below, node.clone())
            parent.removeChildNode(node)

    def postProcessLayer(  # noqa: N802 - QGIS's name
        self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        """Called in the main thread once the layer is loaded."""
        if isinstance(layer, (QgsRasterLayer, QgsVectorLayer)) and layer.isValid():
            self.apply(layer)
            self.describe(layer)
            layer.triggerRepaint()
            # Some versions of QGIS put the layer into the tree only after this, others before.
            layer_id = layer.id()
            QTimer.singleShot(0, lambda: self.arrange(layer_id))
        with contextlib.suppress(ValueError):
            _KEPT.remove(self)

    def _lies_above(self, node: Any) -> bool:
        layer: Optional[QgsMapLayer] = node.layer() if hasattr(node, "layer") else None
        return layer is not None and any(Path(_file(layer)) == Path(path) for path in self._above)


class MapStyle(LayerStyle):
    """A map: ``paint`` sets its colours, ``title`` and ``what`` go into its metadata, with those of ``raster``."""

    def __init__(
        self,
        title: str,
        what: str,
        raster: str,
        paint: Callable[[Any], None],
        above: Sequence[str] = (),
        shown: bool = True,
        legend: bool = True,
    ) -> None:
        super().__init__(above, shown, legend)
        self._title, self._what, self._raster, self._paint = title, what, raster, paint

    def apply(self, layer: QgsMapLayer) -> None:
        """Set the layer's colours."""
        self._paint(layer)

    def describe(self, layer: QgsMapLayer) -> None:
        """Fill the layer's metadata."""
        set_metadata(layer, self._raster, self._title, self._what)


def keep_style(details: QgsProcessingContext.LayerDetails, style: LayerStyle) -> None:
    """Have a layer styled once it is loaded."""
    details.setPostProcessor(style)
    _KEPT.append(style)
    del _KEPT[:-_KEPT_AT_MOST]


def arrive(path: str, style: LayerStyle, name: str, context: QgsProcessingContext) -> None:
    """Write the style beside a file; where its layer is to be loaded, have it styled, and called ``name``."""
    _write_style(path, style)
    if not context.willLoadLayerOnCompletion(path):
        return
    details = context.layerToLoadOnCompletionDetails(path)
    details.name = name
    if hasattr(details, "forceName"):
        details.forceName = True
    keep_style(details, style)


def _write_style(path: str, style: LayerStyle) -> None:
    # QGIS measures the first bands of every layer it opens; GDAL would keep that in a file beside the raster.
    before = gdal.GetThreadLocalConfigOption("GDAL_PAM_ENABLED")
    gdal.SetThreadLocalConfigOption("GDAL_PAM_ENABLED", "NO")
    try:
        layer = _opened(path)
        if layer.isValid():
            style.apply(layer)
            write_style(path, layer)
        del layer
    finally:
        gdal.SetThreadLocalConfigOption("GDAL_PAM_ENABLED", before)


def _opened(path: str) -> QgsMapLayer:
    name = Path(path).stem
    if Path(path).suffix.lower() == ".gpkg":
        return QgsVectorLayer(path, name, "ogr", QgsVectorLayer.LayerOptions(loadDefaultStyle=False))
    return QgsRasterLayer(path, name, "gdal", QgsRasterLayer.LayerOptions(loadDefaultStyle=False))


def _file(layer: QgsMapLayer) -> str:
    return str(layer.source()).split("|")[0]
