"""What a sensor file of the catalogue holds, and how it is read and checked. Standard library only.

A file is one JSON object. Its fields belong to every sensor of its ``sensors`` list;
what a sensor repeats, it overrides. ``bands`` are objects with ``name``, ``centre_nm``,
``min_nm``, ``max_nm``, ``gsd_m`` and, where they apply, ``aliases``, ``polarisation``,
``layer``, ``default_on`` (true unless said) and ``note``. ``statistics`` maps a band's
name to ``[p1, p99, mean, std]``. ``orders`` maps a layout's name to ``{"bands": […]}``,
with a ``pattern`` where only products so named have it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Set, Tuple

from .bands import MICROWAVE_MIN_NM, POLARISATIONS
from .layers import LAYER_BY_KEY

KINDS = ("optical", "optical+thermal", "rgb", "radar", "spectrometer")
#: The three groups of learnt layers, by the sensor they were learnt from.
FAMILIES = ("sentinel-2", "rgb", "sentinel-1")
UNITS = ("dn", "db", "8bit", "reflectance")

#: From this GSD on, a model input is filled with fewer source pixels (DESIGN, "Scale matters").
COARSE_GSD_M = 5.0
CHIP_COARSE_PX = 112
CHIP_FINE_PX = 224

_SENSOR_FIELDS = {
    "name",
    "title",
    "kind",
    "family",
    "unit",
    "reflectance_scale",
    "reflectance_offset",
    "nodata",
    "source",
    "bands",
    "statistics",
    "orders",
    "auxiliary",
    "product_patterns",
    "gsd_m",
    "spectral_range_nm",
    "fwhm_nm",
    "dropped_nm",
}
_BAND_FIELDS = {
    "name",
    "aliases",
    "centre_nm",
    "min_nm",
    "max_nm",
    "polarisation",
    "layer",
    "gsd_m",
    "default_on",
    "note",
}
_MISSING = object()


@dataclass(frozen=True)
class Statistics:
    """Statistics of ``bands``, in their order.

    ``p1`` and ``p99`` are in the sensor's ``unit``; ``mean`` and ``std`` are those of the
    values after the step clip((x − p1)/(p99 − p1), 0, 1), without dimension.
    """

    bands: Tuple[str, ...]
    p1: Tuple[float, ...]
    p99: Tuple[float, ...]
    mean: Tuple[float, ...]
    std: Tuple[float, ...]


@dataclass(frozen=True)
class SensorBand:
    """One band as its operator specifies it; wavelengths in nm, ``gsd_m`` in metres.

    ``layer`` is the key of a learnt layer, only where that layer was learnt from this very
    band. ``default_on`` false leaves the band out of the model's input unless the user asks
    for it; ``note`` then says why.
    """

    name: str
    centre_nm: float
    min_nm: float
    max_nm: float
    gsd_m: float
    aliases: Tuple[str, ...] = ()
    polarisation: Optional[str] = None
    layer: Optional[str] = None
    default_on: bool = True
    note: str = ""


@dataclass(frozen=True)
class Sensor:
    """A sensor of the catalogue.

    ``gsd_m`` is the finest GSD among its default bands, ``chip_px`` the source pixels that
    fill one model input by default. ``unit`` is what its statistics and usual products are
    in ("dn", "db", "8bit", "reflectance"); for the reflective bands
    reflectance = dn / ``reflectance_scale`` + ``reflectance_offset``. ``nodata`` is the value
    the operator fills with even where a file does not say so. ``family`` names the learnt
    layers to prefer where those of Sentinel-2 and of RGB overlap. ``orders`` are known
    layouts of stacked files; those in ``order_patterns`` belong only to products whose name
    matches. ``auxiliary`` are regexes of quality and mask layers found among the bands.

    Of a "spectrometer" ``bands`` is empty: its wavelengths come from each file.
    ``spectral_range_nm`` and ``fwhm_nm`` are nominal, and bands with their centre inside
    one of the ``dropped_nm`` windows (both ends included) hold no signal of the ground.
    """

    name: str
    title: str
    kind: str
    family: str
    gsd_m: float
    chip_px: int
    unit: str
    reflectance_scale: Optional[float]
    reflectance_offset: float
    nodata: Optional[float]
    bands: Tuple[SensorBand, ...]
    statistics: Optional[Statistics]
    product_patterns: Tuple[str, ...]
    orders: Mapping[str, Tuple[str, ...]]
    order_patterns: Mapping[str, str]
    auxiliary: Tuple[str, ...]
    source: str
    spectral_range_nm: Optional[Tuple[float, float]] = None
    fwhm_nm: Optional[float] = None
    dropped_nm: Tuple[Tuple[float, float], ...] = ()


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """A catalogue regex, any case, that never begins or ends within a run of letters and digits."""
    return re.compile(rf"(?<![0-9A-Za-z])(?:{pattern})(?![0-9A-Za-z])", re.IGNORECASE)


def band_key(name: str) -> str:
    """The form in which band names are compared: any case, no separators, B01 as B1."""
    bare = re.sub(r"[\s_.\-]+", "", name).casefold()
    return re.sub(r"(?<=[a-z])0+(?=\d)", "", bare)


class _Fields:
    """Typed access to one JSON object; every fault is a ValueError that names file and field."""

    def __init__(self, where: str, values: Any, known: Set[str]) -> None:
        self.where = where
        if not isinstance(values, dict):
            raise ValueError(f"{where}: expected an object, found {values!r}")
        unknown = sorted(set(values) - known)
        if unknown:
            raise ValueError(f"{where}: unknown field {unknown[0]!r}")
        self.values: Dict[str, Any] = values

    def fault(self, field: str, reason: str) -> ValueError:
        return ValueError(f"{self.where}: field {field!r}: {reason}")

    def _get(self, field: str, default: Any) -> Any:
        value = self.values.get(field, default)
        if value is _MISSING:
            raise self.fault(field, "is missing")
        return value

    def text(self, field: str, default: Any = _MISSING) -> str:
        value = self._get(field, default)
        if not isinstance(value, str) or (default is _MISSING and not value.strip()):
            raise self.fault(field, f"expected a text, found {value!r}")
        return value

    def choice(self, field: str, choices: Tuple[str, ...]) -> str:
        value = self.text(field)
        if value not in choices:
            raise self.fault(field, f"{value!r} is none of {', '.join(choices)}")
        return value

    def number(self, field: str, default: Any = _MISSING) -> float:
        value = self._get(field, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.fault(field, f"expected a number, found {value!r}")
        return float(value)

    def optional_number(self, field: str) -> Optional[float]:
        return None if self.values.get(field) is None else self.number(field)

    def flag(self, field: str, default: bool) -> bool:
        value = self._get(field, default)
        if not isinstance(value, bool):
            raise self.fault(field, f"expected true or false, found {value!r}")
        return value

    def texts(self, field: str) -> Tuple[str, ...]:
        value = self._get(field, [])
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise self.fault(field, f"expected a list of texts, found {value!r}")
        return tuple(value)

    def patterns(self, field: str) -> Tuple[str, ...]:
        patterns = self.texts(field)
        for pattern in patterns:
            self.check_pattern(field, pattern)
        return patterns

    def check_pattern(self, field: str, pattern: str) -> None:
        try:
            compile_pattern(pattern)
        except re.error as error:
            raise self.fault(field, f"{pattern!r} is no regular expression: {error}") from error

    def windows(self, field: str) -> Tuple[Tuple[float, float], ...]:
        return tuple(self._window(field, value) for value in self._get(field, []))

    def optional_window(self, field: str) -> Optional[Tuple[float, float]]:
        value = self.values.get(field)
        return None if value is None else self._window(field, value)

    def _window(self, field: str, value: Any) -> Tuple[float, float]:
        if not isinstance(value, list) or len(value) != 2 or not value[0] < value[1]:
            raise self.fault(field, f"expected [lower, upper] in nm, found {value!r}")
        return float(value[0]), float(value[1])


def read_sensor_file(path: Path) -> Tuple[Sensor, ...]:
    """The sensors of one file of the catalogue.

    Raises:
        ValueError: the file is no JSON, or a field is missing, unknown or impossible;
            the message names file, sensor or band, and field.
    """
    return parse_sensor_file(path.name, path.read_text(encoding="utf-8"))


def parse_sensor_file(file_name: str, text: str) -> Tuple[Sensor, ...]:
    """The sensors in the text of a catalogue file called ``file_name``; errors as `read_sensor_file`."""
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{file_name}: no JSON: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("sensors"), list) or not content["sensors"]:
        raise ValueError(f"{file_name}: field 'sensors': expected a list of at least one sensor")
    shared = {field: value for field, value in content.items() if field != "sensors"}
    sensors: List[Sensor] = []
    for own in content["sensors"]:
        if not isinstance(own, dict):
            raise ValueError(f"{file_name}: field 'sensors': expected objects, found {own!r}")
        name = own.get("name", "?")
        sensors.append(_sensor(_Fields(f"{file_name}: sensor {name}", {**shared, **own}, _SENSOR_FIELDS)))
    return tuple(sensors)


def _sensor(fields: _Fields) -> Sensor:
    kind = fields.choice("kind", KINDS)
    values = fields.values.get("bands", [])
    if not isinstance(values, list):
        raise fields.fault("bands", f"expected a list, found {values!r}")
    bands = tuple(_band(_Fields(f"{fields.where}: band {_name_of(value)}", value, _BAND_FIELDS)) for value in values)
    if bool(bands) == (kind == "spectrometer"):
        raise fields.fault("bands", "a spectrometer has none, every other sensor some")
    _check_band_names(fields, bands)
    orders, order_patterns = _orders(fields, bands)
    gsd_m = min((band.gsd_m for band in bands if band.default_on), default=None)
    if gsd_m is None:
        gsd_m = fields.number("gsd_m")
    elif "gsd_m" in fields.values:
        raise fields.fault("gsd_m", "belongs to the bands; a sensor gives it only where it has none")
    if not 0.01 <= gsd_m <= 10_000:
        raise fields.fault("gsd_m", f"{gsd_m} m is out of range")
    reflectance_scale = fields.optional_number("reflectance_scale")
    if reflectance_scale is not None and reflectance_scale <= 0:
        raise fields.fault("reflectance_scale", f"{reflectance_scale} is not above 0")
    return Sensor(
        name=fields.text("name"),
        title=fields.text("title"),
        kind=kind,
        family=fields.choice("family", FAMILIES),
        gsd_m=gsd_m,
        chip_px=CHIP_COARSE_PX if gsd_m >= COARSE_GSD_M else CHIP_FINE_PX,
        unit=fields.choice("unit", UNITS),
        reflectance_scale=reflectance_scale,
        reflectance_offset=fields.number("reflectance_offset", 0.0),
        nodata=fields.optional_number("nodata"),
        bands=bands,
        statistics=_statistics(fields, bands),
        product_patterns=fields.patterns("product_patterns"),
        orders=orders,
        order_patterns=order_patterns,
        auxiliary=fields.patterns("auxiliary"),
        source=fields.text("source"),
        spectral_range_nm=fields.optional_window("spectral_range_nm"),
        fwhm_nm=fields.optional_number("fwhm_nm"),
        dropped_nm=fields.windows("dropped_nm"),
    )


def _name_of(value: Any) -> Any:
    return value.get("name", "?") if isinstance(value, dict) else value


def _band(fields: _Fields) -> SensorBand:
    band = SensorBand(
        name=fields.text("name"),
        centre_nm=fields.number("centre_nm"),
        min_nm=fields.number("min_nm"),
        max_nm=fields.number("max_nm"),
        gsd_m=fields.number("gsd_m"),
        aliases=fields.texts("aliases"),
        polarisation=fields.choice("polarisation", POLARISATIONS) if "polarisation" in fields.values else None,
        layer=fields.choice("layer", tuple(LAYER_BY_KEY)) if "layer" in fields.values else None,
        default_on=fields.flag("default_on", True),
        note=fields.text("note", ""),
    )
    if not 300 <= band.min_nm < band.max_nm <= 1e9:
        raise fields.fault("min_nm", f"{band.min_nm}–{band.max_nm} nm is no range of wavelengths")
    if not band.min_nm <= band.centre_nm <= band.max_nm:
        raise fields.fault("centre_nm", f"{band.centre_nm} nm is outside {band.min_nm}–{band.max_nm} nm")
    if (band.polarisation is not None) != (band.centre_nm > MICROWAVE_MIN_NM):
        raise fields.fault("polarisation", "radar bands have one, the others none")
    if not band.default_on and not band.note:
        raise fields.fault("note", "a band that is off by default says why")
    return band


def _check_band_names(fields: _Fields, bands: Tuple[SensorBand, ...]) -> None:
    seen: Dict[str, str] = {}
    for band in bands:
        for key in {band_key(name) for name in (band.name, *band.aliases)}:
            if key in seen:
                raise fields.fault("bands", f"{seen[key]} and {band.name} share the name {key!r}")
            seen[key] = band.name


def _orders(fields: _Fields, bands: Tuple[SensorBand, ...]) -> Tuple[Mapping[str, Tuple[str, ...]], Mapping[str, str]]:
    known = {band.name for band in bands}
    values = fields.values.get("orders", {})
    if not isinstance(values, dict):
        raise fields.fault("orders", f"expected an object, found {values!r}")
    orders: Dict[str, Tuple[str, ...]] = {}
    patterns: Dict[str, str] = {}
    for name, value in values.items():
        order = _Fields(f"{fields.where}: order {name}", value, {"bands", "pattern"})
        orders[name] = order.texts("bands")
        wrong = [band for band in orders[name] if band not in known]
        if wrong or not orders[name]:
            raise order.fault("bands", f"{wrong or 'nothing'} is no band of this sensor")
        if "pattern" in order.values:
            patterns[name] = order.text("pattern")
            order.check_pattern("pattern", patterns[name])
    plain = [len(order) for name, order in orders.items() if name not in patterns]
    if len(plain) != len(set(plain)):
        raise fields.fault("orders", "two layouts of one length, and no pattern to tell them apart")
    return orders, patterns


def _statistics(fields: _Fields, bands: Tuple[SensorBand, ...]) -> Optional[Statistics]:
    values = fields.values.get("statistics")
    if values is None:
        return None
    known = {band.name for band in bands}
    rows = _Fields(f"{fields.where}: statistics", values, known).values
    names = tuple(band.name for band in bands if band.name in rows)
    for name in names:
        row = rows[name]
        if not isinstance(row, list) or len(row) != 4 or not all(isinstance(value, (int, float)) for value in row):
            raise fields.fault("statistics", f"{name}: expected [p1, p99, mean, std], found {row!r}")
        p1, p99, mean, std = row
        if not (p1 < p99 and 0 <= mean <= 1 and 0 < std <= 0.5):
            raise fields.fault("statistics", f"{name}: {row!r} cannot be [p1, p99, mean, std]")
    p1s, p99s, means, stds = (tuple(float(rows[name][column]) for name in names) for column in range(4))
    return Statistics(names, p1s, p99s, means, stds)
