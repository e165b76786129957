"""A curve of a run as CSV, one row per step: what a later run can be compared with, value by value."""

from __future__ import annotations

import csv
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

COLUMNS = ("step", "loss", "learning_rate", "gradient_norm", "pairs_per_s")


class Curve:
    """Appends rows of ``columns``, "step" the first, to ``path``.

    A run that goes on from step ``start`` first drops what came after it. Rows that cannot be written (a full disk)
    are kept, and tried again with the next one: a run does not end for its curve.
    """

    def __init__(self, path: Path, start: int, columns: Sequence[str] = COLUMNS) -> None:
        self._path, self._columns = path, tuple(columns)
        kept = [row for row in read_curve(path) if row["step"] <= start] if path.exists() else []
        temporary = path.with_name(f".{path.name}.part")
        rows = [self._columns, *([_text(name, row[name]) for name in self._columns] for row in kept)]
        temporary.write_bytes(b"".join(_line(row) for row in rows))
        os.replace(temporary, path)
        self._file = path.open("r+b", buffering=0)
        self._size = path.stat().st_size
        self._waiting = b""

    def add(self, *values: float) -> None:
        """The row of a step (1 is the first): a value for each column."""
        self._waiting += _line([_text(name, value) for name, value in zip(self._columns, values, strict=True)])
        told = self._waiting.count(b"\n") > 1
        try:
            # Where the last whole row ends: a full disk may have taken half of the next one.
            self._file.seek(self._size)
            written = self._file.write(self._waiting)
            reason = "the disk is full"
        except OSError as error:
            written, reason = 0, error.strerror or str(error)
        if written == len(self._waiting):
            self._size += written
            self._waiting = b""
        elif not told:
            print(f"Warning: {self._path} cannot be written: {reason}. Its rows are kept.", file=sys.stderr, flush=True)

    def close(self) -> None:
        """End the file."""
        self._file.close()


def read_curve(path: Path) -> list[dict[str, float]]:
    """The rows of a curve; a last row that a kill cut short is left out."""
    text = path.read_text(encoding="utf-8")
    reader = csv.DictReader(text[: text.rfind("\n") + 1].splitlines())
    names = list(reader.fieldnames or ())
    return [{name: float(row[name]) for name in names} for row in reader if all(row.get(name) for name in names)]


def _text(name: str, value: float) -> str:
    # Nine digits tell every float32 from its neighbours.
    return str(int(value)) if name == "step" else f"{value:.9g}"


def _line(values: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue().encode()
