"""Where datasets lie: geotransform, ground control points, or nowhere."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.control import GroundControlPoint

from engine.raster.georeference import gcp_dataset, georeference
from engine.raster.opening import gdal_environment, open_file

VALUES = np.arange(400, dtype=np.uint16).reshape(1, 20, 20)


def test_a_geotransform_is_the_grid(write_raster: Callable[..., Path]) -> None:
    with rasterio.open(write_raster("a.tif", VALUES)) as dataset:
        grid, from_points, notes = georeference(dataset)
    assert grid.describe() == "20×20 px, 10 m, EPSG:32633"
    assert not from_points and notes == ()


def test_a_rotated_geotransform_stays_as_it_is(write_raster: Callable[..., Path]) -> None:
    rotated = Affine.translation(5e5, 5e6) @ Affine.rotation(20) @ Affine.scale(10, -10)
    with rasterio.open(write_raster("a.tif", VALUES, transform=rotated)) as dataset:
        assert georeference(dataset)[0].transform.almost_equals(rotated)


def test_a_picture_has_a_grid_in_pixels(write_raster: Callable[..., Path]) -> None:
    with rasterio.open(write_raster("a.tif", VALUES, crs=None, transform=None)) as dataset:
        grid, _, notes = georeference(dataset)
    assert grid.crs is None and grid.bounds == (0, 0, 20, 20)
    assert notes == ()


def test_a_crs_without_position_places_nothing(write_raster: Callable[..., Path]) -> None:
    with rasterio.open(write_raster("a.tif", VALUES, transform=None)) as dataset:
        grid, _, notes = georeference(dataset)
    assert grid.crs is None
    assert notes == ("has a CRS but no position",)


def test_a_transform_that_flattens_the_image_places_nothing(write_raster: Callable[..., Path]) -> None:
    with rasterio.open(write_raster("a.tif", VALUES, transform=Affine(10, 0, 5, 0, 0, 5))) as dataset:
        assert georeference(dataset)[0].crs is None


def test_a_crs_that_names_a_file_with_grid_shifts_is_taken_for_none(
    write_raster: Callable[..., Path], tmp_path: Path
) -> None:
    shifts = tmp_path / "shifts.gsb"
    crs = f"+proj=utm +zone=33 +ellps=bessel +units=m +nadgrids={shifts}"
    path = write_raster("a.tif", VALUES, crs=crs)
    os.mkfifo(shifts)  # whoever opens it waits for ever
    with rasterio.open(path) as dataset:
        assert str(shifts) in dataset.crs.to_wkt()
        grid, _, notes = georeference(dataset)
    assert grid.crs is None
    assert notes == ("its CRS names a file with grid shifts, which is not followed",)


@pytest.mark.parametrize("kind", ["vrt", "aux.xml"])
def test_a_file_named_in_place_of_a_crs_is_not_followed(
    write_raster: Callable[..., Path], tmp_path: Path, kind: str
) -> None:
    (tmp_path / "secret").write_text(rasterio.CRS.from_epsg(32645).to_wkt())
    path = write_raster("a.tif", VALUES, crs=None)
    if kind == "vrt":
        source = '<SimpleSource><SourceFilename relativeToVRT="1">a.tif</SourceFilename></SimpleSource>'
        path = tmp_path / "a.vrt"
        path.write_text(
            f'<VRTDataset rasterXSize="20" rasterYSize="20"><SRS>{tmp_path}/secret</SRS><VRTRasterBand '
            f'dataType="UInt16" band="1">{source}</VRTRasterBand></VRTDataset>'
        )
    else:
        (tmp_path / "a.tif.aux.xml").write_text(f"<PAMDataset><SRS>{tmp_path}/secret</SRS></PAMDataset>")
    with gdal_environment(), open_file(path) as dataset:
        assert georeference(dataset)[0].crs is None


@pytest.fixture
def with_points(tmp_path: Path) -> Path:
    """A raster placed by the corners of 10 m pixels in UTM 33."""
    path = tmp_path / "gcp.tif"
    points = [
        GroundControlPoint(row, col, 500_000 + 10 * col, 5_000_000 - 10 * row) for row in (0, 20) for col in (0, 20)
    ]
    with rasterio.open(path, "w", driver="GTiff", width=20, height=20, count=1, dtype="uint16") as dataset:
        dataset.write(VALUES)
        dataset.gcps = (points, rasterio.CRS.from_epsg(32633))
    return path


def test_ground_control_points_make_a_grid(with_points: Path) -> None:
    with rasterio.open(with_points) as dataset:
        grid, from_points, notes = georeference(dataset)
    assert from_points and "4 ground control points" in notes[0]
    assert grid.describe() == "20×20 px, 10 m, EPSG:32633"
    assert grid.bounds == pytest.approx((500_000, 4_999_800, 500_200, 5_000_000), abs=1)


def test_the_pixels_placed_by_points_are_the_files_own(with_points: Path) -> None:
    with rasterio.open(with_points) as dataset, gcp_dataset(dataset) as placed:
        assert (placed.read(1) == VALUES[0]).all()
        assert placed.dtypes == ("float32",)


def test_polynomials_alone_are_not_used(data_dir: Path) -> None:
    with rasterio.open(data_dir / "nasty" / "rasterio" / "RGB.byte.rpc.vrt") as dataset:
        grid, from_points, notes = georeference(dataset)
    assert grid.crs is None and not from_points
    assert "RPC" in notes[0]
