"""A raster of classes as polygons, strip by strip: each region once, along exact pixel edges, into a GeoPackage."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pyogrio
import pyogrio.raw
import shapely
from affine import Affine
from pyogrio.errors import DataLayerError, DataSourceError, FieldError, GeometryError
from rasterio.crs import CRS
from rasterio.features import shapes
from skimage.measure import label

from engine.errors import CancelledError, OutputError, SmartiesError
from engine.progress import CancelCallback
from engine.raster.map_writer import MapClass
from engine.vector.geometry import moved

#: Pixels of a strip; of noise, most become a polygon of their own.
_STRIP_PX = 2**19
#: Outlines that are turned into polygons together.
_OUTLINES = 10_000
_BATCH = 10_000
_EQUAL_AREA = "EPSG:6933"
_WRITE_ERRORS = (DataSourceError, DataLayerError, FieldError, GeometryError, OSError, RuntimeError)


def polygonise(
    read: Callable[[int, int], np.ndarray],
    rows: int,
    cols: int,
    transform: Affine,
    strip_rows: int | None = None,
) -> Iterator[tuple[int, shapely.Polygon]]:
    """Polygons of a raster's regions of one class, as (class, polygon); pixels that share an edge belong together.

    ``read(row0, row1)`` → int32 (row1 − row0, cols), −1 where there is nothing; rows are asked for once, from top to
    bottom. A region that runs over several strips is put together and given when no further strip can add to it. In
    memory: one strip, and the outlines of the regions that touch its lower edge.
    """
    height = strip_rows or max(1, min(rows, _STRIP_PX // max(1, cols)))
    running = _Running()
    for row0 in range(0, rows, height):
        values = np.ascontiguousarray(read(row0, min(row0 + height, rows)), np.int32)
        for indices, polygons in running.add(values, row0):
            yield from zip(indices, _placed(polygons, transform), strict=True)
    indices, polygons = running.close()
    yield from zip(indices, _placed(polygons, transform), strict=True)


def write_polygons(
    temporary: Path,
    polygons: Iterable[tuple[int, shapely.Polygon]],
    classes: Sequence[MapClass],
    crs: CRS | None,
    cancelled: CancelCallback | None = None,
) -> int:
    """Write (index into ``classes``, polygon) to a GeoPackage, and give how many there were.

    Layer "polygons": ``value``, ``class`` (name), ``area_m2`` (on the ground; null without CRS). ``cancelled`` is
    asked before every batch.

    Raises:
        CancelledError: ``cancelled`` said so.
        OutputError: the file cannot be written.
    """
    count = 0
    source = iter(polygons)
    while True:
        batch = list(islice(source, _BATCH))
        if cancelled is not None and cancelled():
            raise CancelledError("Cancelled; nothing was written.")
        if not batch and count:
            break
        try:
            _append(temporary, batch, classes, crs, first=count == 0)
        except _WRITE_ERRORS as error:
            if isinstance(error, SmartiesError):
                raise
            raise _failure(temporary, error) from error
        count += len(batch)
        if len(batch) < _BATCH:
            break
    # SQLite is told of a full disk late: what is in the file is counted.
    try:
        written = int(pyogrio.read_info(temporary, layer="polygons", force_feature_count=True)["features"])
    except _WRITE_ERRORS as error:
        raise _failure(temporary, error) from error
    if written != count:
        raise _failure(temporary, OSError("the file is incomplete"))
    return count


class _Running:
    """The regions that touch the lower edge of the last strip, and what they consist of so far."""

    def __init__(self) -> None:
        self._pieces: dict[int, list[shapely.Polygon]] = {}
        self._classes: dict[int, int] = {}
        self._edge = np.zeros(0, np.int64)
        self._edge_classes = np.zeros(0, np.int32)
        self._next = 1

    def add(self, values: np.ndarray, row0: int) -> Iterator[tuple[list[int], np.ndarray]]:
        """Take in a strip; gives the classes and polygons, in pixels of the raster, of regions that are complete."""
        regions = label(values, background=-1, connectivity=1).astype(np.int32)
        count = int(regions.max(initial=0))
        class_of = np.zeros(count + 1, np.int32)
        class_of[regions.ravel()] = values.ravel()
        numbers = self._join(regions[0], values[0], count)
        still_open = np.zeros(count + 1, bool)
        still_open[np.isin(numbers, numbers[regions[-1][regions[-1] > 0]])] = True
        kept = still_open | np.isin(numbers, list(self._pieces))
        outlines = shapes(regions, mask=regions > 0, connectivity=4, transform=Affine.translation(0, row0))
        while some := list(islice(outlines, _OUTLINES)):
            polygons = _polygons([outline["coordinates"] for outline, _ in some])
            found = np.array([region for _, region in some], np.int64)
            for region, polygon in zip(found[kept[found]].tolist(), polygons[kept[found]], strict=True):
                self._pieces.setdefault(int(numbers[region]), []).append(polygon)
                self._classes[int(numbers[region])] = int(class_of[region])
            done = ~kept[found]
            yield class_of[found[done]].tolist(), polygons[done]
        yield self._finished(set(self._pieces) - set(numbers[still_open].tolist()))
        self._edge = np.where(regions[-1] > 0, numbers[regions[-1]], 0)
        self._edge_classes = values[-1].copy()

    def close(self) -> tuple[list[int], np.ndarray]:
        """As ``add``, for the regions that reach the end of the raster."""
        return self._finished(set(self._pieces))

    def _finished(self, numbers: set[int]) -> tuple[list[int], np.ndarray]:
        ordered = sorted(numbers)
        polygons = np.empty(len(ordered), object)
        polygons[:] = [_joined(self._pieces.pop(number)) for number in ordered]
        return [self._classes.pop(number) for number in ordered], polygons

    def _join(self, top: np.ndarray, top_classes: np.ndarray, count: int) -> np.ndarray:
        """A number (count + 1,) for each region of the strip: that of the regions it continues, which become one."""
        parent: dict[int, int] = {}

        def root(number: int) -> int:
            while parent.get(number, number) != number:
                parent[number] = parent.get(parent[number], parent[number])
                number = parent[number]
            return number

        numbers = np.arange(self._next - 1, self._next + count, dtype=np.int64)
        self._next += count
        if not len(self._edge):
            return numbers
        meet = (self._edge > 0) & (top > 0) & (self._edge_classes == top_classes)
        for above, below in np.unique(np.column_stack([self._edge[meet], numbers[top[meet]]]), axis=0).tolist():
            first, second = sorted((root(above), root(below)))
            parent[second] = first
        for number in [each for each in self._pieces if root(each) != each]:
            self._pieces.setdefault(root(number), []).extend(self._pieces.pop(number))
        touched = np.unique(top[top > 0])
        numbers[touched] = [root(int(number)) for number in numbers[touched]]
        return numbers


def _joined(pieces: list[shapely.Polygon]) -> shapely.Polygon:
    """One polygon of pieces that share edges, in whole pixels, without vertices along straight edges."""
    if len(pieces) == 1:
        return pieces[0]
    whole = shapely.union_all(pieces)
    rings = [_corners(shapely.get_coordinates(ring)) for ring in (whole.exterior, *whole.interiors)]
    return shapely.Polygon(rings[0], rings[1:])


def _corners(ring: np.ndarray) -> np.ndarray:
    """The vertices (n, 2) of a closed ring of edges along rows and columns at which it turns."""
    points = ring[:-1]
    before, after = np.roll(points, 1, axis=0), np.roll(points, -1, axis=0)
    straight = ((before == points) & (points == after)).any(axis=1)
    kept = points[~straight]
    return np.concatenate([kept, kept[:1]])


def _polygons(outlines: Sequence[Sequence[Sequence[tuple[float, float]]]]) -> np.ndarray:
    """Polygons (n,) of GeoJSON's coordinates, all at once."""
    rings = [ring for outline in outlines for ring in outline]
    points = np.array([point for ring in rings for point in ring], float)
    lines = shapely.linearrings(points, indices=np.repeat(np.arange(len(rings)), [len(ring) for ring in rings]))
    owners = np.repeat(np.arange(len(outlines)), [len(outline) for outline in outlines])
    return np.asarray(shapely.polygons(lines, indices=owners))


def _placed(polygons: np.ndarray, transform: Affine) -> np.ndarray:
    """Polygons (n,) in pixels brought to the coordinates of the raster."""
    a, b, c, d, e, f = transform[:6]
    return shapely.transform(
        polygons, lambda at: np.column_stack([a * at[:, 0] + b * at[:, 1] + c, d * at[:, 0] + e * at[:, 1] + f])
    )


def _append(
    temporary: Path,
    batch: Sequence[tuple[int, shapely.Polygon]],
    classes: Sequence[MapClass],
    crs: CRS | None,
    first: bool,
) -> None:
    geometries = np.array([polygon for _, polygon in batch], dtype=object)
    numbers = [index for index, _ in batch]
    area = ground_area(geometries, crs)
    with warnings.catch_warnings():
        # That a raster without CRS gives polygons without one needs no warning.
        warnings.simplefilter("ignore")
        pyogrio.raw.write(
            temporary, shapely.to_wkb(geometries),
            [
                np.array([classes[index].value for index in numbers], np.int32),
                np.array([classes[index].name for index in numbers], dtype=object),
                area,
            ],
            ["value", "class", "area_m2"],
            layer="polygons", driver="GPKG", geometry_type="Polygon", append=not first,
            crs=None if crs is None else crs.to_wkt(),
            # Newer versions, which some GDAL write by themselves, are met with a warning by older ones, as in QGIS.
            dataset_options={"VERSION": "1.2"} if first else None,
        )  # fmt: skip


def ground_area(polygons: np.ndarray, crs: CRS | None) -> np.ndarray:
    """Areas (n,) in square metres on the ground; NaN without CRS, or where the place has no equal-area coordinates."""
    if crs is None or not len(polygons):
        return np.full(len(polygons), np.nan)
    if crs.is_geographic or re.search(r"Mercator_(1SP|2SP|Auxiliary_Sphere)|Popular Visualisation", crs.to_wkt()):
        flat, placed = moved(polygons, crs, CRS.from_user_input(_EQUAL_AREA))
        areas = np.full(len(polygons), np.nan)
        areas[placed] = shapely.area(flat[placed])
        return areas
    metres: float = crs.units_factor[1] if crs.is_projected else 1.0
    return np.asarray(shapely.area(polygons)) * metres**2


def _failure(temporary: Path, error: Exception) -> OutputError:
    reason = " ".join(str(error).split()).replace(str(temporary), "the file").rstrip(".")
    return OutputError(
        f"The polygons cannot be written to {temporary.parent}: {reason[:200]}.",
        "Choose a folder you may write to, on a disk that works and has space.",
    )
