"""The paths in a scene's settings, made absolute: workers have other working directories."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.jobs.image import STATISTICS_AUTO, STATISTICS_ESTIMATE, STATISTICS_SENSOR

#: What ``statistics`` may be besides a file or its text.
STATISTICS_WORDS = (STATISTICS_AUTO, STATISTICS_SENSOR, STATISTICS_ESTIMATE)
#: ``netcdf:"FILE.nc":VARIABLE@DATE``, with and without quotes: the prefix, the file, the rest.
_NETCDF = re.compile(r'(netcdf:)(?:"([^"]+)"|([^":]+))(:.+)', re.IGNORECASE)


def with_absolute_paths(settings: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The settings of a job with every path seen from ``folder``; values of a wrong type stay as they are."""
    changed = dict(settings)
    for name, change in _CHANGES.items():
        given = changed.get(name)
        if isinstance(given, (list, tuple)):
            changed[name] = [change(each, folder) if isinstance(each, str) and each else each for each in given]
        elif isinstance(given, str) and given:
            changed[name] = change(given, folder)
    return changed


def file_of(source: str) -> str:
    """The file or folder that an input names: without netCDF's variable and date."""
    netcdf = _NETCDF.fullmatch(source.strip())
    path = (netcdf[2] or netcdf[3]) if netcdf else source
    head, at, _ = path.rpartition("@")
    # The @ of FILE.nc@DATE, unless it belongs to the file's name.
    return head if at and head and not os.path.exists(path) and os.path.exists(head) else path


def is_text(source: str) -> bool:
    """Whether a setting is JSON itself, not the name of a file."""
    return source.lstrip().startswith(("{", "["))


def _place(path: str, folder: Path) -> str:
    return os.path.normpath(folder / Path(path).expanduser())


def _image(source: str, folder: Path) -> str:
    netcdf = _NETCDF.fullmatch(source.strip())
    if netcdf is None:
        return _place(source, folder)
    return f'{netcdf[1]}"{_place(netcdf[2] or netcdf[3], folder)}"{netcdf[4]}'


def _file_or_text(source: str, folder: Path) -> str:
    return source if is_text(source) else _place(source, folder)


def _statistics(source: str, folder: Path) -> str:
    return source if source in STATISTICS_WORDS else _file_or_text(source, folder)


def _model(source: str, folder: Path) -> str:
    path = _place(source, folder)
    return path if os.path.exists(path) else source


_CHANGES = {
    "inputs": _image,
    "band_tables": _file_or_text,
    "grid_like": _file_or_text,
    "statistics": _statistics,
    "projections": _place,
    "model": _model,
}
