"""The embeddings among the project's layers: those that SMARTIES made, and their pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from qgis.core import QgsMapLayer, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..raster_tags import read_tags
from ..styling import EMBEDDING_PROPERTY

#: What the engine writes into an embedding; all of it, or it is none.
_TAGS = ("SMARTIES_JOB", "SMARTIES_MODEL", "SMARTIES_IMAGES", "SMARTIES_LATTICE")


@dataclass(frozen=True)
class EmbeddingLayer:
    """A layer that stands for an embedding, and the embedding's file."""

    layer_id: str
    name: str
    path: str
    is_picture: bool


class EmbeddingLayers(QObject):
    """Watches the project; ``changed`` when embeddings came, went or got another name."""

    changed = pyqtSignal()

    def __init__(self, parent: Optional[QObject] = None) -> None:
        super().__init__(parent)
        self._known: Dict[Tuple[str, str], Optional[EmbeddingLayer]] = {}
        self._shown: List[EmbeddingLayer] = []
        project = QgsProject.instance()
        project.layersAdded.connect(self._look)
        project.layersRemoved.connect(self._look)
        project.layerTreeRoot().nameChanged.connect(self._look)
        self._look()

    def close(self) -> None:
        """Watch no more."""
        project = QgsProject.instance()
        project.layersAdded.disconnect(self._look)
        project.layersRemoved.disconnect(self._look)
        project.layerTreeRoot().nameChanged.disconnect(self._look)

    @property
    def layers(self) -> List[EmbeddingLayer]:
        """An entry per embedding, by name: its own layer where the project has one, else its picture's."""
        return list(self._shown)

    def find(self, layer_id: Any) -> Optional[EmbeddingLayer]:
        """The entry of a layer."""
        return next((each for each in self._shown if each.layer_id == layer_id), None)

    def _look(self, *_changes: object) -> None:
        found: Dict[str, EmbeddingLayer] = {}
        known: Dict[Tuple[str, str], Optional[EmbeddingLayer]] = {}
        for layer in QgsProject.instance().mapLayers().values():
            key = (layer.id(), layer.source())
            # A layer's file is opened once.
            known[key] = entry = self._known[key] if key in self._known else read_embedding(layer)
            if entry is None:
                continue
            entry = EmbeddingLayer(entry.layer_id, layer.name(), entry.path, entry.is_picture)
            if entry.path not in found or found[entry.path].is_picture:
                found[entry.path] = entry
        self._known = known
        shown = sorted(found.values(), key=lambda each: each.name.casefold())
        if shown != self._shown:
            self._shown = shown
            self.changed.emit()


def read_embedding(layer: QgsMapLayer) -> Optional[EmbeddingLayer]:
    """The embedding that a layer shows, None for any other layer."""
    if not isinstance(layer, QgsRasterLayer) or layer.providerType() != "gdal" or not layer.isValid():
        return None
    path = Path(layer.source().split("|")[0])
    if path.suffix.lower() not in (".tif", ".tiff") or not path.is_file():
        return None
    tags = read_tags(str(path))
    if all(tags.get(name) for name in _TAGS):
        return EmbeddingLayer(layer.id(), layer.name(), str(path), False)
    named = str(layer.customProperty(EMBEDDING_PROPERTY) or "")
    beside = path.parent / tags["SMARTIES_EMBEDDING"] if tags.get("SMARTIES_EMBEDDING") else Path(named)
    if not (tags.get("SMARTIES_EMBEDDING") or named) or not beside.is_file():
        return None
    return EmbeddingLayer(layer.id(), layer.name(), str(beside), True)
