"""Where a dataset lies: its geotransform, else its ground control points, else nowhere."""

from __future__ import annotations

import math

from affine import Affine
from rasterio._err import CPLE_BaseError
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.errors import CRSError, RasterioError
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT

from engine.raster.crs import names_a_file
from engine.raster.grid import Grid

#: GDAL's warper takes alpha as a share of its type's largest value; here any alpha but 0 counts as opaque.
ALPHA_ABOVE_0 = {"SRC_ALPHA_MAX": "1"}


def georeference(dataset: DatasetReader) -> tuple[Grid, bool, tuple[str, ...]]:
    """The dataset's grid, whether it comes from ground control points, and notes for the user.

    A dataset without usable georeference, or with rational polynomials (RPC) only, gets a
    grid in pixels without CRS.
    """
    width, height = dataset.width, dataset.height
    crs, notes = _crs(dataset)
    transform = dataset.transform
    if _usable(transform):
        return Grid(crs, transform, width, height), False, notes
    points, points_crs = dataset.gcps
    if points and (points_crs or crs):
        try:
            with gcp_dataset(dataset) as warped:
                grid = Grid(warped.crs, warped.transform, warped.width, warped.height)
            if _usable(grid.transform):
                return grid, True, (*notes, f"placed by its {len(points)} ground control points")
        except (RasterioError, CPLE_BaseError):
            notes = (*notes, "its ground control points cannot be used")
    elif dataset.rpcs is not None:
        notes = (*notes, "has rational polynomials (RPC) only: orthorectify it to place it on the map")
    elif crs is not None:
        notes = (*notes, "has a CRS but no position")
    return Grid(None, Affine.identity(), width, height), False, notes


def gcp_dataset(dataset: DatasetReader) -> WarpedVRT:
    """The dataset on a north-up grid by its ground control points, nearest pixel, NaN where it has none (float32)."""
    points_crs = dataset.gcps[1] or dataset.crs
    return WarpedVRT(
        dataset,
        crs=points_crs,
        resampling=Resampling.nearest,
        src_nodata=None,
        nodata=math.nan,
        dtype="float32",
        **ALPHA_ABOVE_0,
    )


def _crs(dataset: DatasetReader) -> tuple[CRS | None, tuple[str, ...]]:
    try:
        crs = dataset.crs
        if crs and names_a_file(crs):
            return None, ("its CRS names a file with grid shifts, which is not followed",)
        return (crs if crs else None), ()
    except (CRSError, CPLE_BaseError):
        return None, ("its CRS cannot be read",)


def _usable(transform: Affine) -> bool:
    """False for the identity, which stands for "none", and for transforms that no pixel survives."""
    values = transform[:6]
    return (
        all(math.isfinite(value) for value in values)
        and not transform.almost_equals(Affine.identity())
        and not transform.almost_equals(Affine.scale(1, -1))
        and abs(transform.determinant) > 1e-30
    )
