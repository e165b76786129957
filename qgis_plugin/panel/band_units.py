"""Wavelengths as the band table shows them and takes them: in nm, µm or GHz, with decimal points or commas."""

from __future__ import annotations

import math
import re
from typing import Optional, Tuple

from ...engine.errors import BandTableError
from ...engine.spectrum.bands import MICROWAVE_MIN_NM
from ...engine.spectrum.units import LIGHT_NM_GHZ, parse_number, to_nm
from ..translation import tr

#: Each value in the unit people use there: nm, µm in the thermal infrared, GHz for radar.
AUTOMATIC = "auto"
UNITS = (AUTOMATIC, "nm", "µm", "GHz")

_THERMAL_MIN_NM = 3000.0

#: What stands between the limits of a range. A hyphen after "e" belongs to an exponent, one at the start is a sign.
_BETWEEN = re.compile(r"\s*(?:\.{2,}|…|–|—|;|\bto\b|(?<=[^\seE])\s*[-−])\s*")
_WITHIN_NUMBER = re.compile(r"(?<=\d)[\u00a0\u2007\u2009\u202f ](?=\d{3}\b)")
_THOUSANDS = re.compile(r"^(\d{1,3})((?:,\d{3}){2,})(?!\d)")
_TRAILING_UNIT = re.compile(r"\d\s*([^\d\s.,][^\d]*)$")


def unit_of(wavelength_nm: float, units: str = AUTOMATIC) -> str:
    """The unit a wavelength is shown in where the table shows ``units``."""
    if units != AUTOMATIC:
        return units
    if wavelength_nm > MICROWAVE_MIN_NM:
        return "GHz"
    return "µm" if wavelength_nm >= _THERMAL_MIN_NM else "nm"


def in_unit(wavelength_nm: float, unit: str) -> float:
    """A wavelength in nm as a number in ``unit``."""
    if unit == "GHz":
        return LIGHT_NM_GHZ / wavelength_nm
    return wavelength_nm / 1000 if unit == "µm" else wavelength_nm


def centre_text(wavelength_nm: Optional[float], units: str = AUTOMATIC, digits: int = 5) -> str:
    """A wavelength for people; with its unit unless the whole column has one. "" for None."""
    if wavelength_nm is None:
        return ""
    unit = unit_of(wavelength_nm, units)
    return _digits(in_unit(wavelength_nm, unit), digits) + (f" {unit}" if units == AUTOMATIC else "")


def range_text(
    min_nm: Optional[float], max_nm: Optional[float], units: str = AUTOMATIC, digits: int = 5, separator: str = "–"
) -> str:
    """Both limits for people, the smaller number first: "634–696 nm", "5.39–5.42 GHz". "" where there is none."""
    if min_nm is None or max_nm is None:
        return ""
    unit = unit_of(max_nm, units)
    low, high = sorted((in_unit(min_nm, unit), in_unit(max_nm, unit)))
    tail = f" {unit}" if units == AUTOMATIC else ""
    return f"{_digits(low, digits)}{separator}{_digits(high, digits)}{tail}"


def read_wavelength(text: str, units: str, what: str, radar: bool = False) -> float:
    """The wavelength in nm that a person wrote; a unit behind the number counts before ``units``.

    ``what`` names the value in errors. Raises BandTableError, as `to_nm` does.
    """
    return to_nm(plain_number(text), None if units == AUTOMATIC else units, what, radar)


def read_range(text: str, units: str, name: str, radar: bool = False) -> Tuple[float, float]:
    """The limits in nm that a person wrote: "634–696", "634-696 nm", "0.63..0.69 µm". Raises BandTableError.

    A unit behind the second number holds for both. Frequencies may stand in either order.
    """
    parts = _BETWEEN.split(text.strip())
    if len(parts) != 2 or not all(parts):
        raise BandTableError(tr("“{text}” is no range: write it as 634–696.").format(text=text))
    unit = _TRAILING_UNIT.search(parts[1])
    lower = parts[0]
    if unit is not None and parse_number(plain_number(lower))[1] is None:
        lower = f"{lower} {unit.group(1)}"
    low = read_wavelength(lower, units, f"lower limit of {name}", radar)
    high = read_wavelength(parts[1], units, f"upper limit of {name}", radar)
    is_frequency = "hz" in parts[1].lower() or units == "GHz" or radar
    if is_frequency and low > high:
        low, high = high, low
    return low, high


def plain_number(text: str) -> str:
    """A number as the engine reads it: "0,665 µm" → "0.665 µm", "55 465 763" → "55465763"."""
    text = _WITHIN_NUMBER.sub("", text.strip())
    text = _THOUSANDS.sub(lambda found: found.group(1) + found.group(2).replace(",", ""), text)
    return re.sub(r"(?<=\d),(?=\d)", ".", text)


def same(first: Optional[float], second: Optional[float]) -> bool:
    """True for wavelengths that differ by less than an editor shows, and for None and None."""
    if first is None or second is None:
        return first is second
    return math.isclose(first, second, rel_tol=1e-9)


def _digits(number: float, digits: int) -> str:
    return f"{number:.0f}" if number >= 10 ** max(digits, 1) else f"{number:.{digits}g}"
