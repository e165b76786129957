"""Band names as people and programs write them: what they tell and what they only seem to. Standard library only."""

from __future__ import annotations

import re
from typing import Dict, List, Optional, Sequence, Tuple

from .raster_metadata import MAX_NAME_CHARACTERS
from .sensors import Sensor, SensorBand, is_auxiliary, match_product, sensor_band

_UNITS = r"nm|nanomet(?:er|re)s?|µm|μm|um|micromet(?:er|re)s?|microns?|GHz"
_NUMBER = r"\d+(?:\.\d+)?"
#: A number with a unit of wavelength, as in "Band 01: 444.0 Nanometers" or "band 8 (0.460712 Micrometers)".
_WAVELENGTH = re.compile(rf"(?<![\w.])({_NUMBER})\s*({_UNITS})(?![A-Za-z])", re.IGNORECASE)
_WAVELENGTH_TAIL = re.compile(rf"[\s:;,\-–]*\(?\s*{_NUMBER}\s*(?:{_UNITS})\s*\)?\s*$", re.IGNORECASE)

#: Words beside a band's own name that do not change what it is.
_PLAIN_WORDS = frozenset(
    "band bands channel reflectance refl rho sr toa boa surface sigma0 gamma0 beta0 sigma gamma beta nought "
    "amplitude intensity backscatter db linear rtc grd s1 s2 l1c l2a msi l7 l8 l9 oli sentinel landsat".split()
)
_COLOURS = {"red": "red", "r": "red", "green": "green", "g": "green", "blue": "blue", "b": "blue"}
_DIGITS = re.compile(r"\d+(?:[.T]\d+)*")
#: GDAL's and other programs' names for bands without one.
_NUMBERED = re.compile(r"(?:band|layer|lyr|channel|raster)s?[\s_.#\-]*\d*", re.IGNORECASE)
_POLARISATION = re.compile(r"(?<![A-Za-z])(VV|VH|HH|HV)(?![A-Za-z])", re.IGNORECASE)

#: Layers among the bands that hold no measurement of the ground, whatever the sensor.
_QUALITY = re.compile(
    r"(?:\w*[\s_.\-])?(?:B?QA(?:[\s_]?\w+)?|QC|SCL|scene[\s_]?classification|quality\w*|f?mask|cloud[\s_]?(?:mask|prob\w*)?|"
    r"clouds?|shadows?|data[\s_]?mask|valid(?:ity)?|alpha|labels?|class(?:es|ification)?|fmask|udm2?|(?:incidence[\s_]?)?angle)",
    re.IGNORECASE,
)
_PANCHROMATIC = re.compile(r"(?:band[\s_]?)?pan(?:chromatic)?", re.IGNORECASE)


def wavelength_in(name: str) -> Optional[Tuple[str, str]]:
    """The wavelength a name states, as (number, unit); None where it states none, or more than one."""
    found = _WAVELENGTH.findall(name)
    return (found[0][0], found[0][1]) if len(found) == 1 else None


def without_wavelength(name: str) -> str:
    """A name without the wavelength GDAL and others put behind it; a name that is only that stays."""
    return _WAVELENGTH_TAIL.sub("", name).strip() or name.strip()


def polarisation_in(name: str) -> Optional[str]:
    """VV, VH, HH or HV where exactly one of them is a word of the name: "Gamma0_VV", "S1-SIGMA0-VH"."""
    found = {match.upper() for match in _POLARISATION.findall(name)}
    return found.pop() if len(found) == 1 else None


def colour_in(name: Optional[str]) -> Optional[str]:
    """ "red", "green" or "blue" where the name is that or its initial."""
    return _COLOURS.get((name or "").strip().lower())


def quality_note(name: str, sensor: Optional[Sensor]) -> str:
    """Why a band so named is no spectral band, "" where it may be one."""
    if _PANCHROMATIC.fullmatch(name.strip()):
        return "panchromatic: spans several learnt ranges"
    if _QUALITY.fullmatch(name.strip()) or (sensor is not None and is_auxiliary(sensor, name)):
        return "quality or mask layer"
    return ""


def named_bands(names: Sequence[Optional[str]]) -> Tuple[Optional[str], ...]:
    """The names that mean something; None for numbering ("Band 3", "lyr.1", "patch_12") and repeated names.

    Bands that all bear one name, and names that differ only in a number that counts
    the bands, tell nothing. "B1"… counts bands too, but is how operators call theirs.
    """
    told = [name.strip()[:MAX_NAME_CHARACTERS] if name else "" for name in names]
    if len(told) > 1 and len(set(told)) == 1:
        return (None,) * len(told)
    if len(told) > 1 and all(told):
        parts = [re.fullmatch(r"(.*?)0*(\d+)", without_wavelength(name)) for name in told]
        found = [part.groups() for part in parts if part is not None]
        prefixes = {prefix for prefix, _ in found}
        counts = [int(number) for _, number in found]
        if len(found) == len(told) and len(prefixes) == 1 and counts in (_upto(counts, 0), _upto(counts, 1)):
            prefix = prefixes.pop()
            if not re.fullmatch(r"[BM]|SR_B|modis_b|sur_refl_b", prefix, re.IGNORECASE) and not prefix.endswith(
                ("-B", "_B")
            ):
                return (None,) * len(told)
    return tuple(None if not name or _is_number(without_wavelength(name)) else name for name in told)


def find_band(sensor: Sensor, name: str) -> Optional[SensorBand]:
    """The sensor's band a name means, also with plain words or the product's name around it ("S2-L2A-B02").

    None where it has none, where a word is left that may change the meaning ("std_B04"),
    or where the words mean different bands.
    """
    bare = without_wavelength(name)
    direct = sensor_band(sensor, bare)
    if direct is not None:
        return direct
    polarisation = polarisation_in(bare)
    words = _words(bare)
    found: Dict[str, SensorBand] = {}
    for word in words:
        band = sensor_band(sensor, word)
        if band is not None:
            found[band.name] = band
        elif not _is_plain(word, sensor) and word.upper() != polarisation:
            return None
    return next(iter(found.values())) if len(found) == 1 else None


def core_names(names: Sequence[str]) -> Tuple[str, ...]:
    """The names without plain words and numbers around them, to compare with all sensors."""
    cores: List[str] = []
    for name in names:
        words = [word for word in _words(without_wavelength(name)) if not _is_plain(word, None)]
        cores.append(words[0] if len(words) == 1 else without_wavelength(name))
    return tuple(cores)


def _words(name: str) -> List[str]:
    return [word for word in re.split(r"[^0-9A-Za-z]+", name) if word]


def _is_plain(word: str, sensor: Optional[Sensor]) -> bool:
    if _is_number(word) or word.lower() in _PLAIN_WORDS:
        return True
    product = match_product(word) if sensor is not None else None
    return product is not None and sensor is not None and product.name == sensor.name


def _is_number(name: str) -> bool:
    """True for numbers, dates, names that count ("Band 3") and names that are but a wavelength."""
    return any(pattern.fullmatch(name) for pattern in (_DIGITS, _NUMBERED, _WAVELENGTH))


def _upto(counts: Sequence[int], first: int) -> List[int]:
    return list(range(first, first + len(counts)))
