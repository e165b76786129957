"""The pixel grid that rasters are brought onto, and the choice of one grid for several images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import rasterio.warp
from affine import Affine
from rasterio._err import CPLE_BaseError
from rasterio.crs import CRS
from rasterio.errors import RasterioError

from engine.errors import GridError
from engine.raster.crs import crs_label, ground_scale, parse_crs, transform_points

Bounds = tuple[float, float, float, float]
#: First row, end row, first column, end column, in pixels of a grid or fractions of them.
Window = tuple[float, float, float, float]

#: Two lattices are one when pixel edges agree within this share of a pixel, over the whole raster.
LATTICE_TOLERANCE_PX = 0.01
#: Images whose pixel sizes differ by less count as equally fine (10 m in UTM and 9e-5° are not, 30 m and 29.9 m are).
GSD_TIE = 0.01
#: Larger grids are a slip in an extent or a resolution, not a job: 1e12 px are 8,000 Sentinel-2 scenes.
MAX_SIDE_PX = 10_000_000
MAX_AREA_PX = 1_000_000_000_000
#: Points per side of the net laid over a footprint before it is projected; curved edges stay within it to < 1 px
#: for scenes, and a pole inside is not lost as it would be with the outline alone.
_NET = 21
#: Pixels along each side of an extent given in another CRS: what is left of it near an image is cut to these.
_EXTENT_SIDE = 10_000


@dataclass(frozen=True)
class Grid:
    """A lattice of pixels: where each pixel of a raster lies.

    ``transform`` maps (column, row) of pixel corners to coordinates of ``crs``; it may be
    rotated or south-up. ``crs`` None is a picture without georeference: coordinates are
    then whatever the transform says, usually pixels.
    """

    crs: CRS | None
    transform: Affine
    width: int
    height: int

    @property
    def bounds(self) -> Bounds:
        """Left, bottom, right, top of the envelope, in units of the CRS."""
        corners = [self.transform @ corner for corner in self._corners()]
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        return min(xs), min(ys), max(xs), max(ys)

    @property
    def centre(self) -> tuple[float, float]:
        """Coordinates of the middle of the grid, in units of the CRS."""
        x, y = self.transform @ (self.width / 2, self.height / 2)
        return x, y

    @property
    def pixel_size(self) -> tuple[float, float]:
        """Lengths of a pixel's two edges (along a row, along a column), in units of the CRS."""
        return math.hypot(self.transform.a, self.transform.d), math.hypot(self.transform.b, self.transform.e)

    @cached_property
    def gsd_m(self) -> float | None:
        """Ground sampling distance in metres: the root of a pixel's area at the centre; None without CRS."""
        if self.crs is None:
            return None
        return math.sqrt(abs(self.transform.determinant)) * ground_scale(self.crs, *self.centre)

    def crop(self, row0: int, row1: int, col0: int, col1: int) -> Grid:
        """The part of this grid between two rows and two columns (ends excluded), on the same lattice."""
        return Grid(self.crs, self.transform @ Affine.translation(col0, row0), col1 - col0, row1 - row0)

    def window_of(self, bounds: Bounds) -> tuple[int, int, int, int]:
        """The rows and columns (row0, row1, col0, col1; ends excluded) that bounds in the grid's CRS touch.

        Not clipped to the grid; edges within a hundredth of a pixel count as aligned.
        """
        left, bottom, right, top = bounds
        inverse = ~self.transform
        corners = [inverse @ corner for corner in ((left, bottom), (left, top), (right, bottom), (right, top))]
        cols, rows = [col for col, _ in corners], [row for _, row in corners]
        tolerance = LATTICE_TOLERANCE_PX
        return (
            math.floor(min(rows) + tolerance),
            math.ceil(max(rows) - tolerance),
            math.floor(min(cols) + tolerance),
            math.ceil(max(cols) - tolerance),
        )

    def offset_in(self, other: Grid) -> tuple[int, int] | None:
        """Whole rows and columns by which this grid's corner lies inside ``other``; None off its lattice."""
        if self.crs != other.crs:
            return None
        # Affine maps preserve straight lines: corners that agree mean that every pixel does.
        to_other = ~other.transform @ self.transform
        col, row = round(to_other.c), round(to_other.f)
        for x, y in self._corners():
            there_x, there_y = to_other @ (x, y)
            if max(abs(there_x - x - col), abs(there_y - y - row)) > LATTICE_TOLERANCE_PX:
                return None
        return row, col

    def same_as(self, other: Grid) -> bool:
        """True when both are the same pixels: CRS, size, and corners within a hundredth of a pixel."""
        return (self.width, self.height) == (other.width, other.height) and self.offset_in(other) == (0, 0)

    def describe(self) -> str:
        """One line for people: ``1068×1068 px, 10 m, EPSG:32633``."""
        gsd = self.gsd_m
        size = f"{self.width}×{self.height} px"
        return f"{size}, no georeference" if gsd is None else f"{size}, {metres_text(gsd)}, {crs_label(self.crs)}"

    def _corners(self) -> tuple[tuple[float, float], ...]:
        return (0, 0), (self.width, 0), (0, self.height), (self.width, self.height)


class HasGrid(Protocol):
    """What ``common_grid`` needs of an image."""

    @property
    def title(self) -> str:
        """Short name for messages."""

    @property
    def grid(self) -> Grid:
        """The image's own grid."""


def common_grid(
    images: Sequence[HasGrid],
    reference: int | None = None,
    extent: Bounds | None = None,
    crs: CRS | str | int | None = None,
    resolution: float | None = None,
    extent_crs: CRS | str | int | None = None,
) -> Grid:
    """The one grid on which all images are read.

    Without ``crs`` and ``resolution`` it is the reference image's own lattice, cropped by
    whole pixels to where all images (and the ``extent``) lie, so that the reference is
    never resampled. The reference is ``images[reference]``, by default the finest image,
    the first of equally fine ones.

    Args:
        images: at least one image.
        reference: index into ``images``.
        extent: left, bottom, right, top in ``extent_crs``.
        crs: another CRS to read in: an EPSG number, ``"EPSG:3035"``, WKT.
        resolution: pixel size in units of the resulting grid's CRS. Pixel edges fall on
            multiples of it, or start at the extent's top left corner.
        extent_crs: the CRS of the extent; None is that of the resulting grid. All that it covers of the
            grid is read, its edges being curved there.

    Raises:
        GridError: the images do not overlap, one has no georeference, the CRS cannot be
            reached, or the grid is empty or absurdly large.
    """
    base = images[reference_number(images, reference)]
    _check_georeference(images, base, new_lattice=crs is not None or resolution is not None)
    lattice = base.grid
    target = lattice.crs if crs is None else parse_crs(crs)
    if extent is not None and extent_crs is not None:
        extent = _extent_on(_checked_extent(extent), parse_crs(extent_crs), base, target)
    other_pixels = resolution is not None and not _has_pixels_of(lattice, resolution)
    if target is not None and (target != lattice.crs or other_pixels):
        lattice = _new_lattice(base, target, resolution, extent)
    window: Window = (0, lattice.height, 0, lattice.width)
    if base.grid is not lattice:
        window = (-math.inf, math.inf, -math.inf, math.inf)
    for image in images:
        if image.grid is not lattice:
            window = _intersect(window, _footprint(image, lattice), image, base)
    row0, row1, col0, col1 = _whole_pixels(window)
    if extent is not None:
        asked = lattice.window_of(_checked_extent(extent))
        row0, row1 = max(row0, asked[0]), min(row1, asked[1])
        col0, col1 = max(col0, asked[2]), min(col1, asked[3])
        if row0 >= row1 or col0 >= col1:
            raise GridError(
                f"The extent {bounds_text(extent)} lies outside {base.title}, which covers"
                f" {bounds_text(lattice.bounds)} in {crs_label(lattice.crs)}.",
                f"Give the extent in {crs_label(lattice.crs)}.",
            )
    grid = lattice.crop(row0, row1, col0, col1)
    if grid.width < 1 or grid.height < 1:
        raise GridError(
            f"The images share less than one pixel of {base.title}.", "Choose images that cover the same place."
        )
    _check_size(grid)
    return grid


def reference_number(images: Sequence[HasGrid], reference: int | None = None) -> int:
    """The index of the image whose lattice ``common_grid`` starts from: ``reference``, else the finest image."""
    if reference is not None:
        return reference
    sizes = [image.grid.gsd_m or math.inf for image in images]
    return next(index for index, size in enumerate(sizes) if size <= min(sizes) * (1 + GSD_TIE))


def bounds_text(bounds: Bounds) -> str:
    """Bounds for messages, with as many digits as their size calls for."""
    spread = max(bounds[2] - bounds[0], bounds[3] - bounds[1])
    digits = 0 if not 0 < spread < 1000 else max(0, 4 - math.ceil(math.log10(spread)))
    return ", ".join(f"{value:.{digits}f}" for value in bounds)


def metres_text(metres: float) -> str:
    """A length to three digits: ``10 m``, ``0.3 m``, ``3.03 km``."""
    return f"{metres / 1000:.3g} km" if metres >= 1000 else f"{metres:.3g} m"


def _check_georeference(images: Sequence[HasGrid], base: HasGrid, new_lattice: bool) -> None:
    without = [image for image in images if image.grid.crs is None]
    if not without:
        return
    hint = "Give it a CRS and a position in QGIS (Georeferencer, Assign projection)."
    if new_lattice:
        raise GridError(f"{without[0].title} has no CRS, so it has no other CRS or resolution either.", hint)
    if len(images) > 1 and not all(image.grid.same_as(base.grid) for image in images):
        raise GridError(f"{without[0].title} has no CRS, so its place beside the other images is unknown.", hint)


def _has_pixels_of(lattice: Grid, resolution: float) -> bool:
    return all(math.isclose(size, resolution, rel_tol=1e-6) for size in lattice.pixel_size)


@dataclass(frozen=True)
class _Extent:
    """An extent in a CRS of its own, as something with a footprint."""

    title: str
    grid: Grid


def _extent_on(extent: Bounds, extent_crs: CRS, base: HasGrid, target: CRS | None) -> Bounds:
    """The envelope in ``target`` of the part of an extent that lies near the reference image."""
    own = base.grid
    if own.crs is None or target is None:
        raise GridError(
            f"{base.title} has no CRS, so an extent in {crs_label(extent_crs)} has no place on it.",
            "Give it a CRS and a position in QGIS (Georeferencer, Assign projection), or leave the extent out.",
        )
    if extent_crs == target:
        return extent
    lattice = own if target == own.crs else _new_lattice(base, target, None, None)
    left, bottom, right, top = extent
    # The net laid over a footprint is cut to whole pixels: enough of them that little beyond the image is left.
    pixel_x, pixel_y = (right - left) / _EXTENT_SIDE, (top - bottom) / _EXTENT_SIDE
    transform = Affine(pixel_x, 0, left, 0, -pixel_y, top)
    piece = _Extent("The extent", Grid(extent_crs, transform, _EXTENT_SIDE, _EXTENT_SIDE))
    row0, row1, col0, col1 = _footprint(piece, lattice)
    if row0 >= row1 or col0 >= col1 or row0 >= lattice.height or col0 >= lattice.width or row1 <= 0 or col1 <= 0:
        raise GridError(
            f"The extent {bounds_text(extent)} in {crs_label(extent_crs)} lies outside {base.title}, which covers"
            f" {_place(own)}.",
            "Choose an extent that meets the images.",
        )
    corners = [lattice.transform @ (col, row) for col in (col0, col1) for row in (row0, row1)]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def _new_lattice(base: HasGrid, target: CRS, resolution: float | None, extent: Bounds | None) -> Grid:
    """A north-up lattice of ``target`` around the reference image."""
    own = base.grid
    try:
        transform, width, height = rasterio.warp.calculate_default_transform(
            own.crs, target, own.width, own.height, *own.bounds
        )
    except (RasterioError, CPLE_BaseError, OverflowError, ValueError) as error:
        raise GridError(
            f"{base.title} cannot be brought from {crs_label(own.crs)} to {crs_label(target)}.",
            "Choose a CRS that is made for this part of the world.",
        ) from error
    lattice = Grid(target, transform, width, height)
    if not all(math.isfinite(value) for value in (*lattice.bounds, transform.a, transform.e)):
        raise GridError(
            f"{base.title} reaches places that {crs_label(target)} cannot show.",
            "Choose a CRS that is made for this part of the world.",
        )
    if target.is_geographic and _is_cut_in_two(own, lattice):
        raise GridError(
            f"{base.title} crosses the antimeridian, which {crs_label(target)} cuts in two.",
            "Choose a projected CRS, for instance the UTM zone of the image.",
        )
    if resolution is not None:
        left, bottom, right, top = lattice.bounds if extent is None else _checked_extent(extent)
        if _checked_resolution(resolution) > min(right - left, top - bottom):
            raise GridError(
                f"A resolution of {resolution:g} {target.units_factor[0]} leaves no pixel of {base.title}.",
                f"Give it in units of {crs_label(target)}.",
            )
        if extent is None:
            left, top = math.floor(left / resolution) * resolution, math.ceil(top / resolution) * resolution
        width, height = math.ceil((right - left) / resolution - 1e-6), math.ceil((top - bottom) / resolution - 1e-6)
        lattice = Grid(target, Affine(resolution, 0, left, 0, -resolution, top), width, height)
    return lattice


def _is_cut_in_two(own: Grid, lattice: Grid) -> bool:
    """True when a grid in degrees spans half the globe although the image does not: it was cut at ±180°."""
    left, _, right, _ = lattice.bounds
    if right - left < 180 or own.crs is None or own.crs.is_geographic:
        return False
    return own.width * (own.gsd_m or 0) < 10_000_000


def _footprint(image: HasGrid, lattice: Grid) -> Window:
    """What the image covers of the lattice, in fractions of pixels; empty where they do not meet."""
    own = image.grid
    try:
        # Only the part near the lattice: a map of the world has places that a UTM zone cannot show.
        row0, row1, col0, col1 = _net_in(lattice, (0, lattice.height, 0, lattice.width), own)
    except GridError:
        row0, row1, col0, col1 = 0, own.height, 0, own.width
    margin = 0.05 * max(row1 - row0, col1 - col0) + 1
    row0, row1 = max(row0 - margin, 0), min(row1 + margin, own.height)
    col0, col1 = max(col0 - margin, 0), min(col1 + margin, own.width)
    if row0 >= row1 or col0 >= col1:
        return 0, 0, 0, 0
    try:
        return _net_in(own, (row0, row1, col0, col1), lattice)
    except GridError as error:
        raise GridError(f"{image.title}: {error.message}", error.hint) from error


def _net_in(grid: Grid, window: Window, other: Grid) -> Window:
    """The window of ``other`` that holds a window of ``grid``: both in fractions of their own pixels."""
    cols, rows = np.meshgrid(np.linspace(*window[2:], _NET), np.linspace(*window[:2], _NET))
    a, b, c, d, e, f = grid.transform[:6]
    xs, ys = (a * cols + b * rows + c).ravel(), (d * cols + e * rows + f).ravel()
    if grid.crs is not None and other.crs is not None and grid.crs != other.crs:
        xs, ys = transform_points(grid.crs, other.crs, xs.tolist(), ys.tolist())
        if other.crs.is_geographic and not grid.crs.is_geographic:
            xs = _beside(xs, float(xs[xs.size // 2]), other.centre[0])
    a, b, c, d, e, f = (~other.transform)[:6]
    cols, rows = a * xs + b * ys + c, d * xs + e * ys + f
    return float(rows.min()), float(rows.max()), float(cols.min()), float(cols.max())


def _beside(longitudes: np.ndarray, own_centre: float, lattice_centre: float) -> np.ndarray:
    """Longitudes in degrees without the jump at ±180°, on the lattice's turn of the globe."""
    away = longitudes - own_centre
    whole = own_centre + np.where(np.abs(away) > 180, (away + 180) % 360 - 180, away)
    return whole + 360 * round((lattice_centre - own_centre) / 360)


def _intersect(window: Window, other: Window, image: HasGrid, base: HasGrid) -> Window:
    row0, row1 = max(window[0], other[0]), min(window[1], other[1])
    col0, col1 = max(window[2], other[2]), min(window[3], other[3])
    if row0 >= row1 or col0 >= col1:
        raise GridError(
            f"{image.title} ({_place(image.grid)}) and {base.title} ({_place(base.grid)}) do not overlap.",
            "Choose images that cover the same place.",
        )
    return row0, row1, col0, col1


def _place(grid: Grid) -> str:
    return f"{bounds_text(grid.bounds)} in {crs_label(grid.crs)}"


def _whole_pixels(window: Window) -> tuple[int, int, int, int]:
    """The pixels whose centre lies inside: what GDAL's warper fills, too."""
    row0, row1, col0, col1 = window
    return math.ceil(row0 - 0.5), math.floor(row1 + 0.5), math.ceil(col0 - 0.5), math.floor(col1 + 0.5)


def _checked_extent(extent: Bounds) -> Bounds:
    left, bottom, right, top = extent
    if not (all(math.isfinite(value) for value in extent) and left < right and bottom < top):
        raise GridError(
            f"The extent {extent} is empty.", "Give it as XMIN,YMIN,XMAX,YMAX with XMIN < XMAX, YMIN < YMAX."
        )
    return extent


def _checked_resolution(resolution: float) -> float:
    if not (math.isfinite(resolution) and resolution > 0):
        raise GridError(f"A resolution of {resolution} is not a pixel size.", "Give a number above 0.")
    return resolution


def _check_size(grid: Grid) -> None:
    if max(grid.width, grid.height) > MAX_SIDE_PX or grid.width * grid.height > MAX_AREA_PX:
        raise GridError(
            f"The grid would have {grid.width:,}×{grid.height:,} pixels.",
            "Give a smaller extent, or a resolution in the units of the CRS.",
        )
