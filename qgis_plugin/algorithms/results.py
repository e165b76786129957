"""What becomes of an embedding in QGIS: styled, described, named, the picture on top."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, List, Mapping, Optional, Sequence, Tuple

from osgeo import gdal
from qgis.core import (
    QgsMapLayer,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
    QgsProject,
    QgsRasterLayer,
)
from qgis.PyQt.QtCore import QTimer

from ..styling import (
    embedding_name,
    is_random,
    picture_name,
    set_metadata,
    style_embedding,
    style_picture,
    style_stretched,
    write_style,
)

#: QGIS holds no reference to a post-processor made in Python: one without another is dropped without a word.
_KEPT: List[QgsProcessingLayerPostProcessorInterface] = []
#: As many as may wait at a time: layers of a cancelled model are never loaded.
_KEPT_AT_MOST = 64


@dataclass(frozen=True)
class EmbeddingResult:
    """The engine's answer to `embed`."""

    output: str
    picture: str
    tiles: int
    seconds: float
    device: str
    random: bool
    notes: Tuple[str, ...]
    rgb_bands: Tuple[int, ...]
    rgb_ranges: Tuple[Tuple[float, float], ...]

    @staticmethod
    def of(answer: Mapping[str, Any]) -> EmbeddingResult:
        """The result in the engine's JSON values."""
        return EmbeddingResult(
            output=str(answer["output"]),
            picture=str(answer.get("picture") or ""),
            tiles=int(answer["tiles"]),
            seconds=float(answer["seconds"]),
            device=str(answer["device"]),
            random=is_random(str(answer["output"])),
            notes=tuple(str(note) for note in answer["notes"]),
            rgb_bands=tuple(int(band) for band in answer.get("rgb_bands") or ()),
            rgb_ranges=tuple((float(low), float(high)) for low, high in answer.get("rgb_ranges") or ()),
        )


def load_results(result: EmbeddingResult, names: Sequence[str], context: QgsProcessingContext) -> None:
    """Write the styles beside the files, and see to it that the layers arrive named, styled and in order.

    The picture is what one looks at: it comes on top. The embedding lies below it, switched
    off, since it is there to be computed with; without a picture it is shown itself.
    """
    embedding = EmbeddingStyle(result.rgb_bands, result.rgb_ranges, shown=not result.picture)
    _arrive(result.output, embedding, embedding_name(names), context)
    if result.picture:
        _arrive(result.picture, PictureStyle(result.output), picture_name(names), context)


class LayerStyle(QgsProcessingLayerPostProcessorInterface):
    """How a layer of a result looks; applied to the file's style and again to the layer that is loaded."""

    def apply(self, layer: QgsRasterLayer) -> None:
        """Set the layer's colours."""
        raise NotImplementedError

    def arrange(self, layer_id: str) -> None:
        """Put the layer in its place in the layer tree."""

    def postProcessLayer(  # noqa: N802 - QGIS's name
        self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        """Called in the main thread once the layer is loaded."""
        if isinstance(layer, QgsRasterLayer) and layer.isValid():
            self.apply(layer)
            set_metadata(layer)
            layer.triggerRepaint()
            # Some versions of QGIS put the layer into the tree only after this, others before.
            layer_id = layer.id()
            QTimer.singleShot(0, lambda: self.arrange(layer_id))
        with contextlib.suppress(ValueError):
            _KEPT.remove(self)


class EmbeddingStyle(LayerStyle):
    """Three features as red, green and blue."""

    def __init__(
        self, rgb_bands: Sequence[int], rgb_ranges: Sequence[Tuple[float, float]], shown: bool
    ) -> None:  # fmt: skip
        super().__init__()
        self._rgb_bands, self._rgb_ranges, self._shown = rgb_bands, rgb_ranges, shown

    def apply(self, layer: QgsRasterLayer) -> None:
        """Set the layer's colours."""
        style_embedding(layer, self._rgb_bands, self._rgb_ranges)

    def arrange(self, layer_id: str) -> None:
        """Switch the layer off where its picture shows it."""
        node = QgsProject.instance().layerTreeRoot().findLayer(layer_id)
        if node is not None and not self._shown:
            node.setItemVisibilityChecked(False)
            node.setExpanded(False)


class PictureStyle(LayerStyle):
    """The picture's own colours."""

    def __init__(self, embedding: str) -> None:
        super().__init__()
        self._embedding = embedding

    def apply(self, layer: QgsRasterLayer) -> None:
        """Set the layer's colours."""
        style_picture(layer)

    def arrange(self, layer_id: str) -> None:
        """Put the picture above its embedding, where both lie in one group."""
        root = QgsProject.instance().layerTreeRoot()
        node = root.findLayer(layer_id)
        if node is None or node.parent() is None:
            return
        node.setExpanded(False)
        parent = node.parent()
        children = list(parent.children())
        below = next((place for place, child in enumerate(children) if _shows(child, self._embedding)), None)
        if below is not None and below < children.index(node):
            parent.insertChildNode(below, node.clone())
            parent.removeChildNode(node)


class StretchedStyle(LayerStyle):
    """Three bands of a measured image, stretched to what is in it."""

    def __init__(self, bands: Tuple[int, int, int]) -> None:
        super().__init__()
        self._bands = bands

    def apply(self, layer: QgsRasterLayer) -> None:
        """Set the layer's colours."""
        style_stretched(layer, self._bands)


def keep_style(details: QgsProcessingContext.LayerDetails, style: LayerStyle) -> None:
    """Have a layer styled once it is loaded."""
    details.setPostProcessor(style)
    _KEPT.append(style)
    del _KEPT[:-_KEPT_AT_MOST]


def _shows(node: Any, path: str) -> bool:
    layer: Optional[QgsMapLayer] = node.layer() if hasattr(node, "layer") else None
    return layer is not None and Path(layer.source()) == Path(path)


def _arrive(path: str, style: LayerStyle, name: str, context: QgsProcessingContext) -> None:
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
        layer = QgsRasterLayer(path, Path(path).stem, "gdal", QgsRasterLayer.LayerOptions(loadDefaultStyle=False))
        if layer.isValid():
            style.apply(layer)
            write_style(path, layer)
        del layer
    finally:
        gdal.SetThreadLocalConfigOption("GDAL_PAM_ENABLED", before)
