"""A grid as JSON text: what ``ImageJob.grid_like`` may be in place of a raster that lies on it."""

from __future__ import annotations

import json

from affine import Affine

from engine.errors import GridError
from engine.raster.crs import parse_crs
from engine.raster.grid import Grid


def grid_to_text(grid: Grid) -> str:
    """The grid as one line; ``grid_from_text`` reads it back, pixel for pixel the same."""
    crs = None if grid.crs is None else grid.crs.to_string()
    values = {"crs": crs, "transform": [*grid.transform][:6], "width": grid.width, "height": grid.height}
    return json.dumps(values)


def grid_from_text(text: str) -> Grid:
    """The grid in a text. Raises GridError for anything else."""
    try:
        values = json.loads(text)
        crs = None if values["crs"] is None else parse_crs(values["crs"])
        grid = Grid(crs, Affine(*map(float, values["transform"])), int(values["width"]), int(values["height"]))
        if grid.width < 1 or grid.height < 1 or grid.transform.determinant == 0:
            raise ValueError("no pixels")
    except (ValueError, KeyError, TypeError, GridError) as error:
        raise GridError(f"This text is no grid: {text[:80]}", "Give a raster that lies on the grid.") from error
    return grid
