"""A grid as text is the same grid when it is read back, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from affine import Affine
from rasterio.crs import CRS

from engine.errors import GridError
from engine.raster.grid import Grid
from engine.raster.grid_text import grid_from_text, grid_to_text

TURNED = Affine.translation(500_000.123456789, 5e6) @ Affine.rotation(12.5) @ Affine.scale(10 / 3, -10 / 3)
CUSTOM = CRS.from_proj4("+proj=laea +lat_0=12.3 +lon_0=45.6 +ellps=WGS84 +units=m")


@pytest.mark.parametrize("crs", [CRS.from_epsg(32633), CUSTOM, None])
def test_a_grid_comes_back_pixel_for_pixel(crs):
    grid = Grid(crs, TURNED, 1234, 567)
    again = grid_from_text(grid_to_text(grid))
    assert again.crs == grid.crs and again.transform == grid.transform and again.same_as(grid)


@pytest.mark.parametrize(
    "text", ["{}", "{not JSON", '{"crs": "Atlantis", "transform": [1, 0, 0, 0, 1, 0], "width": 1}']
)
def test_anything_else_is_refused(text):
    with pytest.raises(GridError, match="no grid"):
        grid_from_text(text)
