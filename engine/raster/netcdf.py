"""Variables of netCDF files: which of them are bands, which step of a time series is meant, where they lie."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.io import DatasetReader

from engine.errors import GridError, SourceError
from engine.raster.crs import parse_crs
from engine.raster.grid import Grid
from engine.raster.opening import READ_ERRORS, gdal_environment, open_subdataset
from engine.spectrum.raster_files import split_token

DRIVER = "netCDF"
#: Without coordinates that GDAL understands it turns the rows over; this keeps them as stored.
AS_STORED = (("GDAL_NETCDF_BOTTOMUP", "NO"),)
_COORDINATES = (("x", "y"), ("X", "Y"), ("lon", "lat"), ("longitude", "latitude"), ("easting", "northing"))
_TIME_NAMES = frozenset("t time times timestamp date dates".split())
_SECONDS = {"day": 86400.0, "hour": 3600.0, "minute": 60.0, "min": 60.0, "second": 1.0, "sec": 1.0, "s": 1.0}
_EVEN_SPACING = 1e-3


@dataclass(frozen=True)
class Axis:
    """A dimension of a variable beside rows and columns; ``values`` as GDAL writes them, dates as ISO text."""

    name: str
    values: tuple[str, ...]
    is_time: bool


def variable_names(dataset: DatasetReader) -> tuple[str, ...]:
    """The two- and more-dimensional variables of an open netCDF file, in the file's order."""
    if dataset.count:
        return (dataset.tags(1).get("NETCDF_VARNAME", ""),)
    return tuple(name.rsplit(":", 1)[1] for name in dataset.subdatasets)


def gdal_name(path: Path, variable: str) -> str:
    """GDAL's name of a variable; the whole file where it has one variable without a name."""
    return f'NETCDF:"{path}":{variable}' if variable else str(path)


def choose_variables(path: Path, names: Sequence[str]) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
    """The variables that are bands, one group per sensor, and notes on those left out.

    Variables belong together when their names agree before the band token
    (``S2-L2A-B02``, ``S2-L2A-B03``); radar is kept apart from optical bands.

    Raises:
        SourceError: no variable is named like a band, and there are several.
    """
    if not names:
        raise SourceError(f"{path.name} holds no variable with rows and columns.", "Give a file with images.")
    groups: dict[tuple[str, bool], list[str]] = {}
    for name in names:
        parts = split_token(name)
        if parts is not None:
            prefix = re.sub(r"^(SR|ST|TOA)[_-]?$", "", parts[0], flags=re.IGNORECASE).lower()
            radar = parts[1].upper() in ("VV", "VH", "HH", "HV")
            groups.setdefault((prefix, radar), []).append(name)
    if not groups:
        if len(names) == 1:
            return (tuple(names),), ()
        raise SourceError(
            f"No variable of {path.name} is named like a band: {', '.join(names[:12])}.",
            f'Name the one to read: netcdf:"{path.name}":VARIABLE',
        )
    left_out = [name for name in names if split_token(name) is None]
    notes = (f"left out, not bands: {', '.join(left_out)}",) if left_out else ()
    return tuple(tuple(group) for group in groups.values()), notes


def group_name(group: Sequence[str]) -> str:
    """What the names of a group of variables share (``S2-L2A``), else the variables."""
    parts = split_token(group[0])
    return (parts[0].strip("-_. ") if parts else "") or ",".join(group)


def axes_of(dataset: DatasetReader) -> tuple[Axis, ...]:
    """The dimensions that GDAL flattened into the bands of a variable, slowest first."""
    tags = dataset.tags()
    names = _listed(tags.get("NETCDF_DIM_EXTRA", ""))
    axes = []
    for name in names:
        values = _listed(tags.get(f"NETCDF_DIM_{name}_VALUES", ""))
        length = _listed(tags.get(f"NETCDF_DIM_{name}_DEF", ""))
        if length and int(length[0]) != len(values):
            values = tuple(str(index) for index in range(int(length[0])))
        units = tags.get(f"{name}#units", "")
        is_time = (
            name.lower() in _TIME_NAMES
            or " since " in units
            or tags.get(f"{name}#standard_name") == "time"
            or tags.get(f"{name}#axis") == "T"
        )
        if is_time:
            values = tuple(_iso(value, units, tags.get(f"{name}#calendar", "standard")) for value in values)
        axes.append(Axis(name, values, is_time))
    if math.prod(len(axis.values) for axis in axes) != dataset.count:
        # GDAL did not say how its bands are made of the dimensions: they are steps of one unnamed axis.
        return (Axis("band", tuple(str(number) for number in dataset.indexes), False),) if dataset.count > 1 else ()
    return tuple(axes)


def bands_at(
    dataset: DatasetReader, path: Path, variable: str, date: str | None
) -> tuple[tuple[int, ...], tuple[str | None, ...]]:
    """Which GDAL bands (1-based) of a variable make the image, and their names.

    Args:
        dataset: the open variable.
        path: the file, for messages.
        variable: the variable's name.
        date: the time step: an ISO date or its beginning (``2018-05-14``), or a 0-based number.

    Raises:
        SourceError: there are several time steps and none, or none of them, is asked for.
    """
    axes = axes_of(dataset)
    steps = [_step(axis, path, variable, date) if axis.is_time else None for axis in axes]
    chosen: list[tuple[int, list[str]]] = [(0, [])]
    for axis, step in zip(axes, steps, strict=True):
        places = range(len(axis.values)) if step is None else (step,)
        words = axis.values if step is None and len(axis.values) > 1 else None
        chosen = [
            (number * len(axis.values) + place, [*text, words[place]] if words else text)
            for number, text in chosen
            for place in places
        ]
    names = [_band_name(variable, text) for _, text in chosen]
    return tuple(number + 1 for number, _ in chosen), tuple(names)


def variable_grid(dataset: DatasetReader, path: Path, found: Grid) -> tuple[Grid, tuple[tuple[str, str], ...]]:
    """The grid of a variable, and the GDAL settings it has to be opened with.

    ``found`` is what GDAL says. Where it found no coordinates, they are read from the
    file's one-dimensional coordinate variables; where it found no CRS, the file's global
    attributes ``crs`` and ``epsg`` are asked.
    """
    if found.crs is not None:
        return found, ()
    crs = _dataset_crs(dataset)
    if found.transform != Affine.identity():
        return (found if crs is None else Grid(crs, found.transform, found.width, found.height)), ()
    transform = _transform_from_coordinates(path, found.width, found.height)
    if transform is None:
        return found, ()
    return Grid(crs, transform, found.width, found.height), AS_STORED


def _dataset_crs(dataset: DatasetReader) -> CRS | None:
    tags = dataset.tags()
    try:
        if dataset.crs:
            return dataset.crs
    except CRSError:
        # GDAL's reading of the grid mapping failed; the attributes below may do.
        return _attribute_crs(tags)
    return _attribute_crs(tags)


def _attribute_crs(tags: Mapping[str, str]) -> CRS | None:
    for key in ("crs#crs_wkt", "crs#spatial_ref", "spatial_ref#crs_wkt", "NC_GLOBAL#crs", "NC_GLOBAL#epsg"):
        text = tags.get(key, "").strip()
        if text:
            try:
                return parse_crs(text)
            except GridError:
                continue
    return None


def _transform_from_coordinates(path: Path, width: int, height: int) -> Affine | None:
    for x_name, y_name in _COORDINATES:
        xs, ys = _coordinates(path, x_name, width), _coordinates(path, y_name, height)
        if xs is not None and ys is not None:
            step_x, step_y = float(np.diff(xs).mean()), float(np.diff(ys).mean())
            return Affine(step_x, 0, float(xs[0]) - step_x / 2, 0, step_y, float(ys[0]) - step_y / 2)
    return None


def _coordinates(path: Path, name: str, count: int) -> np.ndarray | None:
    """Evenly spaced pixel centres from a one-dimensional variable; None when it is not that."""
    try:
        with gdal_environment(**dict(AS_STORED)), open_subdataset(gdal_name(path, name), DRIVER) as dataset:
            if dataset.count != 1 or sorted((dataset.width, dataset.height)) != sorted((1, count)):
                return None
            values = dataset.read(1).ravel().astype(float)
    except (SourceError, *READ_ERRORS):
        # There is no such variable, or it is no raster: the next pair of names is tried.
        return None
    steps = np.diff(values)
    if count < 2 or not np.isfinite(values).all() or steps[0] == 0:
        return None
    return values if np.abs(steps - steps.mean()).max() <= _EVEN_SPACING * abs(steps.mean()) else None


def _step(axis: Axis, path: Path, variable: str, date: str | None) -> int:
    count = len(axis.values)
    if count == 1 and date is None:
        return 0
    span = f"{count} time steps from {axis.values[0][:10]} to {axis.values[-1][:10]}"
    example = axis.values[0][:10]
    if date is None:
        raise SourceError(
            f"{variable or path.name} in {path.name} has {span}.",
            f"Name one: {path.name}@{example}, or {path.name}@0 for the first.",
        )
    if re.fullmatch(r"\d{1,3}", date):
        if int(date) < count:
            return int(date)
        raise SourceError(f"{path.name} has no time step {date}.", f"It has {span}, counted from 0.")
    matches = [index for index, value in enumerate(axis.values) if value.startswith(date.strip().replace(" ", "T"))]
    if len(matches) == 1:
        return matches[0]
    if not matches:
        nearest = [value[:10] for value in axis.values if value[:7] == date[:7]]
        hint = f"In that month there are {', '.join(dict.fromkeys(nearest))}." if nearest else "Give one of its dates."
        raise SourceError(f"{path.name} has no image of {date}; it has {span}.", hint)
    numbers = ", ".join(f"@{index} ({axis.values[index]})" for index in matches[:4])
    raise SourceError(f"{path.name} has {len(matches)} images of {date}.", f"Choose by number: {numbers}.")


def _band_name(variable: str, places: Sequence[str]) -> str | None:
    if not places:
        return variable or None
    own = " ".join(places)
    return own if split_token(own) is not None else f"{variable} {own}".strip()


def _listed(text: str) -> tuple[str, ...]:
    """GDAL's ``{a,b,c}`` or a single value."""
    text = text.strip()
    if not text:
        return ()
    return tuple(part.strip() for part in text.strip("{}").split(","))


def _iso(value: str, units: str, calendar: str) -> str:
    """A time coordinate as ISO text; as it stands where its calendar is not the civil one."""
    found = re.fullmatch(r"\s*(\w+?)s?\s+since\s+(.+?)\s*", units)
    if found is None or calendar.lower() not in ("standard", "gregorian", "proleptic_gregorian", ""):
        return value.strip().replace(" ", "T")
    seconds = _SECONDS.get(found.group(1).lower())
    try:
        start = datetime.fromisoformat(re.sub(r"\s*(UTC|Z)$", "", found.group(2)).replace(" ", "T"))
        if seconds is None:
            return value
        moment = start + timedelta(seconds=float(value) * seconds)
    except (ValueError, OverflowError):
        return value
    return moment.isoformat(timespec="seconds")
