"""Pictures of an embedding as GeoTIFFs on the same grid: three principal components and alpha."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

import numpy as np
import rasterio
from rasterio.enums import ColorInterp, Resampling
from rasterio.windows import Window

from engine.errors import CancelledError
from engine.progress import CancelCallback, Progress, ProgressCallback
from engine.raster.components import Components
from engine.raster.grid import Grid
from engine.raster.opening import gdal_environment
from engine.raster.outputs import claimed
from engine.raster.tiff_files import WRITE_ERRORS, output_error, overview_factors, publish, verify_whole

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
    with claimed(picture) as temporary:
        try:
            _write(embedding, temporary, components, tags, progress, cancelled)
            publish(temporary, picture, overwrite)
        except WRITE_ERRORS as error:
            raise output_error(picture, temporary, error) from error
    try:
        yield
    except BaseException:
        picture.unlink(missing_ok=True)
        raise


class PictureWriter:
    """A GeoTIFF of red, green, blue and alpha on ``grid``, written in windows to ``temporary``.

    It is finished when the ``with`` block ends well: overviews are added, and every block is looked for.
    """

    def __init__(self, temporary: Path, grid: Grid, tags: Mapping[str, str]) -> None:
        self._path, self._grid = temporary, grid
        with gdal_environment():
            self._dataset = rasterio.open(
                temporary, "w", driver="GTiff", width=grid.width, height=grid.height, count=4, dtype="uint8",
                transform=grid.transform, crs=grid.crs, tiled=True, blockxsize=_BLOCK, blockysize=_BLOCK,
                compress="DEFLATE", predictor=2, interleave="pixel", photometric="RGB", alpha="YES",
                bigtiff="IF_SAFER",
            )  # fmt: skip
        self._dataset.descriptions = BAND_NAMES
        self._dataset.colorinterp = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
        self._dataset.update_tags(**tags, AREA_OR_POINT="Area")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._dataset.close()
            return
        factors = overview_factors(self._grid.height, self._grid.width)
        with gdal_environment():
            if factors:
                self._dataset.build_overviews(factors, Resampling.average)
            self._dataset.close()
        verify_whole(self._path, len(factors))

    def write(self, row0: int, col0: int, colours: np.ndarray, data: np.ndarray) -> None:
        """Write ``colours`` (h, w, 3) uint8 at (row0, col0), clear where ``data`` (h, w) bool is False."""
        image = np.empty((4, *data.shape), np.uint8)
        image[:3] = np.where(data, colours.transpose(2, 0, 1), 0)
        image[3] = np.where(data, 255, 0)
        with gdal_environment():
            self._dataset.write(image, window=Window(col0, row0, data.shape[1], data.shape[0]))


def _write(
    embedding: Path,
    temporary: Path,
    components: Components,
    tags: Mapping[str, str],
    progress: ProgressCallback,
    cancelled: CancelCallback,
) -> None:
    with gdal_environment(), rasterio.open(embedding) as source:
        grid = Grid(source.crs, source.transform, source.width, source.height)
        with PictureWriter(temporary, grid, tags) as target:
            windows = _windows(source)
            for done, window in enumerate(windows, start=1):
                if cancelled():
                    raise CancelledError("Cancelled; nothing was written.")
                target.write(window.row_off, window.col_off, *_colours(source, window, components))
                progress(Progress(done / len(windows), "Drawing the picture"))


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


def _colours(
    source: rasterio.io.DatasetReader, window: Window, components: Components
) -> tuple[np.ndarray, np.ndarray]:
    """Colours (h, w, 3) uint8 of a window of the embedding, and where it has data."""
    stored = source.read(window=window)
    nodata = source.nodata
    valid = np.isfinite(stored[0]) if nodata is None or np.isnan(nodata) else stored[0] != nodata
    scales = np.asarray(source.scales, np.float32)
    if not (scales == 1).all():
        stored = stored * scales[:, None, None]
    # Without data, too: picking the tokens that have some would take longer than to project them all.
    return components.colours(stored.reshape(len(stored), -1).T).reshape(*valid.shape, 3), valid
