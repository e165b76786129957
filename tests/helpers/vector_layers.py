"""A small grid to lay vector layers on, and geometries given by its columns and rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely
from affine import Affine
from rasterio.crs import CRS

from engine.raster.grid import Grid

#: 10 m pixels in UTM zone 33.
TRANSFORM = Affine(10, 0, 500_000, 0, -10, 5_000_000)
UTM = CRS.from_epsg(32633)
GRID = Grid(UTM, TRANSFORM, 20, 12)

WriteLayer = Callable[..., str]
WriteClasses = Callable[..., str]


def at(geometry: shapely.Geometry) -> shapely.Geometry:
    """A geometry given in columns and rows of ``GRID``, in its coordinates."""
    return shapely.transform(geometry, lambda points: np.array([TRANSFORM @ tuple(point) for point in points]))


def box(col0: float, row0: float, col1: float, row1: float) -> shapely.Geometry:
    """A rectangle of ``GRID``, in its coordinates."""
    return at(shapely.box(col0, row0, col1, row1))
