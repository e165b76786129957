"""What every GeoTIFF that is written shares: its blocks counted, its errors told, its publication."""

from __future__ import annotations

import errno
import itertools
import math
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.enums import Interleaving
from rasterio.errors import RasterioError, RasterioIOError
from rasterio.windows import Window

from engine.errors import OutputError

#: Rasters longer than this in either direction get overviews, as GDAL's COG driver does.
OVERVIEW_FROM = 512
#: Most of GDAL's errors reach us as RasterioError, some bare; RasterioIOError is an OSError without errno.
WRITE_ERRORS = (OSError, RasterioError, CPLE_BaseError)

#: What GDAL keeps beside a raster.
SIDECARS = (".aux.xml", ".ovr", ".msk")

_SYNC_THREADS = 8
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_PROBE_BYTES = 1 << 20


def overview_factors(rows: int, cols: int) -> list[int]:
    """Powers of two down to the first overview that needs none itself; empty for a small raster."""
    levels = math.ceil(math.log2(max(1, max(rows, cols) / OVERVIEW_FROM)))
    return [2**level for level in range(1, levels + 1)]


def verify_whole(path: Path, overviews: int) -> None:
    """Raise RasterioIOError where a block is not in the file: GDAL is silent when its last writes fail on close."""
    incomplete = RasterioIOError("the file is incomplete after it was closed")
    size = path.stat().st_size
    for level in (None, *range(overviews)):
        options = {} if level is None else {"overview_level": level}
        with rasterio.open(path, **options) as dataset:
            block_rows, block_cols = dataset.block_shapes[0]
            down, across = math.ceil(dataset.height / block_rows), math.ceil(dataset.width / block_cols)
            bands = dataset.indexes if dataset.interleaving == Interleaving.band else [1]
        with rasterio.open(path) as dataset:
            if any(len(dataset.overviews(band)) != overviews for band in dataset.indexes):
                raise incomplete
            for band, y, x in itertools.product(bands, range(down), range(across)):
                start = dataset.get_tag_item(f"BLOCK_OFFSET_{x}_{y}", "TIFF", bidx=band, ovr=level)
                count = dataset.get_tag_item(f"BLOCK_SIZE_{x}_{y}", "TIFF", bidx=band, ovr=level)
                if start is None or count is None or int(start) + int(count) > size:
                    raise incomplete


def verify_rows(path: Path, row0: int, row1: int) -> None:
    """Raise RasterioIOError where a block of the rows ``row0`` to ``row1``, end excluded, is not in the closed file."""
    size = path.stat().st_size
    with rasterio.open(path) as dataset:
        block_rows, block_cols = dataset.block_shapes[0]
        across = range(math.ceil(dataset.width / block_cols))
        for band, y, x in itertools.product(dataset.indexes, range(row0 // block_rows, -(-row1 // block_rows)), across):
            start = dataset.get_tag_item(f"BLOCK_OFFSET_{x}_{y}", "TIFF", bidx=band)
            count = dataset.get_tag_item(f"BLOCK_SIZE_{x}_{y}", "TIFF", bidx=band)
            if start is None or count is None or int(start) + int(count) > size:
                raise RasterioIOError("the file is incomplete after it was closed")


def copy_rows(old: rasterio.io.DatasetReader, new: rasterio.io.DatasetWriter, rows: int) -> None:
    """Copy the first ``rows`` rows, by blocks of ``old``; GDAL's errors of reading come as EOFError."""
    step = old.block_shapes[0][0]
    for row in range(0, rows, step):
        window = Window(0, row, old.width, min(step, rows - row))
        try:
            values = old.read(window=window)
        except WRITE_ERRORS as error:
            raise EOFError(str(error)) from error
        new.write(values, window=window)


def publish(temporary: Path, path: Path, overwrite: bool) -> None:
    """Give a whole raster, a file or a folder, its name. Raise OutputError where something else has it meanwhile."""
    folder = temporary.is_dir()
    with ThreadPoolExecutor(_SYNC_THREADS) as pool:
        # The disk takes a folder of many small files far faster when it is asked for several at once.
        for _ in pool.map(_sync, [each for each in temporary.rglob("*") if each.is_file()] if folder else [temporary]):
            pass
    if path.exists() and not overwrite:
        raise OutputError(f"{path} exists already.", "Choose another name, or allow overwriting (--overwrite).")
    if folder and path.exists():
        # No folder replaces another that holds something: the old one goes aside until the new one has its name.
        before = temporary.with_name(f"{temporary.name}.before")
        os.replace(path, before)
        try:
            os.replace(temporary, path)
        except OSError:
            os.replace(before, path)
            raise
        shutil.rmtree(before)
    else:
        os.replace(temporary, path)
    for suffix in SIDECARS:
        # Statistics and overviews of the raster that stood here before.
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def _sync(path: Path) -> None:
    with open(path, "r+b") as file:
        os.fsync(file.fileno())


def output_error(path: Path, temporary: Path, error: Exception) -> OutputError:
    """Why ``path`` could not be written, in words; ``temporary`` is where it grew."""
    cause = error if isinstance(error, OSError) and error.errno else _system_error(temporary)
    if cause is not None and cause.errno in _DISK_FULL:
        return OutputError(
            f"The disk ran full while {path.name} was written to {path.parent}.",
            "Free some space, choose another folder, or a smaller type (float16, int8), and run again.",
        )
    reason = str(error) if cause is None else cause.strerror
    return OutputError(
        f"{path} cannot be written: {reason}.", "Choose a folder you may write to, on a disk that works."
    )


def _system_error(temporary: Path) -> OSError | None:
    """What the system says to a write. GDAL keeps it to itself, so the same file is written to without GDAL."""
    try:
        with open(temporary, "ab") as file:
            file.write(bytes(_PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error
    return None


def size_text(count: float) -> str:
    """A number of bytes for people."""
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{max(count, 0) / 1e6:.1f} MB"
