"""What every GeoTIFF that is written shares: its name checked, its blocks counted, its errors told, its publication."""

from __future__ import annotations

import errno
import glob
import itertools
import math
import os
from pathlib import Path

import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.enums import Interleaving
from rasterio.errors import RasterioError, RasterioIOError

from engine.errors import OutputError

#: Rasters longer than this in either direction get overviews, as GDAL's COG driver does.
OVERVIEW_FROM = 512
#: Most of GDAL's errors reach us as RasterioError, some bare; RasterioIOError is an OSError without errno.
WRITE_ERRORS = (OSError, RasterioError, CPLE_BaseError)

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_PROBE_BYTES = 1 << 20


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


def publish(temporary: Path, path: Path, overwrite: bool) -> None:
    """Give a whole raster its name. Raise OutputError where a file of that name has come meanwhile."""
    with open(temporary, "r+b") as file:
        os.fsync(file.fileno())
    if path.exists() and not overwrite:
        raise OutputError(f"{path} exists already.", "Choose another name, or allow overwriting (--overwrite).")
    os.replace(temporary, path)
    for suffix in (".aux.xml", ".ovr", ".msk"):
        # Statistics and overviews of the raster that stood here before.
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def remove(temporary: Path) -> None:
    """Remove an unfinished raster and its sidecars."""
    for file in temporary.parent.glob(f"{glob.escape(temporary.name)}*"):
        file.unlink(missing_ok=True)


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
