"""Labelled places on the grids of scenes, from vector layers or rasters of classes: read in windows, with groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from engine.errors import CancelledError, JobError
from engine.progress import CancelCallback
from engine.raster.grid import Grid
from engine.raster.opening import local_path
from engine.vector.classes import ClassHints, ClassTable, Key, build_classes, ignored_keys
from engine.vector.label_rasters import RasterLabels, is_raster
from engine.vector.label_source import LabelSource, Places
from engine.vector.label_vectors import VectorLabels, class_field_of
from engine.vector.read import layer_info

#: The largest side of a window that is read at once.
WINDOW_PX = 512


class SceneLabels:
    """The labels of one scene on its grid, as indices into the table's classes; for one thread at a time.

    ``grouped_by``: "polygon" (a polygon, line, or part of one) or "block" (a square of pixels): what belongs together
    when places are held out to measure a head. Groups are numbered below ``group_count``; some may hold no pixel.
    ``pixels`` (classes,): labelled pixels of each class.
    """

    def __init__(self, source: LabelSource, places: Places, index_of_key: np.ndarray) -> None:
        self.grouped_by = source.grouped_by
        self.group_count = source.group_count
        self._source = source
        self._index_of_key = index_of_key
        kept = np.zeros(int(index_of_key.max(initial=-1)) + 1, np.int64)
        present = index_of_key[: len(places.pixels)]
        np.add.at(kept, present[present >= 0], places.pixels[present >= 0])
        self.pixels = kept
        self._windows = [
            window for window, held in zip(places.windows, places.keys, strict=True) if (index_of_key[held] >= 0).any()
        ]

    def windows(self) -> Iterator[tuple[int, int, int, int]]:
        """Windows (row0, row1, col0, col1; ends excluded) that hold labels, row by row, at most 512 px a side."""
        yield from self._windows

    def read(self, row0: int, row1: int, col0: int, col1: int) -> tuple[np.ndarray, np.ndarray]:
        """Classes (h, w) int32, −1 where nothing is labelled, and groups (h, w) int32, −1 there, of a window.

        Raises SourceError for a damaged file.
        """
        keys, groups = self._source.read(row0, row1, col0, col1)
        # The last entry is for −1: nothing labelled.
        classes = self._index_of_key[keys]
        return classes, np.where(classes < 0, np.int32(-1), groups)


@dataclass(frozen=True)
class OpenedLabels:
    """The classes of all scenes, the labels of each, and notes for the user."""

    table: ClassTable
    scenes: list[SceneLabels]
    notes: tuple[str, ...]


def open_labels(
    sources: Sequence[str],
    grids: Sequence[Grid],
    class_field: str = "",
    ignore: Sequence[str] = (),
    class_names: Sequence[str] = (),
    class_colours: Sequence[str] = (),
    block_px: int = 224,
    cancelled: CancelCallback | None = None,
) -> OpenedLabels:
    """Labels on the grids of one or several scenes, looked through once for what they hold.

    Args:
        sources: vector layers (``engine.vector.read.layer_info``) or label rasters: one for all grids or one per grid.
        grids: the pixels of each scene.
        class_field: the vector field that holds the class; empty for the only one that can.
        ignore: classes to leave out, by value or name.
        class_names, class_colours: see ``engine.vector.classes.build_classes``.
        block_px: side of the blocks that pixels of a label raster, and points, are grouped by.
        cancelled: asked once per window.

    Raises:
        SourceError: a source that cannot be read or has no place on the images.
        JobError: no or one class, no label inside the images, an unclear class field, a wrong number of sources.
    """
    if len(sources) not in (1, len(grids)):
        raise JobError(
            f"{len(sources)} label files were given for {len(grids)} scenes.", "Give one for all scenes, or one each."
        )
    one_each = list(sources) if len(sources) == len(grids) else list(sources) * len(grids)
    keys = _Keys()
    notes: list[str] = []
    opened = [_open(source, grid, class_field, block_px, keys) for source, grid in zip(one_each, grids, strict=True)]
    places = [source.survey(_windows_of(source), _asking(cancelled)) for source in opened]
    for number, source in enumerate(opened):
        where = f"scene {number + 1}: " if len(grids) > 1 else ""
        notes += [f"{where}{note}" if note not in notes else "" for note in source.notes]
    _check_inside(opened, places, len(sources) > 1)
    hints = ClassHints(
        {value: name for source in reversed(opened) for value, name in source.hints.names.items()},
        {value: colour for source in reversed(opened) for value, colour in source.hints.colours.items()},
    )
    pixels = np.zeros(len(keys.names), np.int64)
    for each in places:
        pixels[: len(each.pixels)] += each.pixels
    ignored, ignore_notes = ignored_keys(keys.names, ignore, hints)
    covered = [key for key, number in zip(keys.names, pixels, strict=True) if number]
    table, table_notes = build_classes(
        [key for key in covered if key not in ignored], class_names, class_colours, hints
    )
    bare = [str(key) for key, number in zip(keys.names, pixels, strict=True) if not number and key not in ignored]
    if bare:
        listed = ", ".join(f"“{name}”" for name in bare[:5]) + (" and more" if len(bare) > 5 else "")
        notes.append(f"no pixel is left to {listed}: outside the images, or claimed by other classes as well")
    # One entry more, for −1.
    index_of_key = np.full(len(keys.names) + 1, -1, np.int32)
    for number, key in enumerate(keys.names):
        index_of_key[number] = -1 if key in ignored else table.index_of(key)
    scenes = [SceneLabels(source, place, index_of_key) for source, place in zip(opened, places, strict=True)]
    return OpenedLabels(table, scenes, tuple(note for note in (*notes, *ignore_notes, *table_notes) if note))


class _Keys:
    """Numbers for the keys of classes, in the order in which they are met."""

    def __init__(self) -> None:
        self.names: list[Key] = []
        self._numbers: dict[Key, int] = {}

    def __call__(self, key: Key) -> int:
        if key not in self._numbers:
            self._numbers[key] = len(self.names)
            self.names.append(key)
        return self._numbers[key]


def _open(source: str, grid: Grid, class_field: str, block_px: int, number_of: Callable[[Key], int]) -> LabelSource:
    if is_raster(source):
        return RasterLabels(local_path(source), grid, block_px, number_of)
    info = layer_info(source)
    return VectorLabels(info, grid, class_field_of(info, class_field), block_px, number_of)


def _windows_of(source: LabelSource) -> Iterator[tuple[int, int, int, int]]:
    """Windows over the part of the grid that the source may touch."""
    row0, row1, col0, col1 = source.extent
    for row in range(row0, row1, WINDOW_PX):
        for col in range(col0, col1, WINDOW_PX):
            yield row, min(row + WINDOW_PX, row1), col, min(col + WINDOW_PX, col1)


def _asking(cancelled: CancelCallback | None) -> Callable[[], None]:
    def ask() -> None:
        if cancelled is not None and cancelled():
            raise CancelledError("Cancelled; nothing was written.")

    return ask


def _check_inside(opened: Sequence[LabelSource], places: Sequence[Places], one_each: bool) -> None:
    """Raise JobError where no label lies inside: in any scene that has its own, else in all."""
    empty = [source for source, place in zip(opened, places, strict=True) if not place.windows]
    if not empty or (not one_each and len(empty) < len(opened)):
        return
    source = empty[0]
    raise JobError(source.why_empty(), source.remedy)
