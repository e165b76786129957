"""Reading the files a published dataset consists of; whatever is wrong with one is a SourceError that names it."""

from __future__ import annotations

import csv
import json
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import DatasetReader
from rasterio.windows import Window

from engine.errors import GridError, SourceError
from engine.raster.opening import READ_ERRORS, gdal_environment, open_file, reason_of

_UNPACK = "Unpack the dataset again, and give the folder that it was unpacked into."


@contextmanager
def opened(path: Path) -> Iterator[DatasetReader]:
    """A raster of the dataset, open for reading. SourceError where it is missing, damaged or no raster."""
    if not path.is_file():
        missing(path)
    with gdal_environment(), warnings.catch_warnings():
        # Pictures of scenes have no place on Earth.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        try:
            with open_file(path) as raster:
                yield raster
        except READ_ERRORS as error:
            raise SourceError(f"{path} cannot be read{reason_of(error, path)}.", _UNPACK) from error


def read_raster(path: Path, band_count: int, indexes: Sequence[int] = (), window: Window | None = None) -> np.ndarray:
    """Bands ``indexes`` (from 1; all without) of a raster that has ``band_count``: (C, h, w) in the file's type.

    Raises SourceError for a file that is missing or cannot be read, GridError for one with other bands.
    """
    with opened(path) as raster:
        if raster.count != band_count:
            raise GridError(
                f"{path} has {raster.count} bands; {band_count} were published.", "Use the dataset as it was published."
            )
        values: np.ndarray = raster.read(list(indexes) or None, window=window)
    return values


def raster_size(path: Path) -> tuple[int, int]:
    """Rows and columns of a raster. SourceError where it cannot be opened."""
    with opened(path) as raster:
        return raster.height, raster.width


def array_names(path: Path) -> frozenset[str]:
    """The names of the arrays in an npz file. SourceError where it cannot be read."""
    with _archive(path) as archive:
        return frozenset(name.removesuffix(".npy") for name in archive.namelist())


def read_arrays(path: Path, names: Sequence[str]) -> tuple[np.ndarray, ...]:
    """The arrays ``names`` of an npz file, never unpickled. SourceError where one is missing or cannot be read."""
    arrays = []
    with _archive(path) as archive:
        for name in names:
            try:
                with archive.open(f"{name}.npy") as file:
                    arrays.append(np.lib.format.read_array(file, allow_pickle=False))
            except KeyError:
                raise SourceError(f"{path} has no array {name}.", "Use the dataset as it was published.") from None
    return tuple(arrays)


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    if not path.is_file():
        missing(path)
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (OSError, zipfile.BadZipFile, ValueError, EOFError) as error:
        raise SourceError(f"{path} cannot be read as arrays ({error}).", _UNPACK) from error


def read_json(path: Path) -> Any:
    """What a JSON file holds. SourceError where it is missing or no JSON."""
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise SourceError(f"{path} is no JSON ({error}).", _UNPACK) from error


def read_table(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a CSV file with a header that has at least ``columns``. SourceError where it has not."""
    rows = csv.DictReader(read_text(path).splitlines())
    absent = [column for column in columns if column not in (rows.fieldnames or ())]
    if absent:
        raise SourceError(f"{path} has no column {', '.join(absent)}.", "Use the table as it was published.")
    return list(rows)


def read_rows(path: Path) -> list[list[str]]:
    """The lines of a text file as fields, which commas, semicolons or blanks part; empty lines are left out."""
    lines = (line.strip() for line in read_text(path).splitlines())
    return [[field for field in re.split(r"[,;\s]+", line) if field] for line in lines if line]


def read_text(path: Path) -> str:
    """A text file. SourceError where it is missing or no text."""
    if not path.is_file():
        missing(path)
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read as text ({error}).", _UNPACK) from error


def missing(path: Path) -> NoReturn:
    """Raise the SourceError of a file that the dataset's layout has at ``path`` and the folder has not."""
    raise SourceError(f"{path} is missing.", _UNPACK)


def first_folder(root: Path, names: Sequence[str], holds: str) -> Path:
    """The first of ``names`` that is a folder below ``root`` ("" is ``root`` itself) with an entry like ``holds``.

    Raises:
        SourceError: none is; the message names what was looked for.
    """
    for name in names:
        folder = root / name
        if folder.is_dir() and next(folder.glob(holds), None) is not None:
            return folder
    places = ", ".join(name or "the folder itself" for name in names)
    raise SourceError(f"{root} holds no {holds} (looked in {places}).", _UNPACK)
