"""Windows of an image on a grid, with one mask of the pixels that hold a measurement."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType

import numpy as np

from engine.errors import SourceError
from engine.raster.band_files import Block, FileOnGrid, file_on_grid, is_resampled
from engine.raster.grid import Grid
from engine.raster.image import Image
from engine.raster.opening import READ_ERRORS, gdal_environment, reason_of

#: Types that go to the device as they are; others become float32.
_NATIVE = frozenset(("uint8", "int8", "uint16", "int16", "int32", "float32"))
#: Limits of the block cache: enough for small files of any layout; a row of blocks beyond it is decoded anew with every
#: strip that reads from it.
_MIN_CACHE_BYTES, _MAX_CACHE_BYTES = 64 * 2**20, 1024 * 2**20


class GridReader:
    """Reads bands of an image in windows of a grid; a context manager, to be used by one thread at a time.

    A file whose own lattice is the grid's is read as it stands. Any other is warped lazily:
    bilinear, or the average where the grid's pixels are more than 1.5 times the file's, its
    mask by the nearest pixel; nodata never mixes into its neighbours.

    A pixel is valid when it lies inside every file, is not masked (alpha, mask band, mask
    file), and every used band holds a finite number other than its nodata. With
    ``sensor_nodata`` it is also invalid where all used bands hold that value (0 in
    Sentinel-2 and Landsat products that do not say so).

    Args:
        image: the image.
        grid: where to read it, from ``common_grid``.
        bands: 0-based numbers of the image's bands, in the order wanted.
        sensor_nodata: value that marks no data by the operator's specification.

    Raises:
        SourceError: on entering, a file that cannot be opened or read in windows.
        GridError: on entering, an image without georeference on a grid other than its own.
    """

    def __init__(self, image: Image, grid: Grid, bands: Sequence[int], sensor_nodata: float | None = None) -> None:
        self.image = image
        self.grid = grid
        self.bands = tuple(bands)
        self.sensor_nodata = sensor_nodata
        #: What GDAL's block cache may hold while this reader reads; see ``block_cache``.
        self.cache_bytes = _MIN_CACHE_BYTES
        self._parts: list[tuple[list[int], FileOnGrid]] = []
        self._stack = ExitStack()
        groups: dict[tuple[str, str, float | str | None], list[int]] = {}
        for place, band in enumerate(self.bands):
            source = image.sources[band]
            # NaN is not equal to itself: it would make a group of every band.
            nodata = "nan" if source.nodata is not None and math.isnan(source.nodata) else source.nodata
            groups.setdefault((source.file, source.dtype, nodata), []).append(place)
        self._groups = list(groups.values())
        kinds = {
            source.dtype if source.dtype in _NATIVE and not is_resampled(source, grid) else "float32"
            for source in (image.sources[band] for band in self.bands)
        }
        self.dtype: np.dtype = np.dtype(kinds.pop() if len(kinds) == 1 else "float32")

    def __enter__(self) -> GridReader:
        with gdal_environment(), ExitStack() as stack:
            for places in self._groups:
                sources = [self.image.sources[self.bands[place]] for place in places]
                part = file_on_grid(sources, self.grid, self.sensor_nodata)
                try:
                    part.open(stack)
                except READ_ERRORS as error:
                    raise SourceError(
                        f"{sources[0].file_name} cannot be opened{reason_of(error, Path(sources[0].file))}.",
                        "Check that the file is still there and whole.",
                    ) from error
                self._parts.append((places, part))
            self._stack = stack.pop_all()
        return self

    @property
    def block_row_bytes(self) -> int:
        """The decoded size of one row of blocks of all files: what the cache must hold for each to be decoded once."""
        return sum(part.block_row_bytes for _, part in self._parts)

    @property
    def block_columns(self) -> int:
        """How many columns of the grid the widest block of a file covers."""
        return max(part.block_columns for _, part in self._parts)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._parts = []
        self._stack.close()

    def read(self, row0: int, row1: int, col0: int = 0, col1: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Values (C, h, w) and validity (h, w) of a window inside the grid, ends excluded.

        Values are raw, without the file's scale and offset, in ``dtype``: the type of the
        files where all are alike and none is resampled, else float32. Invalid pixels are 0.

        Raises:
            SourceError: a damaged part of a file; the message names file and window.
        """
        col1 = self.grid.width if col1 is None else col1
        if not (0 <= row0 < row1 <= self.grid.height and 0 <= col0 < col1 <= self.grid.width):
            raise ValueError(f"window rows {row0}–{row1}, columns {col0}–{col1} outside {self.grid.describe()}")
        if not self._parts:
            raise ValueError("a GridReader reads inside its with-block")
        values = np.zeros((len(self.bands), row1 - row0, col1 - col0), dtype=self.dtype)
        valid = np.ones(values.shape[1:], dtype=bool)
        empty = np.ones(values.shape[1:], dtype=bool)
        for places, part in self._parts:
            block = self._read_part(part, row0, row1, col0, col1)
            with np.errstate(over="ignore", invalid="ignore"):
                values[places] = block.values
            valid &= block.measured
            if block.unfilled is not None:
                empty &= block.unfilled
        if self.sensor_nodata is not None:
            valid &= ~empty
        if values.dtype.kind == "f":
            # float64 beyond float32 has become infinite.
            valid &= np.isfinite(values).all(axis=0)
        values[:, ~valid] = 0
        return values, valid

    def _read_part(self, part: FileOnGrid, row0: int, row1: int, col0: int, col1: int) -> Block:
        try:
            # GDAL's settings belong to a thread, and the one that reads need not be the one that opened; the cache
            # belongs to all threads, and whoever sets it shrinks or grows it at once.
            with gdal_environment(GDAL_CACHEMAX=self.cache_bytes):
                return part.read(row0, row1, col0, col1)
        except READ_ERRORS as error:
            raise SourceError(
                f"{part.sources[0].file_name}: rows {row0}–{row1}, columns {col0}–{col1} of the grid cannot be"
                f" read{reason_of(error, Path(part.sources[0].file))}.",
                "The file may be damaged or incomplete: copy or download it again.",
            ) from error


@contextmanager
def block_cache(readers: Sequence[GridReader]) -> Iterator[None]:
    """Sizes GDAL's block cache for reading these open readers from top to bottom.

    One row of blocks of every file, and a little: with less a block is decoded more than
    once, with more the memory of a run grows with the raster until the cache is full.
    """
    size = min(max(_MIN_CACHE_BYTES, int(1.25 * sum(reader.block_row_bytes for reader in readers))), _MAX_CACHE_BYTES)
    for reader in readers:
        reader.cache_bytes = size
    try:
        yield
    finally:
        # The next setting shrinks the cache, which gives its memory back.
        with gdal_environment():
            pass
