"""Small rasters at a known place, and reading them: shared by the tests of readers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from affine import Affine
from rasterio.crs import CRS

from engine.raster.grid import Grid
from engine.raster.image import Image
from engine.raster.reader import GridReader

UTM33 = CRS.from_epsg(32633)
LEFT, TOP = 500_000, 5_000_000


def grid_at(gsd: float, width: int, height: int, left: float = LEFT, top: float = TOP) -> Grid:
    return Grid(UTM33, Affine(gsd, 0, left, 0, -gsd, top), width, height)


def affine_at(gsd: float, left: float = LEFT, top: float = TOP) -> Affine:
    return Affine(gsd, 0, left, 0, -gsd, top)


def read(
    image: Image, grid: Grid | None = None, bands: Sequence[int] | None = None, sensor_nodata: float | None = None
) -> tuple[np.ndarray, np.ndarray]:
    grid = grid or image.grid
    with GridReader(image, grid, range(image.band_count) if bands is None else bands, sensor_nodata) as reader:
        return reader.read(0, grid.height)


def ramp(height: int, width: int, dtype: str = "uint16", count: int = 1) -> np.ndarray:
    """Values that tell where they are: 1000 + 10·row + column, + 1 per band."""
    rows, cols = np.mgrid[0:height, 0:width]
    return np.stack([1000 + 10 * rows + cols + band for band in range(count)]).astype(dtype)
