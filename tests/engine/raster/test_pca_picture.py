"""The picture of an embedding as a GeoTIFF: on its grid, whole or not there at all."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp
from rasterio.transform import from_origin

from engine.errors import CancelledError, OutputError
from engine.raster.components import fit_components
from engine.raster.pca_picture import _windows, pca_picture

TRANSFORM = from_origin(500_000, 5_000_000, 80, 80)


def embedding(path: Path, dtype: str = "float32", rows: int = 40, cols: int = 700) -> tuple[Path, np.ndarray]:
    """A raster that varies from left to right and top to bottom; its first column has no data."""
    y, x = np.mgrid[0:rows, 0:cols] / cols
    values = np.stack([5 * x, 3 * y, x * y, 0 * x, x - y]).astype(np.float32) * 10
    stored = np.rint(values / 0.5).clip(-127, 127).astype("int8") if dtype == "int8" else values.copy()
    nodata = -128 if dtype == "int8" else np.nan
    stored[:, :, 0] = nodata
    with rasterio.open(
        path, "w", driver="GTiff", count=5, height=rows, width=cols, dtype=dtype, crs="EPSG:32631",
        transform=TRANSFORM, nodata=nodata, tiled=True, blockxsize=128, blockysize=16,
    ) as target:  # fmt: skip
        target.write(stored)
        if dtype == "int8":
            target.scales = (0.5,) * 5
    return path, values


def draw(source: Path, target: Path, values: np.ndarray, overwrite: bool = False, cancelled=lambda: False):
    components = fit_components(values.reshape(len(values), -1).T)
    tags = {"SMARTIES_EMBEDDING": source.name}
    return pca_picture(source, target, components, tags, overwrite, lambda _: None, cancelled)


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_colours_lie_on_the_grid_and_nodata_is_transparent(tmp_path, dtype):
    source, values = embedding(tmp_path / "e.tif", dtype)
    with draw(source, tmp_path / "p.tif", values):
        pass
    with rasterio.open(tmp_path / "p.tif") as picture:
        image = picture.read()
        assert picture.transform == TRANSFORM and picture.crs.to_epsg() == 32631
        assert picture.shape == (40, 700) and picture.dtypes == ("uint8",) * 4
        assert picture.colorinterp == (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
        assert picture.tags()["SMARTIES_EMBEDDING"] == "e.tif"
        assert picture.overviews(1) == [2] and picture.profile["tiled"]
        assert picture.descriptions[0] == "principal component 1"
    assert (image[3, :, 0] == 0).all() and (image[:, :, 0] == 0).all() and (image[3, :, 1:] == 255).all()
    # The strongest component is the ramp from left to right.
    ramp = image[0, 20, 1:].astype(int)
    assert abs(ramp[-1] - ramp[0]) > 200 and len(np.unique(ramp)) > 100
    components = fit_components(values.reshape(5, -1).T)
    expected = components.colours(values[:, :, 1:].reshape(5, -1).T).T.reshape(3, 40, 699)
    # A step of int8 is a large part of the range of the weaker components.
    compared, tolerance = (1, 6) if dtype == "int8" else (3, 1)
    assert np.abs(image[:3, :, 1:].astype(int) - expected)[:compared].max() <= tolerance


def test_pieces_cover_the_raster_once(tmp_path, monkeypatch):
    source, _ = embedding(tmp_path / "e.tif")
    monkeypatch.setattr("engine.raster.pca_picture._READ_BYTES", 4 * 5 * 16 * 128 * 2)
    seen = np.zeros((40, 700), int)
    with rasterio.open(source) as dataset:
        windows = _windows(dataset)
    for window in windows:
        seen[window.row_off : window.row_off + window.height, window.col_off : window.col_off + window.width] += 1
    assert len(windows) == 9 and (seen == 1).all()


def test_a_cancel_or_an_error_beside_it_leaves_nothing(tmp_path):
    source, values = embedding(tmp_path / "e.tif")
    with pytest.raises(CancelledError), draw(source, tmp_path / "p.tif", values, cancelled=lambda: True):
        pass
    with pytest.raises(RuntimeError), draw(source, tmp_path / "p.tif", values):
        assert (tmp_path / "p.tif").is_file()
        raise RuntimeError("the embedding could not take its name")
    assert os.listdir(tmp_path) == ["e.tif"]


def test_a_file_that_came_meanwhile_is_kept(tmp_path):
    source, values = embedding(tmp_path / "e.tif")
    (tmp_path / "p.tif").write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists"), draw(source, tmp_path / "p.tif", values):
        pass
    assert (tmp_path / "p.tif").read_bytes() == b"mine"
    with draw(source, tmp_path / "p.tif", values, overwrite=True):
        pass
    assert sorted(os.listdir(tmp_path)) == ["e.tif", "p.tif"]


def test_a_folder_that_takes_no_files_is_named(tmp_path):
    source, values = embedding(tmp_path / "e.tif")
    if not Path("/proc/self").is_dir():
        pytest.skip("no /proc: nothing here refuses files even to root")
    with pytest.raises(OutputError, match=r"p\.tif cannot be written"), draw(source, Path("/proc/self/p.tif"), values):
        pass
