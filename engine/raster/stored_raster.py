"""A finished embedding as it stands in its GeoTIFF, piece by piece, to be written in another format."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import numpy as np
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.windows import Window

from engine.raster.opening import gdal_environment


class StoredRaster:
    """An embedding's stored values and all it tells of itself; a context manager, to be read by any threads.

    ``dims`` × ``rows`` × ``cols`` values of ``dtype`` ("float32", "float16", "int8"), in blocks of ``block`` rows and
    columns. ``scales`` (dims,) are int8's, else None.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._own = threading.local()
        self._stack = ExitStack()
        self._opening = threading.Lock()
        dataset = self._dataset()
        self.dims, self.rows, self.cols = dataset.count, dataset.height, dataset.width
        self.block: tuple[int, int] = dataset.block_shapes[0]
        half = dataset.tags(1, ns="IMAGE_STRUCTURE").get("NBITS") == "16"
        self.dtype = np.dtype(np.float16 if half else dataset.dtypes[0])
        self.scales: np.ndarray | None = np.array(dataset.scales) if self.dtype == np.int8 else None
        self.transform: Affine = dataset.transform
        self.crs: CRS | None = dataset.crs
        self.names: tuple[str, ...] = tuple(name or "" for name in dataset.descriptions)
        # The geometry of the cells is told by each format in its own words.
        self.tags: dict[str, str] = {key: text for key, text in dataset.tags().items() if key != "AREA_OR_POINT"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def nodata(self) -> float:
        """The stored value without data: −128, or NaN."""
        return -128 if self.dtype == np.int8 else float("nan")

    def read(self, row0: int, row1: int, col0: int, col1: int, band0: int = 0, band1: int | None = None) -> np.ndarray:
        """Stored values (bands, h, w), ends excluded, in ``dtype``."""
        bands = list(range(band0 + 1, (self.dims if band1 is None else band1) + 1))
        with gdal_environment():
            values: np.ndarray = self._dataset().read(bands, window=Window(col0, row0, col1 - col0, row1 - row0))
        return values.astype(self.dtype, copy=False)

    def windows(self, most_bytes: int) -> Iterator[tuple[int, int, int, int]]:
        """Windows (row0, row1, col0, col1) of whole blocks from top to bottom, of ``most_bytes`` or one block each."""
        rows, cols = self.block
        width = cols * max(1, most_bytes // (self.dims * rows * cols * self.dtype.itemsize))
        for row in range(0, self.rows, rows):
            for col in range(0, self.cols, width):
                yield row, min(row + rows, self.rows), col, min(col + width, self.cols)

    def _dataset(self) -> rasterio.io.DatasetReader:
        """The dataset of this thread: GDAL takes no two threads in one."""
        if not hasattr(self._own, "dataset"):
            with gdal_environment(), self._opening:
                self._own.dataset = self._stack.enter_context(rasterio.open(self._path))
        return self._own.dataset
