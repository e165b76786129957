"""Where rasters write the wavelengths of their bands: one reader per dialect.

A reader gives, per band, what the file says as it stands there (`Reading`), or None.
`engine.spectrum.detect` asks them in the order of `DIALECTS`, which is that of trust, and
turns texts into nm. Standard library only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from .names import wavelength_in
from .raster_metadata import RasterMetadata
from .stac import stac_bands

_UNSTATED = ("", "unknown", "none", "n/a", "na", "null")

_CENTRE_KEYS = (
    "wavelength",
    "wavelengths",
    "center_wavelength",
    "centre_wavelength",
    "central_wavelength",
    "radiation_wavelength",
)
_UNIT_KEYS = ("wavelength_units", "wavelength_unit", "radiation_wavelength_unit")
_WIDTH_KEYS = ("fwhm", "bandwidth", "full_width_half_max")
_BAD_BAND_KEYS = ("bbl",)

_ENMAP_BAND = re.compile(
    r"<wavelengthCenterOfBand>\s{0,99}([^<\s]{1,99})\s{0,99}</wavelengthCenterOfBand>\s{0,99}"
    r"<FWHMOfBand>\s{0,99}([^<\s]{1,99})\s{0,99}</FWHMOfBand>"
)


@dataclass(frozen=True)
class Reading:
    """What one dialect says of one band, as text.

    ``source`` is told to the user. ``unit`` goes with ``wavelength`` and ``width`` (the
    FWHM). ``usable`` is false for a band its bad-band list rules out.
    """

    source: str
    wavelength: Optional[str] = None
    unit: Optional[str] = None
    width: Optional[str] = None
    usable: Optional[bool] = None
    name: Optional[str] = None


Readings = Tuple[Optional[Reading], ...]
Reader = Callable[[RasterMetadata, List[str]], Readings]


def read_band_tags(metadata: RasterMetadata, notes: List[str]) -> Readings:
    """``wavelength``, ``wavelength_units``, ``fwhm`` and ``bbl`` among a band's tags (GDAL, EnMAP-Box, SNAP)."""
    dataset = _lowered(metadata.tags.get("", {}))
    readings: List[Optional[Reading]] = []
    for domains in metadata.band_tags:
        tags = {**_lowered(domains.get("ENVI", {})), **_lowered(domains.get("", {}))}
        wavelength = _first(tags, _CENTRE_KEYS)
        usable = _usable(_first(tags, _BAD_BAND_KEYS))
        if wavelength is None and usable is None:
            readings.append(None)
            continue
        unit = _first(tags, _UNIT_KEYS) or _first(dataset, _UNIT_KEYS)
        if _is_index(unit):
            wavelength = None
        readings.append(Reading("band's wavelength tag", wavelength, unit, _first(tags, _WIDTH_KEYS), usable))
    return tuple(readings)


def read_envi(metadata: RasterMetadata, notes: List[str]) -> Readings:
    """ENVI's lists: GDAL's ENVI domain, the same keys in the default domain, or a .hdr beside the raster."""
    headers: List[Tuple[str, Mapping[str, str]]] = [
        ("ENVI wavelength", _lowered(metadata.tags.get("ENVI", {}))),
        ("wavelength list", _lowered(metadata.tags.get("", {}))),
    ]
    headers += [
        (f"ENVI header {name}", parse_envi_header(text))
        for name, text in metadata.sidecars.items()
        if name.lower().endswith(".hdr")
    ]
    for source, header in headers:
        wavelengths = _listed(header, _CENTRE_KEYS, metadata.band_count, source, notes)
        usable = _listed(header, _BAD_BAND_KEYS, metadata.band_count, source, notes)
        names = _listed(header, ("band_names",), metadata.band_count, source, notes)
        if not any((wavelengths, usable, names)):
            continue
        unit = _first(header, _UNIT_KEYS)
        if wavelengths and (_is_index(unit) or (unit is None and _is_counting(wavelengths))):
            notes.append(f"{source}: the values only count the bands; they are not taken for wavelengths.")
            wavelengths = ()
        widths = _listed(header, _WIDTH_KEYS, metadata.band_count, source, notes)
        return tuple(
            Reading(
                source,
                wavelengths[index] or None if wavelengths else None,
                unit,
                widths[index] if widths else None,
                _usable(usable[index]) if usable else None,
                names[index] or None if names else None,
            )
            for index in range(metadata.band_count)
        )
    return (None,) * metadata.band_count


def read_force(metadata: RasterMetadata, notes: List[str]) -> Readings:
    """FORCE's own domain of each band: ``Wavelength``, ``Wavelength_unit``, and the band's name in ``Domain``."""
    readings: List[Optional[Reading]] = []
    for domains in metadata.band_tags:
        tags = _lowered(domains.get("FORCE", {}))
        wavelength = _first(tags, ("wavelength",))
        name = _first(tags, ("domain",))
        known = wavelength is not None or name is not None
        readings.append(Reading("FORCE wavelength", wavelength, _first(tags, _UNIT_KEYS), name=name) if known else None)
    return tuple(readings)


def read_enmap(metadata: RasterMetadata, notes: List[str]) -> Readings:
    """The ``bandCharacterisation`` of the METADATA.XML of an EnMAP product, where it lists as many bands."""
    for name, text in metadata.sidecars.items():
        found = _ENMAP_BAND.findall(text) if name.lower().endswith(".xml") else []
        if found and len(found) == metadata.band_count:
            return tuple(Reading(f"EnMAP {name}", centre, "nm", width) for centre, width in found)
        if found:
            notes.append(f"{name} lists {len(found)} bands for {metadata.band_count} and is not used.")
    return (None,) * metadata.band_count


def read_imagery(metadata: RasterMetadata, notes: List[str]) -> Readings:
    """GDAL's IMAGERY domain: ``CENTRAL_WAVELENGTH_UM`` and ``FWHM_UM``, which GDAL rounds to 1 nm."""
    readings: List[Optional[Reading]] = []
    for domains in metadata.band_tags:
        tags = _lowered(domains.get("IMAGERY", {}))
        wavelength = _first(tags, ("central_wavelength_um",))
        width = _first(tags, ("fwhm_um",))
        readings.append(Reading("GDAL IMAGERY wavelength", wavelength, "µm", width) if wavelength else None)
    return tuple(readings)


def read_stac(metadata: RasterMetadata, notes: List[str]) -> Readings:
    """STAC's ``eo:bands`` or ``bands`` of an item beside the raster or in its tags, in µm by specification."""
    return tuple(
        Reading(
            "STAC eo:bands",
            None if band.wavelength is None else str(band.wavelength),
            "µm",
            None if band.width is None else str(band.width),
            name=band.name,
        )
        if band is not None
        else None
        for band in stac_bands(metadata)
    )


def read_names(metadata: RasterMetadata, notes: List[str]) -> Readings:
    """A wavelength within the band's name: "Band 01: 444.0 Nanometers", "443 nm"."""
    readings: List[Optional[Reading]] = []
    for name in metadata.band_names:
        found = wavelength_in(name) if name else None
        readings.append(Reading(f"band name “{name}”", found[0], found[1]) if found else None)
    return tuple(readings)


#: In the order of trust (DESIGN, "Bands are never guessed"): GDAL's IMAGERY values are rounded, so ENVI's go first.
DIALECTS: Tuple[Reader, ...] = (
    read_band_tags,
    read_envi,
    read_force,
    read_enmap,
    read_imagery,
    read_stac,
    read_names,
)


def parse_envi_header(text: str) -> Dict[str, str]:
    """The fields of an ENVI header by name (lower case, underscores); a list stays as "{a, b}". {} for other texts."""
    if not text.lstrip().startswith("ENVI"):
        return {}
    fields: Dict[str, str] = {}
    place, last = 0, text.rfind("}")
    while place < len(text):
        end = text.find("\n", place)
        end = len(text) if end < 0 else end
        name, equals, value = text[place:end].partition("=")
        place = end + 1
        if not equals or not name.strip() or "{" in name or "}" in name:
            continue
        value = value.strip()
        if value.startswith("{") and "}" not in value:
            # A list over several lines. One that never ends is no list: the next line is a field again.
            close = text.find("}", end) if end < last else -1
            if close >= 0:
                value, place = f"{value}{text[end : close + 1]}", close + 1
        elif value.startswith("{"):
            value = value[: value.index("}") + 1]
        fields[_key(name)] = value.strip()
    return fields


def _key(name: str) -> str:
    return re.sub(r"[\s\-]+", "_", name.strip().lower())


def _lowered(tags: Mapping[str, str]) -> Dict[str, str]:
    return {_key(name): str(value).strip() for name, value in tags.items()}


def _first(tags: Mapping[str, str], keys: Sequence[str]) -> Optional[str]:
    """The first of ``keys`` that is stated; a list is no value of one band."""
    for key in keys:
        value = tags.get(key, "")
        if value.lower() not in _UNSTATED and not value.startswith("{"):
            return value
    return None


def _listed(
    header: Mapping[str, str], keys: Sequence[str], band_count: int, source: str, notes: List[str]
) -> Tuple[str, ...]:
    """A list in braces with one entry per band; () where there is none, with a note where its length is another."""
    for key in keys:
        value = header.get(key, "")
        if not value.startswith("{"):
            continue
        entries = tuple(entry.strip() for entry in value.strip("{} \n\t").split(","))
        entries = tuple("" if entry.lower() in _UNSTATED else entry for entry in entries)
        if len(entries) == band_count:
            return entries
        if any(entries):
            notes.append(
                f"{source}: its list “{key}” has {len(entries)} entries for {band_count} bands and is not used."
            )
    return ()


def _usable(text: Optional[str]) -> Optional[bool]:
    """A bad-band entry: 0 is bad, any other number good, None where it is no number."""
    try:
        return None if text is None else float(text) != 0
    except ValueError:
        return None


def _is_index(unit: Optional[str]) -> bool:
    return unit is not None and unit.lower() == "index"


def _is_counting(values: Sequence[str]) -> bool:
    """True for 1, 2, 3 … or 0, 1, 2 …"""
    try:
        numbers = [float(value) for value in values]
    except ValueError:
        return False
    return any(numbers == [first + place for place in range(len(numbers))] for first in (0, 1))
