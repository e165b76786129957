"""Lists of files and patches, as they are published: one or two names a line, between commas or blanks."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from engine.errors import OutputError, SourceError
from engine.partial import partial_path


def read_list(path: Path, columns: int, header: Sequence[str] = ()) -> list[tuple[str, ...]]:
    """The first ``columns`` entries of every line that is not empty; a first line that is the ``header`` is left out.

    Raises SourceError for a file that cannot be read, and for a line with fewer entries.
    """
    rows = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, line in enumerate(file, start=1):
                entries = [entry.strip() for entry in (next(csv.reader([line])) if "," in line else line.split())]
                if not any(entries):
                    continue
                if number == 1 and tuple(entries[: len(header)]) == tuple(header) and header:
                    continue
                if len(entries) < columns or not all(entries[:columns]):
                    raise SourceError(
                        f"Line {number} of {path.name} has {len(entries)} entries, {columns} are needed: "
                        f"{line.strip()[:80]}",
                        "Complete or remove the line.",
                    )
                rows.append(tuple(entries[:columns]))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"The list {path} cannot be read ({error}).", "Check the file.") from error
    return rows


def write_list(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file with a header; it appears when it is whole. OutputError where it cannot be written."""
    partial = partial_path(path)
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)
        os.replace(partial, path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.", "Choose another folder.") from error
    finally:
        partial.unlink(missing_ok=True)
