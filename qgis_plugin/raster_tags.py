"""What the engine wrote into a raster's metadata: the job, the model, the images behind it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, Mapping, Tuple

from osgeo import gdal


def read_tags(path: str) -> Dict[str, str]:
    """The metadata of a raster file; empty where it cannot be opened."""
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    try:
        dataset = gdal.OpenEx(path, gdal.OF_RASTER)
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


def is_random(path: str) -> bool:
    """Whether a raster was made by a model with random weights."""
    model = parsed_tag(read_tags(path), "SMARTIES_MODEL")
    return isinstance(model, dict) and bool(model.get("random"))


def embedded_images(path: str) -> Tuple[str, ...]:
    """The names of the images that were embedded into the raster, or that it is the picture of; empty for others."""
    tags = read_tags(path)
    if tags.get("SMARTIES_EMBEDDING"):
        # Of a picture's images its embedding tells; it may be gone, or not be the picture of an embedding.
        tags = read_tags(str(Path(path).parent / tags["SMARTIES_EMBEDDING"]))
        if not tags:
            return (Path(path).stem,)
    elif "SMARTIES_LATTICE" not in tags:
        return ()
    images = parsed_tag(tags, "SMARTIES_IMAGES")
    found = [image.get("name") for image in images if isinstance(image, dict)] if isinstance(images, list) else []
    return tuple(str(name) for name in found if name) or (Path(path).stem,)
