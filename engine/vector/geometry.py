"""Geometries made fit for use: read, mended, brought to another CRS."""

from __future__ import annotations

import numpy as np
import rasterio.warp
import shapely
from rasterio._err import CPLE_BaseError
from rasterio.crs import CRS
from rasterio.errors import RasterioError

#: Geometries that are projected at once; where one has no place, they are halved until it is found.
_AT_ONCE = 4096


def sound(wkb: np.ndarray, only: int | None = None) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Valid geometries of WKB (n,), the numbers of the features they are of, and notes on what was left out or mended.

    ``only``: the dimension of those to keep; None for all.
    """
    geometries = shapely.from_wkb(wkb, on_invalid="fix")
    notes: list[str] = []
    missing = shapely.is_missing(geometries) | shapely.is_empty(geometries)
    if missing.any():
        notes.append(f"{count_of(int(missing.sum()), 'feature has', 'features have')} no geometry; left out")
    keep = np.flatnonzero(~missing)
    finite = np.isfinite(shapely.bounds(geometries[keep])).all(axis=1)
    if only is not None:
        finite &= shapely.get_dimensions(geometries[keep]) == only
    keep = keep[finite]
    whole = geometries[keep]
    wrong = ~shapely.is_valid(whole)
    if wrong.any():
        whole[wrong] = _mended(whole[wrong])
        gone = shapely.is_empty(whole)
        mended = int(wrong.sum()) - int(gone.sum())
        if mended:
            notes.append(f"{count_of(mended, 'invalid geometry was', 'invalid geometries were')} mended")
        if gone.any():
            notes.append(f"{count_of(int(gone.sum()), 'geometry encloses', 'geometries enclose')} no area; left out")
            whole, keep = whole[~gone], keep[~gone]
    return whole, keep, tuple(notes)


def moved(geometries: np.ndarray, source: CRS, target: CRS) -> tuple[np.ndarray, np.ndarray]:
    """Geometries (n,) in another CRS, and which of them (n,) have a place there; the others are None.

    Straight edges stay straight between their ends, as QGIS draws them.
    """
    out = np.full(len(geometries), None, dtype=object)
    for start in range(0, len(geometries), _AT_ONCE):
        _move(geometries, out, slice(start, min(start + _AT_ONCE, len(geometries))), source, target)
    placed = ~shapely.is_missing(out)
    wrong = np.flatnonzero(placed)[~shapely.is_valid(out[placed])]
    if len(wrong):
        out[wrong] = _mended(out[wrong])
        placed[wrong] &= ~shapely.is_empty(out[wrong])
    return out, placed


def single_parts(geometries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All single geometries in ``geometries`` (n,) and the index that each comes from; collections are opened."""
    parts, origin = shapely.get_parts(geometries, return_index=True)
    nested = shapely.get_type_id(parts) >= shapely.GeometryType.MULTIPOINT.value
    while nested.any():
        inner, index = shapely.get_parts(parts[nested], return_index=True)
        origin = np.concatenate([origin[~nested], origin[nested][index]])
        parts = np.concatenate([parts[~nested], inner])
        nested = shapely.get_type_id(parts) >= shapely.GeometryType.MULTIPOINT.value
    order = np.argsort(origin, kind="stable")
    return parts[order], origin[order]


def count_of(number: int, one: str, many: str) -> str:
    """``1 feature has``, ``3 features have``."""
    return f"{number:,} {one if number == 1 else many}"


def _move(geometries: np.ndarray, out: np.ndarray, part: slice, source: CRS, target: CRS) -> None:
    points = shapely.get_coordinates(geometries[part])
    try:
        xs, ys = rasterio.warp.transform(source, target, points[:, 0], points[:, 1])
    except (RasterioError, CPLE_BaseError):
        xs, ys = [], []
    new = np.column_stack([xs, ys])
    if len(new) == len(points) and np.isfinite(new).all():
        # A copy: shapely changes what it is given.
        out[part] = shapely.set_coordinates(geometries[part].copy(), new)
    elif part.stop - part.start > 1:
        middle = (part.start + part.stop) // 2
        _move(geometries, out, slice(part.start, middle), source, target)
        _move(geometries, out, slice(middle, part.stop), source, target)


def _mended(geometries: np.ndarray) -> np.ndarray:
    """Valid ones of the same kind: areas without the lines and points they may collapse to."""
    areas = shapely.get_dimensions(geometries) == 2
    out = geometries.copy()
    out[areas] = shapely.make_valid(geometries[areas], method="structure", keep_collapsed=False)
    out[~areas] = shapely.make_valid(geometries[~areas])
    return out
