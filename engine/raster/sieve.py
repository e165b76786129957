"""Remove small regions from a raster of classes, strip by strip, with the result of the whole raster."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from skimage.measure import label

#: Rows beyond a strip that are looked at, at most: a larger ``least_px`` is exact for regions that are not longer.
_MAX_HALO = 512
_STRIP_PX = 2**19


def sieve_strips(
    read: Callable[[int, int], np.ndarray],
    rows: int,
    cols: int,
    least_px: int,
    strip_rows: int | None = None,
) -> Iterator[tuple[int, np.ndarray]]:
    """Strips (first row, values int32) of a raster in which regions of fewer than ``least_px`` pixels are dissolved.

    ``read(row0, row1)`` → int32 (row1 − row0, cols), −1 where there is nothing; rows are asked for once, from top to
    bottom. See ``sieve`` for the rule. It looks no further than the neighbours of small regions, so that strips, read
    with a margin, fit together.
    """
    halo = min(4 * least_px, _MAX_HALO)
    height = strip_rows or max(halo, 1, min(rows, _STRIP_PX // max(1, cols)))
    held = np.empty((0, cols), np.int32)
    held_from = 0
    for row0 in range(0, rows, height):
        row1 = min(row0 + height, rows)
        first, last = max(0, row0 - halo), min(rows, row1 + halo)
        held, held_from = held[first - held_from :], first
        end = held_from + len(held)
        if end < last:
            held = np.concatenate([held, read(end, last)])
        yield row0, sieve(held, least_px)[row0 - first : row1 - first]


def sieve(values: np.ndarray, least_px: int) -> np.ndarray:
    """A raster of classes (h, w), −1 where there is nothing, without regions of fewer than ``least_px`` pixels.

    Regions are pixels of one class that share edges. A small one takes the class that it has the longest border with,
    among neighbours that are large or have become part of a large one; of equally long ones the lowest. One that has
    none, an island in nothing, stays. What is nothing neither grows nor shrinks.
    """
    regions = label(values, background=-1, connectivity=1).astype(np.int64)
    sizes = np.bincount(regions.ravel())
    class_of = np.full(len(sizes), -1, np.int32)
    class_of[regions.ravel()] = values.ravel()
    settled = sizes >= least_px
    class_of[0], settled[0] = -1, False
    if least_px <= 1 or settled[1:].all():
        return np.asarray(values, np.int32)
    one, other, length = _borders(regions)
    # Each border once from either side, as far as a small region lies on the one.
    one, other, length = np.concatenate([one, other]), np.concatenate([other, one]), np.tile(length, 2)
    while True:
        useful = ~settled[one] & settled[other]
        if not useful.any():
            break
        small, classes, lengths = one[useful], class_of[other[useful]], length[useful]
        pairs, place = np.unique(np.column_stack([small, classes]), axis=0, return_inverse=True)
        total = np.bincount(place.ravel(), lengths)
        order = np.lexsort((pairs[:, 1], -total, pairs[:, 0]))
        winners, at = np.unique(pairs[order, 0], return_index=True)
        class_of[winners] = pairs[order[at], 1]
        settled[winners] = True
        left = ~settled[one]
        one, other, length = one[left], other[left], length[left]
    return class_of[regions]


def _borders(regions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of regions that share edges, and how many edges of a pixel they share; region 0 is nothing."""
    across = np.stack([regions[:, :-1].ravel(), regions[:, 1:].ravel()])
    down = np.stack([regions[:-1].ravel(), regions[1:].ravel()])
    pairs = np.concatenate([across, down], axis=1)
    pairs = np.sort(pairs[:, (pairs[0] != pairs[1]) & (pairs > 0).all(axis=0)], axis=0)
    codes, lengths = np.unique(pairs[0] * (int(regions.max()) + 1) + pairs[1], return_counts=True)
    return codes // (int(regions.max()) + 1), codes % (int(regions.max()) + 1), lengths
