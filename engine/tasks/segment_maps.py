"""The maps of a segmentation, written window by window: classes, how sure they are, and each class's probability."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import rasterio
from rasterio.windows import Window

from engine.errors import JobError
from engine.heads.head import HeadInfo
from engine.jobs.segment import SegmentJob
from engine.options import CONFIDENCES
from engine.raster.crs import ground_scale
from engine.raster.grid import Grid
from engine.raster.map_writer import MapWriter
from engine.raster.opening import gdal_environment
from engine.raster.outputs import Outputs

#: Blocks of the maps are as high.
SLAB_ROWS = 256
#: The class of a pixel without data, where classes are numbered from 0.
NO_CLASS = -1


@dataclass(frozen=True)
class MapFiles:
    """Where the outputs of a segmentation grow; None for those nobody asked for."""

    classes: Path
    confidence: Path | None
    probabilities: Path | None
    polygons: Path | None

    @classmethod
    def of(cls, job: SegmentJob, outputs: Outputs) -> MapFiles:
        """The hidden names of the job's outputs. Raises OutputError where one cannot become a file."""
        if not job.output:
            raise JobError("No output was named.", "Name the class raster to write.")

        def raster(name: str) -> Path | None:
            return outputs.add(name) if name else None

        return cls(
            outputs.add(job.output),
            raster(job.confidence),
            raster(job.probabilities),
            outputs.add(job.polygons, (".gpkg",), "a GeoPackage") if job.polygons else None,
        )


class ClassRaster:
    """The class raster of a head, written as numbers of classes (0 … K − 1, ``NO_CLASS``) in slabs; counts pixels.

    ``pixels`` (K,) are those of each class so far, ``areas`` (K,) what they cover in m²; None without CRS.
    """

    def __init__(self, path: Path, grid: Grid, info: HeadInfo, tags: Mapping[str, str]) -> None:
        classes = info.classes
        self.pixels = np.zeros(len(classes), np.int64)
        self.areas: np.ndarray | None = None if grid.crs is None else np.zeros(len(classes))
        self._row_areas = _row_areas(grid)
        values = np.array([each.value for each in classes] + [info.nodata])
        # NO_CLASS, counted from the end, is nodata.
        self._values = values.astype(info.dtype)
        named = [{"value": each.value, "name": each.name, "colour": each.colour} for each in classes]
        self._slabs = SlabWriter(
            path, grid, info.dtype, info.nodata, ("class",),
            {**tags, "SMARTIES_CLASSES": json.dumps(named, ensure_ascii=False)}, classes,
        )  # fmt: skip

    def __enter__(self) -> Self:
        self._slabs.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._slabs.__exit__(kind, error, trace)

    def write(self, row0: int, col0: int, numbers: np.ndarray) -> None:
        """Write the classes' numbers (h, w) of a window."""
        count = len(self.pixels)
        lines = np.arange(len(numbers))[:, None] * (count + 1)
        # One bin per row and class; the first of each row takes the pixels without data.
        bins = np.bincount((numbers + 1 + lines).ravel(), minlength=len(numbers) * (count + 1))
        table = bins.reshape(len(numbers), count + 1)[:, 1:]
        self.pixels += table.sum(axis=0)
        if self.areas is not None:
            self.areas += self._row_areas[row0 : row0 + len(numbers)] @ table
        self._slabs.write(row0, col0, self._values[numbers][None])


class Maps:
    """All rasters of a segmentation, from probabilities; a context manager for those beside the classes.

    ``classes`` is where the numbers of classes go: a ``ClassRaster``, or what is sieved later; whoever opened it
    closes it.
    """

    def __init__(
        self,
        classes: ClassRaster | NumberRaster,
        files: MapFiles,
        grid: Grid,
        info: HeadInfo,
        confidence_kind: str,
        tags: Mapping[str, str],
    ) -> None:
        self._classes = classes
        self._entropy = confidence_kind == CONFIDENCES[1]
        self._stack = ExitStack()
        self._confidence = self._probabilities = None
        described = {key: value for key, value in tags.items() if key != "TIFFTAG_IMAGEDESCRIPTION"}
        what = tags["TIFFTAG_IMAGEDESCRIPTION"]
        if files.confidence is not None:
            name = "1 − normalised entropy" if self._entropy else "probability of the class"
            text = {**described, "TIFFTAG_IMAGEDESCRIPTION": f"Confidence ({name}) of: {what}"}
            self._confidence = SlabWriter(files.confidence, grid, "float32", math.nan, (name,), text)
        if files.probabilities is not None:
            names = [each.name for each in info.classes]
            text = {**described, "TIFFTAG_IMAGEDESCRIPTION": f"Probabilities of: {what}"}
            self._probabilities = SlabWriter(files.probabilities, grid, "float32", math.nan, names, text)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for writer in (self._confidence, self._probabilities):
                if writer is not None:
                    stack.enter_context(writer)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._stack.__exit__(*exception)

    def take(self, row0: int, col0: int, probabilities: np.ndarray) -> None:
        """Take the probabilities (K, h, w) of a window, NaN in all K where there is no data."""
        missing = np.isnan(probabilities[0])
        numbers = np.argmax(probabilities, axis=0)
        numbers[missing] = NO_CLASS
        self._classes.write(row0, col0, numbers)
        if self._confidence is not None:
            sure = _certainty(probabilities) if self._entropy else probabilities.max(axis=0)
            self._confidence.write(row0, col0, sure[None])
        if self._probabilities is not None:
            self._probabilities.write(row0, col0, probabilities)


class NumberRaster:
    """Numbers of classes in a file of their own, written in windows and read again in strips; a context manager."""

    def __init__(self, path: Path, grid: Grid) -> None:
        with gdal_environment():
            self._dataset = rasterio.open(
                path, "w", driver="GTiff", width=grid.width, height=grid.height, count=1, dtype="int32",
                transform=grid.transform, tiled=True, compress="ZSTD", zstd_level=1, bigtiff="IF_SAFER",
            )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._dataset.close()

    def write(self, row0: int, col0: int, numbers: np.ndarray) -> None:
        """Write the classes' numbers (h, w) of a window."""
        with gdal_environment():
            self._dataset.write(
                numbers.astype(np.int32), 1, window=Window(col0, row0, numbers.shape[1], numbers.shape[0])
            )


class SlabWriter:
    """A ``MapWriter`` that takes windows of any height, from top to bottom, and packs every block once.

    A window that crosses a multiple of ``SLAB_ROWS`` rows is as wide as the raster.
    """

    def __init__(
        self,
        path: Path,
        grid: Grid,
        dtype: str,
        nodata: float,
        band_names: tuple[str, ...] | list[str],
        tags: Mapping[str, str],
        classes: tuple[Any, ...] = (),
    ) -> None:
        self._writer = MapWriter(
            path, grid.height, grid.width, dtype, nodata, grid.transform, grid.crs, band_names, tags, classes
        )
        self._shape, self._dtype, self._bands = (grid.height, grid.width), dtype, len(band_names)
        self._slab: np.ndarray | None = None
        self._filled = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._slab is not None:
            self._writer.__exit__(ValueError)
            raise ValueError("windows are missing")
        self._writer.__exit__(kind, error, trace)

    def write(self, row0: int, col0: int, values: np.ndarray) -> None:
        """Write ``values`` (bands, h, w) at (row0, col0)."""
        height, width = self._shape
        end = row0 + values.shape[1]
        if row0 // SLAB_ROWS != (end - 1) // SLAB_ROWS and values.shape[2] != width:
            raise ValueError(f"a window of rows {row0}–{end} that is not as wide as the raster")
        whole = row0 % SLAB_ROWS == 0 and (end % SLAB_ROWS == 0 or end == height)
        if whole and self._slab is None and (values.shape[2] == width or col0 % SLAB_ROWS == 0):
            self._writer.write(row0, col0, values)
            return
        while row0 < end:
            first = row0 // SLAB_ROWS * SLAB_ROWS
            stop = min(first + SLAB_ROWS, height)
            part, values = np.split(values, [min(end, stop) - row0], axis=1)
            if self._slab is None:
                self._slab = np.empty((self._bands, stop - first, width), self._dtype)
                self._filled = 0
            self._slab[:, row0 - first : row0 - first + part.shape[1], col0 : col0 + part.shape[2]] = part
            self._filled += part.shape[1] * part.shape[2]
            if self._filled == (stop - first) * width:
                self._writer.write(first, 0, self._slab)
                self._slab = None
            row0 += part.shape[1]


def _certainty(probabilities: np.ndarray) -> np.ndarray:
    """1 − entropy over that of a draw among all classes: 1 where one class has it all, 0 where all are alike."""
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = probabilities * np.log(probabilities)
    parts[probabilities == 0] = 0
    return np.clip(1 + parts.sum(axis=0) / math.log(len(probabilities)), 0, 1).astype(np.float32)


def _row_areas(grid: Grid) -> np.ndarray:
    """The area in m² of a pixel of each row (height,)."""
    if grid.crs is None:
        return np.zeros(grid.height)
    area = abs(grid.transform.determinant)
    # Those of degrees, and of Mercator's metres, vary smoothly: a look at some rows tells them all.
    rows = np.unique(np.linspace(0, grid.height - 1, 257).round().astype(int))
    middle = grid.width / 2
    scales = [ground_scale(grid.crs, *(grid.transform @ (middle, row + 0.5))) ** 2 for row in rows]
    return area * np.interp(np.arange(grid.height), rows, scales)
