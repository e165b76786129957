"""From a raster of classes to polygons that are the raster."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyogrio
import pyogrio.raw
import pytest
import shapely
from affine import Affine
from rasterio.crs import CRS
from rasterio.features import rasterize
from scipy import ndimage

from engine.errors import CancelledError, OutputError
from engine.raster.map_writer import MapClass
from engine.raster.outputs import Outputs
from engine.vector.polygons import ground_area, polygonise, write_polygons

PIXELS = Affine.identity()
UTM = Affine(10, 0, 500_000, 0, -10, 5_000_000)
CLASSES = [MapClass(3, "Wald", "#117733"), MapClass(9, "湖", "#0000ff")]


def patches(rows: int, cols: int, classes: int, smooth: float, seed: int = 0) -> np.ndarray:
    """Irregular patches of some classes, with holes of nothing; smooth 0 is noise."""
    rng = np.random.default_rng(seed)
    values = np.stack([ndimage.gaussian_filter(rng.standard_normal((rows, cols)), smooth) for _ in range(classes + 1)])
    return values.argmax(axis=0).astype(np.int32) - 1


def shapes_of(values: np.ndarray, strip_rows: int, transform: Affine = PIXELS):
    return list(polygonise(lambda row0, row1: values[row0:row1], *values.shape, transform, strip_rows))


@pytest.mark.parametrize(("smooth", "strip_rows"), [(0, 1), (0, 7), (1, 5), (2, 13), (2, 64)])
def test_polygons_drawn_again_are_the_raster_whatever_the_strips(smooth: float, strip_rows: int) -> None:
    values = patches(64, 50, 3, smooth)
    found = shapes_of(values, strip_rows)
    assert all(polygon.is_valid for _, polygon in found)
    again = rasterize([(polygon, index) for index, polygon in found], out=np.full(values.shape, -1, np.int32))
    assert (again == values).all()
    for index in range(3):
        assert sum(polygon.area for number, polygon in found if number == index) == (values == index).sum()
    # Neither more pieces nor more corners than when all is seen at once.
    whole = shapes_of(values, 64)
    as_set = [{(index, polygon.normalize().wkb) for index, polygon in each} for each in (found, whole)]
    assert as_set[0] == as_set[1]
    assert len(found) == len(whole)


def test_a_region_that_two_arms_join_late_is_one_polygon_with_its_hole() -> None:
    values = np.array([[0, 1, 0, 1], [0, 1, 0, 1], [0, 0, 0, 1], [1, 1, 1, 1], [1, 0, -1, 1], [1, 1, 1, 1]], np.int32)
    big = max((polygon for index, polygon in shapes_of(values, 1) if index == 1), key=lambda each: each.area)
    assert sorted(index for index, _ in shapes_of(values, 1)) == [0, 0, 1, 1]
    assert len(big.interiors) == 1
    assert set(big.interiors[0].coords) == {(1, 4), (1, 5), (3, 5), (3, 4)}


def test_pixels_that_meet_at_a_corner_are_apart() -> None:
    found = shapes_of(np.array([[0, 1], [1, 0]], np.int32), 1)
    assert sorted(index for index, _ in found) == [0, 0, 1, 1]


def test_edges_lie_on_pixel_edges_of_a_turned_raster() -> None:
    transform = UTM @ Affine.rotation(30)
    ((_, polygon),) = shapes_of(np.array([[-1, -1], [-1, 0]], np.int32), 1, transform)
    expected = {transform @ corner for corner in ((1, 1), (2, 1), (2, 2), (1, 2))}
    assert {tuple(point) for point in polygon.exterior.coords} == expected


def test_every_row_is_asked_for_once_and_polygons_come_as_soon_as_they_are_whole() -> None:
    values = np.repeat(np.arange(6, dtype=np.int32)[:, None], 3, axis=1)
    asked: list[tuple[int, int]] = []

    def read(row0: int, row1: int) -> np.ndarray:
        asked.append((row0, row1))
        return values[row0:row1]

    found = polygonise(read, 6, 3, PIXELS, 2)
    assert next(found)[0] == 0
    assert asked == [(0, 2)]
    assert sorted(index for index, _ in found) == [1, 2, 3, 4, 5]
    assert asked == [(0, 2), (2, 4), (4, 6)]


@pytest.mark.parametrize(
    ("crs", "transform"),
    [
        ("EPSG:32633", UTM),
        ("EPSG:4326", Affine(1e-4, 0, 15, 0, -1e-4, 60)),
        ("EPSG:3857", Affine(20, 0, 1_669_792, 0, -20, 8_399_737)),
        ("EPSG:2263", Affine(32.8, 0, 980_000, 0, -32.8, 200_000)),
    ],
)
def test_areas_are_those_on_the_ground(crs: str, transform: Affine, tmp_path: Path) -> None:
    values = patches(40, 30, 2, 2)
    found = shapes_of(values, 16, transform)
    path = tmp_path / "map.gpkg"
    assert write_polygons(path, found, CLASSES, CRS.from_user_input(crs)) == len(found)
    meta, _, wkb, (value, name, area) = pyogrio.raw.read(path, layer="polygons")
    assert list(meta["fields"]) == ["value", "class", "area_m2"]
    assert CRS.from_user_input(meta["crs"]) == CRS.from_user_input(crs)
    assert set(zip(value.tolist(), name.tolist(), strict=True)) == {(3, "Wald"), (9, "湖")}
    assert shapely.is_valid(shapely.from_wkb(wkb)).all()
    pixel = {
        "EPSG:32633": 100.0,
        # On the sphere, to half a percent of the ellipsoid.
        "EPSG:4326": (111_195 * 1e-4) ** 2 * math.cos(math.radians(60)),
        "EPSG:3857": (20 * math.cos(math.radians(60))) ** 2,
        "EPSG:2263": (32.8 * 1200 / 3937) ** 2,
    }[crs]
    for index, each in enumerate(CLASSES):
        pixels = (values == index).sum()
        assert area[value == each.value].sum() == pytest.approx(pixel * pixels, rel=1e-6 if crs[-1] == "3" else 6e-3)


def test_without_crs_there_is_no_area(tmp_path: Path) -> None:
    path = tmp_path / "map.gpkg"
    write_polygons(path, shapes_of(np.zeros((2, 2), np.int32), 2), CLASSES, None)
    assert np.isnan(pyogrio.raw.read(path)[3][2]).all()
    assert np.isnan(ground_area(np.array([shapely.box(0, 89, 1, 89.9)]), CRS.from_epsg(3031))).sum() == 0


def test_no_polygon_is_an_empty_layer(tmp_path: Path) -> None:
    path = tmp_path / "map.gpkg"
    assert write_polygons(path, [], CLASSES, CRS.from_epsg(32633)) == 0
    assert pyogrio.read_info(path, layer="polygons")["features"] == 0


def test_batches_are_appended_and_cancel_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.vector.polygons._BATCH", 7)
    values = np.arange(30, dtype=np.int32).reshape(5, 6) % 2
    path = tmp_path / "a map.gpkg"
    with Outputs(overwrite=False) as outputs:
        temporary = outputs.add(path, (".gpkg",), "a GeoPackage")
        count = write_polygons(temporary, shapes_of(values, 2), CLASSES, CRS.from_epsg(32633))
    assert pyogrio.read_info(path)["features"] == count == len(shapes_of(values, 5))
    assert [file.name for file in tmp_path.iterdir()] == ["a map.gpkg"]

    def one_by_one() -> Iterator[tuple[int, shapely.Polygon]]:
        yield from ((0, shapely.box(number, 0, number + 1, 1)) for number in range(100))

    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) == 3

    with pytest.raises(CancelledError), Outputs(overwrite=True) as outputs:
        write_polygons(outputs.add(path, (".gpkg",), "a GeoPackage"), one_by_one(), CLASSES, None, cancelled)
    assert [file.name for file in tmp_path.iterdir()] == ["a map.gpkg"]
    assert pyogrio.read_info(path)["features"] == count


def test_a_folder_that_cannot_be_written_gives_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="The polygons cannot be written"):
        write_polygons(tmp_path / "none" / "map.gpkg", shapes_of(np.zeros((2, 2), np.int32), 2), CLASSES, None)
