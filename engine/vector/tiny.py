"""Polygons that lie between the centres of the pixels: too small or too thin to be drawn, and yet labelled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

#: Pixel centres that are looked at together.
_AT_ONCE = 1_000_000
#: A larger box is looked at piece by piece.
_PIECE_PX = 256


@dataclass(frozen=True)
class Centreless:
    """Features without a pixel centre: ``points`` inside them, ``part`` each is of, and its ``origin``."""

    points: np.ndarray
    part: np.ndarray
    origin: np.ndarray


def centreless(parts: np.ndarray, origin: np.ndarray) -> Centreless:
    """The features none of whose polygons covers the centre of a pixel.

    ``parts`` (n,): single polygons in pixels, whose centres lie at halves; ``origin`` (n,): the feature of each. The
    point is inside the largest part.
    """
    points = shapely.point_on_surface(parts)
    if not len(parts):
        return Centreless(points, np.empty(0, int), np.empty(0, int))
    at = np.floor(shapely.get_coordinates(points)) + 0.5
    seen = np.zeros(int(origin.max()) + 1, bool)
    # Nearly every polygon covers the centre of the pixel that a point inside it lies in.
    seen[origin[shapely.contains_xy(parts, at[:, 0], at[:, 1])]] = True
    left = np.flatnonzero(~seen[origin])
    seen[origin[left[_covers_a_centre(parts[left])]]] = True
    left = np.flatnonzero(~seen[origin])
    # The largest part of each feature that is left.
    order = left[np.lexsort((-shapely.area(parts[left]), origin[left]))]
    first = np.unique(origin[order], return_index=True)[1]
    chosen = order[first]
    return Centreless(points[chosen], chosen, origin[chosen])


def _covers_a_centre(parts: np.ndarray) -> np.ndarray:
    """Whether polygons (n,) cover any centre: all centres of their boxes are tried."""
    found = np.zeros(len(parts), bool)
    if not len(parts):
        return found
    bounds = shapely.bounds(parts)
    first = np.ceil(bounds[:, :2] - 0.5).astype(np.int64)
    last = np.floor(bounds[:, 2:] - 0.5).astype(np.int64)
    sides = np.maximum(last - first + 1, 0)
    counts = sides.prod(axis=1)
    large = counts > _PIECE_PX**2
    for number in np.flatnonzero(large):
        found[number] = _covers_piecewise(parts[number], first[number], last[number])
    todo = np.flatnonzero(~large & (counts > 0))
    ends = np.cumsum(counts[todo])
    start = 0
    while start < len(todo):
        begun = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, begun + _AT_ONCE, side="right")))
        some = todo[start:stop]
        which = np.repeat(some, counts[some])
        step = np.arange(len(which)) - np.repeat(np.cumsum(counts[some]) - counts[some], counts[some])
        across = sides[which, 0]
        xs, ys = first[which, 0] + step % across + 0.5, first[which, 1] + step // across + 0.5
        found[which[shapely.contains_xy(parts[which], xs, ys)]] = True
        start = stop
    return found


def _covers_piecewise(polygon: shapely.Polygon, first: np.ndarray, last: np.ndarray) -> bool:
    """Whether a polygon with a large box, a thin band for instance, covers any centre."""
    for row in range(int(first[1]), int(last[1]) + 1, _PIECE_PX):
        for col in range(int(first[0]), int(last[0]) + 1, _PIECE_PX):
            right, bottom = min(col + _PIECE_PX, int(last[0]) + 1), min(row + _PIECE_PX, int(last[1]) + 1)
            piece = shapely.clip_by_rect(polygon, col, row, right, bottom)
            if shapely.is_empty(piece):
                continue
            xs, ys = np.meshgrid(np.arange(col, right) + 0.5, np.arange(row, bottom) + 0.5)
            shapely.prepare(piece)
            if shapely.contains_xy(piece, xs.ravel(), ys.ravel()).any():
                return True
    return False
