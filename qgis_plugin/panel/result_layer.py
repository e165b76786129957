"""A raster layer that every run of a tab renews in its place, so that results do not pile up."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Optional

from qgis.core import QgsDataProvider, QgsMapLayer, QgsProcessingUtils, QgsProject, QgsRasterLayer
from qgis.PyQt.QtXml import QDomDocument


class ResultLayer:
    """The layer of the last result; at first, and once the user has removed it, there is none."""

    def __init__(self) -> None:
        self._layer_id = ""
        self._style = ""

    @property
    def layer(self) -> Optional[QgsRasterLayer]:
        """The layer, None where there is none."""
        layer = QgsProject.instance().mapLayer(self._layer_id)
        return layer if isinstance(layer, QgsRasterLayer) else None

    def forget(self) -> None:
        """The next result gets a layer of its own; this one stays as it is."""
        self._layer_id = ""

    def renew(self, path: str, keep_style: bool) -> Optional[QgsRasterLayer]:
        """Show the raster at ``path``: in the layer that is there, else in the one that Processing has just made.

        With ``keep_style`` colours that the user has changed stay, else they are those of the new raster.
        """
        layer = self.layer
        if layer is None:
            found = layer_of_file(path)
            if not isinstance(found, QgsRasterLayer):
                return None
            self._layer_id = found.id()
            self.remember_style()
            return found
        before = layer.source()
        restyled = keep_style and not self.is_ours()
        opacity = layer.opacity()
        layer.setDataSource(path, layer.name(), "gdal", QgsDataProvider.ProviderOptions(), False)
        style = Path(path).with_suffix(".qml")
        if not restyled and style.is_file():
            layer.loadNamedStyle(str(style))
            layer.setOpacity(opacity)
            layer.emitStyleChanged()
            self.remember_style()
        layer.triggerRepaint()
        if before != path:
            _remove_temporary(before)
        return layer

    def is_ours(self) -> bool:
        """Whether the colours are those we gave it."""
        layer = self.layer
        return layer is not None and renderer_text(layer) == self._style

    def remember_style(self) -> None:
        """The colours now are not the user's, but ours."""
        layer = self.layer
        self._style = renderer_text(layer) if layer is not None else ""


def layer_of_file(path: str) -> Optional[QgsMapLayer]:
    """The project's newest layer of a file."""
    layers = QgsProject.instance().mapLayers().values()
    found = [layer for layer in layers if Path(layer.source().split("|")[0]) == Path(path)]
    return found[-1] if found else None


def renderer_text(layer: QgsRasterLayer) -> str:
    """The layer's colours as text, to tell whether they were changed."""
    renderer = layer.renderer()
    if renderer is None:
        return ""
    document = QDomDocument()
    element = document.createElement("style")
    document.appendChild(element)
    renderer.writeXml(document, element)
    return str(document.toString())


def _remove_temporary(path: str) -> None:
    """Remove a raster of Processing's folder for temporary files, which is emptied only when QGIS ends."""
    file = Path(path)
    if Path(QgsProcessingUtils.tempFolder()) not in file.parents:
        return
    for each in (file, file.with_suffix(".qml"), file.with_name(f"{file.name}.aux.xml")):
        # Another layer may still show it, which Windows takes for a reason to keep it.
        with contextlib.suppress(OSError):
            each.unlink()
