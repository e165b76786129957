"""Labels of cells that are chips: the class that most labelled pixels of a chip have."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.errors import CancelledError
from engine.progress import CancelCallback
from engine.raster.feature_raster import FeatureRaster
from engine.vector.labels import SceneLabels


def cell_labels(
    raster: FeatureRaster, labels: SceneLabels, cancelled: CancelCallback
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Rows, columns, classes and groups (n,) int64 of the chips with labels, one row of chips at a time.

    ``raster`` is an embedding at level "chips". A chip's class is the one that most of its labelled pixels have, its
    group the one that most pixels of that class are in; the lower number wins a tie.
    """
    source, chip = raster.source_grid, raster.record.chip
    step = round((~source.transform @ raster.grid.transform).a)
    touched = _touched(raster, labels, step, chip)
    for row in np.flatnonzero(touched.any(axis=1)).tolist():
        found = []
        for col in np.flatnonzero(touched[row]).tolist():
            if cancelled():
                raise CancelledError("Cancelled; nothing was written.")
            top, left = row * step, col * step
            classes, groups = labels.read(top, min(top + chip, source.height), left, min(left + chip, source.width))
            inside = classes >= 0
            if inside.any():
                number = int(np.bincount(classes[inside]).argmax())
                members, counts = np.unique(groups[classes == number], return_counts=True)
                found.append((row, col, number, int(members[counts.argmax()])))
        if found:
            table = np.array(found, np.int64)
            yield table[:, 0], table[:, 1], table[:, 2], table[:, 3]


def _touched(raster: FeatureRaster, labels: SceneLabels, step: int, chip: int) -> np.ndarray:
    """Which chips (rows, cols) bool share pixels with a window that holds labels."""
    touched = np.zeros((raster.rows, raster.cols), bool)
    for row0, row1, col0, col1 in labels.windows():
        top, left = max(0, (row0 - chip) // step + 1), max(0, (col0 - chip) // step + 1)
        touched[top : -(-row1 // step), left : -(-col1 // step)] = True
    return touched
