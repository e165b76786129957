"""Small pretraining data in its published layouts: BigEarthNet-MM v1.0, fMoW-RGB and fMoW-Sentinel."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin
from scipy import ndimage

BEN_SIDE = 120
BEN_S2_BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12")
BEN_METRES = {"B01": 60, "B09": 60, "B02": 10, "B03": 10, "B04": 10, "B08": 10}
DEGREE_M = 111_320.0


def write_raster(path: Path, values: np.ndarray, crs: str | None, transform: object, **profile: object) -> Path:
    """A raster of ``values`` (C, h, w)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = values.shape
    settings = {"driver": "GTiff", "count": count, "height": height, "width": width, "dtype": values.dtype, "crs": crs}
    with rasterio.open(path, "w", **{**settings, "transform": transform, **profile}) as dataset:
        dataset.write(values)
    return path


def land(rng: np.random.Generator, side: int, middle: float, spread: float) -> np.ndarray:
    """(side, side) float64 of fields and noise."""
    coarse = ndimage.zoom(rng.normal(size=(5, 5)), side / 5, order=1)
    found: np.ndarray = middle + spread * (coarse + 0.3 * rng.standard_normal(coarse.shape))
    return found


def write_bigearthnet(folder: Path, pairs: int) -> Path:
    """Pairs of patches with values like real ones; S1 names sort in the order of S2 names."""
    rng = np.random.default_rng(0)
    for number in range(pairs):
        corner = (300_000 + 1200 * number, 5_000_000)
        write_s2_patch(folder / "BigEarthNet-v1.0" / s2_patch(number), rng, corner)
        write_s1_patch(folder / "BigEarthNet-S1-v1.0" / s1_patch(number), rng, corner, s2_patch(number))
    return folder


def s2_patch(number: int) -> str:
    """The name of a Sentinel-2 patch."""
    return f"S2A_MSIL2A_20170613T101031_{number:02d}_0"


def s1_patch(number: int) -> str:
    """The name of a Sentinel-1 patch."""
    return f"S1A_IW_GRDH_1SDV_20170613T165043_33UUP_{number:02d}_0"


def write_s2_patch(patch: Path, rng: np.random.Generator, corner: tuple[int, int]) -> None:
    """Twelve band files of 120, 60 or 20 px, uint16."""
    for band in BEN_S2_BANDS:
        metres = BEN_METRES.get(band, 20)
        values = land(rng, BEN_SIDE * 10 // metres, 1500, 600).clip(1, 10_000).astype(np.uint16)
        transform = from_origin(*corner, metres, metres)
        write_raster(patch / f"{patch.name}_{band}.tif", values[None], "EPSG:32633", transform)


def write_s1_patch(patch: Path, rng: np.random.Generator, corner: tuple[int, int], partner: str) -> None:
    """Two band files of 120 px in dB, float32, and the metadata that name the Sentinel-2 patch."""
    for band, middle in (("VV", -12.0), ("VH", -18.0)):
        values = land(rng, BEN_SIDE, middle, 4).astype(np.float32)
        write_raster(patch / f"{patch.name}_{band}.tif", values[None], "EPSG:32633", from_origin(*corner, 10, 10))
    metadata = {"labels": ["Pastures"], "corresponding_s2_patch": partner, "acquisition_time": "2017-06-13T16:50:43"}
    (patch / f"{patch.name}_labels_metadata.json").write_text(json.dumps(metadata))


Ground = Callable[[np.ndarray, np.ndarray], np.ndarray]


def write_picture(
    path: Path, ground: Ground, bounds: tuple[float, float, float, float], gsd_m: float, **metadata: object
) -> Path:
    """A picture of fMoW-RGB with its metadata: all bands show ``ground`` (longitude, latitude → 0 to 1)."""
    west, south, east, north = bounds
    height = round((north - south) * DEGREE_M / gsd_m)
    width = round((east - west) * DEGREE_M * math.cos(math.radians((south + north) / 2)) / gsd_m)
    values = (255 * sampled(ground, bounds, height, width)).round().astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    settings = {"driver": "JPEG", "count": 3, "height": height, "width": width, "dtype": "uint8", "quality": 95}
    with rasterio.open(path, "w", **settings) as dataset:
        dataset.write(np.broadcast_to(values, (3, height, width)))
    content = {"gsd": gsd_m, "img_width": width, "img_height": height, **metadata}
    path.with_suffix(".json").write_text(json.dumps(content))
    return path


def write_crop(
    path: Path, ground: Ground, bounds: tuple[float, float, float, float], georeferenced: bool = True
) -> Path:
    """A crop of fMoW-Sentinel: 13 bands of uint16 in degrees, 10 m from south to north, that show ``ground``."""
    west, south, east, north = bounds
    step = 10 / DEGREE_M
    height, width = round((north - south) / step), round((east - west) / step)
    field = sampled(ground, (west, north - height * step, west + width * step, north), height, width)
    values = np.stack([(100 * (band + 1) + 3000 * field).astype(np.uint16) for band in range(13)])
    crs, transform = ("EPSG:4326", from_origin(west, north, step, step)) if georeferenced else (None, None)
    return write_raster(path, values, crs, transform)


def sampled(ground: Ground, bounds: tuple[float, float, float, float], height: int, width: int) -> np.ndarray:
    """The ground at the centres of the pixels of an image that fills ``bounds``."""
    west, south, east, north = bounds
    longitudes = west + (np.arange(width) + 0.5) * (east - west) / width
    latitudes = north - (np.arange(height) + 0.5) * (north - south) / height
    return ground(*np.meshgrid(longitudes, latitudes))


def write_fmow_table(path: Path, rows: list[dict[str, object]]) -> Path:
    """train.csv of fMoW-Sentinel."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["category", "location_id", "image_id", "timestamp", "polygon"])
        writer.writeheader()
        writer.writerows(rows)
    return path


def wkt(bounds: tuple[float, float, float, float]) -> str:
    """A rectangle as fMoW writes it."""
    west, south, east, north = bounds
    return f"POLYGON (({west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south}))"
