"""A map carries its palette, its class names and its nodata, and is the same when read back."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from engine.errors import OutputError
from engine.raster.map_writer import MapClass, MapWriter
from engine.raster.outputs import Outputs

WATER, WOOD = MapClass(1, "Wasser & Eis", "#1f78b4"), MapClass(4, "лес", "#33a02c")
PLACE = from_origin(500_000, 5_400_000, 10, 10)


def write(path, values, dtype, nodata, classes=()):
    bands, rows, cols = values.shape
    with (
        Outputs(overwrite=False) as outputs,
        MapWriter(
            outputs.add(path), rows, cols, dtype, nodata, PLACE, "EPSG:32632",
            [f"band {number}" for number in range(bands)], {"SMARTIES_TASK": "test"}, classes,
        ) as writer,
    ):  # fmt: skip
        for row in range(0, rows, 256):
            writer.write(row, 0, values[:, row : row + 256])


def test_a_class_map_is_whole_when_read_again(tmp_path):
    values = np.random.default_rng(0).choice([1, 4, 255], (1, 600, 700)).astype(np.uint8)
    path = tmp_path / "map.tif"
    write(path, values, "uint8", 255, (WATER, WOOD))
    with rasterio.open(path) as dataset:
        assert (dataset.read() == values).all()
        assert dataset.nodata == 255 and dataset.crs.to_epsg() == 32632 and dataset.transform == PLACE
        assert dataset.tags()["SMARTIES_TASK"] == "test" and dataset.descriptions == ("band 0",)
        palette = dataset.colormap(1)
        assert palette[1] == (0x1F, 0x78, 0xB4, 255) and palette[4] == (0x33, 0xA0, 0x2C, 255)
        assert palette[255][3] == 0, "nodata is seen through"
        assert dataset.overviews(1) == [2]
    names = (tmp_path / "map.tif.aux.xml").read_text(encoding="utf-8")
    assert "<Category>Wasser &amp; Eis</Category>" in names and "<Category>лес</Category>" in names
    assert names.count("<Category>") == 5, "one for every value up to the largest"


def test_overviews_of_classes_hold_no_class_that_is_not_there(tmp_path):
    values = np.repeat(np.array([1, 4], np.uint8), 350)[None, None].repeat(600, axis=1)
    write(tmp_path / "map.tif", values, "uint8", 255, (WATER, WOOD))
    with rasterio.open(tmp_path / "map.tif", overview_level=0) as dataset:
        assert set(np.unique(dataset.read())) == {1, 4}


def test_measured_values_keep_every_bit(tmp_path):
    values = np.random.default_rng(1).normal(size=(2, 300, 257)).astype(np.float32)
    values[:, 5] = np.nan
    write(tmp_path / "map.tif", values, "float32", float("nan"))
    with rasterio.open(tmp_path / "map.tif") as dataset:
        np.testing.assert_array_equal(dataset.read(), values)
    assert not (tmp_path / "map.tif.aux.xml").exists()


def test_a_map_that_no_disk_holds_is_refused_before_it_begins(tmp_path):
    with pytest.raises(OutputError, match="GB"), Outputs(overwrite=False) as outputs:
        MapWriter(
            outputs.add(tmp_path / "map.tif"), 10**6, 10**7, "float32", None, PLACE, None, ["band"], {}
        )  # fmt: skip
    assert list(tmp_path.iterdir()) == []
