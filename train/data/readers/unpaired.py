"""A folder of images of one sensor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engine.errors import SourceError
from engine.jobs.image import SENSOR_AUTO
from train.data.readers.rasters import PER_RASTER, Entry, RasterSource

#: Endings of files that are taken for images.
SUFFIXES = (".tif", ".tiff", ".jp2", ".jpg", ".jpeg", ".png", ".webp", ".img", ".vrt")


def unpaired_images(
    folder: Path,
    licence: str,
    crop: int,
    sensor: str = SENSOR_AUTO,
    per_raster: int = PER_RASTER,
    progress: Callable[[float], None] = lambda _: None,
) -> RasterSource:
    """All images below ``folder`` as a source, in the order of their paths.

    ``sensor`` is a name of the sensor catalogue, or "auto" where the engine tells it from each file. Every file is
    an image of its own: band files belong in a CSV list, by their folder. Raises SourceError for a folder without
    images, and what RasterSource raises.
    """
    if not folder.is_dir():
        raise SourceError(f"{folder} is not a folder.", "Give the folder of the images.")
    paths = sorted(
        path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    )
    if not paths:
        raise SourceError(f"{folder} holds no images ({', '.join(SUFFIXES)}).", "Give the folder of the images.")
    rows = [(Entry(str(path), sensor),) for path in paths]
    return RasterSource(folder.name, licence, rows, crop, per_raster, progress)
