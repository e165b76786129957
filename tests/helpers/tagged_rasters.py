"""Small rasters with the tags that the engine writes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from osgeo import gdal

TAGS = {
    "TIFFTAG_SOFTWARE": "SMARTIES for QGIS 0.1.0",
    "SMARTIES_JOB": json.dumps({"inputs": ["/data/S1.tif", "/data/S2.tif"], "chip": 112}),
    "SMARTIES_MODEL": json.dumps({"name": "mine", "title": "My ViT-Ti", "sha256": "ab", "random": True}),
    "SMARTIES_IMAGES": json.dumps(
        [
            {"name": "S1.tif", "sensor": "sentinel-1-grd", "bands": [{"name": "VV"}], "radiometry": {"found": "dB"}},
            {"name": "S2.tif", "sensor": None, "bands": [{"name": "B04"}], "radiometry": {"found": "digital numbers"}},
        ]
    ),
    "SMARTIES_GRID": "8×8 px, 10 m",
    "SMARTIES_DEVICE": "CPU",
}


def raster(path: Path, bands: int, kind: int, tags: dict[str, str]) -> Path:
    dataset = gdal.GetDriverByName("GTiff").Create(str(path), 8, 8, bands, kind)
    dataset.SetGeoTransform((500000, 10, 0, 5000000, 0, -10))
    dataset.SetMetadata(tags)
    for number in range(bands):
        dataset.GetRasterBand(number + 1).WriteArray(np.arange(64).reshape(8, 8) + number)
    dataset.FlushCache()
    return path
