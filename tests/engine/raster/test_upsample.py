"""Values of cells at pixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from affine import Affine
from rasterio.crs import CRS

from engine.raster.grid import Grid
from engine.raster.upsample import Upsampler

UTM = CRS.from_epsg(32633)


def _grids(rows: int, cols: int, cell_px: float, height: int, width: int) -> tuple[Grid, Grid]:
    source = Affine(10, 0, 412_340, 0, -10, 5_201_120)
    return (
        Grid(UTM, source @ Affine.scale(cell_px), cols, rows),
        Grid(UTM, source, width, height),
    )


def _upsampled(values: np.ndarray, cell_px: float, height: int, width: int) -> np.ndarray:
    cells, pixels = _grids(*values.shape[1:], cell_px, height, width)
    upsampler = Upsampler(cells, pixels)
    window = (0, height, 0, width)
    assert upsampler.cell_window(*window) == (0, values.shape[1], 0, values.shape[2])
    return upsampler(values, (0, values.shape[1], 0, values.shape[2]), window)


@pytest.mark.parametrize("cell_px", [8, 16, 1, 0.5])
def test_whole_cells_are_upsampled_as_torch_does_it(cell_px: float) -> None:
    values = np.random.default_rng(0).normal(size=(3, 6, 10)).astype(np.float32)
    size = (round(6 * cell_px), round(10 * cell_px))
    wanted = torch.nn.functional.interpolate(
        torch.from_numpy(values)[None], size=size, mode="bilinear", align_corners=False
    )[0].numpy()
    np.testing.assert_allclose(_upsampled(values, cell_px, *size), wanted, atol=2e-5)


def test_windows_agree_with_the_whole_also_where_cells_are_no_whole_pixels() -> None:
    values = np.random.default_rng(1).normal(size=(2, 9, 12)).astype(np.float32)
    values[:, 3, 4] = np.nan
    height, width, cell_px = 63, 85, 100 / 14
    cells, pixels = _grids(9, 12, cell_px, height, width)
    upsampler = Upsampler(cells, pixels)
    whole = _upsampled(values, cell_px, height, width)
    for row0, row1, col0, col1 in [(0, 7, 0, 5), (20, 41, 30, 62), (60, 63, 84, 85)]:
        r0, r1, c0, c1 = upsampler.cell_window(row0, row1, col0, col1)
        part = upsampler(values[:, r0:r1, c0:c1], (r0, r1, c0, c1), (row0, row1, col0, col1))
        np.testing.assert_allclose(part, whole[:, row0:row1, col0:col1], rtol=1e-5, atol=1e-6)


def test_a_cell_without_data_empties_its_own_pixels_and_bends_no_others() -> None:
    values = np.full((1, 3, 3), 5, np.float32)
    values[0, 1, 1] = np.nan
    found = _upsampled(values, 4, 12, 12)[0]
    assert np.isnan(found[4:8, 4:8]).all()
    found[4:8, 4:8] = 5
    np.testing.assert_allclose(found, 5, rtol=1e-6)


def test_single_pixels_take_the_same_cells_as_windows() -> None:
    values = np.random.default_rng(2).normal(size=(2, 5, 7)).astype(np.float32)
    cells, pixels = _grids(5, 7, 8, 40, 56)
    upsampler = Upsampler(cells, pixels)
    rows, cols = (grid.ravel() for grid in np.mgrid[0:40, 0:56])
    numbers, weights = upsampler.at(rows, cols)
    np.testing.assert_allclose(weights.sum(1), 1, rtol=1e-6)
    found = (values.reshape(2, -1)[:, numbers] * weights).sum(-1).reshape(2, 40, 56)
    np.testing.assert_allclose(found, _upsampled(values, 8, 40, 56), atol=1e-5)
    assert upsampler.own(np.array([0, 7, 8, 39]), np.array([0, 8, 8, 55])).tolist() == [0, 1, 8, 34]


def test_lattices_that_are_turned_against_each_other_are_refused() -> None:
    cells, pixels = _grids(5, 7, 8, 40, 56)
    turned = Grid(UTM, pixels.transform @ Affine.rotation(30), 56, 40)
    with pytest.raises(ValueError, match="do not lie along"):
        Upsampler(cells, turned)
