"""Write a large raster of many bands, row by row, in a thread; under its name only once it is whole."""

from __future__ import annotations

import contextlib
import queue
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

import numpy as np
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.windows import Window

from engine.errors import JobError, OutputError
from engine.options import DTYPES
from engine.partial import partial_path
from engine.raster.tiff_files import (
    WRITE_ERRORS,
    check_output,
    output_error,
    overview_factors,
    publish,
    remove,
    verify_whole,
)

INT8_NODATA = -128
INT8_LIMIT = 127
HALF_LIMIT = 65504.0  # IEEE 754-2008: the largest finite binary16

_BYTES = {"float32": 4, "float16": 2, "int8": 1}
# Size on disk over size in memory, ZSTD level 1 with predictor 2, 768 smooth bands with noise, 344² cells.
_PACKED = {"float32": 0.92, "float16": 0.9, "int8": 0.7}
_OVERVIEW_BLOCK = 128
_BUFFER_BYTES = 160_000_000
_BLOCK_HEIGHTS = (128, 64, 32, 16)


def int8_scales(features: np.ndarray) -> np.ndarray:
    """Scale of each band for int8, from a sample of features (D, …) float: max |f| × 1.25 / 127, shape (D,) float64.

    NaN and infinities are left out; a band that is zero throughout gets 1 / 127. Values are stored as
    round(f / scale), clipped to ±127, so a quarter of headroom is left for what the sample did not show.
    """
    sample = np.abs(features.reshape(len(features), -1))
    largest = np.where(np.isfinite(sample), sample, 0).max(axis=1, initial=0).astype(np.float64)
    return np.where(largest > 0, largest * 1.25, 1.0) / INT8_LIMIT


class RasterWriter:
    """A tiled, ZSTD-packed (Big)TIFF of ``dims`` bands, rows × cols, band-interleaved so that three are fast to read.

    ``dtype`` "float32" and "float16" mark nodata as NaN, "int8" as −128, with ``scales`` (dims,) as band scales
    (see int8_scales). Rows come in as float32 with NaN for nodata, from top to bottom. The file grows under a
    hidden temporary name in the same folder and takes its own on finish(); any failure, abort() or exception
    inside the ``with`` block removes it. Leaving the block without exception finishes.
    Raises OutputError where the file cannot be written: it exists and ``overwrite`` is False, the folder is
    missing or cannot be written to, the disk is full or would be.
    """

    def __init__(
        self,
        path: str | Path,
        rows: int,
        cols: int,
        dims: int,
        transform: Affine,
        crs: CRS | None,
        dtype: str = "float32",
        *,
        band_names: Sequence[str],
        tags: Mapping[str, str],
        scales: np.ndarray | None = None,
        overwrite: bool = False,
    ) -> None:
        if dtype not in DTYPES:
            raise JobError(f"There is no output type “{dtype}”.", f"Choose one of: {', '.join(DTYPES)}.")
        if len(band_names) != dims:
            raise ValueError(f"{len(band_names)} band names for {dims} bands")
        if (scales is not None) != (dtype == "int8") or (scales is not None and scales.shape != (dims,)):
            raise ValueError("scales (dims,) belong to int8, and only to int8")
        self.path = Path(path)
        self._shape = (dims, rows, cols)
        self._dtype = dtype
        self._scales = scales
        self._overwrite = overwrite
        self._block = _block_shape(dims, cols, dtype)
        self._next_row = 0
        self._flushed = 0
        self._clipped = 0
        self._stored = 0
        self._done = False
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._buffer = np.empty((dims, self._block[0], cols), np.float32)
        self._overviews = overview_factors(rows, cols)
        self._temporary = partial_path(self.path)

        try:
            check_output(self.path, overwrite)
            self._temporary.touch()
        except OSError as error:
            raise self._output_error(error) from error
        try:
            self._check_space()
            self._dataset = self._create(transform, crs, band_names, tags)
        except WRITE_ERRORS as error:
            failure = self._output_error(error)
            self._remove()
            raise failure from error
        except OutputError:
            self._remove()
            raise
        self._queue: queue.Queue[np.ndarray | None] = queue.Queue(maxsize=2)
        self._thread = threading.Thread(target=self._run, name="raster-writer", daemon=True)
        self._thread.start()

    def __enter__(self) -> RasterWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.abort()
        elif not self._done:
            self.finish()

    @property
    def clipped_share(self) -> float:
        """Share of the valid values written so far that the output type could not hold and that were clipped."""
        return self._clipped / self._stored if self._stored else 0.0

    def write(self, row0: int, rows: np.ndarray) -> None:
        """Queue output rows ``rows`` (dims, n, cols) float32 that start at ``row0``; waits while the queue is full.

        The array belongs to the writer from now on. Raises OutputError where an earlier write has failed,
        ValueError for rows that do not follow the last ones or do not fit.
        """
        if self._done:
            raise ValueError("the raster is closed")
        self._raise_failure()
        dims, height, cols = self._shape
        if row0 != self._next_row or rows.shape[::2] != (dims, cols) or row0 + rows.shape[1] > height:
            raise ValueError(f"rows {rows.shape} at row {row0}, expected {(dims, 'n', cols)} at row {self._next_row}")
        self._next_row += rows.shape[1]
        self._queue.put(rows)

    def finish(self, companion: Callable[[Path], AbstractContextManager[None]] | None = None) -> Path:
        """Write what is buffered, add overviews, move the file to its name; return that path.

        ``companion`` makes a context from the whole raster, inside which it takes its name: what belongs to
        it comes with it or not at all. Raises what the context raises, OutputError where a write has failed,
        ValueError where rows are missing; nothing is left then.
        """
        if self._done:
            raise ValueError("the raster is closed")
        try:
            if self._next_row != self._shape[1]:
                raise ValueError(f"{self._next_row} of {self._shape[1]} rows were written")
            self._queue.put(None)
            self._thread.join()
            self._raise_failure()
            try:
                if self._overviews:
                    self._add_overviews()
                self._dataset.close()
                verify_whole(self._temporary, len(self._overviews))
            except WRITE_ERRORS as error:
                raise self._output_error(error) from error
            with companion(self._temporary) if companion else contextlib.nullcontext():
                try:
                    publish(self._temporary, self.path, self._overwrite)
                except WRITE_ERRORS as error:
                    raise self._output_error(error) from error
        except BaseException:
            self.abort()
            raise
        self._done = True
        return self.path

    def abort(self) -> None:
        """Stop and remove what was written. Safe to call twice, and after finish(), which it does not undo."""
        if self._done:
            return
        self._done = True
        self._stop.set()
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()
        # GDAL flushes on close and may fail to: the file is removed either way.
        with contextlib.suppress(*WRITE_ERRORS):
            self._dataset.close()
        self._remove()

    def _check_space(self) -> None:
        name, folder = self.path.name, self.path.parent
        dims, rows, cols = self._shape
        need = dims * rows * cols * _BYTES[self._dtype] * _PACKED[self._dtype]
        need *= 4 / 3 if self._overviews else 1
        free = shutil.disk_usage(folder).free
        if need > free:
            raise OutputError(
                f"{name} needs about {_size(need)}, but {folder} has {_size(free)} free.",
                "Free some space, choose another folder, or a smaller type (float16, int8).",
            )

    def _create(
        self, transform: Affine, crs: CRS | None, band_names: Sequence[str], tags: Mapping[str, str]
    ) -> rasterio.io.DatasetWriter:
        dims, rows, cols = self._shape
        kind: dict[str, object] = {"dtype": "float32", "nodata": np.nan}
        if self._dtype == "float16":
            kind["nbits"] = 16
        elif self._dtype == "int8":
            kind = {"dtype": "int8", "nodata": INT8_NODATA}
        dataset = rasterio.open(
            self._temporary,
            "w",
            driver="GTiff",
            width=cols,
            height=rows,
            count=dims,
            transform=transform,
            crs=crs,
            tiled=True,
            blockysize=self._block[0],
            blockxsize=self._block[1],
            compress="ZSTD",
            zstd_level=1,
            # Predictor 3 (floating point) packs 3 % better and takes twice as long.
            predictor=2,
            interleave="band",
            bigtiff="IF_SAFER",
            **kind,
        )
        # Before the first rows, so that they lie in the file's head and nothing goes into a sidecar.
        dataset.descriptions = tuple(band_names)
        if self._scales is not None:
            dataset.scales = tuple(float(scale) for scale in self._scales)
            dataset.offsets = (0.0,) * dims
        dataset.update_tags(**tags, AREA_OR_POINT="Area")
        return dataset

    def _run(self) -> None:
        """Take rows from the queue until None; after a failure or abort() only empty it: write() never hangs."""
        while (rows := self._queue.get()) is not None:
            if self._error is not None or self._stop.is_set():
                continue
            try:
                self._take(rows)
            except WRITE_ERRORS as error:
                failure = self._output_error(error)
                failure.__cause__ = error
                self._error = failure
            except BaseException as error:  # carried to write() or finish(), which raises it
                self._error = error

    def _take(self, rows: np.ndarray) -> None:
        """Fill the buffer and write it whenever it holds a whole row of blocks, or the last."""
        block_rows, height = self._block[0], self._shape[1]
        for row in range(rows.shape[1]):
            # Row by row: a plain transposition where the blender keeps the dimensions last.
            filled = self._flushed % block_rows
            self._buffer[:, filled] = rows[:, row]
            self._flushed += 1
            if filled + 1 == block_rows or self._flushed == height:
                if self._stop.is_set():
                    return
                window = Window(0, self._flushed - filled - 1, self._shape[2], filled + 1)
                self._dataset.write(self._encode(self._buffer[:, : filled + 1]), window=window)

    def _encode(self, values: np.ndarray) -> np.ndarray:
        """Values as the file stores them; ``values`` (D, n, cols) is overwritten."""
        if self._dtype == "float32":
            return values
        missing = np.isnan(values)
        limit = HALF_LIMIT
        if self._scales is not None:
            values *= (1.0 / self._scales).astype(np.float32)[:, None, None]
            np.rint(values, out=values)
            limit = INT8_LIMIT
        self._clipped += int(np.count_nonzero(np.abs(values) > limit))
        self._stored += missing.size - int(np.count_nonzero(missing))
        np.clip(values, -limit, limit, out=values)
        if self._scales is None:
            # GDAL cuts the digits off when it makes halves: round them first.
            return values.astype(np.float16).astype(np.float32)
        values[missing] = INT8_NODATA
        return values.astype(np.int8)

    def _add_overviews(self) -> None:
        # Overviews take the file's packing but not its level and predictor.
        with rasterio.Env(ZSTD_LEVEL_OVERVIEW=1, PREDICTOR_OVERVIEW=2, GDAL_TIFF_OVR_BLOCKSIZE=_OVERVIEW_BLOCK):
            self._dataset.build_overviews(self._overviews, Resampling.average)

    def _remove(self) -> None:
        remove(self._temporary)

    def _raise_failure(self) -> None:
        if self._error is not None:
            self.abort()
            raise self._error

    def _output_error(self, error: Exception) -> OutputError:
        return output_error(self.path, self._temporary, error)


def _block_shape(dims: int, cols: int, dtype: str) -> tuple[int, int]:
    """Block rows and columns, multiples of 16: as high as a buffer of that many rows may be."""
    fits = (height for height in _BLOCK_HEIGHTS if dims * height * cols * 4 <= _BUFFER_BYTES)
    height = next(fits, _BLOCK_HEIGHTS[-1])
    width = 128 if cols <= 512 or height > 32 else 256
    return height, min(width, -(-cols // 16) * 16)


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{max(count, 0) / 1e6:.1f} MB"
