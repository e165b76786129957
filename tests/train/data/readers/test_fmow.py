"""fMoW: pictures and Sentinel-2 crops that differ in extent are cut to the same ground."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from pretraining_layouts import DEGREE_M, wkt, write_crop, write_picture, write_raster

from train.data.readers.fmow import Fmow, FmowPair, picture_bounds

CENTRE = (32.69, 39.95)


def around(east_m: float, north_m: float, width_m: float, height_m: float) -> tuple[float, float, float, float]:
    """Bounds of an extent whose middle lies so many metres from the centre."""
    narrow = DEGREE_M * math.cos(math.radians(CENTRE[1]))
    lon, lat = CENTRE[0] + east_m / narrow, CENTRE[1] + north_m / DEGREE_M
    half_width, half_height = width_m / 2 / narrow, height_m / 2 / DEGREE_M
    return lon - half_width, lat - half_height, lon + half_width, lat + half_height


def waves(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """A field with a period of some 200 m: a shift of 20 m is seen."""
    x, y = (longitude - CENTRE[0]) * DEGREE_M, (latitude - CENTRE[1]) * DEGREE_M
    return 0.5 + 0.22 * np.sin(x / 30) + 0.22 * np.cos(y / 40)


PICTURE, CROP = around(40, -30, 500, 600), around(0, 0, 700, 800)
PAIR = FmowPair("train/airport/airport_0/airport_0_1_rgb.jpg", "train/airport/airport_0/airport_0_6.tif")


def write_pair(folder: Path, georeferenced: bool = True, **metadata: object) -> Fmow:
    write_picture(folder / "rgb" / PAIR.rgb, waves, PICTURE, 2.0, **metadata)
    write_crop(folder / "s2" / PAIR.sentinel, waves, CROP, georeferenced)
    return Fmow(folder / "rgb", folder / "s2", [PAIR], side=128)


def fields(source: Fmow) -> tuple[np.ndarray, np.ndarray]:
    """Both images of the first record as the field they show, at the resolution of Sentinel-2."""
    picture, crop = source.read(0).records[0].images
    coarse = picture[0].astype(float).reshape(32, 4, 32, 4).mean((1, 3)) / 255
    return coarse, (crop[1].astype(float) - 200) / 3000


def test_both_images_show_the_same_ground(tmp_path):
    source = write_pair(tmp_path, raw_polygon=wkt(PICTURE))
    outcome = source.read(0)
    assert outcome.remarks == ()
    assert [image.shape for image in outcome.records[0].images] == [(3, 128, 128), (12, 32, 32)]
    assert [image.dtype for image in outcome.records[0].images] == [np.uint8, np.uint16]
    picture, crop = fields(source)
    assert np.abs(picture - crop).mean() < 0.02
    # A shift of one pixel would be seen.
    assert np.abs(picture[:, 1:] - crop[:, :-1]).mean() > 0.05
    # The cirrus band is left out: the last band is the thirteenth of the file.
    assert np.allclose(outcome.records[0].images[1][11].astype(int) - outcome.records[0].images[1][9], 300, atol=2)


@pytest.mark.parametrize("table", [True, False])
def test_a_crop_without_a_place_takes_that_of_the_table_or_is_counted(tmp_path, table):
    write_pair(tmp_path, georeferenced=False, raw_location=wkt(PICTURE))
    pair = FmowPair(PAIR.rgb, PAIR.sentinel, CROP if table else None)
    source = Fmow(tmp_path / "rgb", tmp_path / "s2", [pair], side=128)
    picture, crop = fields(source)
    assert (np.abs(picture - crop).mean() < 0.02) == table
    reasons = [remark.reason for remark in source.read(0).remarks]
    assert reasons == ([] if table else ["pairs of unknown footprint were taken to show the same ground"])


def test_the_footprint_of_an_object_tells_that_of_its_picture(tmp_path):
    # The object fills the eastern half and the upper third of a picture of 250 × 300 px.
    west, south, east, north = PICTURE
    place = ((west + east) / 2, north - (north - south) / 3, east, north)
    boxes = [{"ID": 0, "box": [125, 0, 125, 100], "raw_location": wkt(place)}]
    picture, crop = fields(write_pair(tmp_path, bounding_boxes=boxes))
    assert np.abs(picture - crop).mean() < 0.02


def test_a_footprint_that_contradicts_the_pixels_is_not_believed():
    metadata = {"gsd": 2.0, "raw_location": wkt(PICTURE)}
    assert picture_bounds(metadata, 300, 250) == pytest.approx(PICTURE)
    assert picture_bounds(metadata, 600, 500) is None
    assert picture_bounds({"raw_location": wkt(PICTURE)}, 600, 500) == pytest.approx(PICTURE)
    assert picture_bounds({"bounding_boxes": [{"box": "?"}, None, {"box": [0, 0, 0, 0]}]}, 600, 500) is None


def test_what_cannot_be_used_is_counted(tmp_path):
    source = write_pair(tmp_path, raw_polygon=wkt(PICTURE))
    (tmp_path / "rgb" / PAIR.rgb).write_bytes(b"no picture")
    assert source.outcome(0).remarks[0].reason == "cannot be read"
    elsewhere = write_pair(tmp_path / "b", raw_polygon=wkt(around(5000, 0, 500, 600)))
    assert elsewhere.outcome(0).remarks[0].reason == "share less than 16 px of Sentinel-2"
    bands = write_pair(tmp_path / "c", raw_polygon=wkt(PICTURE))
    write_raster(tmp_path / "c" / "s2" / PAIR.sentinel, np.ones((3, 50, 50), np.uint16), "EPSG:4326", None)
    assert bands.outcome(0).remarks[0].reason == "have not the 13 bands of Sentinel-2"
    empty = write_pair(tmp_path / "d", raw_polygon=wkt(PICTURE))
    write_crop(tmp_path / "d" / "s2" / PAIR.sentinel, lambda lon, lat: np.full_like(lon, -1.0), CROP)
    assert empty.outcome(0).records  # negative numbers wrap in the file: values, not gaps
    write_raster(tmp_path / "d" / "s2" / PAIR.sentinel, np.zeros((13, 80, 90), np.uint16), None, None)
    assert empty.outcome(0).remarks[0].reason == "are measured in less than 95% by Sentinel-2"


def test_broken_metadata_are_none(tmp_path):
    source = write_pair(tmp_path)
    for text in ("[", "[]", json.dumps({"raw_polygon": 3, "gsd": "?"})):
        (tmp_path / "rgb" / PAIR.rgb).with_suffix(".json").write_text(text)
        assert len(source.read(0).remarks) == 1


def test_sides_must_agree():
    with pytest.raises(ValueError, match="multiple"):
        Fmow(Path(), Path(), [], side=130)
