"""Band tables: what a user (or the panel) says about an image's bands, as JSON. Standard library only.

A table is an object, or just its list of bands::

    {"sensor": "sentinel-2-l2a", "radiometry": "dn", "units": "nm",
     "bands": [{"name": "B04", "centre": 665, "min": 634, "max": 696},
               {"name": "VV", "centre": "5.405 GHz", "polarisation": "VV"},
               {"name": "SCL", "enabled": false, "note": "scene classification"}]}

All fields but ``bands`` may be left out, and of a band all fields: what a table leaves
open, the raster's own metadata may fill. Wavelengths are in ``units``, or carry their own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from ..errors import BandTableError
from .bands import POLARISATIONS, Band
from .layers import LAYER_BY_KEY
from .raster_metadata import MAX_NAME_CHARACTERS
from .units import check_range, to_nm

#: What the values of an image may be said to be; the +1000 is Sentinel-2's since processing baseline 04.00.
RADIOMETRIES = ("reflectance", "dn", "dn+1000", "db", "linear", "8bit")

#: The source of what a table says, unless the table itself names another.
USER = "user"

_TABLE_FIELDS = ("sensor", "radiometry", "units", "bands")
_BAND_FIELDS = ("name", "centre", "min", "max", "polarisation", "layer", "enabled", "note", "sources")
#: Names in JSON and in `Band` of the fields whose source is recorded.
_SOURCED: Mapping[str, str] = {
    "centre": "centre_nm",
    "min": "min_nm",
    "max": "max_nm",
    "polarisation": "polarisation",
    "layer": "layer",
    "enabled": "enabled",
}
#: A file of a table that is larger is none; more bands than any imaging spectrometer has, five times over.
_MAX_BYTES, _MAX_BANDS = 16 * 2**20, 10_000
#: Characters of any text in a table; of a band's name, as of names in files.
_MAX_TEXT = 1000
_FORM = 'A table is {"bands": [{"name": "B04", "centre": 665, "min": 634, "max": 696}]}, wavelengths in nm.'


@dataclass(frozen=True)
class BandTable:
    """Bands as the user states them.

    A wavelength, polarisation, layer or ``enabled`` that the user stated is in the band's
    ``sources``; one left out is not, and is None, or true for ``enabled``. ``sensor`` is a
    name of the catalogue, ``radiometry`` one of RADIOMETRIES; None where not stated.
    """

    bands: Tuple[Band, ...]
    sensor: Optional[str] = None
    radiometry: Optional[str] = None


def read_table(path: Union[str, Path]) -> BandTable:
    """The band table in a JSON file. Raises BandTableError: unreadable, malformed or impossible, with the value."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise BandTableError(f"The band table {path} cannot be read ({reason}).", "Give a JSON file.") from error
    if len(data) > _MAX_BYTES:
        raise BandTableError(f"{path.name} is larger than {_MAX_BYTES // 2**20} MB, too large for a band table.", _FORM)
    try:
        return parse_table(text)
    except BandTableError as error:
        raise BandTableError(f"{path.name}: {error.message}", error.hint) from error


def parse_table(text: str) -> BandTable:
    """The band table in a JSON text. Raises BandTableError: malformed or impossible, with the value."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BandTableError(f"The band table is no JSON: {error}.", _FORM) from error
    if isinstance(content, list):
        content = {"bands": content}
    table = _object(content, "The band table", _TABLE_FIELDS)
    entries = table.get("bands")
    if not isinstance(entries, list) or not entries:
        raise BandTableError("The band table has no list of bands.", _FORM)
    if len(entries) > _MAX_BANDS:
        raise BandTableError(f"The band table has {len(entries)} bands.", f"Up to {_MAX_BANDS} are read.")
    radiometry = _text(table, "radiometry", "The band table")
    if radiometry is not None and radiometry not in RADIOMETRIES:
        raise BandTableError(
            f"The radiometry {radiometry!r:.60} is not known.", f"Use one of {', '.join(RADIOMETRIES)}."
        )
    units = _text(table, "units", "The band table")
    bands = tuple(_band(entry, units, f"Band {number}") for number, entry in enumerate(entries, 1))
    return BandTable(bands, _text(table, "sensor", "The band table"), radiometry)


def table_to_json(
    bands: Union[BandTable, Sequence[Band]], sensor: Optional[str] = None, radiometry: Optional[str] = None
) -> str:
    """A band table as JSON text that `parse_table` reads back to the same bands; wavelengths in nm.

    ``sensor`` and ``radiometry`` go with plain bands; a `BandTable` carries its own.
    """
    table = bands if isinstance(bands, BandTable) else BandTable(tuple(bands), sensor, radiometry)
    content: Dict[str, Any] = {}
    if table.sensor is not None:
        content["sensor"] = table.sensor
    if table.radiometry is not None:
        content["radiometry"] = table.radiometry
    lines = ",\n    ".join(json.dumps(band_to_dict(band), ensure_ascii=False) for band in table.bands)
    head = "".join(f"  {json.dumps(key)}: {json.dumps(value)},\n" for key, value in {**content, "units": "nm"}.items())
    return f'{{\n{head}  "bands": [\n    {lines}\n  ]\n}}\n'


def band_to_dict(band: Band) -> Dict[str, Any]:
    """A band as a table's entry: JSON values, wavelengths in nm, empty fields left out."""
    values: Dict[str, Any] = {"name": band.name}
    values.update((field, getattr(band, attribute)) for field, attribute in _SOURCED.items())
    values["note"] = band.note
    kept = {field: value for field, value in values.items() if value not in (None, "")}
    if band.enabled and "enabled" not in band.sources:
        del kept["enabled"]
    if band.sources:
        kept["sources"] = dict(band.sources)
    return kept


def band_from_dict(values: Any) -> Band:
    """The band of a table's entry with wavelengths in nm, as `band_to_dict` writes it. Raises BandTableError."""
    return _band(values, "nm", "The band")


def _band(entry: Any, units: Optional[str], where: str) -> Band:
    fields = _object(entry, where, _BAND_FIELDS)
    name = _text(fields, "name", where) or ""
    if len(name) > MAX_NAME_CHARACTERS:
        raise BandTableError(
            f"{where}: its name is longer than {MAX_NAME_CHARACTERS} characters ({_short(name)}).", "Shorten it."
        )
    where = f"Band {_short(name)}" if name else where
    polarisation = _choice(fields, "polarisation", POLARISATIONS, where, upper=True)
    lengths: Dict[str, Optional[float]] = {}
    for field in ("centre", "min", "max"):
        value = fields.get(field)
        if value is not None and (isinstance(value, bool) or not isinstance(value, (str, int, float))):
            raise BandTableError(f"{where}: the {field} {value!r:.60} is no wavelength.", "Write 490, or “0.49 µm”.")
        radar = polarisation is not None
        lengths[field] = None if value is None else to_nm(value, units, f"{field} of {where}", radar)
    enabled = fields.get("enabled")
    if enabled is not None and not isinstance(enabled, bool):
        raise BandTableError(f"{where}: enabled is {enabled!r:.60}.", "Write true or false.")
    given, low, high = lengths["centre"], lengths["min"], lengths["max"]
    if polarisation is not None and low is not None and high is not None:
        # Radar limits come as frequencies too, the lower of which is the longer wave.
        low, high = min(low, high), max(low, high)
    check_range(_short(name) or where, given, low, high)
    centre = (low + high) / 2 if given is None and low is not None and high is not None else given
    sources = {_SOURCED[field]: USER for field in _SOURCED if fields.get(field) is not None}
    if given is None and centre is not None:
        sources["centre_nm"] = f"{USER}: middle of the limits"
    sources.update(_sources(fields, where))
    return Band(
        name=name,
        centre_nm=centre,
        min_nm=low,
        max_nm=high,
        polarisation=polarisation,
        layer=_choice(fields, "layer", tuple(LAYER_BY_KEY), where),
        enabled=True if enabled is None else enabled,
        note=_text(fields, "note", where) or "",
        sources=sources,
    )


def _object(value: Any, where: str, known: Sequence[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BandTableError(f"{where} is {value!r:.60}, not an object {{…}}.", _FORM)
    unknown: List[str] = [str(key) for key in value if key not in known]
    if unknown:
        shown = ", ".join(unknown[:8]) + (" and more" if len(unknown) > 8 else "")
        raise BandTableError(f"{where} has the unknown field {_short(shown)}.", f"Known are {', '.join(known)}.")
    return value


def _short(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:99]}…"


def _text(fields: Mapping[str, Any], field: str, where: str) -> Optional[str]:
    value = fields.get(field)
    if value is not None and not isinstance(value, str):
        raise BandTableError(f"{where}: {field} is {value!r:.60}, not a text.", _FORM)
    if value is not None and len(value) > _MAX_TEXT:
        raise BandTableError(f"{where}: {field} is longer than {_MAX_TEXT} characters.", "Shorten it.")
    return value.strip() or None if value is not None else None


def _choice(
    fields: Mapping[str, Any], field: str, choices: Sequence[str], where: str, upper: bool = False
) -> Optional[str]:
    value = _text(fields, field, where)
    if value is not None and upper:
        value = value.upper()
    if value is not None and value not in choices:
        raise BandTableError(f"{where}: there is no {field} {value!r:.60}.", f"Use one of {', '.join(choices)}.")
    return value


def _sources(fields: Mapping[str, Any], where: str) -> Mapping[str, str]:
    value = fields.get("sources", {})
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise BandTableError(f"{where}: sources is {value!r:.60}, not an object of texts.", _FORM)
    return value
