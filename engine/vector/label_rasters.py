"""A raster of classes as labels: nearest pixel on the grid of the images, grouped by square blocks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window as RasterWindow

from engine.errors import GridError, JobError, SmartiesError, SourceError
from engine.options import MAX_CLASSES
from engine.raster.band_files import Block, FileOnGrid, file_on_grid, is_resampled
from engine.raster.crs import crs_label, transform_points
from engine.raster.georeference import ALPHA_ABOVE_0
from engine.raster.grid import LATTICE_TOLERANCE_PX, Grid, bounds_text
from engine.raster.image import BandSource
from engine.raster.opening import READ_ERRORS, gdal_environment, open_file, reason_of
from engine.raster.sources import open_images
from engine.raster.validity import all_measured
from engine.vector.class_hints import class_hints
from engine.vector.classes import Key
from engine.vector.label_source import LabelSource, Places, Tally, Window, block_count, blocks
from engine.vector.read import layer_info
from engine.vector.source import VECTOR_SUFFIXES, parse_source

#: More classes than this are noted: measured values, by mistake, look like that.
_SUSPICIOUS = 500
#: A pixel's centre this near to an edge lies on it: rounding decides nothing.
_EDGE_PX = 1e-6
#: Error in pixels that GDAL's piecewise linear projection may make; with none at all it refuses to work.
_WARP_TOLERANCE_PX = 0.001
#: Of a label raster's block cache: blocks of one or two window rows.
_CACHE_BYTES = 128 * 2**20


def is_raster(source: str) -> bool:
    """True for a source that is to be read as a raster of classes, False for a vector layer.

    Raises:
        SourceError: it is neither; the message is that of what its name suggests.
    """
    if "|" in source and not Path(source).expanduser().exists():
        return False
    parsed = parse_source(source) if Path(source).suffix.lower() in VECTOR_SUFFIXES else None
    if parsed is not None:
        try:
            layer_info(source)
        except SourceError:
            # A GeoPackage may hold a raster; anything else says itself what is wrong with it.
            return parsed.path.suffix.lower() == ".gpkg" and _opens(source) is None
        return False
    error = _opens(source)
    if error is None:
        return True
    try:
        layer_info(source)
    except SourceError:
        raise error from None
    return False


class RasterLabels(LabelSource):
    """Labels of a raster of whole numbers, each pixel of the grid taking the value of the pixel it lies in.

    Values are read as they stand: no scale, no average. Pixels that the file declares as no data are not labelled.
    """

    grouped_by = "block"

    def __init__(self, path: Path, grid: Grid, block_px: int, number_of: Callable[[Key], int]) -> None:
        super().__init__(grid)
        self.title = path.name
        self._path = path
        self._band = _label_band(path)
        self._block_px = block_px
        self._number_of = number_of
        self._numbers: dict[int, int] = {}
        self.group_count = block_count(grid, block_px)
        self.extent = (0, grid.height, 0, grid.width)
        with gdal_environment(), open_file(path) as dataset:
            self.hints = class_hints(dataset, path)
        self._reader = nearest_file(self._band, grid)
        self._stack = ExitStack()
        self._open = False

    def read(self, row0: int, row1: int, col0: int, col1: int) -> tuple[np.ndarray, np.ndarray]:
        """As ``LabelSource.read``. Raises SourceError for a damaged part, JobError for values that are no classes."""
        values, measured = self._read(row0, row1, col0, col1)
        keys = np.full(values.shape, -1, np.int32)
        if measured.any():
            found, place = np.unique(values[measured], return_inverse=True)
            keys[measured] = np.array([self._key(value) for value in found.tolist()], np.int32)[place]
        groups = np.where(keys < 0, np.int32(-1), blocks((row0, row1, col0, col1), self.grid, self._block_px))
        return keys, groups

    def survey(self, windows: Iterable[Window], ask: Callable[[], None]) -> Places:
        """As ``LabelSource.survey``."""
        tally = Tally()
        for window in windows:
            ask()
            tally.add(window, self.read(*window)[0])
        if len(self._numbers) > _SUSPICIOUS:
            self.notes.append(f"{self.title} holds {len(self._numbers):,} different values: is it a raster of classes?")
        return tally.places()

    def why_empty(self) -> str:
        """Where labels and images lie, else that nothing inside is labelled."""
        own, grid = self._band.grid, self.grid
        if own.crs is not None and grid.crs is not None and not _meet(own, grid):
            return (
                f"{self.title} covers {bounds_text(own.bounds)} in {crs_label(own.crs)}; the images cover"
                f" {bounds_text(grid.bounds)} in {crs_label(grid.crs)}: they do not meet."
            )
        return f"{self.title} has no labelled pixel inside the images."

    def _read(self, row0: int, row1: int, col0: int, col1: int) -> tuple[np.ndarray, np.ndarray]:
        try:
            with gdal_environment(GDAL_CACHEMAX=_CACHE_BYTES):
                if not self._open:
                    with ExitStack() as stack:
                        self._reader.open(stack)
                        self._stack = stack.pop_all()
                    self._open = True
                block = self._reader.read(row0, row1, col0, col1)
        except READ_ERRORS as error:
            raise SourceError(
                f"{self.title}: rows {row0}–{row1}, columns {col0}–{col1} of the grid cannot be"
                f" read{reason_of(error, self._path)}.",
                "The file may be damaged or incomplete: copy or download it again.",
            ) from error
        return block.values[0], block.measured

    def _key(self, value: float) -> int:
        """The number of the key of a pixel value."""
        whole = int(value)
        if whole != value:
            raise JobError(
                f"{self.title} holds {value:g}: a raster of classes holds whole numbers.",
                "Give the raster of classes itself, not one of measured or interpolated values.",
            )
        if whole not in self._numbers:
            if len(self._numbers) > MAX_CLASSES:
                raise JobError(
                    f"{self.title} holds more than {MAX_CLASSES:,} different values.",
                    "Give a raster of classes, not one of measured values.",
                )
            self._numbers[whole] = self._number_of(whole)
        return self._numbers[whole]


def nearest_file(band: BandSource, grid: Grid) -> FileOnGrid:
    """Reads a band so that each pixel of the grid gets the value of the pixel that its centre lies in.

    Raises:
        GridError: either has a georeference and the other has none.
    """
    if not is_resampled(band, grid) or (band.grid.crs is None) != (grid.crs is None):
        return file_on_grid([band], grid, None)
    to_own = ~band.grid.transform @ grid.transform
    skew = max(abs(to_own.b) * grid.height, abs(to_own.d) * grid.width)
    if band.gcps or band.grid.crs != grid.crs or skew > LATTICE_TOLERANCE_PX:
        return _WarpedFile([band], grid, None)
    return _ParallelFile([band], grid, None)


class _ParallelFile(FileOnGrid):
    """A band whose lattice is parallel to the grid's. A centre on an edge belongs to the later row or column."""

    def open(self, stack: ExitStack) -> None:
        """Open the file."""
        self._dataset = self._open_file(stack)
        self._to_own = ~self.own.transform @ self.grid.transform

    def read(self, row0: int, row1: int, col0: int, col1: int) -> Block:
        """As ``FileOnGrid.read``."""
        rows = np.floor(self._to_own.e * (np.arange(row0, row1) + 0.5) + self._to_own.f + _EDGE_PX).astype(int)
        cols = np.floor(self._to_own.a * (np.arange(col0, col1) + 0.5) + self._to_own.c + _EDGE_PX).astype(int)
        shape = (1, row1 - row0, col1 - col0)
        values, measured = np.zeros(shape, self._dataset.dtypes[self.numbers[0] - 1]), np.zeros(shape[1:], bool)
        inside_rows = np.flatnonzero((rows >= 0) & (rows < self.own.height))
        inside_cols = np.flatnonzero((cols >= 0) & (cols < self.own.width))
        if not (len(inside_rows) and len(inside_cols)):
            return Block(values, measured, None)
        left, right = cols[inside_cols].min(), cols[inside_cols].max() + 1
        # Where most rows of the file are passed over, each that is wanted is read by itself.
        together = len(inside_rows) if abs(self._to_own.e) <= 4 else 1
        for start in range(0, len(inside_rows), together):
            some = inside_rows[start : start + together]
            top, bottom = rows[some].min(), rows[some].max() + 1
            found, valid = self._read_measured(self._dataset, RasterWindow(left, top, right - left, bottom - top))
            to, at = np.ix_(some, inside_cols), np.ix_(rows[some] - top, cols[inside_cols] - left)
            values[0][to], measured[to] = found[0][at], valid[at]
        return Block(values, measured, None)


class _WarpedFile(FileOnGrid):
    """A band on any other lattice, brought onto the grid by GDAL's warper as it is read."""

    def open(self, stack: ExitStack) -> None:
        """Open the file as GDAL sees it on the grid, projected exactly."""
        dataset = self._open_file(stack)
        self._warped = stack.enter_context(
            WarpedVRT(
                dataset, src_crs=self.own.crs, src_transform=self.own.transform, crs=self.grid.crs,
                transform=self.grid.transform, width=self.grid.width, height=self.grid.height,
                resampling=Resampling.nearest, src_nodata=None, nodata=math.nan,
                # Holds every whole number of 32 bits, and NaN where the file is masked or ends.
                dtype="float64", tolerance=_WARP_TOLERANCE_PX, **ALPHA_ABOVE_0,
            )
        )  # fmt: skip

    def read(self, row0: int, row1: int, col0: int, col1: int) -> Block:
        """As ``FileOnGrid.read``."""
        window = RasterWindow(col0, row0, col1 - col0, row1 - row0)
        values = self._warped.read(self.numbers, window=window)
        return Block(values, all_measured(values, self.nodata), None)


def _label_band(path: Path) -> BandSource:
    """The one band of a label raster."""
    images = open_images([path])
    bands = [source for image in images for source in image.sources]
    bands = [source for source in bands if source.alpha != source.number]
    if len(bands) != 1:
        raise JobError(
            f"{path.name} has {len(bands)} bands; a raster of classes has one.",
            "Give one band with a number per class; QGIS turns colours into classes with Raster calculator.",
        )
    return bands[0]


def _opens(source: str) -> SmartiesError | None:
    """Why a source cannot be opened as a raster; None where it can."""
    try:
        open_images([source])
    except SmartiesError as error:
        return error
    return None


def _meet(own: Grid, grid: Grid) -> bool:
    """True where the middle of either grid lies inside the other, or corners of one do."""
    if own.crs is None or grid.crs is None:
        return True
    for inner, outer in ((own, grid), (grid, own)):
        steps = np.linspace(0, 1, 9)
        cols, rows = (part.ravel() for part in np.meshgrid(steps * inner.width, steps * inner.height))
        a, b, c, d, e, f = inner.transform[:6]
        try:
            xs, ys = transform_points(inner.crs, outer.crs, a * cols + b * rows + c, d * cols + e * rows + f)
        except GridError:
            continue
        a, b, c, d, e, f = (~outer.transform)[:6]
        cols, rows = a * xs + b * ys + c, d * xs + e * ys + f
        if ((cols > 0) & (cols < outer.width) & (rows > 0) & (rows < outer.height)).any():
            return True
    return False
