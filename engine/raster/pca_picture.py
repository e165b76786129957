"""A picture of a finished embedding as a GeoTIFF on the same grid: three principal components and alpha."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import rasterio
from rasterio.enums import ColorInterp, Resampling
from rasterio.windows import Window

from engine.errors import CancelledError
from engine.partial import partial_path
from engine.progress import CancelCallback, Progress, ProgressCallback
from engine.raster.components import Components
from engine.raster.opening import gdal_environment
from engine.raster.tiff_files import WRITE_ERRORS, output_error, overview_factors, publish, remove, verify_whole

BAND_NAMES = ("principal component 1", "principal component 2", "principal component 3", "data")
_BLOCK = 256
#: Values of the embedding in memory at once.
_READ_BYTES = 32 * 2**20


@contextlib.contextmanager
def pca_picture(
    embedding: Path,
    picture: Path,
    components: Components,
    tags: Mapping[str, str],
    overwrite: bool,
    progress: ProgressCallback,
    cancelled: CancelCallback,
) -> Iterator[None]:
    """Writes ``picture`` from the raster ``embedding``; it has its name inside the ``with`` block.

    What is raised there removes it again. Read and written in pieces, so that memory
    does not grow with the raster. Raises OutputError, CancelledError between pieces;
    nothing is left then.
    """
    temporary = partial_path(picture)
    try:
        _write(embedding, temporary, components, tags, progress, cancelled)
        publish(temporary, picture, overwrite)
    except WRITE_ERRORS as error:
        failure = output_error(picture, temporary, error)
        remove(temporary)
        raise failure from error
    except BaseException:
        remove(temporary)
        raise
    try:
        yield
    except BaseException:
        remove(picture)
        raise


def _write(
    embedding: Path,
    temporary: Path,
    components: Components,
    tags: Mapping[str, str],
    progress: ProgressCallback,
    cancelled: CancelCallback,
) -> None:
    with gdal_environment(), rasterio.open(embedding) as source:
        with rasterio.open(
            temporary, "w", driver="GTiff", width=source.width, height=source.height, count=4, dtype="uint8",
            transform=source.transform, crs=source.crs, tiled=True, blockxsize=_BLOCK, blockysize=_BLOCK,
            compress="DEFLATE", predictor=2, interleave="pixel", photometric="RGB", alpha="YES", bigtiff="IF_SAFER",
        ) as target:  # fmt: skip
            target.descriptions = BAND_NAMES
            target.colorinterp = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
            target.update_tags(**tags, AREA_OR_POINT="Area")
            windows = _windows(source)
            for done, window in enumerate(windows, start=1):
                if cancelled():
                    raise CancelledError("Cancelled; nothing was written.")
                target.write(_colours(source, window, components), window=window)
                progress(Progress(done / len(windows), "Drawing the picture"))
            factors = overview_factors(source.height, source.width)
            if factors:
                target.build_overviews(factors, Resampling.average)
    verify_whole(temporary, len(factors))


def _windows(source: rasterio.io.DatasetReader) -> list[Window]:
    """Pieces of whole blocks of the embedding, so that each is unpacked once."""
    block_rows, block_cols = source.block_shapes[0]
    fit = max(1, _READ_BYTES // (4 * source.count * block_rows * block_cols))
    width = min(source.width, fit * block_cols)
    return [
        Window(col, row, min(width, source.width - col), min(block_rows, source.height - row))
        for row in range(0, source.height, block_rows)
        for col in range(0, source.width, width)
    ]


def _colours(source: rasterio.io.DatasetReader, window: Window, components: Components) -> np.ndarray:
    """Red, green, blue and alpha (4, h, w) uint8 of a window of the embedding."""
    stored = source.read(window=window)
    nodata = source.nodata
    valid = np.isfinite(stored[0]) if nodata is None or np.isnan(nodata) else stored[0] != nodata
    scales = np.asarray(source.scales, np.float32)
    if not (scales == 1).all():
        stored = stored * scales[:, None, None]
    image = np.empty((4, *valid.shape), np.uint8)
    # Without data, too: picking the tokens that have some would take longer than to project them all.
    image[:3] = components.colours(stored.reshape(len(stored), -1).T).T.reshape(3, *valid.shape)
    image[:3, ~valid] = 0
    image[3] = np.where(valid, 255, 0)
    return image
