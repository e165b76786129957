"""A whole embedding, a strip at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.errors import CancelledError
from engine.progress import CancelCallback, Progress, ProgressCallback
from engine.raster.feature_raster import FeatureRaster

#: What is made of a strip is a few times as large.
_STRIP_BYTES = 32 * 2**20


def feature_strips(
    raster: FeatureRaster, message: str, progress: ProgressCallback, cancelled: CancelCallback
) -> Iterator[tuple[int, np.ndarray]]:
    """First row and cells (dims, n, cols) float32 of every strip, from top to bottom.

    ``message`` tells in the progress what is done with them. Raises CancelledError between strips.
    """
    for row0, row1 in raster.strips(_STRIP_BYTES):
        if cancelled():
            raise CancelledError("Cancelled; nothing was written.")
        yield row0, raster.read(row0, row1)
        progress(Progress(row1 / raster.rows, message))
