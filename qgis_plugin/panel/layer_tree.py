"""The place of results in QGIS's layer tree: where one sees them."""

from __future__ import annotations

from typing import Any, Callable, List

from qgis.core import QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QTimer


def raise_to_top(layer_ids: List[str]) -> None:
    """Put layers above all others, in the order they have; those in a group stay there.

    QGIS puts new layers above the active one, which may lie at the bottom.
    """
    root = QgsProject.instance().layerTreeRoot()
    nodes = [node for node in root.children() if hasattr(node, "layerId") and node.layerId() in layer_ids]
    if list(root.children())[: len(nodes)] == nodes:
        return
    for node in reversed(nodes):
        _move(node, root, 0)


def put_below(layer_id: str, upper_id: str) -> None:
    """Put a layer right below another one that it would hide."""
    root = QgsProject.instance().layerTreeRoot()
    node, upper = root.findLayer(layer_id), root.findLayer(upper_id)
    if node is None or upper is None or node.parent() is None or upper.parent() is None:
        return
    order = [each.layerId() for each in root.findLayers()]
    if order.index(layer_id) < order.index(upper_id):
        _move(node, upper.parent(), upper.parent().children().index(upper) + 1)


def below_a_raster(layer_id: str) -> bool:
    """Whether a raster that is switched on lies above a layer, and may hide it."""
    for node in QgsProject.instance().layerTreeRoot().findLayers():
        if node.layerId() == layer_id:
            return False
        if node.isVisible() and isinstance(node.layer(), QgsRasterLayer):
            return True
    return False


def once_arranged(work: Callable[[], None]) -> None:
    """Do ``work`` when Processing has put its layers into the tree."""
    # Its own arrangement comes with the next turn of Qt's loop; this follows it.
    QTimer.singleShot(0, lambda: QTimer.singleShot(0, work))


def activate(iface: Any, layer_id: str) -> None:
    """Let a layer be the active one again, where it is still there."""
    layer = QgsProject.instance().mapLayer(layer_id)
    if layer is not None:
        iface.setActiveLayer(layer)


def _move(node: Any, parent: Any, place: int) -> None:
    parent.insertChildNode(place, node.clone())
    node.parent().removeChildNode(node)
