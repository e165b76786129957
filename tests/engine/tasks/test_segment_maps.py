"""Rasters of a segmentation: windows of any height, areas on the ground."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pyogrio
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS

from engine.errors import CheckpointError
from engine.raster.grid import Grid
from engine.raster.map_writer import MapClass
from engine.tasks.segment_finish import write_class_polygons
from engine.tasks.segment_maps import ClassRaster, SlabWriter, _row_areas
from engine.tasks.segment_source import check_units


@pytest.mark.parametrize("heights", [[256, 256, 88], [100, 156, 300, 44], [600], [1] * 5 + [595]])
def test_windows_of_any_height_become_one_raster(tmp_path, heights):
    grid = Grid(None, Affine.scale(1, -1), 530, 600)
    wanted = np.random.default_rng(0).integers(0, 200, (2, 600, 530), dtype=np.uint8)
    with SlabWriter(tmp_path / "out.tif", grid, "uint8", 255, ("a", "b"), {}) as writer:
        row = 0
        for height in heights:
            width = 256 if row // 256 == (row + height - 1) // 256 else 530
            for col in range(0, 530, width):
                writer.write(row, col, wanted[:, row : row + height, col : col + width])
            row += height
    with rasterio.open(tmp_path / "out.tif") as dataset:
        np.testing.assert_array_equal(dataset.read(), wanted)


def test_a_pixel_in_degrees_is_as_large_as_on_the_ground():
    # One degree by one degree on WGS 84 (H. Moritz, GRS 80): 12,308.8 km² at the equator's side, 6,115 km² at 60–61°.
    grid = Grid(CRS.from_epsg(4326), Affine(1, 0, 10, 0, -1, 61), 3, 61)
    areas = _row_areas(grid)
    assert areas[-1] / 1e6 == pytest.approx(12308.8, rel=2e-3)
    assert areas[0] / 1e6 == pytest.approx(6112, rel=2e-3)
    # Web Mercator's metres are half as long at 60°.
    mercator = Grid(CRS.from_epsg(3857), Affine(10, 0, 0, 0, -10, 8_399_737), 1, 1)
    assert _row_areas(mercator)[0] == pytest.approx(25, rel=0.01)
    feet = Grid(CRS.from_epsg(2264), Affine(10, 0, 2e6, 0, -10, 6e5), 1, 1)
    assert _row_areas(feet)[0] == pytest.approx(100 * 0.3048006**2, rel=1e-6)


def test_raster_and_polygons_cover_the_same_ground_in_degrees(tmp_path):
    grid = Grid(CRS.from_epsg(4326), Affine(2e-4, 0, 11.0, 0, -1e-4, 48.0), 90, 300)
    classes = (MapClass(1, "a", "#aa0000"), MapClass(4, "b", "#00aa00"))
    info = SimpleNamespace(classes=classes, dtype="uint8", nodata=255)
    numbers = np.kron(np.random.default_rng(3).integers(-1, 2, (30, 9)), np.ones((10, 10), int))
    with ClassRaster(tmp_path / "out.tif", grid, info, {}) as raster:
        raster.write(0, 0, numbers)
    write_class_polygons(tmp_path / "out.tif", tmp_path / "out.gpkg", grid, info, lambda _: None, lambda: False)
    fields = pyogrio.raw.read(tmp_path / "out.gpkg", read_geometry=False)
    table = dict(zip(fields[0]["fields"], fields[3], strict=True))
    for each, pixels, area in zip(classes, raster.pixels, raster.areas, strict=True):
        assert pixels == (numbers == classes.index(each)).sum()
        assert table["area_m2"][table["value"] == each.value].sum() == pytest.approx(area, rel=1e-5)


def test_values_of_unknown_unit_meet_only_their_like():
    learnt = {"radiometry": {"found": "values of an unknown unit", "action": "… come from the raster itself"}}
    info = SimpleNamespace(images=[learnt])
    image = {"name": "b.tif", "radiometry": {"found": "Sentinel-2 digital numbers", "action": "used as they are"}}
    with pytest.raises(CheckpointError, match=r"b\.tif: Sentinel-2 digital numbers; the head was trained on"):
        check_units(info, [image])
    check_units(info, [{**image, **learnt}])
