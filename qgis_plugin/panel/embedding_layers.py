"""The embeddings among the project's layers: those that SMARTIES made, and their pictures."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from qgis.core import QgsMapLayer, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..picture_embedding import EMBEDDING_PROPERTY, embedding_of
from ..raster_tags import read_tags

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
        self._known: Dict[Tuple[str, ...], Optional[EmbeddingLayer]] = {}
        self._watched: Dict[str, QgsMapLayer] = {}
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
        for layer in self._watched.values():
            layer.customPropertyChanged.disconnect(self._property_changed)
        self._watched.clear()

    @property
    def layers(self) -> List[EmbeddingLayer]:
        """An entry per embedding, by name: its own layer where the project has one, else its picture's."""
        return list(self._shown)

    def look_anew(self) -> None:
        """Ask every layer again: their files may lead elsewhere now."""
        self._known.clear()
        self._look()

    def find(self, layer_id: Any) -> Optional[EmbeddingLayer]:
        """The entry of a layer."""
        return next((each for each in self._shown if each.layer_id == layer_id), None)

    def _look(self, *_changes: object) -> None:
        found: Dict[str, EmbeddingLayer] = {}
        known: Dict[Tuple[str, ...], Optional[EmbeddingLayer]] = {}
        layers = QgsProject.instance().mapLayers()
        for layer_id in self._watched.keys() - layers.keys():
            # Gone, and with it its signals.
            del self._watched[layer_id]
        for layer in layers.values():
            if layer.id() not in self._watched:
                # A run says what a picture was made with once its layer is in the project.
                layer.customPropertyChanged.connect(self._property_changed)
                self._watched[layer.id()] = layer
            key = (layer.id(), layer.source(), str(layer.customProperty(EMBEDDING_PROPERTY) or ""))
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

    def _property_changed(self, key: str) -> None:
        if key == EMBEDDING_PROPERTY:
            self._look()


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
    embedding = embedding_of(layer)
    return EmbeddingLayer(layer.id(), layer.name(), embedding, True) if os.path.isfile(embedding) else None
