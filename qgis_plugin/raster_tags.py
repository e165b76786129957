"""What the engine wrote into a raster's metadata: the job, the model, the images behind it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, Mapping, Sequence, Tuple

from osgeo import gdal

from ..engine.reach import Reach
from .engine_link.settings import EngineSettings

#: Where the embedding of a picture lies, seen from the picture.
EMBEDDING_TAG = "SMARTIES_EMBEDDING"


def read_tags(path: str, drivers: Sequence[str] = ()) -> Dict[str, str]:
    """The metadata of a raster file; empty where it cannot be opened, by these drivers of GDAL where some are given."""
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    try:
        dataset = gdal.OpenEx(path, gdal.OF_RASTER, allowed_drivers=list(drivers))
        return dict(dataset.GetMetadata_Dict()) if dataset is not None else {}
    except RuntimeError:
        # Another plugin may have switched GDAL's exceptions on for the whole process.
        return {}
    finally:
        gdal.PopErrorHandler()


def parsed_tag(tags: Mapping[str, str], name: str) -> Any:
    """A tag's JSON value, None where there is none: a tag may have been cut by another program."""
    try:
        return json.loads(tags[name]) if tags.get(name) else None
    except ValueError:
        return None


def named_embedding(path: str, tags: Mapping[str, str]) -> str:
    """The embedding that the tags of the picture at ``path`` name; "" where they name none, or one out of reach.

    As in the engine, a file leads no further than its folder and the folders that the user allows.
    """
    named = tags.get(EMBEDDING_TAG)
    if not named:
        return ""
    embedding = Path(path).parent / named
    return str(embedding) if Reach(Path(path), EngineSettings.stored().allowed_folders).holds(embedding) else ""


def read_embedding_tags(path: str) -> Dict[str, str]:
    """The metadata of a file that a picture led to: of a GeoTIFF, since others may lead to further files."""
    return read_tags(path, ("GTiff",))


def is_random(path: str) -> bool:
    """Whether a raster was made by a model with random weights."""
    model = parsed_tag(read_tags(path), "SMARTIES_MODEL")
    return isinstance(model, dict) and bool(model.get("random"))


def embedded_images(path: str, embedding: str = "") -> Tuple[str, ...]:
    """The names of the images that were embedded into the raster, or that it is the picture of; empty for others.

    ``embedding``: the one that it is the picture of, where that is known already.
    """
    tags = read_tags(path)
    behind = embedding or named_embedding(path, tags)
    if behind:
        # Of a picture's images its embedding tells; it may be gone, or not be the picture of an embedding.
        tags = read_embedding_tags(behind)
        if not tags:
            return (Path(path).stem,)
    elif "SMARTIES_LATTICE" not in tags:
        return ()
    images = parsed_tag(tags, "SMARTIES_IMAGES")
    found = [image.get("name") for image in images if isinstance(image, dict)] if isinstance(images, list) else []
    return tuple(str(name) for name in found if name) or (Path(path).stem,)
