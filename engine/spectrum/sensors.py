"""The sensor catalogue: what each sensor's bands are called, where they lie, and how its products are named.

One JSON file per family of near-identical sensors lies in ``sensors/``; its figures come
from the operators' documents named in its ``source``. Statistics are given only for the
sensors SMARTIES was pretrained on. Standard library only.
"""

from __future__ import annotations

import difflib
import re
from functools import cache
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from ..errors import UnknownSensorError
from .sensor_files import (
    Sensor,
    SensorBand,
    Statistics,
    band_key,
    compile_pattern,
    read_sensor_file,
)

__all__ = [
    "Sensor",
    "SensorBand",
    "Statistics",
    "band_key",
    "band_order",
    "is_auxiliary",
    "load_sensor",
    "match_names",
    "match_product",
    "sensor_band",
    "sensor_names",
    "sensor_statistics",
]

SENSORS_DIR = Path(__file__).resolve().parent / "sensors"


@cache
def _catalogue() -> Mapping[str, Sensor]:
    sensors: Dict[str, Sensor] = {}
    for path in sorted(SENSORS_DIR.glob("*.json")):
        for sensor in read_sensor_file(path):
            if sensor.name in sensors:
                raise ValueError(f"{path.name}: field 'name': {sensor.name!r} is in another file already")
            sensors[sensor.name] = sensor
    return {name: sensors[name] for name in sorted(sensors)}


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return compile_pattern(pattern)


@cache
def _bands_by_key(bands: Tuple[SensorBand, ...]) -> Mapping[str, SensorBand]:
    return {band_key(name): band for band in bands for name in (band.name, *band.aliases)}


def sensor_names() -> Tuple[str, ...]:
    """The names of all sensors of the catalogue, sorted."""
    return tuple(_catalogue())


def load_sensor(name: str) -> Sensor:
    """The sensor called ``name``, in any case, with spaces or underscores for hyphens.

    Raises:
        UnknownSensorError: no sensor has this name; the hint gives the nearest ones.
    """
    wanted = re.sub(r"[\s_\-]+", "-", name.strip()).casefold()
    catalogue = _catalogue()
    if wanted in catalogue:
        return catalogue[wanted]
    # A name cut short ("landsat-8") means one of its levels; only a misspelt one needs likeness.
    near = [known for known in catalogue if wanted and known.startswith(wanted + "-")]
    near = near or difflib.get_close_matches(wanted, catalogue, n=3, cutoff=0.6)
    if near:
        raise UnknownSensorError(f"There is no sensor named {name!r:.80}.", f"Did you mean {' or '.join(near)}?")
    raise UnknownSensorError(
        f"There is no sensor named {name!r:.80}.",
        f"Known sensors are {', '.join(catalogue)}; for any other, describe its bands in a band table.",
    )


def sensor_band(sensor: Sensor, name: str) -> Optional[SensorBand]:
    """The band of ``sensor`` called ``name`` or so aliased, in any case, B1 and B01 alike; None when it has none."""
    return _bands_by_key(sensor.bands).get(band_key(name))


def is_auxiliary(sensor: Sensor, name: str) -> bool:
    """True when ``name`` is a quality or mask layer of the sensor's products, not a spectral band."""
    return any(_compiled(pattern).fullmatch(name.strip()) for pattern in sensor.auxiliary)


def sensor_statistics(sensor: Sensor, names: Sequence[str]) -> Optional[Statistics]:
    """The sensor's statistics of the bands ``names``, in that order; None when any of them has none."""
    if sensor.statistics is None:
        return None
    rows: List[int] = []
    for name in names:
        band = sensor_band(sensor, name)
        if band is None or band.name not in sensor.statistics.bands:
            return None
        rows.append(sensor.statistics.bands.index(band.name))
    columns = (sensor.statistics.p1, sensor.statistics.p99, sensor.statistics.mean, sensor.statistics.std)
    p1, p99, mean, std = (tuple(column[row] for row in rows) for column in columns)
    return Statistics(tuple(sensor.statistics.bands[row] for row in rows), p1, p99, mean, std)


def band_order(sensor: Sensor, band_count: int, names: Sequence[str] = ()) -> Optional[Tuple[str, ...]]:
    """The known layout of the sensor's stacked files with ``band_count`` bands, None when there is none.

    ``names`` are the file's and its folders' names: a layout that belongs to certain
    products only (EuroSAT's, with B8A last) is taken when one of them matches its pattern,
    and then before the general one.
    """
    of_length = [name for name, order in sensor.orders.items() if len(order) == band_count]
    for layout in of_length:
        pattern = sensor.order_patterns.get(layout)
        if pattern is not None and any(_compiled(pattern).search(name) for name in names):
            return sensor.orders[layout]
    for layout in of_length:
        if layout not in sensor.order_patterns:
            return sensor.orders[layout]
    return None


def match_names(names: Sequence[str]) -> Tuple[Sensor, ...]:
    """All sensors whose catalogue holds every one of the band ``names``, sorted by name.

    More than one is an ambiguity (B1…B7 fit Landsat and Sentinel-2). Quality layers among
    the names do not count against a sensor, but at least one name has to be a band.
    """
    found: List[Sensor] = []
    for sensor in _catalogue().values():
        others = [name for name in names if sensor_band(sensor, name) is None]
        if len(others) < len(names) and all(is_auxiliary(sensor, name) for name in others):
            found.append(sensor)
    return tuple(found)


def match_product(name: str) -> Optional[Sensor]:
    """The sensor whose product, file or folder is called ``name``, None when no pattern fits.

    Patterns are searched anywhere in the name, in any case, but never inside a run of
    letters and digits. When several sensors fit, the one whose pattern covers the longest
    text is the most specific and wins; of equally long ones the first by name.
    """
    best: Optional[Sensor] = None
    longest = 0
    for sensor in _catalogue().values():
        for pattern in sensor.product_patterns:
            for found in _compiled(pattern).finditer(name):
                if len(found.group()) > longest:
                    best, longest = sensor, len(found.group())
    return best
