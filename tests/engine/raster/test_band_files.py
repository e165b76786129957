"""Files on a grid, three ways: no data never bleeds, and every pixel lies where it belongs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.warp import transform as project
from small_rasters import LEFT, TOP, UTM33, affine_at, grid_at, ramp, read

from engine.raster.grid import Grid, common_grid
from engine.raster.image import Image
from engine.raster.reader import GridReader
from engine.raster.sources import open_images

# Nodata, masks, alpha, NaN


def cases(write_raster: Callable[..., Path]) -> dict[str, tuple[Image, float | None]]:
    """The same 12×12 raster of 100s whose pixel (5, 5) has no data, said in every way there is."""
    plain = np.full((2, 12, 12), 100, np.int16)
    hole = np.ones((12, 12), bool)
    hole[5, 5] = False
    mask = np.where(hole, 255, 0).astype(np.uint8)

    def with_hole(value: float, dtype: str = "int16", bands: Sequence[int] = (0, 1)) -> np.ndarray:
        values = plain.astype(dtype)
        for band in bands:
            values[band, 5, 5] = value
        return values

    def with_alpha(opaque: int, dtype: str, bands: int = 2) -> np.ndarray:
        values = np.where(hole, 100, 200) + np.zeros((bands, 1, 1))
        return np.concatenate([values, hole[None] * opaque]).astype(dtype)

    paths: dict[str, tuple[Path, float | None]] = {
        "nodata": (write_raster("nodata.tif", with_hole(-99), nodata=-99), None),
        "nodata in one band": (write_raster("part.tif", with_hole(-99, bands=[1]), nodata=-99), None),
        "nan": (write_raster("nan.tif", with_hole(np.nan, "float32", [0])), None),
        "nan as nodata": (write_raster("nn.tif", with_hole(np.nan, "float32"), nodata=np.nan), None),
        "infinity": (write_raster("inf.tif", with_hole(np.inf, "float64", [1])), None),
        "float nodata": (write_raster("fn.tif", with_hole(-3.4028235e38, "float32"), nodata=-3.4028235e38), None),
        "mask": (write_raster("mask.tif", with_hole(30000), mask=mask), None),
        "alpha": (write_raster("alpha.tif", with_alpha(255, "uint8"), alpha=True), None),
        "alpha of 1": (write_raster("one.tif", with_alpha(1, "uint16"), alpha=True), None),
        "alpha of four bands": (write_raster("four.tif", with_alpha(255, "uint8", bands=3), alpha=True), None),
        "sensor": (write_raster("sensor.tif", with_hole(0)), 0),
    }  # fmt: skip
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False):
        paths["mask file"] = (write_raster("file.tif", with_hole(30000), mask=mask), None)
    return {name: (open_images([path])[0], sensor) for name, (path, sensor) in paths.items()}


def test_every_way_to_say_no_data_is_understood(write_raster: Callable[..., Path]) -> None:
    for name, (image, sensor) in cases(write_raster).items():
        got, valid = read(image, bands=[0, 1], sensor_nodata=sensor)
        assert valid.sum() == 143 and not valid[5, 5], name
        assert (got[:, valid] == 100).all() and (got[:, 5, 5] == 0).all(), name


@pytest.mark.parametrize("gsd", [5, 3, 10])
def test_no_data_never_bleeds_when_interpolated(write_raster: Callable[..., Path], gsd: float) -> None:
    grid = grid_at(gsd, int(100 / gsd), int(100 / gsd), left=LEFT + 13, top=TOP - 13)
    for name, (image, sensor) in cases(write_raster).items():
        got, valid = read(image, grid, bands=[0, 1], sensor_nodata=sensor)
        assert np.allclose(got[:, valid], 100), name
        # The mask is the nearest pixel's: exactly the grid's pixels whose centre lies in the hole.
        xs = 13 + (np.arange(grid.width) + 0.5) * gsd
        hole = (xs > 50) & (xs < 60)
        assert (valid == ~(hole[:, None] & hole)).all(), name


@pytest.mark.parametrize("crs", [32634, 4326])
def test_no_data_never_bleeds_when_warped(write_raster: Callable[..., Path], crs: int) -> None:
    for name, (image, sensor) in cases(write_raster).items():
        got, valid = read(image, common_grid([image], crs=crs), bands=[0, 1], sensor_nodata=sensor)
        assert np.allclose(got[:, valid], 100, atol=1e-3), name
        assert (got[:, ~valid] == 0).all() and 120 < valid.sum() < 150, name


def test_no_data_never_bleeds_when_averaged(write_raster: Callable[..., Path]) -> None:
    for name, (image, sensor) in cases(write_raster).items():
        got, valid = read(image, common_grid([image], resolution=20), bands=[0, 1], sensor_nodata=sensor)
        assert np.allclose(got[:, valid], 100), name


def test_the_sensors_nodata_counts_only_where_all_bands_have_it(write_raster: Callable[..., Path]) -> None:
    values = np.full((2, 12, 12), 100, np.uint16)
    values[0, 5, 5] = 0
    (image,) = open_images([write_raster("a.tif", values)])
    for grid in (image.grid, grid_at(5, 24, 24), common_grid([image], crs=32634)):
        got, valid = read(image, grid, sensor_nodata=0)
        assert valid.all() or grid.crs != UTM33
        assert got[1][valid] == pytest.approx(100)


def test_the_sensors_nodata_has_to_be_in_all_files_of_a_product(write_raster: Callable[..., Path]) -> None:
    ten, twenty = np.full((1, 12, 12), 100, np.uint16), np.full((1, 6, 6), 100, np.uint16)
    ten[0, :4, :] = 0
    twenty[0, :, :3] = 0
    write_raster("p/B02.tif", ten)
    (image,) = open_images([write_raster("p/B11.tif", twenty, transform=affine_at(20)).parent])
    got, valid = read(image, sensor_nodata=0)
    assert not valid[:4, :6].any() and valid.sum() == 144 - 24
    assert (got[0][valid] == np.where(np.arange(12)[:, None] < 4, 0, 100).repeat(12, 1)[valid]).all()
    assert got[1, 8, 11] == 100 and got[1, 8, 0] == 0


def test_bands_of_different_nodata_each_have_their_own(write_raster: Callable[..., Path]) -> None:
    first, second = np.full((1, 6, 6), 5, np.int16), np.full((1, 6, 6), 5, np.int16)
    first[0, 0, 0], second[0, 1, 1] = -1, -2
    write_raster("p/B02.tif", first, nodata=-1)
    (image,) = open_images([write_raster("p/B03.tif", second, nodata=-2).parent])
    valid = read(image)[1]
    assert valid.sum() == 34 and not valid[0, 0] and not valid[1, 1]


def test_a_band_that_is_not_used_masks_nothing(write_raster: Callable[..., Path]) -> None:
    values = np.full((2, 6, 6), 5, np.int16)
    values[1] = -9999
    (image,) = open_images([write_raster("a.tif", values, nodata=-9999)])
    assert read(image, bands=[0])[1].all()
    assert not read(image, bands=[0, 1])[1].any()


# Placement


def test_coarse_bands_of_a_product_are_interpolated_onto_its_finest_grid(write_raster: Callable[..., Path]) -> None:
    # A plane: bilinear interpolation between pixel centres gives the plane itself.
    fine, coarse = ramp(24, 24, "float32"), np.zeros((1, 8, 8), np.float32)
    coarse[0] = fine[0].reshape(8, 3, 8, 3).mean((1, 3))
    write_raster("p/B02.tif", fine)
    (image,) = open_images([write_raster("p/B01.tif", coarse, transform=affine_at(30)).parent])
    got, valid = read(image)
    assert image.metadata.band_names == ("B01", "B02") and valid.all()
    assert got[0, 2:-2, 2:-2] == pytest.approx(got[1, 2:-2, 2:-2], abs=1e-3)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    gsd=st.floats(2, 14.9), dx=st.floats(-30, 60), dy=st.floats(-30, 60), flip=st.booleans(),
    split=st.integers(1, 19), dtype=st.sampled_from(["uint16", "float64"]),
)  # fmt: skip
def test_interpolation_puts_a_plane_where_it_belongs(
    write_raster: Callable[..., Path], gsd: float, dx: float, dy: float, flip: bool, split: int, dtype: str
) -> None:
    own = Affine(10, 0, LEFT, 0, 10, TOP - 200) if flip else affine_at(10)
    (image,) = open_images([write_raster("plane.tif", ramp(20, 20, dtype), transform=own)])
    grid = grid_at(gsd, 20, 20, LEFT + dx, TOP - dy)
    got, valid = read(image, grid)
    cols, rows = np.meshgrid(np.arange(20) + 0.5, np.arange(20) + 0.5)
    inverse = ~own @ grid.transform
    col, row = inverse.a * cols + inverse.c, inverse.e * rows + inverse.f
    inside = (col >= 0) & (col < 20) & (row >= 0) & (row < 20)
    edge = (np.abs(col - np.round(col / 20) * 20) < 0.02) | (np.abs(row - np.round(row / 20) * 20) < 0.02)
    assert (valid == inside)[~edge].all()
    core = valid & (col > 0.5) & (col < 19.5) & (row > 0.5) & (row < 19.5)
    assert got[0][core] == pytest.approx((1000 + 10 * (row - 0.5) + (col - 0.5))[core], abs=0.01)
    with GridReader(image, grid, [0]) as reader:
        parts = [reader.read(0, split), reader.read(split, 20)]
    assert (np.concatenate([part[0] for part in parts], 1) == got).all()


def test_warped_pixels_lie_within_half_a_pixel(write_raster: Callable[..., Path]) -> None:
    (image,) = open_images([write_raster("a.tif", ramp(60, 60, "float32"))])
    grid = common_grid([image], crs=3035)
    got, valid = read(image, grid)
    cols, rows = np.meshgrid(np.arange(grid.width) + 0.5, np.arange(grid.height) + 0.5)
    t = grid.transform
    xs, ys = project(grid.crs, UTM33, (t.a * cols + t.c).ravel(), (t.e * rows + t.f).ravel())
    col, row = (np.array(xs) - LEFT) / 10, (TOP - np.array(ys)) / 10
    expected = (1000 + 10 * (row - 0.5) + (col - 0.5)).reshape(valid.shape)
    core = valid & ((col > 1) & (col < 59) & (row > 1) & (row < 59)).reshape(valid.shape)
    assert core.sum() > 2500
    # One row is 10, one column 1: half a pixel is 5.5 at most.
    assert np.abs(got[0] - expected)[core].max() < 1.5


def test_shrinking_averages(write_raster: Callable[..., Path]) -> None:
    values = np.random.default_rng(0).integers(0, 1000, (1, 60, 60)).astype(np.uint16)
    (image,) = open_images([write_raster("a.tif", values)])
    got, _ = read(image, grid_at(60, 10, 10))
    assert got[0] == pytest.approx(values[0].reshape(10, 6, 10, 6).mean((1, 3)), abs=0.01)


def test_ground_control_points_place_the_pixels(tmp_path: Path) -> None:
    path = tmp_path / "gcp.tif"
    points = [GroundControlPoint(r, c, LEFT + 10 * c, TOP - 10 * r) for r in (0, 30) for c in (0, 30)]
    with rasterio.open(path, "w", driver="GTiff", width=30, height=30, count=1, dtype="uint16", nodata=1155) as dataset:
        dataset.write(ramp(30, 30))
        dataset.gcps = (points, UTM33)
    (image,) = open_images([path])
    got, valid = read(image, common_grid([image]))
    assert image.notes == ("placed by its 4 ground control points",)
    assert (got[0] == np.where(valid, ramp(30, 30)[0], 0)).all()
    assert (valid == (ramp(30, 30)[0] != 1155)).all() and not valid.all()
    shifted, valid = read(image, grid_at(10, 20, 20, LEFT + 25, TOP - 25))
    assert shifted[0, 0, 0] == pytest.approx(1022 + 5.5, abs=0.1)


def test_images_of_several_sizes_and_crs_show_the_same_hill(write_raster: Callable[..., Path]) -> None:
    def hill(grid: Grid) -> np.ndarray:
        cols, rows = np.meshgrid(np.arange(grid.width) + 0.5, np.arange(grid.height) + 0.5)
        t = grid.transform
        xs, ys = project(grid.crs, UTM33, (t.a * cols + t.c).ravel(), (t.e * rows + t.f).ravel())
        away = (np.array(xs) - LEFT - 640) ** 2 + (np.array(ys) - TOP + 500) ** 2
        return (5000 * np.exp(-away / 2 / 150**2)).reshape(1, grid.height, grid.width).astype(np.float32)

    lon, lat = project(UTM33, CRS.from_epsg(4326), [LEFT], [TOP])
    grids = {
        "ten": grid_at(10, 120, 100),
        "twenty": grid_at(20, 70, 60, LEFT - 87, TOP + 93),
        "degrees": Grid(CRS.from_epsg(4326), Affine(1e-4, 0, lon[0] - 1e-3, 0, -1e-4, lat[0] + 1e-3), 200, 200),
        "three": grid_at(3.3, 400, 400, LEFT - 1, TOP + 1),
    }
    paths = [write_raster(f"{n}.tif", hill(g), crs=g.crs, transform=g.transform) for n, g in grids.items()]
    images = open_images(paths)
    grid = common_grid(images, reference=0)
    expected = hill(grid)[0]
    for image in images:
        got, valid = read(image, grid)
        assert valid.all(), image.title
        # The hill's steepest slope is 20 per metre: 30 is an error of 1.5 m on 10 m pixels.
        assert np.abs(got[0] - expected).max() < 30, image.title
