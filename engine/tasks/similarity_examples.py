"""Examples of what is sought, from points and vector files to one unit vector each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import CancelledError, GridError, JobError
from engine.progress import CancelCallback
from engine.raster.crs import crs_label, parse_crs, transform_points
from engine.raster.feature_raster import FeatureRaster
from engine.raster.grid import Grid, bounds_text
from engine.tasks.similarity_index import SimilarityIndex

#: More examples than this say what a head would learn better, and make every search slow.
MOST_EXAMPLES = 1000
#: Rows of a polygon that are filled at once.
_FILL_ROWS = 1024
#: Of a larger feature so many cells, drawn evenly, tell the mean direction just as well.
_MOST_CELLS = 20_000

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_POINT = re.compile(rf"\s*({_NUMBER})\s*,\s*({_NUMBER})\s*")


@dataclass(frozen=True, eq=False)
class Examples:
    """Unit vectors ``vectors`` (n, D), one for each point and feature, and what the user should know of them."""

    vectors: np.ndarray
    notes: tuple[str, ...]


def read_examples(
    sources: Sequence[str],
    points_crs: str | None,
    raster: FeatureRaster,
    index: SimilarityIndex,
    cancelled: CancelCallback,
) -> Examples:
    """The examples that ``sources`` name: points "X,Y" in ``points_crs`` (None: the raster's), or vector files.

    A point stands for the cell it lies in. A feature of a file stands for the mean direction of the cells it covers:
    those whose centre lies in a polygon (the one cell that holds a smaller polygon), those a line touches. Raises
    JobError for a point where there is no cell or no data and for a file of which no feature has a place,
    SourceError for a file that cannot be read.
    """
    grid = raster.grid
    groups: list[np.ndarray] = []
    #: For each source what it is called and how many of the groups are its.
    origins: list[tuple[str, int, bool]] = []
    notes: list[str] = []
    for source in sources:
        point = _POINT.fullmatch(source)
        if point:
            groups.append(_cell_of(float(point[1]), float(point[2]), points_crs, grid))
            origins.append((source, 1, True))
            continue
        # Imported here: a click on a map needs no vector file and none of the libraries that read them.
        from engine.vector.read import read_layer_on

        layer = read_layer_on(source, grid, fields=())
        notes += layer.notes
        groups += (_cells_of(geometry, grid) for geometry in layer.geometries)
        origins.append((layer.title, len(layer.geometries), False))
    if len(groups) > MOST_EXAMPLES:
        raise JobError(
            f"{len(groups):,} examples are too many for a search, which takes {MOST_EXAMPLES:,}.",
            "Give the most typical ones, or train a head with them.",
        )
    vectors = _directions(groups, raster, index, cancelled)
    known = np.any(vectors != 0, axis=1)
    start = 0
    for title, count, is_point in origins:
        here = int(known[start : start + count].sum())
        start += count
        if not here:
            raise JobError(_nowhere(title, count, is_point, raster), "Choose a place where the map has data.")
        if here < count:
            notes.append(f"{title}: {count - here} of {count} features lie where there is no data; left out.")
    return Examples(vectors[known], tuple(notes))


def _nowhere(title: str, count: int, is_point: bool, raster: FeatureRaster) -> str:
    if is_point:
        return f"There is no data at the point {title}."
    if not count:
        return f"{title} holds no feature."
    grid = raster.grid
    return (
        f"No feature of {title} lies where {raster.path.name} has data; that covers {bounds_text(grid.bounds)} in"
        f" {crs_label(grid.crs)}."
    )


def _cell_of(x: float, y: float, crs: str | None, grid: Grid) -> np.ndarray:
    """The number of the cell a point lies in, as an array of one; JobError for a point off the grid."""
    there_x, there_y = x, y
    if crs is not None and grid.crs is not None and parse_crs(crs) != grid.crs:
        try:
            xs, ys = transform_points(parse_crs(crs), grid.crs, [x], [y])
        except GridError as error:
            raise JobError(
                f"The point {x:g},{y:g} in {crs} has no place in {crs_label(grid.crs)}.",
                "Give X,Y (longitude before latitude) and their CRS.",
            ) from error
        there_x, there_y = float(xs[0]), float(ys[0])
    elif grid.crs is None and grid.transform.e > 0 and y < 0:
        # QGIS draws pictures without georeference downwards from 0.
        there_y = -y
    cells = _numbers(np.array([[there_x, there_y]]), grid)
    if not len(cells):
        raise JobError(
            f"The point {x:.12g},{y:.12g}{f' in {crs}' if crs else ''} lies outside the embedding, which covers"
            f" {bounds_text(grid.bounds)} in {crs_label(grid.crs)}.",
            "Choose a point on it, or give the CRS of the points (--points-crs).",
        )
    return cells


def _cells_of(geometry: object, grid: Grid) -> np.ndarray:
    """The numbers of the cells that a geometry of shapely, in the grid's CRS, stands for; none off the grid."""
    import rasterio.features
    import shapely

    if shapely.get_dimensions(geometry) == 0:
        return _numbers(shapely.get_coordinates(geometry), grid)
    row0, row1, col0, col1 = grid.window_of(tuple(shapely.bounds(geometry)))
    row0, row1, col0, col1 = max(row0, 0), min(row1, grid.height), max(col0, 0), min(col1, grid.width)
    if row0 >= row1 or col0 >= col1:
        return np.zeros(0, np.int64)
    is_line = shapely.get_dimensions(geometry) == 1
    generator = np.random.default_rng(0)
    share, found = 1.0, [np.zeros(0, np.int64)]
    for start in range(row0, row1, _FILL_ROWS):
        stop = min(start + _FILL_ROWS, row1)
        transform = grid.crop(start, stop, col0, col1).transform
        covered = rasterio.features.rasterize(
            [geometry], (stop - start, col1 - col0), transform=transform, all_touched=is_line, dtype="uint8"
        )
        rows, cols = np.nonzero(covered)
        numbers = (rows + start) * grid.width + cols + col0
        found.append(numbers[generator.random(len(numbers)) < share])
        while sum(map(len, found)) > _MOST_CELLS:
            share /= 2
            found = [part[generator.random(len(part)) < 0.5] for part in found]
    cells = np.concatenate(found)
    if len(cells):
        return cells
    return _numbers(shapely.get_coordinates(shapely.point_on_surface(geometry)), grid)


def _numbers(points: np.ndarray, grid: Grid) -> np.ndarray:
    """The distinct numbers of the cells that points (n, 2) in the grid's CRS lie in; those off the grid have none."""
    cols, rows = np.floor(~grid.transform @ points.T).astype(np.int64) if len(points) else np.zeros((2, 0), np.int64)
    inside = (rows >= 0) & (rows < grid.height) & (cols >= 0) & (cols < grid.width)
    return np.unique(rows[inside] * grid.width + cols[inside])


def _directions(
    groups: Sequence[np.ndarray], raster: FeatureRaster, index: SimilarityIndex, cancelled: CancelCallback
) -> np.ndarray:
    """The mean direction (n, D) of each group's cells as unit vectors; zeros where none has data.

    The cells are read a window at a time, each once.
    """
    sums = np.zeros((len(groups), raster.dims))
    owners = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    rows, cols = np.divmod(np.concatenate(groups) if groups else np.zeros(0, np.int64), raster.cols)
    for row0, row1, col0, col1 in raster.windows():
        if cancelled():
            raise CancelledError("Cancelled; nothing was written.")
        here = (rows >= row0) & (rows < row1) & (cols >= col0) & (cols < col1)
        if not here.any():
            continue
        top, left = int(rows[here].min()), int(cols[here].min())
        values = raster.read(top, int(rows[here].max()) + 1, left, int(cols[here].max()) + 1)
        cells = values[:, rows[here] - top, cols[here] - left].T
        units = np.nan_to_num(index.unit(cells))
        # Owners ascend: each one's cells lie side by side.
        own, first = np.unique(owners[here], return_index=True)
        sums[own] += np.add.reduceat(units, first, axis=0)
    length = np.linalg.norm(sums, axis=1, keepdims=True)
    return (sums / np.maximum(length, 1e-12)).astype(np.float32)


def example_file(source: str) -> Path | None:
    """The file that an example is read from; None for a point."""
    return None if _POINT.fullmatch(source) else Path(source.split("|")[0])
