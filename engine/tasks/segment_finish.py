"""What follows once every pixel has its class: small patches removed, patches as polygons."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rasterio
from rasterio.windows import Window

from engine.errors import CancelledError
from engine.heads.head import HeadInfo
from engine.progress import CancelCallback, Progress, ProgressCallback
from engine.raster.grid import Grid
from engine.raster.opening import gdal_environment
from engine.raster.sieve import sieve_strips
from engine.tasks.segment_maps import NO_CLASS, ClassRaster
from engine.vector.polygons import polygonise, write_polygons

#: ``read(row0, row1)`` → numbers of classes (row1 − row0, width) int32, ``NO_CLASS`` where there is no data.
Read = Callable[[int, int], np.ndarray]


def sieve(
    numbers: Path, raster: ClassRaster, grid: Grid, least_px: int, progress: ProgressCallback, cancelled: CancelCallback
) -> None:
    """Writes to ``raster`` the classes of ``numbers`` (of a ``NumberRaster``), small patches given to neighbours."""
    with _numbers(numbers, None) as read:
        for row, rows in sieve_strips(read, grid.height, grid.width, least_px):
            if cancelled():
                raise CancelledError("Cancelled; nothing was written.")
            raster.write(row, 0, rows)
            progress(Progress((row + len(rows)) / grid.height, "Removing small patches"))


def write_class_polygons(
    classes: Path, polygons: Path, grid: Grid, info: HeadInfo, progress: ProgressCallback, cancelled: CancelCallback
) -> None:
    """Writes to ``polygons`` the patches of the finished class raster ``classes``."""
    numbers = np.full(int(np.iinfo(info.dtype).max) + 1, NO_CLASS, np.int32)
    for number, each in enumerate(info.classes):
        numbers[each.value] = number
    with _numbers(classes, numbers) as read:

        def watched(row0: int, row1: int) -> np.ndarray:
            if cancelled():
                raise CancelledError("Cancelled; nothing was written.")
            progress(Progress(row0 / grid.height, "Drawing polygons"))
            return read(row0, row1)

        found = polygonise(watched, grid.height, grid.width, grid.transform)
        write_polygons(polygons, found, info.classes, grid.crs, cancelled)


@contextmanager
def _numbers(path: Path, table: np.ndarray | None) -> Iterator[Read]:
    """Reads numbers of classes from a raster of one band, whose values ``table`` turns into them, if they are not."""
    with gdal_environment(), rasterio.open(path) as dataset:

        def read(row0: int, row1: int) -> np.ndarray:
            values: np.ndarray = dataset.read(1, window=Window(0, row0, dataset.width, row1 - row0))
            return values if table is None else table[values]

        yield read
