"""Write a large raster of many bands, row by row, in a thread; under its name only once it is whole."""

from __future__ import annotations

import contextlib
import errno
import glob
import itertools
import math
import os
import queue
import shutil
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
import rasterio
from affine import Affine
from rasterio._err import CPLE_BaseError
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.errors import RasterioError, RasterioIOError
from rasterio.windows import Window

from engine.errors import JobError, OutputError
from engine.options import DTYPES
from engine.partial import partial_path

INT8_NODATA = -128
INT8_LIMIT = 127
HALF_LIMIT = 65504.0  # IEEE 754-2008: the largest finite binary16

_BYTES = {"float32": 4, "float16": 2, "int8": 1}
# Size on disk over size in memory, ZSTD level 1 with predictor 2, 768 smooth bands with noise, 344² cells.
_PACKED = {"float32": 0.92, "float16": 0.9, "int8": 0.7}
_OVERVIEW_FROM = 512
"""Rasters longer than this in either direction get overviews, as GDAL's COG driver does."""
_OVERVIEW_BLOCK = 128
_BUFFER_BYTES = 160_000_000
_BLOCK_HEIGHTS = (128, 64, 32, 16)
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_PROBE_BYTES = 1 << 20
# Most of GDAL's errors reach us as RasterioError, some bare; RasterioIOError is an OSError without errno.
_WRITE_ERRORS = (OSError, RasterioError, CPLE_BaseError)


def int8_scales(features: np.ndarray) -> np.ndarray:
    """Scale of each band for int8, from a sample of features (D, …) float: max |f| × 1.25 / 127, shape (D,) float64.

    NaN and infinities are left out; a band that is zero throughout gets 1 / 127. Values are stored as
    round(f / scale), clipped to ±127, so a quarter of headroom is left for what the sample did not show.
    """
    sample = np.abs(features.reshape(len(features), -1))
    largest = np.where(np.isfinite(sample), sample, 0).max(axis=1, initial=0).astype(np.float64)
    return np.where(largest > 0, largest * 1.25, 1.0) / INT8_LIMIT


def check_output(path: Path, overwrite: bool) -> None:
    """Raise OutputError where ``path`` can be seen not to become a raster: wrong name, no folder, existing file."""
    name, folder = path.name, path.parent
    if path.suffix.lower() not in (".tif", ".tiff"):
        raise OutputError(f"“{name}” is not the name of a GeoTIFF.", "Let the name of the output end in .tif.")
    if not folder.is_dir():
        raise OutputError(f"The folder {folder} does not exist.", "Create it or choose another folder.")
    if path.is_dir():
        raise OutputError(f"{path} is a folder.", "Choose another name for the output.")
    if path.exists() and not overwrite:
        raise OutputError(f"{path} exists already.", "Choose another name, or allow overwriting (--overwrite).")


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
        self._temporary = partial_path(self.path)

        try:
            check_output(self.path, overwrite)
            self._temporary.touch()
        except OSError as error:
            raise self._output_error(error) from error
        try:
            self._check_space()
            self._dataset = self._create(transform, crs, band_names, tags)
        except _WRITE_ERRORS as error:
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

    def finish(self) -> Path:
        """Write what is buffered, add overviews, move the file to its name; return that path.

        Raises OutputError where a write has failed, ValueError where rows are missing; nothing is left then.
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
                if self._overview_factors():
                    self._add_overviews()
                self._dataset.close()
                self._verify()
                self._publish()
            except _WRITE_ERRORS as error:
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
        with contextlib.suppress(*_WRITE_ERRORS):
            self._dataset.close()
        self._remove()

    def _check_space(self) -> None:
        name, folder = self.path.name, self.path.parent
        dims, rows, cols = self._shape
        need = dims * rows * cols * _BYTES[self._dtype] * _PACKED[self._dtype]
        need *= 4 / 3 if self._overview_factors() else 1
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
            except _WRITE_ERRORS as error:
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

    def _overview_factors(self) -> list[int]:
        """Powers of two down to the first overview that needs none itself; empty for a small raster."""
        longest = max(self._shape[1:])
        levels = math.ceil(math.log2(max(1, longest / _OVERVIEW_FROM)))
        return [2**level for level in range(1, levels + 1)]

    def _add_overviews(self) -> None:
        # Overviews take the file's packing but not its level and predictor.
        with rasterio.Env(ZSTD_LEVEL_OVERVIEW=1, PREDICTOR_OVERVIEW=2, GDAL_TIFF_OVR_BLOCKSIZE=_OVERVIEW_BLOCK):
            self._dataset.build_overviews(self._overview_factors(), Resampling.average)

    def _verify(self) -> None:
        """Raise RasterioIOError where a block is not in the file: GDAL is silent when its last writes fail on close."""
        incomplete = RasterioIOError("the file is incomplete after it was closed")
        size = self._temporary.stat().st_size
        levels: list[tuple[int | None, int, int, int]] = [(None, 1, *self._block)]
        for index, factor in enumerate(self._overview_factors()):
            levels.append((index, factor, _OVERVIEW_BLOCK, _OVERVIEW_BLOCK))
        with rasterio.open(self._temporary) as dataset:
            if any(len(dataset.overviews(band)) != len(levels) - 1 for band in dataset.indexes):
                raise incomplete
            for (level, factor, block_rows, block_cols), band in itertools.product(levels, dataset.indexes):
                down = math.ceil(math.ceil(self._shape[1] / factor) / block_rows)
                across = math.ceil(math.ceil(self._shape[2] / factor) / block_cols)
                for y, x in itertools.product(range(down), range(across)):
                    start = dataset.get_tag_item(f"BLOCK_OFFSET_{x}_{y}", "TIFF", bidx=band, ovr=level)
                    count = dataset.get_tag_item(f"BLOCK_SIZE_{x}_{y}", "TIFF", bidx=band, ovr=level)
                    if start is None or count is None or int(start) + int(count) > size:
                        raise incomplete

    def _publish(self) -> None:
        with open(self._temporary, "r+b") as file:
            os.fsync(file.fileno())
        if self.path.exists() and not self._overwrite:
            raise OutputError(
                f"{self.path} exists already.", "Choose another name, or allow overwriting (--overwrite)."
            )
        os.replace(self._temporary, self.path)
        for suffix in (".aux.xml", ".ovr", ".msk"):
            # Statistics and overviews of the raster that stood here before.
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)

    def _remove(self) -> None:
        for file in self.path.parent.glob(f"{glob.escape(self._temporary.name)}*"):
            file.unlink(missing_ok=True)

    def _raise_failure(self) -> None:
        if self._error is not None:
            self.abort()
            raise self._error

    def _output_error(self, error: Exception) -> OutputError:
        cause = error if isinstance(error, OSError) and error.errno else self._system_error()
        if cause is not None and cause.errno in _DISK_FULL:
            return OutputError(
                f"The disk ran full while {self.path.name} was written to {self.path.parent}.",
                "Free some space, choose another folder, or a smaller type (float16, int8), and run again.",
            )
        reason = str(error) if cause is None else cause.strerror
        return OutputError(
            f"{self.path} cannot be written: {reason}.", "Choose a folder you may write to, on a disk that works."
        )

    def _system_error(self) -> OSError | None:
        """What the system says to a write. GDAL keeps it to itself, so the same file is written to without GDAL."""
        try:
            with open(self._temporary, "ab") as file:
                file.write(bytes(_PROBE_BYTES))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            return error
        return None


def _block_shape(dims: int, cols: int, dtype: str) -> tuple[int, int]:
    """Block rows and columns, multiples of 16: as high as a buffer of that many rows may be."""
    fits = (height for height in _BLOCK_HEIGHTS if dims * height * cols * 4 <= _BUFFER_BYTES)
    height = next(fits, _BLOCK_HEIGHTS[-1])
    width = 128 if cols <= 512 or height > 32 else 256
    return height, min(width, -(-cols // 16) * 16)


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{max(count, 0) / 1e6:.1f} MB"
