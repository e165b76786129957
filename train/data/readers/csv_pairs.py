"""Pairs of any rasters, listed in a CSV file with the columns a, sensor_a, b, sensor_b."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from engine.errors import SourceError
from engine.jobs.image import SENSOR_AUTO
from train.data.readers.rasters import PER_RASTER, Entry, RasterSource, Row

_COLUMNS = ("a", "sensor_a", "b", "sensor_b")


def csv_pairs(
    path: Path,
    licence: str,
    crop: int,
    per_raster: int = PER_RASTER,
    progress: Callable[[float], None] = lambda _: None,
) -> RasterSource:
    """The pairs of a CSV file as a source; unpaired rasters where no row has a ``b``.

    ``a`` and ``b`` are what the engine opens (a raster, a folder of band files or of a product, ``FILE.nc@DATE``),
    relative to the folder of the CSV file. ``sensor_a`` and ``sensor_b`` are names of the sensor catalogue; "auto"
    or nothing detects. Raises SourceError for a file that is no such list, and what RasterSource raises.
    """
    return RasterSource(path.stem, licence, read_rows(path), crop, per_raster, progress)


def read_rows(path: Path) -> list[Row]:
    """The rows of a CSV file of pairs. SourceError names the line that is wrong."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            missing = {"a", "sensor_a"} - set(table.fieldnames or ())
            unknown = set(table.fieldnames or ()) - set(_COLUMNS)
            if missing or unknown:
                raise SourceError(
                    f"{path.name} has the columns {', '.join(table.fieldnames or ('none',))}.",
                    f"Name them {', '.join(_COLUMNS)}; the last two may be absent.",
                )
            return [_row(path, table.line_num, values) for values in table]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{path} cannot be read as a CSV file ({error}).", "Check the file.") from error


def _row(path: Path, line: int, values: dict[str, str]) -> Row:
    entries = []
    for column, sensor in (_COLUMNS[:2], _COLUMNS[2:]):
        raster = (values.get(column) or "").strip()
        if raster:
            entries.append(Entry(_located(path.parent, raster), (values.get(sensor) or "").strip() or SENSOR_AUTO))
        elif column == "a":
            raise SourceError(f"Line {line} of {path.name} has no raster in column a.", "Complete or remove the line.")
    return tuple(entries)


def _located(folder: Path, raster: str) -> str:
    """The raster's path from the CSV file's folder; GDAL's own names of netCDF variables stay as they are."""
    return raster if raster.lower().startswith("netcdf:") else str(folder / raster)
