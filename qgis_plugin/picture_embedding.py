"""The embedding that the layer of a picture stands for: what its file says, or what the run that made it left."""

from __future__ import annotations

import os

from qgis.core import QgsMapLayer

from .raster_tags import EMBEDDING_TAG, named_embedding, read_tags

#: The custom property of a picture that names the embedding it was made of.
EMBEDDING_PROPERTY = "smarties/embedding"
#: Of which layer it was said. A style that lies beside a file brings custom properties along, but knows no layer's id.
_LAYER_PROPERTY = "smarties/embedding_of"


def remember_embedding(layer: QgsMapLayer, embedding: str) -> None:
    """Keep on a picture's layer, and in its project, which embedding the user had it made with.

    The two may lie in different folders, as temporary files do; then the file alone leads nowhere.
    """
    layer.setCustomProperty(_LAYER_PROPERTY, layer.id())
    layer.setCustomProperty(EMBEDDING_PROPERTY, embedding)


def embedding_of(layer: QgsMapLayer) -> str:
    """The file of the embedding that a layer is the picture of, which may be gone; "" for any other layer.

    The file's own word comes first, as far as it may lead: then both can move together.
    """
    path = str(layer.source()).split("|")[0]
    tags = read_tags(path)
    if not tags.get(EMBEDDING_TAG):
        return ""
    named = named_embedding(path, tags)
    if os.path.isfile(named):
        return named
    own = layer.customProperty(_LAYER_PROPERTY) == layer.id()
    remembered = str(layer.customProperty(EMBEDDING_PROPERTY) or "") if own else ""
    return remembered if os.path.isfile(remembered) else named
