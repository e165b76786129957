"""fMoW-RGB with fMoW-Sentinel: the reader of pairs of a picture and a Sentinel-2 crop of the same place.

    RGB/train/<category>/<category>_<n>/<category>_<n>_<k>_rgb.jpg, with a .json beside it
    fmow-sentinel/train/<category>/<category>_<n>/<category>_<n>_<k>.tif, 13 bands of Level-1C, with a train.csv

Pictures and crops differ in extent. Their footprints tell what they share: ``raw_polygon`` or ``raw_location`` of
the picture's metadata, the georeference of the crop or its ``polygon`` in train.csv. Where one is missing the two are
taken to show the same ground, as the released loader takes all of them, and the pair is counted as such.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.warp import transform_bounds
from rasterio.windows import Window as RasterWindow

from engine.raster.opening import gdal_environment
from engine.spectrum.sensors import load_sensor
from train.data.readers.encode import DIGITAL_NUMBERS
from train.data.readers.footprint import LonLat, Placed, Window, shared_square, wkt_bounds
from train.data.readers.source import Outcome, PairSource, Record, Remark, SkipError
from train.data.sides import catalogue_side

LICENCE = "Functional Map of the World Challenge Public License"
#: A quarter of the area of a record still fills a model's input of 224 px.
SIDE = 448
#: Pixels of the picture per pixel of Sentinel-2 in a record: a whole number, so that crops of both agree.
RATIO = 4

_ALL_BANDS = load_sensor("sentinel-2-l1c").orders["spectral-13"]
_BANDS = tuple(band for band in _ALL_BANDS if band != "B10")
#: A crop that shares less with its picture teaches little: 16 px are 160 m.
_LEAST_PX = 16
_LEAST_MEASURED = 0.95

#: Footprints may differ by so much from the pixels' size times their number: pixels are not quite square.
_SIZE_TOLERANCE = 0.25
_METRES_PER_DEGREE = 111_320.0

_ASSUMED = "pairs of unknown footprint were taken to show the same ground"


@dataclass(frozen=True)
class FmowPair:
    """Paths of a picture and of a Sentinel-2 crop relative to their roots; ``bounds`` of the crop from train.csv."""

    rgb: str
    sentinel: str
    bounds: LonLat | None = None


class Fmow(PairSource):
    """Pairs of fMoW: the largest square of ground that both show, from the middle.

    Side a is the picture at ``side`` × ``side`` px, side b the twelve bands of Sentinel-2 at a quarter of that, both
    resampled by GDAL's cubic convolution (antialiased where it shrinks). ValueError for a side that is no multiple
    of RATIO.
    """

    name = "fMoW-RGB and fMoW-Sentinel"
    licence = LICENCE

    def __init__(self, rgb_root: Path, sentinel_root: Path, pairs: Sequence[FmowPair], side: int = SIDE) -> None:
        if side < RATIO or side % RATIO:
            raise ValueError(f"a side of {side} px is no multiple of {RATIO}")
        self._rgb, self._sentinel, self._pairs = rgb_root, sentinel_root, tuple(pairs)
        self.sides = (
            catalogue_side("maxar-rgb", ("red", "green", "blue"), "uint8", side),
            catalogue_side("sentinel-2-l1c", _BANDS, "uint16", side // RATIO, nodata=DIGITAL_NUMBERS.nodata),
        )

    def __len__(self) -> int:
        return len(self._pairs)

    def describe(self, item: int) -> str:
        """The two files' names."""
        pair = self._pairs[item]
        return f"{Path(pair.rgb).name} & {Path(pair.sentinel).name}"

    def read(self, item: int) -> Outcome:
        """The pair, cut to the ground that both show."""
        pair = self._pairs[item]
        picture, crop = self._rgb / pair.rgb, self._sentinel / pair.sentinel
        with gdal_environment(GDAL_NUM_THREADS=1), rasterio.open(picture) as rgb, rasterio.open(crop) as sentinel:
            if rgb.count != 3 or rgb.dtypes[0] != "uint8":
                raise SkipError("are no pictures of three bands of 8 bit", pair.rgb)
            if sentinel.count != len(_ALL_BANDS):
                raise SkipError("have not the 13 bands of Sentinel-2", f"{pair.sentinel} ({sentinel.count})")
            fine = Placed(rgb.height, rgb.width, picture_bounds(metadata_of(picture), rgb.height, rgb.width))
            coarse = Placed(sentinel.height, sentinel.width, _bounds_of(sentinel) or pair.bounds)
            windows = shared_square(fine, coarse)
            if windows is None or min(windows[1][2:]) < _LEAST_PX:
                raise SkipError(f"share less than {_LEAST_PX} px of Sentinel-2", self.describe(item))
            numbers = [_ALL_BANDS.index(band) + 1 for band in _BANDS]
            image_a = _cut(rgb, [1, 2, 3], windows[0], self.sides[0].height)
            values = _cut(sentinel, numbers, windows[1], self.sides[1].height)
        valid = np.isfinite(values).all(axis=0) & (values != 0).any(axis=0)
        if valid.mean() < _LEAST_MEASURED:
            raise SkipError(f"are measured in less than {_LEAST_MEASURED:.0%} by Sentinel-2", pair.sentinel)
        remarks: tuple[Remark, ...] = ()
        if fine.bounds is None or coarse.bounds is None:
            remarks = (Remark(_ASSUMED, self.describe(item)),)
        return Outcome(
            (Record((image_a, DIGITAL_NUMBERS.encode(values, valid)), f"{pair.rgb} & {pair.sentinel}"),), remarks
        )


def metadata_of(picture: Path) -> dict[str, Any]:
    """What the JSON file beside a picture of fMoW says; empty where there is none or it cannot be read."""
    try:
        content = json.loads(picture.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def picture_bounds(metadata: dict[str, Any], height: int, width: int) -> LonLat | None:
    """The footprint of a whole picture of ``height`` × ``width`` px; None where its metadata do not tell it.

    Taken from the footprint of the picture, else from that of an object with its box in pixels. One that contradicts
    the size of the pixels (``gsd``, in metres) is not believed.
    """
    found = [wkt_bounds(metadata[key]) for key in ("raw_polygon", "raw_location") if isinstance(metadata.get(key), str)]
    boxes = metadata.get("bounding_boxes")
    for box in boxes if isinstance(boxes, list) else ():
        found.append(_bounds_by_box(box, height, width))
    gsd_m = metadata.get("gsd")
    for bounds in found:
        if bounds is not None and (not isinstance(gsd_m, int | float) or _is_as_large(bounds, height * gsd_m)):
            return bounds
    return None


def _bounds_by_box(box: Any, height: int, width: int) -> LonLat | None:
    """The picture's footprint from that of an object in it: ``box`` is [left, top, width, height] in px."""
    try:
        left, top, box_width, box_height = (float(number) for number in box["box"])
        bounds = wkt_bounds(box["raw_location"])
    except (KeyError, TypeError, ValueError):
        return None
    if bounds is None or box_width <= 0 or box_height <= 0:
        return None
    per_x, per_y = (bounds[2] - bounds[0]) / box_width, (bounds[3] - bounds[1]) / box_height
    west, north = bounds[0] - left * per_x, bounds[3] + top * per_y
    return west, north - height * per_y, west + width * per_x, north


def _is_as_large(bounds: LonLat, height_m: float) -> bool:
    return (
        abs((bounds[3] - bounds[1]) * _METRES_PER_DEGREE / height_m - 1) <= _SIZE_TOLERANCE if height_m > 0 else False
    )


def _bounds_of(dataset: DatasetReader) -> LonLat | None:
    if dataset.crs is None or dataset.transform.is_identity or not dataset.transform.is_rectilinear:
        return None
    try:
        west, south, east, north = transform_bounds(dataset.crs, "EPSG:4326", *dataset.bounds)
    except RasterioError:
        return None
    return (west, south, east, north) if west < east and south < north else None


def _cut(dataset: DatasetReader, numbers: list[int], window: Window, side: int) -> np.ndarray:
    row, col, height, width = window
    cut: np.ndarray = dataset.read(
        numbers,
        window=RasterWindow(col, row, width, height),
        out_shape=(len(numbers), side, side),
        resampling=Resampling.cubic,
    )
    return cut
