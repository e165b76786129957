"""Write a large raster of many bands, row by row, in a thread; under its name only once it is whole."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.windows import Window

from engine.errors import OutputError
from engine.progress import CancelCallback, Progress, ProgressCallback
from engine.raster.cog import write_cog
from engine.raster.journal import Journal, Unfinished
from engine.raster.outputs import EMBEDDING, GEOTIFF, check_file, claimed
from engine.raster.stored_values import INT8_NODATA, StoredValues
from engine.raster.tiff_files import (
    WRITE_ERRORS,
    copy_rows,
    output_error,
    overview_factors,
    publish,
    size_text,
    verify_rows,
    verify_whole,
)

#: Finished rows are made to last this often: what a run that is killed loses is less than that.
CHECKPOINT_S = 10.0

# Size on disk over size in memory, ZSTD level 1 with predictor 2, 768 smooth bands with noise, 344² cells.
_PACKED = {"float32": 0.92, "float16": 0.9, "int8": 0.7}
_OVERVIEW_BLOCK = 128
_BUFFER_BYTES = 160_000_000
_BLOCK_HEIGHTS = (128, 64, 32, 16)


class RasterWriter:
    """A raster of ``dims`` bands, rows × cols: by ``path``'s ending a GeoTIFF, a Zarr store or a GeoParquet table.

    All grow as a tiled, ZSTD-packed (Big)TIFF, band-interleaved so that three bands are fast to read, under a hidden
    name in the same folder. finish() makes of it what was asked for, piece by piece (``cog``: a GeoTIFF laid out for
    reading over a network; it and all but a plain GeoTIFF take twice the room till then), and gives that its name; any
    failure, abort() or exception inside the ``with`` block removes it. Leaving the block without exception finishes.

    ``dtype`` "float32" and "float16" mark nodata as NaN, "int8" as −128, with ``scales`` (dims,) as band scales
    (see int8_scales). Rows come in as float32 with NaN for nodata, from top to bottom.

    With a ``key``, all that the values depend on, finished rows outlast a process that is killed: ``begun`` (see
    ``engine.raster.journal.unfinished``) continues them, from ``next_row`` on. ``keep`` leaves them to be continued
    after a failure, too. Raises OutputError where the file cannot be written: it exists and ``overwrite`` is False,
    the folder is missing or cannot be written to, the disk is full or would be.
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
        cog: bool = False,
        key: Mapping[str, Any] | None = None,
        begun: Unfinished | None = None,
        keep: bool = False,
    ) -> None:
        if len(band_names) != dims:
            raise ValueError(f"{len(band_names)} band names for {dims} bands")
        self.values = StoredValues(dtype, dims, scales)
        self.path = Path(path)
        self._shape = (dims, rows, cols)
        self._overwrite = overwrite
        self._cog = cog
        self._key, self._keep = key, keep
        self._block = _block_shape(dims, cols)
        self._next_row = self._taken = self._on_disk = self._kept_rows = 0
        #: Rows that abort() has left for a later run.
        self.left_rows = 0
        self._done = False
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._buffer = np.empty((dims, self._block[0], cols), self.values.dtype)
        self._plain = self.path.suffix.lower() in GEOTIFF
        self._overviews = overview_factors(rows, cols) if self._plain else []

        if begun is not None:
            self._claim = begun.claim
        else:
            check_file(self.path, overwrite, EMBEDDING, "an embedding")
            self._claim = claimed(self.path)
        grows = self._claim.path
        self._temporary = grows if self._plain else grows.with_name(f"{grows.name}.tif")
        try:
            if begun is not None:
                check_file(self.path, overwrite, EMBEDDING, "an embedding")
                self._continue(begun.journal, lambda path: self._create(path, transform, crs, band_names, tags))
            else:
                self._temporary.touch()
                self._check_space()
                self._dataset = self._create(self._temporary, transform, crs, band_names, tags)
        except WRITE_ERRORS as error:
            failure = self._output_error(error)
            self._claim.release(keep=begun is not None)
            raise failure from error
        except OutputError:
            self._claim.release(keep=begun is not None)
            raise
        self._saved_at = time.monotonic()
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
    def next_row(self) -> int:
        """The row that write() takes next: 0, or the first that a run that is continued did not finish."""
        return self._next_row

    def finished_rows(self) -> Iterator[tuple[int, np.ndarray]]:
        """First row and features (dims, n, cols) float32 of what a run that is continued left; before any write()."""
        dims, _, cols = self._shape
        for row in range(0, self._next_row, self._block[0]):
            stored = self._dataset.read(window=Window(0, row, cols, min(self._block[0], self._next_row - row)))
            yield row, self.values.decode(stored.reshape(dims, -1)).reshape(stored.shape)

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

    def finish(
        self,
        companion: Callable[[Path], AbstractContextManager[None]] | None = None,
        progress: ProgressCallback | None = None,
        cancelled: CancelCallback | None = None,
    ) -> Path:
        """Write what is buffered, add overviews, make the format asked for, move it to its name; return that path.

        ``companion`` makes a context from the whole raster (as a GeoTIFF), inside which it takes its name: what
        belongs to it comes with it or not at all. ``progress`` hears of the making of another format, which
        ``cancelled`` stops. Raises what the context raises, CancelledError, OutputError where a write has failed,
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
                whole = self._converted(progress or (lambda event: None), cancelled or (lambda: False))
            except WRITE_ERRORS as error:
                raise self._output_error(error) from error
            with companion(self._temporary) if companion else contextlib.nullcontext():
                try:
                    publish(whole, self.path, self._overwrite)
                except WRITE_ERRORS as error:
                    raise self._output_error(error) from error
        except BaseException:
            self.abort()
            raise
        self._done = True
        self._claim.release()
        return self.path

    def abort(self) -> None:
        """Stop and remove what was written, but for what is to be kept. Safe to call twice, and after finish()."""
        if self._done:
            return
        self._done = True
        if not self._keep:
            self._stop.set()
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()
        # GDAL flushes on close and may fail to: then what the journal knows of is all that there is.
        with contextlib.suppress(*WRITE_ERRORS):
            if self._keep and self._error is None and self._on_disk > self._kept_rows:
                self._checkpoint()
            self._dataset.close()
        self.left_rows = self._kept_rows if self._keep else 0
        self._claim.release(keep=self.left_rows > 0)

    def _continue(self, journal: Journal, create: Callable[[Path], rasterio.io.DatasetWriter]) -> None:
        """Copy the finished rows of a dead run to a fresh file and go on with that. OutputError where one is damaged.

        Writes that failed leave places of blocks in the old file's head that overlap others: it is only read.
        """
        fresh = self._temporary.with_name(f"{self._temporary.name}.fresh.tif")
        try:
            old = rasterio.open(self._temporary)
        except WRITE_ERRORS as error:
            raise self._damaged() from error
        try:
            with old, create(fresh) as new:
                copy_rows(old, new, journal.rows)
        except EOFError as error:
            raise self._damaged() from error
        verify_rows(fresh, 0, journal.rows)
        with open(fresh, "r+b") as file:
            os.fsync(file.fileno())
        os.replace(fresh, self._temporary)
        self._next_row = self._taken = self._on_disk = self._kept_rows = journal.rows
        self.values.clipped, self.values.stored = journal.clipped, journal.stored
        self._dataset = self._reopened()

    def _damaged(self) -> OutputError:
        return OutputError(
            f"The unfinished {self.path.name} is damaged and cannot be continued.", "Leave resume out to begin again."
        )

    def _reopened(self) -> rasterio.io.DatasetWriter:
        return rasterio.open(self._temporary, "r+", NUM_THREADS="ALL_CPUS")

    def _checkpoint(self) -> None:
        """Make the rows written so far outlast this process, and say so in the journal."""
        self._dataset.close()
        verify_rows(self._temporary, self._kept_rows, self._on_disk)
        with open(self._temporary, "r+b") as file:
            os.fsync(file.fileno())
        values, scales = self.values, self.values.scales
        known = None if scales is None else tuple(float(scale) for scale in scales)
        Journal(self._key or {}, self._on_disk, known, values.clipped, values.stored).save(self._claim.path)
        self._kept_rows = self._on_disk
        self._dataset = self._reopened()
        self._saved_at = time.monotonic()

    def _converted(self, progress: ProgressCallback, cancelled: CancelCallback) -> Path:
        """The finished raster in the format that was asked for."""
        target = self._claim.path
        if self._cog:
            target = target.with_name(f"{target.name}.cog.tif")
            progress(Progress(0, "Laying the COG out"))
            write_cog(self._temporary, target, self._block)
        elif self.path.suffix.lower() == ".zarr":
            # Imported here, and below: the libraries behind take a second to load, and most runs write GeoTIFFs.
            from engine.raster.zarr_store import write_zarr

            write_zarr(self._temporary, target, progress, cancelled)
        elif self.path.suffix.lower() == ".parquet":
            from engine.raster.geoparquet import write_geoparquet

            write_geoparquet(self._temporary, target, progress, cancelled)
        return target

    def _check_space(self) -> None:
        name, folder = self.path.name, self.path.parent
        dims, rows, cols = self._shape
        kind = self.values.dtype.name
        need = dims * rows * cols * self.values.dtype.itemsize * _PACKED[kind]
        need *= 4 / 3 if self._overviews else 1
        twice = self._cog or not self._plain
        need *= 2 if twice else 1
        free = shutil.disk_usage(folder).free
        if need > free:
            how = ", twice its size while it is made" if twice else ""
            raise OutputError(
                f"{name} needs about {size_text(need)}{how}, but {folder} has {size_text(free)} free.",
                "Free some space, choose another folder, or a smaller type (float16, int8).",
            )

    def _create(
        self, path: Path, transform: Affine, crs: CRS | None, band_names: Sequence[str], tags: Mapping[str, str]
    ) -> rasterio.io.DatasetWriter:
        dims, rows, cols = self._shape
        kind: dict[str, object] = {"dtype": "float32", "nodata": np.nan}
        if self.values.dtype == np.float16:
            kind["nbits"] = 16
        elif self.values.dtype == np.int8:
            kind = {"dtype": "int8", "nodata": INT8_NODATA}
        dataset = rasterio.open(
            path,
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
            num_threads="ALL_CPUS",
            **kind,
        )
        # Before the first rows, so that they lie in the file's head and nothing goes into a sidecar.
        dataset.descriptions = tuple(band_names)
        if self.values.scales is not None:
            dataset.scales = tuple(float(scale) for scale in self.values.scales)
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
            # Row by row: what a row takes stays in the processor's cache while it is encoded and transposed.
            filled = self._taken % block_rows
            self._buffer[:, filled] = self.values.encode(rows[:, row])
            self._taken += 1
            if filled + 1 == block_rows or self._taken == height:
                if self._stop.is_set():
                    return
                window = Window(0, self._taken - filled - 1, self._shape[2], filled + 1)
                stored = self._buffer[:, : filled + 1]
                # GDAL makes halves of float32, cutting digits off that these no longer have.
                self._dataset.write(stored.astype(np.float32) if stored.dtype == np.float16 else stored, window=window)
                self._on_disk = self._taken
                if self._key is not None and time.monotonic() - self._saved_at >= CHECKPOINT_S:
                    self._checkpoint()

    def _add_overviews(self) -> None:
        # Overviews take the file's packing but not its level and predictor.
        with rasterio.Env(ZSTD_LEVEL_OVERVIEW=1, PREDICTOR_OVERVIEW=2, GDAL_TIFF_OVR_BLOCKSIZE=_OVERVIEW_BLOCK):
            self._dataset.build_overviews(self._overviews, Resampling.average)

    def _raise_failure(self) -> None:
        if self._error is not None:
            self.abort()
            raise self._error

    def _output_error(self, error: Exception) -> OutputError:
        return output_error(self.path, self._temporary, error)


def _block_shape(dims: int, cols: int) -> tuple[int, int]:
    """Block rows and columns, multiples of 16: as high as a buffer of that many rows may be."""
    fits = (height for height in _BLOCK_HEIGHTS if dims * height * cols * 4 <= _BUFFER_BYTES)
    height = next(fits, _BLOCK_HEIGHTS[-1])
    width = 128 if cols <= 512 or height > 32 else 256
    return height, min(width, -(-cols // 16) * 16)
