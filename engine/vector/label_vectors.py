"""A vector layer as labels: polygons by pixel centre, lines by touch, points by their pixel, grouped by feature."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import shapely
from affine import Affine
from rasterio.features import rasterize

from engine.errors import JobError
from engine.raster.crs import crs_label
from engine.raster.grid import Grid, bounds_text
from engine.vector.classes import Key, class_key
from engine.vector.geometry import count_of, single_parts
from engine.vector.label_source import LabelSource, Places, Tally, Window, block_count, block_side
from engine.vector.read import Field, LayerInfo, read_layer_on
from engine.vector.tiny import centreless

#: Names that a field of classes usually has, the surest first.
_CLASS_FIELDS = (
    "class", "klasse", "classe", "clase", "label", "labels", "landcover", "land_cover", "landuse", "land_use", "lulc",
    "lc", "class_id", "classid", "class_name", "classname", "category", "kategorie", "code", "type", "typ", "name",
)  # fmt: skip
#: Fields that count features: they hold no class unless they are named.
_COUNTERS = ("id", "fid", "ogc_fid", "objectid", "gid", "uuid", "uid", "nr", "index")
_NOT_CLASSES = ("other",)


def class_field_of(info: LayerInfo, asked: str) -> str:
    """The field that holds the class: the one asked for, else the only one that can.

    Raises:
        JobError: there is no such field, none that can, or several.
    """
    if asked:
        by_name = {field.name.casefold(): field.name for field in reversed(info.fields)}
        exact = next((field.name for field in info.fields if field.name == asked), by_name.get(asked.casefold()))
        if exact is None:
            raise JobError(f"{info.title} has no field “{asked}”.", f"Its fields: {_listed(info.fields)}.")
        kind = next(field.kind for field in info.fields if field.name == exact)
        if kind in _NOT_CLASSES:
            raise JobError(f"The field “{exact}” of {info.title} holds lists or bytes, no class.", "Name another one.")
        return exact
    by_name = {field.name.casefold(): field.name for field in reversed(info.fields) if field.kind not in _NOT_CLASSES}
    usual = next((by_name[name] for name in _CLASS_FIELDS if name in by_name), None)
    if usual is not None:
        return usual
    likely = [field for field in info.fields if field.kind in ("text", "int", "bool")]
    likely = [field for field in likely if field.name.casefold() not in _COUNTERS] or likely
    if len(likely) == 1:
        return likely[0].name
    if not likely:
        raise JobError(
            f"{info.title} has no field that can hold classes.", "Add a text or integer field and fill in the class."
        )
    raise JobError(
        f"Several fields of {info.title} may hold the class: {_listed(likely)}.",
        "Name the one that does (--class-field).",
    )


class VectorLabels(LabelSource):
    """Labels of a vector layer on a grid.

    A pixel that features of different classes claim is not labelled. Of features of one class the last one gives the
    group. A polygon that covers no pixel centre gets the pixel of a point inside it. Points are grouped by blocks of
    ``block_px`` pixels: neighbours are no test of each other.
    """

    def __init__(
        self, info: LayerInfo, grid: Grid, class_field: str, block_px: int, number_of: Callable[[Key], int]
    ) -> None:
        super().__init__(grid)
        self._info = info
        self._field = class_field
        layer = read_layer_on(info, grid, [class_field])
        self.notes += layer.notes
        keys = [class_key(raw) for raw in layer.columns[class_field].tolist()]
        labelled = np.array([key is not None for key in keys], bool)
        unlabelled = int((~labelled).sum())
        if unlabelled:
            self.notes.append(
                f"{info.title}: {count_of(unlabelled, 'feature has', 'features have')} no “{class_field}”; left out"
            )
        self._features = len(keys)
        self._unlabelled = unlabelled
        self._bounds = layer.bounds
        geometries = layer.geometries[labelled]
        numbers = np.array([number_of(key) for key in keys if key is not None], np.int32)
        inside = self._inside(geometries)
        outside = int((~inside).sum())
        if outside and outside < len(geometries):
            self.notes.append(
                f"{info.title}: {count_of(outside, 'feature lies', 'features lie')} outside the images; left out"
            )
        self._build(geometries[inside], numbers[inside], block_px)
        self._contested = 0

    def read(self, row0: int, row1: int, col0: int, col1: int) -> tuple[np.ndarray, np.ndarray]:
        """As ``LabelSource.read``."""
        keys, groups, _ = self._draw((row0, row1, col0, col1))
        return keys, groups

    def survey(self, windows: Iterable[Window], ask: Callable[[], None]) -> Places:
        """As ``LabelSource.survey``."""
        tally = Tally()
        contested = 0
        for window in windows:
            if not len(self._near(window)):
                continue
            ask()
            keys, _, both = self._draw(window)
            contested += both
            tally.add(window, keys)
        if contested:
            self.notes.append(
                f"{self._info.title}: {count_of(contested, 'pixel is', 'pixels are')} claimed by different classes;"
                " not used"
            )
        self._contested = contested
        return tally.places()

    def why_empty(self) -> str:
        """Where labels and images lie, or what else leaves no labelled pixel."""
        title, grid = self._info.title, self.grid
        if not self._features:
            return f"{title} has no feature with a geometry."
        if self._unlabelled == self._features:
            return f"No feature of {title} has a value in “{self._field}”."
        if self._contested:
            return f"Features of different classes cover each other in {title}: no pixel is left to one class."
        where = "" if self._bounds is None else f" ({bounds_text(self._bounds)})"
        return (
            f"All labelled features of {title}{where} lie outside the images, which cover"
            f" {bounds_text(grid.bounds)} in {crs_label(grid.crs)}."
        )

    def _inside(self, geometries: np.ndarray) -> np.ndarray:
        """Which geometries (n,) touch the grid."""
        corners = [(0, 0), (self.grid.width, 0), (self.grid.width, self.grid.height), (0, self.grid.height)]
        footprint = shapely.Polygon([self.grid.transform @ corner for corner in corners])
        shapely.prepare(footprint)
        return np.asarray(shapely.intersects(footprint, geometries), bool)

    def _build(self, geometries: np.ndarray, numbers: np.ndarray, block_px: int) -> None:
        """Everything that ``_draw`` needs: single parts in pixels of the grid, with key and group each."""
        parts, origin = single_parts(geometries)
        a, b, c, d, e, f = (~self.grid.transform)[:6]
        parts = shapely.transform(
            parts,
            lambda at: np.column_stack([a * at[:, 0] + b * at[:, 1] + c, d * at[:, 0] + e * at[:, 1] + f]),
        )
        size = shapely.get_dimensions(parts)
        groups, self.group_count = self._groups(origin, numbers, size)
        self.grouped_by = "polygon" if (size > 0).any() or not len(size) else "block"
        areas = size > 0
        self._parts, self._dims = parts[areas], size[areas]
        self._keys, self._part_groups = numbers[origin[areas]], groups[areas]
        self._tree = shapely.STRtree(self._parts)
        small = centreless(parts[size == 2], origin[size == 2])
        dots = np.concatenate([shapely.get_coordinates(small.points), shapely.get_coordinates(parts[size == 0])])
        at = np.floor(dots).astype(np.int64)
        keys = np.concatenate([numbers[small.origin], numbers[origin[size == 0]]])
        owners = np.concatenate([groups[size == 2][small.part], self._point_groups(at[len(small.part) :], block_px)])
        # A point on the far edge of the raster belongs to the last pixel.
        on_edge = (dots == (self.grid.width, self.grid.height)) & (at == (self.grid.width, self.grid.height))
        at = at - on_edge
        inside = (at >= 0).all(axis=1) & (at < (self.grid.width, self.grid.height)).all(axis=1)
        order = np.argsort(at[inside, 1], kind="stable")
        self._dots, self._dot_keys, self._dot_groups = at[inside][order], keys[inside][order], owners[inside][order]
        self.extent = self._extent()

    def _groups(self, origin: np.ndarray, numbers: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, int]:
        """The group (parts,) of every line and polygon, and how many there are: features, or their parts.

        Where a class is one multi-part feature, as after "dissolve", its parts are the polygons that were drawn.
        """
        groups = origin.astype(np.int64)
        drawn = size > 0
        next_group = int(origin.max(initial=-1)) + 1
        features, parts_of = np.unique(origin[drawn], return_counts=True)
        _, place, features_of = np.unique(numbers[features], return_inverse=True, return_counts=True)
        dissolved = features[(features_of[place] == 1) & (parts_of > 1)]
        if len(dissolved):
            mine = np.flatnonzero(drawn & np.isin(origin, dissolved))
            groups[mine] = next_group + np.arange(len(mine))
            next_group += len(mine)
            self.notes.append(
                f"{self._info.title}: {count_of(len(dissolved), 'class is', 'classes are')} one feature of several"
                f" parts; the {len(mine):,} parts count as polygons of their own"
            )
        return groups.astype(np.int32), next_group

    def _point_groups(self, at: np.ndarray, block_px: int) -> np.ndarray:
        """The group of points at (column, row): that of their block, after the groups of lines and polygons."""
        side = block_side(self.grid, block_px)
        across = -(-self.grid.width // side)
        number = at[:, 1] // side * across + at[:, 0] // side
        first = self.group_count
        if len(at):
            self.group_count += block_count(self.grid, block_px)
        return (first + number).astype(np.int32)

    def _extent(self) -> Window:
        boxes = [shapely.bounds(self._parts)] if len(self._parts) else []
        if len(self._dots):
            boxes.append(np.column_stack([self._dots, self._dots + 1]).astype(float))
        if not boxes:
            return 0, 0, 0, 0
        every = np.concatenate(boxes)
        left, top = np.floor(every[:, :2].min(axis=0)).astype(int)
        right, bottom = np.ceil(every[:, 2:].max(axis=0)).astype(int) + 1
        return (
            max(0, int(top)), min(self.grid.height, int(bottom)), max(0, int(left)), min(self.grid.width, int(right))
        )  # fmt: skip

    def _near(self, window: Window) -> np.ndarray:
        """Numbers of parts, and of dots after them, that may lie in a window."""
        row0, row1, col0, col1 = window
        parts = np.sort(self._tree.query(shapely.box(col0, row0, col1, row1)))
        first, last = np.searchsorted(self._dots[:, 1], (row0, row1))
        columns = self._dots[first:last, 0]
        dots = first + np.flatnonzero((columns >= col0) & (columns < col1))
        return np.concatenate([parts, len(self._parts) + dots])

    def _draw(self, window: Window) -> tuple[np.ndarray, np.ndarray, int]:
        """Keys and groups (h, w) of a window, and the number of pixels that several classes claim."""
        row0, row1, col0, col1 = window
        shape = (row1 - row0, col1 - col0)
        keys, groups = np.full(shape, -1, np.int32), np.full(shape, -1, np.int32)
        contested = np.zeros(shape, bool)
        near = self._near(window)
        of_parts = near[near < len(self._parts)]
        of_dots = near[len(of_parts) :] - len(self._parts)
        part_keys, dot_keys = self._keys[of_parts], self._dot_keys[of_dots]
        for key in np.unique(np.concatenate([part_keys, dot_keys])):
            drawn, row, col = self._drawn(of_parts[part_keys == key], window)
            here = (slice(row, row + drawn.shape[0]), slice(col, col + drawn.shape[1]))
            mine = drawn >= 0
            contested[here] |= mine & (keys[here] >= 0)
            keys[here][mine], groups[here][mine] = key, drawn[mine]
            dots = of_dots[dot_keys == key]
            at = self._dots[dots, 1] - row0, self._dots[dots, 0] - col0
            contested[at] |= (keys[at] >= 0) & (keys[at] != key)
            keys[at], groups[at] = key, self._dot_groups[dots]
        keys[contested], groups[contested] = -1, -1
        return keys, groups, int(contested.sum())

    def _drawn(self, parts: np.ndarray, window: Window) -> tuple[np.ndarray, int, int]:
        """The groups of parts of one class drawn on the piece of a window that they touch, and where that begins."""
        row0, row1, col0, col1 = window
        if not len(parts):
            return np.empty((0, 0), np.int32), 0, 0
        # A pixel more on each side: what is cut off may not shift what is inside.
        cut = _clipped(self._parts[parts], (col0 - 1, row0 - 1, col1 + 1, row1 + 1))
        full = ~shapely.is_empty(cut)
        if not full.any():
            return np.empty((0, 0), np.int32), 0, 0
        cut, parts = cut[full], parts[full]
        left, top, right, bottom = shapely.total_bounds(cut)
        left, top = max(col0, int(np.floor(left)) - 1), max(row0, int(np.floor(top)) - 1)
        right, bottom = min(col1, int(np.ceil(right)) + 1), min(row1, int(np.ceil(bottom)) + 1)
        drawn = np.full((bottom - top, right - left), -1, np.int32)
        if not drawn.size:
            return np.empty((0, 0), np.int32), 0, 0
        to_window = Affine.translation(left, top)
        areas = self._dims[parts] == 2
        for chosen, touched in ((~areas, True), (areas, False)):
            shapes = list(zip(cut[chosen], self._part_groups[parts[chosen]].tolist(), strict=True))
            if shapes:
                rasterize(shapes, out=drawn, transform=to_window, all_touched=touched, skip_invalid=True)
        return drawn, top - row0, left - col0


def _clipped(parts: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """Parts (n,) cut to a box; whole where GEOS cannot cut them, which costs time only."""
    try:
        return np.asarray(shapely.clip_by_rect(parts, *box))
    except shapely.GEOSException:
        return (
            parts
            if len(parts) == 1
            else np.concatenate([_clipped(parts[at : at + 1], box) for at in range(len(parts))])
        )


def _listed(fields: Iterable[Field]) -> str:
    names = [field.name for field in fields]
    return ", ".join(names[:15]) + (" and more" if len(names) > 15 else "") if names else "none"
