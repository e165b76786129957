"""The list of scenes as text: JSON lines or a table, read to one mapping of settings per line.

JSON lines: an object per line, with the fields of ``EmbedJob`` that differ from scene to scene and, if wished, a
``name``. A table (CSV; commas, semicolons or tabs): a first line of column names, which are ``name``, ``image``,
``sensor`` and ``band_table`` (``image_2``, ``sensor_2``, … for more images of a scene) and any other field of
``EmbedJob``; an empty cell says nothing.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import ManifestError

#: Columns of a table that stand for one of several values, and the field these become.
_SEVERAL = {"image": "inputs", "sensor": "sensors", "band_table": "band_tables"}
#: Problems that are told in full; more of them are counted.
_MOST_TOLD = 10


@dataclass(frozen=True)
class Line:
    """One line of a manifest: its ``number``, counted from 1, and what it says, as JSON has it."""

    number: int
    values: Mapping[str, Any]


class Problems:
    """What is wrong with which line of a manifest, until all of it is known."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: dict[int, str] = {}

    def add(self, number: int, sentence: str) -> None:
        """Note the first thing that is wrong with line ``number``."""
        self._found.setdefault(number, sentence)

    def check(self, lines: int) -> None:
        """Raises ManifestError if anything is wrong with one of so many ``lines``."""
        if not self._found:
            return
        told = [f"line {number}: {self._found[number]}" for number in sorted(self._found)[:_MOST_TOLD]]
        more = len(self._found) - len(told)
        told += [f"and {more} more"] if more else []
        heading = f"{self._path.name}: {len(self._found)} of {lines} lines cannot be run."
        raise ManifestError("\n  ".join([heading, *told]), "\nNothing was started: mend the lines first.")


def read_lines(path: Path, problems: Problems) -> list[Line]:
    """The lines of a manifest that say something; what is wrong with others goes to ``problems``.

    Raises ManifestError for a file that cannot be read, is empty, or a table without an image column.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ManifestError(
            f"{path.name} is no text in UTF-8 (byte {error.start}).", "Give JSON lines or a CSV table."
        ) from error
    except OSError as error:
        raise ManifestError(f"The manifest {path} cannot be read ({error.strerror}).", "Check its path.") from error
    is_json = text.lstrip().startswith("{")
    lines = list(_json_lines(text, problems) if is_json else _table_lines(path, text, problems))
    if not text.strip():
        raise ManifestError(f"{path.name} is empty.", "Write one scene per line.")
    return lines


def _json_lines(text: str, problems: Problems) -> Iterator[Line]:
    # Not splitlines: it also breaks at characters that JSON may hold inside a text.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        values: Any = None
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            reason = (
                f"{error.msg} at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else "too deep"
            )
            problems.add(number, f"It is not valid JSON ({reason}).")
        if values is not None and not isinstance(values, dict):
            problems.add(number, 'It must be a JSON object, such as {"inputs": ["S2.tif"]}.')
        yield Line(number, values if isinstance(values, dict) else {})


def _table_lines(path: Path, text: str, problems: Problems) -> Iterator[Line]:
    heading = text.lstrip("\r\n").split("\n", 1)[0]
    separator = max(",;\t", key=heading.count)
    try:
        yield from _rows(path, csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True), problems)
    except csv.Error as error:
        raise ManifestError(f"{path.name} is no table ({error}).", "Give JSON lines or a CSV table.") from error


def _rows(path: Path, rows: Any, problems: Problems) -> Iterator[Line]:
    columns: list[str] = []
    for cells in rows:
        number = rows.line_num
        if not any(cell.strip() for cell in cells):
            continue
        if not columns:
            columns = [cell.strip() for cell in cells]
            _check_columns(path, columns)
            continue
        if len(cells) > len(columns):
            problems.add(number, f"It has {len(cells)} cells, but there are {len(columns)} columns.")
        yield Line(number, _row_values(dict(zip(columns, (cell.strip() for cell in cells), strict=False))))


def _check_columns(path: Path, columns: list[str]) -> None:
    twice = {column for column in columns if columns.count(column) > 1}
    if twice:
        raise ManifestError(f"{path.name} has the column “{min(twice)}” twice.", "Give each column its own name.")
    if not any(_place(column) and _place(column)[0] == "inputs" for column in columns):  # type: ignore[index]
        raise ManifestError(
            f"{path.name} has no column “image”: its columns are {', '.join(columns[:8])}.",
            "Name the columns in the first line: name, image, and image_2, image_3 for more images of a scene.",
        )


def _place(column: str) -> tuple[str, int] | None:
    """The field and the place in it that a column like "image_2" stands for."""
    found = re.fullmatch(r"([a-z_]+?)(?:_?(\d{1,3}))?", column)
    if found is None or found.group(1) not in _SEVERAL:
        return None
    return _SEVERAL[found.group(1)], int(found.group(2) or 1)


def _row_values(cells: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    several: dict[str, dict[int, str]] = {}
    for column, cell in cells.items():
        place = _place(column)
        if place is not None:
            several.setdefault(place[0], {})[place[1]] = cell
        elif cell:
            values[column] = _value(column, cell)
    for field, by_place in several.items():
        given = {place: cell for place, cell in by_place.items() if cell}
        if field == "inputs":
            values[field] = [given[place] for place in sorted(given)]
        elif given:
            # One for all, or one per image: what is left empty is found by itself.
            places = range(1, max(by_place) + 1) if len(by_place) > 1 else by_place
            values[field] = [given.get(place, "auto" if field == "sensors" else "") for place in places]
    return values


def _value(column: str, cell: str) -> Any:
    """A cell as JSON would have it: a number or yes and no where it looks like one, else a text."""
    if column == "extent":
        return [_number(part) for part in re.split(r"[\s,;]+", cell)]
    if column in ("name", "crs", "extent_crs", "model", "statistics", "projections", "grid_like"):
        return cell
    if cell.lower() in ("true", "false", "yes", "no"):
        return cell.lower() in ("true", "yes")
    return _number(cell)


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
