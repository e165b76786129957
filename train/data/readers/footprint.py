"""Where two images without a common grid share the ground: a square, in pixels of each."""

from __future__ import annotations

import math
from dataclasses import dataclass

import shapely

#: West, south, east, north in degrees.
LonLat = tuple[float, float, float, float]
#: First row, first column, height and width in pixels, fractions allowed.
Window = tuple[float, float, float, float]

#: A footprint that fills less of its envelope is turned: its pixels do not run along the meridians.
_UPRIGHT = 0.9
#: Slack in pixels where edges should fall on whole ones.
_SLACK_PX = 1e-3


@dataclass(frozen=True)
class Placed:
    """An image of ``height`` × ``width`` px; ``bounds`` None where its metadata do not tell its place."""

    height: int
    width: int
    bounds: LonLat | None


def wkt_bounds(text: str) -> LonLat | None:
    """The envelope of a footprint in WKT, in degrees; None for what is no polygon, impossible, or turned."""
    try:
        shape = shapely.from_wkt(text)
    except (shapely.errors.ShapelyError, TypeError):
        return None
    if shape is None or shape.is_empty or shape.geom_type not in ("Polygon", "MultiPolygon"):
        return None
    west, south, east, north = shape.bounds
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        return None
    if shape.area < _UPRIGHT * (east - west) * (north - south):
        return None
    return west, south, east, north


def shared_square(fine: Placed, coarse: Placed) -> tuple[Window, Window] | None:
    """The largest square of ground in the middle of what both images show, as windows of ``fine`` and ``coarse``.

    It consists of whole pixels of ``coarse``, so that both windows show the same ground. Where a place is not known
    both images are taken to show the same ground, in square pixels of ``fine``. None where they share none.
    """
    if fine.bounds is None or coarse.bounds is None:
        side: float = min(fine.height, fine.width)
        share = 0.5 * side / fine.width, 0.5 * side / fine.height
        middle = (0.5, 0.5)
        unit_fine = unit_coarse = (0.0, 0.0, 1.0, 1.0)
    else:
        west, south = max(fine.bounds[0], coarse.bounds[0]), max(fine.bounds[1], coarse.bounds[1])
        east, north = min(fine.bounds[2], coarse.bounds[2]), min(fine.bounds[3], coarse.bounds[3])
        if west >= east or south >= north:
            return None
        middle = ((west + east) / 2, (south + north) / 2)
        narrow = math.cos(math.radians(middle[1]))
        side = min((east - west) * narrow, north - south)
        share = (0.5 * side / narrow, 0.5 * side)
        unit_fine, unit_coarse = fine.bounds, coarse.bounds
    box = (middle[0] - share[0], middle[1] - share[1], middle[0] + share[0], middle[1] + share[1])
    row, col, height, width = _window(box, unit_coarse, coarse)
    row0, col0 = math.ceil(row - _SLACK_PX), math.ceil(col - _SLACK_PX)
    row1, col1 = math.floor(row + height + _SLACK_PX), math.floor(col + width + _SLACK_PX)
    if row1 <= row0 or col1 <= col0:
        return None
    whole = _box((row0, col0, row1 - row0, col1 - col0), unit_coarse, coarse)
    return _window(whole, unit_fine, fine), (row0, col0, row1 - row0, col1 - col0)


def _window(box: LonLat, bounds: LonLat, image: Placed) -> Window:
    """A box in units of ``bounds`` as a window of the image that fills them."""
    per_x, per_y = image.width / (bounds[2] - bounds[0]), image.height / (bounds[3] - bounds[1])
    row, col = (bounds[3] - box[3]) * per_y, (box[0] - bounds[0]) * per_x
    return row, col, (box[3] - box[1]) * per_y, (box[2] - box[0]) * per_x


def _box(window: Window, bounds: LonLat, image: Placed) -> LonLat:
    row, col, height, width = window
    per_x, per_y = (bounds[2] - bounds[0]) / image.width, (bounds[3] - bounds[1]) / image.height
    north, west = bounds[3] - row * per_y, bounds[0] + col * per_x
    return west, north - height * per_y, west + width * per_x, north
