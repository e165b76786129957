"""An embedding that was made before: its values, where they lie, and what it was made of."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from affine import Affine
from rasterio.crs import CRS
from rasterio.windows import Window

from engine.errors import SourceError
from engine.raster.grid import Grid
from engine.raster.opening import READ_ERRORS, gdal_environment, local_path, open_file, reason_of, shorten
from engine.reach import Reach

#: Values of an embedding in memory at once, as float32.
READ_BYTES = 64 * 2**20
_FIGURES = ("p1", "p99", "mean", "std")


@dataclass(frozen=True)
class FeatureRecord:
    """What the metadata of an embedding tell: the tags of ``engine.tasks.provenance``, parsed."""

    job: dict[str, Any]
    model: dict[str, Any]
    images: list[dict[str, Any]]
    lattice: dict[str, Any]

    @property
    def title(self) -> str:
        """The images it was made of, for messages."""
        return " + ".join(str(image["name"]) for image in self.images)

    @property
    def chip(self) -> int:
        """Source pixels along a side of one model input."""
        return int(self.job["chip"])

    @property
    def fusion(self) -> str:
        """How several images became one."""
        return str(self.job["fusion"])

    @property
    def level(self) -> str:
        """Of what one vector was made: "tokens" or "chips"."""
        return str(self.job["level"])

    def source_grid(self, crs: CRS | None) -> Grid:
        """The grid of the pixels that were embedded."""
        return Grid(crs, Affine(*self.lattice["transform"]), int(self.lattice["width"]), int(self.lattice["height"]))

    @cached_property
    def fingerprint(self) -> dict[str, Any]:
        """What must agree for two embeddings to speak one language, as JSON values.

        "model" (sha256, "projections" where some were learnt), "bands" and "statistics" per image, "chip", "fusion"
        and "level". The bands are their learnt layers with weights; their names do not matter, and, the model taking
        their mean, nor does their order: they and their statistics are sorted by layers.
        """
        images = [_sorted_bands(image) for image in self.images]
        return {
            "model": {key: self.model.get(key, "") for key in ("sha256", "projections")},
            "bands": [bands for bands, _ in images],
            "statistics": [statistics for _, statistics in images],
            "chip": self.chip,
            "fusion": self.fusion,
            "level": self.level,
        }


def _sorted_bands(image: dict[str, Any]) -> tuple[list[dict[str, float]], dict[str, list[float]]]:
    """Layers with weights of an image's bands, and its statistics, in an order that depends on nothing else."""
    weights = [band["weights"] for band in image["bands"]]
    figures = list(zip(*(image["statistics"][key] for key in _FIGURES), strict=True))
    order = sorted(range(len(weights)), key=lambda place: (sorted(weights[place].items()), figures[place]))
    return [weights[place] for place in order], {
        key: [figures[place][number] for place in order] for number, key in enumerate(_FIGURES)
    }


def parse_record(tags: dict[str, str]) -> FeatureRecord | None:
    """The record in a raster's tags, None where the raster is no embedding of ours."""
    try:
        parts = [json.loads(tags[f"SMARTIES_{name}"]) for name in ("JOB", "MODEL", "IMAGES", "LATTICE")]
        return FeatureRecord(*parts)
    except (KeyError, ValueError, TypeError):
        return None


def embedding_behind(path: str | Path) -> Path | None:
    """The embedding that ``path`` is, or that it is the picture of; None where it is neither.

    Raises SourceError for a picture whose embedding is gone or out of reach (``engine.reach``), and for an embedding
    that is no GeoTIFF. The picture itself is no image to work on in its place: the user meant the embedding.
    """
    text = str(path)
    _refuse_other_formats(Path(text))
    if not os.path.isfile(text):
        return None
    file = local_path(text)
    try:
        with gdal_environment(), open_file(file) as dataset:
            tags = dataset.tags()
    except (SourceError, *READ_ERRORS):
        # Whatever is wrong with it, an embedding it is not; reading it as an image will tell.
        return None
    if parse_record(tags) is not None:
        return file
    beside = tags.get("SMARTIES_EMBEDDING")
    if not beside:
        return None
    embedding = file.parent / beside
    Reach(file).check(embedding, file.name)
    if not os.path.isfile(embedding):
        raise SourceError(
            f"{file.name} is the picture of {shorten(embedding.name)}, which is not there any more.",
            "Give the embedding itself, or make it again.",
        )
    return embedding


def _refuse_other_formats(path: Path) -> None:
    """Raise SourceError for the formats that are made for other programs to read."""
    kind = {".zarr": "a Zarr store", ".parquet": "a GeoParquet table"}.get(path.suffix.lower())
    if kind is not None and path.exists():
        raise SourceError(
            f"{path.name} is {kind}, from which no map is made here.",
            "Give the embedding as a GeoTIFF: 'smarties embed --out NAME.tif'.",
        )


class FeatureRaster:
    """An open embedding; a context manager, for one thread at a time.

    ``dims`` values per cell, ``rows`` × ``cols`` cells; ``grid`` is that of the cells, ``source_grid`` that of the
    pixels they were made of. Raises SourceError for a file that is no embedding of ours or cannot be read.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = local_path(path)
        _refuse_other_formats(self.path)
        with ExitStack() as stack:
            stack.enter_context(gdal_environment())
            try:
                self._dataset = stack.enter_context(open_file(self.path))
            except READ_ERRORS as error:
                raise self._unreadable(error) from error
            record = parse_record(self._dataset.tags())
            if record is None:
                raise SourceError(
                    f"{self.path.name} is not an embedding that SMARTIES wrote.",
                    "Give one of 'smarties embed', or images.",
                )
            self.record = record
            self._stack = stack.pop_all()
        self.dims, self.rows, self.cols = self._dataset.count, self._dataset.height, self._dataset.width
        self._scales = np.asarray(self._dataset.scales, np.float32)[:, None, None]
        self._nodata = self._dataset.nodata

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._stack.close()

    @property
    def crs(self) -> CRS | None:
        """The coordinate system of cells and pixels."""
        return self._dataset.crs

    @property
    def grid(self) -> Grid:
        """The lattice of the cells."""
        return Grid(self.crs, self._dataset.transform, self.cols, self.rows)

    @property
    def source_grid(self) -> Grid:
        """The lattice of the pixels that were embedded."""
        return self.record.source_grid(self.crs)

    def read(
        self, row0: int, row1: int, col0: int = 0, col1: int | None = None, shape: tuple[int, int] | None = None
    ) -> np.ndarray:
        """Values (dims, h, w) float32 of a window, ends excluded; NaN in all dims where there is no data.

        ``shape`` shrinks the window to so many rows and columns, through the overviews where there are some. Raises
        SourceError for a damaged file.
        """
        window = Window(col0, row0, (self.cols if col1 is None else col1) - col0, row1 - row0)
        try:
            # GDAL's settings belong to a thread, and the one that reads need not be the one that opened.
            with gdal_environment():
                stored = self._dataset.read(window=window, out_shape=None if shape is None else (self.dims, *shape))
        except READ_ERRORS as error:
            raise self._unreadable(error) from error
        values = stored.astype(np.float32, copy=False)
        if stored.dtype.kind != "f":
            missing = stored[0] == self._nodata
            values = values * self._scales
            values[:, missing] = np.nan
        return values

    def has_data(self, row0: int, row1: int, col0: int, col1: int) -> np.ndarray:
        """Which cells (h, w) bool of a window have data, from one band alone. Raises SourceError as ``read``."""
        try:
            with gdal_environment():
                stored = self._dataset.read(1, window=Window(col0, row0, col1 - col0, row1 - row0))
        except READ_ERRORS as error:
            raise self._unreadable(error) from error
        return np.asarray(np.isfinite(stored) if stored.dtype.kind == "f" else stored != self._nodata, bool)

    def windows(self, most_bytes: int = READ_BYTES) -> Iterator[tuple[int, int, int, int]]:
        """Windows (row0, row1, col0, col1) that cover the raster from top to bottom, of whole blocks where that fits.

        Each block is unpacked once, and no window holds more than ``most_bytes`` as float32, unless one block does.
        """
        block_rows, block_cols = self._dataset.block_shapes[0]
        fit = max(1, most_bytes // (4 * self.dims * block_rows * block_cols))
        across = -(-self.cols // block_cols)
        width = min(self.cols, fit * block_cols)
        height = block_rows * max(1, fit // across)
        for row in range(0, self.rows, height):
            for col in range(0, self.cols, width):
                yield row, min(row + height, self.rows), col, min(col + width, self.cols)

    def strips(self, most_bytes: int = READ_BYTES) -> Iterator[tuple[int, int]]:
        """Full-width ranges of rows (row0, row1), from top to bottom; blocks whole where that fits."""
        block_rows = self._dataset.block_shapes[0][0]
        rows = max(1, most_bytes // (4 * self.dims * self.cols))
        height = max(block_rows, rows // block_rows * block_rows)
        for row in range(0, self.rows, height):
            yield row, min(row + height, self.rows)

    def _unreadable(self, error: BaseException) -> SourceError:
        return SourceError(
            f"{self.path.name} cannot be read{reason_of(error, self.path)}.",
            "The file may be damaged or incomplete: make the embedding again.",
        )
