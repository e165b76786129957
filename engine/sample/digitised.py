"""Training areas as an analyst would draw them over the simulated scene: a few small polygons per class."""

from __future__ import annotations

from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from scipy import ndimage

from engine.sample.land import CLASSES

#: Polygons per class, where the class has room for as many.
PER_CLASS = 8
_CORNERS = 9
#: Nobody draws a polygon of less than about three pixels across, or outlines a whole forest.
_LEAST_RADIUS_PX, _MOST_RADIUS_PX = 1.5, 7.0
#: A hand keeps a little inside the border it sees.
_INSIDE = 0.8


def digitise(labels: NDArray[np.uint8], transform: Affine, crs: str, seed: int) -> dict[str, Any]:
    """GeoJSON in ``crs`` ("EPSG:N") of polygons inside the classes of ``labels`` (h, w).

    Each has the properties ``class``, its name, and ``colour``, "#rrggbb". They keep away from each other, so that they
    are spread over the scene; the same seed gives the same polygons.
    """
    rng = np.random.default_rng([seed, 2])
    features = []
    for value, (name, rgb) in CLASSES.items():
        properties = {"class": name, "colour": "#{:02x}{:02x}{:02x}".format(*rgb)}
        for row, col, radius in _places(labels == value):
            angles = 2 * np.pi * (np.arange(_CORNERS) + 0.4 * rng.random(_CORNERS)) / _CORNERS
            reach = radius * (0.7 + 0.3 * rng.random(_CORNERS))
            cols, rows = col + 0.5 + reach * np.cos(angles), row + 0.5 - reach * np.sin(angles)
            corners = [transform @ corner for corner in zip(cols.tolist(), rows.tolist(), strict=True)]
            ring = [[round(x, 1), round(y, 1)] for x, y in corners]
            geometry = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
            features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    # RFC 7946 knows longitude and latitude only; with the older "crs" member the layer lies in the CRS of the images,
    # so that a project does not take on another one with it.
    named = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{crs.removeprefix('EPSG:')}"}}
    return {"type": "FeatureCollection", "name": "training", "crs": named, "features": features}


def _places(inside: NDArray[np.bool_]) -> list[tuple[int, int, float]]:
    """Centres and radii in px: the roomiest place first, each at a distance from those before."""
    room: NDArray[np.float64] = ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
    apart = min(room.shape) / 10
    rows, cols = np.indices(room.shape)
    found: list[tuple[int, int, float]] = []
    while len(found) < PER_CLASS:
        row, col = np.unravel_index(room.argmax(), room.shape)
        radius = min(_INSIDE * room[row, col], _MOST_RADIUS_PX)
        if radius < _LEAST_RADIUS_PX:
            break
        found.append((int(row), int(col), float(radius)))
        room[np.hypot(rows - row, cols - col) < apart] = 0
    return found
