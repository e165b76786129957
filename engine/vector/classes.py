"""The classes of a map: from what a field or a label raster holds to values, names and colours."""

from __future__ import annotations

import datetime
import math
import numbers
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from engine.errors import JobError
from engine.options import MAX_CLASSES
from engine.raster.map_writer import MapClass
from engine.raster.opening import shorten
from engine.vector.palette import colour_for, distinct, shades

#: What tells two classes apart: a whole number where it is one, else a text, or a number with a fraction.
Key = int | float | str

#: Values of one byte; 255 stands for no data, as 65535 does in two bytes.
_LAST_UINT8, _LAST_UINT16 = 254, 65534


@dataclass(frozen=True)
class ClassHints:
    """What a label raster says of its values: names, and colours as "#rrggbb"."""

    names: Mapping[int, str] = field(default_factory=dict)
    colours: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ClassTable:
    """The classes of a map in the order of their values; ``keys`` are what the labels call them."""

    classes: tuple[MapClass, ...]
    keys: tuple[Key, ...]

    @property
    def dtype(self) -> str:
        """The type of a raster of these classes: "uint8" where every value fits, else "uint16"."""
        return "uint8" if max(each.value for each in self.classes) <= _LAST_UINT8 else "uint16"

    @property
    def nodata(self) -> int:
        """The value that stands for no data in such a raster."""
        return 255 if self.dtype == "uint8" else 65535

    @cached_property
    def _index(self) -> dict[Key, int]:
        return {key: index for index, key in enumerate(self.keys)}

    def index_of(self, raw: object) -> int:
        """The index into ``classes`` of what a field or a pixel holds; −1 for null and for what is no class here."""
        key = class_key(raw)
        return -1 if key is None else self._index.get(key, -1)


def class_key(raw: object) -> Key | None:
    """What tells the class of a raw value from others; None for null, NaN and empty text.

    Whole floats and whole numbers written as text are integers, booleans 0 and 1, dates their ISO text; texts are
    trimmed, and composed and decomposed accents are one.
    """
    match raw:
        case None:
            return None
        case str():
            text = unicodedata.normalize("NFC", raw).strip()
            return int(text) if re.fullmatch(r"0|-?[1-9][0-9]{0,17}", text) else text or None
        case bool() | np.bool_():
            return int(raw)
        case datetime.date():
            return raw.isoformat()
        case numbers.Integral():
            return int(raw)
        case numbers.Real():
            number = float(raw)
            if not math.isfinite(number):
                return None
            return int(number) if number.is_integer() else number
    return str(raw)


def ignored_keys(
    keys: Iterable[Key], ignore: Sequence[str], hints: ClassHints | None = None
) -> tuple[set[Key], tuple[str, ...]]:
    """The keys that ``ignore`` names, by value or by a hint's name, and notes on entries that name none."""
    found: set[Key] = set()
    notes: list[str] = []
    by_text = _by_text(keys, hints or ClassHints())
    for entry in ignore:
        text = unicodedata.normalize("NFC", entry).strip()
        if text in by_text:
            found |= by_text[text]
        else:
            notes.append(f"no label is “{shorten(text, 40)}”: nothing to ignore")
    return found, tuple(notes)


def build_classes(
    keys: Iterable[Key],
    class_names: Sequence[str] = (),
    class_colours: Sequence[str] = (),
    hints: ClassHints | None = None,
) -> tuple[ClassTable, tuple[str, ...]]:
    """The table of the classes with these keys, and notes on names and colours that were given for none of them.

    Values: the keys themselves where every key is a whole number from 0 to 65534, else 1 to n in natural order.
    ``class_names`` and ``class_colours`` are "VALUE=NAME" and "VALUE=#rrggbb", VALUE being what the labels hold, or
    the map's value.

    Raises:
        JobError: fewer than two classes, too many, or a colour that is none.
    """
    ordered = sorted(set(keys), key=_natural)
    if len(ordered) < 2:
        only = f"Only one class is labelled: “{ordered[0]}”." if ordered else "No class is labelled."
        raise JobError(only, "Label a second class: a head learns what tells one from another.")
    values = _values(ordered)
    if len(ordered) > MAX_CLASSES or max(values) > _LAST_UINT16:
        raise JobError(
            f"There are {len(ordered):,} classes; a map holds {_LAST_UINT16:,}.",
            "Choose a field that holds classes, not numbers of features or measured values.",
        )
    hints = hints or ClassHints()
    lookup = {str(key): index for index, key in enumerate(ordered)}
    for index, value in enumerate(values):
        lookup.setdefault(str(value), index)
    names, name_notes = _given(class_names, lookup, "name")
    colours, colour_notes = _given(class_colours, lookup, "colour")
    for colour in colours.values():
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
            raise JobError(f"“{colour}” is no colour.", "Write it as #rrggbb, for instance #2b6fb8.")
    titles = [
        names.get(index) or hints.names.get(value, "").strip() or str(key)
        for index, (key, value) in enumerate(zip(ordered, values, strict=True))
    ]
    filled = _coloured(titles, values, {**_own_colours(values, hints), **colours})
    classes = tuple(map(MapClass, values, titles, filled))
    return ClassTable(classes, tuple(ordered)), name_notes + colour_notes


def _values(ordered: Sequence[Key]) -> list[int]:
    """The raster's values of keys in natural order."""
    whole = [key for key in ordered if isinstance(key, int)]
    if len(whole) == len(ordered) and 0 <= min(whole) and max(whole) <= _LAST_UINT16:
        return whole
    return list(range(1, len(ordered) + 1))


def _natural(key: Key) -> tuple[int, float, list[tuple[int, int, str]], str]:
    """Order: numbers by size, then texts, in which runs of digits count as numbers and capitals do not."""
    if not isinstance(key, str):
        return 0, float(key), [], ""
    parts = re.split(r"(\d+)", key.casefold())
    return 1, 0.0, [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part], key


def _by_text(keys: Iterable[Key], hints: ClassHints) -> dict[str, set[Key]]:
    """The keys by what a person may call them."""
    by_text: dict[str, set[Key]] = {}
    for key in keys:
        by_text.setdefault(str(key), set()).add(key)
        if isinstance(key, int) and hints.names.get(key):
            by_text.setdefault(hints.names[key].strip(), set()).add(key)
    return by_text


def _given(entries: Sequence[str], lookup: Mapping[str, int], what: str) -> tuple[dict[int, str], tuple[str, ...]]:
    """What "VALUE=TEXT" says, by index of the class."""
    found: dict[int, str] = {}
    notes: list[str] = []
    for entry in entries:
        # A class may have an equals sign in its own name: the first split that meets a class is meant.
        splits = [(entry[: at.start()], entry[at.end() :]) for at in re.finditer("=", entry)]
        if not splits:
            raise JobError(f"The {what} “{entry}” names no class.", f"Write it as VALUE={what.upper()}.")
        for value, text in splits:
            index = lookup.get(unicodedata.normalize("NFC", value).strip())
            if index is not None and text.strip():
                found[index] = unicodedata.normalize("NFC", text).strip()
                break
        else:
            notes.append(f"no label is “{shorten(splits[0][0].strip(), 40)}”: its {what} was not used")
    return found, tuple(notes)


def _own_colours(values: Sequence[int], hints: ClassHints) -> dict[int, str]:
    """The colours that a label raster gives, but for black where several classes share it: that is none."""
    known = {index: hints.colours[value] for index, value in enumerate(values) if value in hints.colours}
    black = [index for index, colour in known.items() if colour == "#000000"]
    return {index: colour for index, colour in known.items() if len(black) < 2 or index not in black}


def _coloured(names: Sequence[str], values: Sequence[int], given: Mapping[int, str]) -> list[str]:
    """A colour per class: the given one, else what its name suggests, else one that no other class has."""
    colours = [given.get(index, "").lower() for index in range(len(names))]
    used = set(colours)
    for index, name in enumerate(names):
        suggested = None if colours[index] else colour_for(name)
        if suggested is not None:
            colours[index] = next((colour for colour in shades(suggested) if colour not in used), "")
            used.add(colours[index])
    for index, value in enumerate(values):
        if not colours[index]:
            # From the value on, so that a class keeps its colour when others join.
            colours[index] = next(colour for colour in distinct(value) if colour not in used)
            used.add(colours[index])
    return colours
