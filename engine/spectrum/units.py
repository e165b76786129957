"""Wavelengths in whatever unit a file, a header or a user states them, turned into nm and checked.

Where no unit is stated it is inferred from the magnitude: 0.3–15 is µm, 300–15000 is nm,
above 1e6 is nm in the microwaves, and 0.3–100 is GHz for a band that carries a polarisation.
Everything else is refused with the value shown. ENVI headers commonly state a unit their
numbers contradict («Nanometers» beside 0.49): where the numbers can only be µm or nm
they are read as such, and the correction is noted beside the value; where they fit
nothing, they are refused. Standard library only.
"""

from __future__ import annotations

import math
import re
from typing import Dict, Mapping, Optional, Sequence, Tuple, Union

from ..errors import BandTableError
from .bands import MICROWAVE_MIN_NM

#: Speed of light in vacuum, in nm·GHz (299 792 458 m/s, exact by definition of the metre).
LIGHT_NM_GHZ = 299_792_458.0
#: From here on people write micrometres.
_MICROMETRES_FROM_NM = 3000.0

#: Optical wavelengths of Earth observation in nm: near ultraviolet to thermal infrared.
OPTICAL_MIN_NM, OPTICAL_MAX_NM = 300.0, 15_000.0

#: The longest radar wavelength read as one, in nm: 10 m, beyond P band.
MICROWAVE_MAX_NM = 1e10

_NM_PER_UNIT: Mapping[str, float] = {"nm": 1.0, "µm": 1e3, "mm": 1e6, "cm": 1e7, "m": 1e9, "Å": 0.1}
_GHZ_PER_UNIT: Mapping[str, float] = {"GHz": 1.0, "MHz": 1e-3}

_SPELLINGS: Mapping[str, Tuple[str, ...]] = {
    "nm": ("nm", "nanometer", "nanometers", "nanometre", "nanometres"),
    "µm": ("µm", "μm", "um", "micron", "microns", "micrometer", "micrometers", "micrometre", "micrometres"),
    "mm": ("mm", "millimeter", "millimeters", "millimetre", "millimetres"),
    "cm": ("cm", "centimeter", "centimeters", "centimetre", "centimetres"),
    "m": ("m", "meter", "meters", "metre", "metres"),
    "Å": ("å", "angstrom", "angstroms", "ångström"),
    "cm⁻¹": ("cm-1", "cm^-1", "cm⁻¹", "1/cm", "wavenumber", "wavenumbers"),
    "GHz": ("ghz", "gigahertz"),
    "MHz": ("mhz", "megahertz"),
}
_UNIT_OF: Mapping[str, str] = {spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in spellings}
#: No quantity is longer than this, its unit written out.
_MAX_CHARACTERS = 100
_NO_UNIT = ("", "unknown", "none", "n/a", "na", "null")

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_QUANTITY = re.compile(rf"^\s*({_NUMBER}|[-+]?nan|[-+]?inf(?:inity)?)\s*(.*?)\s*$", re.IGNORECASE)

Quantity = Union[str, float, int]


def parse_unit(text: Optional[str], what: str = "") -> Optional[str]:
    """The unit a text names: nm, µm, mm, cm, m, Å, cm⁻¹, GHz or MHz; None where it names none.

    ``what`` names in the error the value that it is the unit of. Raises BandTableError for a word that is no unit of
    wavelength or frequency.
    """
    word = (text or "").strip().lower()
    if word in _NO_UNIT:
        return None
    unit = _UNIT_OF.get(word)
    if unit is None:
        of = f", given for the {what}," if what else ""
        raise BandTableError(
            f"“{_short(text)}”{of} is no unit of wavelength.", "Use nm, µm, m, cm⁻¹, or GHz and MHz for radar."
        )
    return unit


def parse_number(value: Quantity, what: str = "wavelength") -> Tuple[float, Optional[str]]:
    """A positive finite number and the unit written behind it, as in "0.49 µm" (None where there is none).

    ``what`` names the value in the error. Raises BandTableError showing the value where
    it is no number, NaN, infinite, zero or negative.
    """
    unit: Optional[str] = None
    if isinstance(value, str):
        found = _QUANTITY.match(value) if len(value) <= _MAX_CHARACTERS else None
        if found is None:
            raise BandTableError(
                f"The {what}, “{_short(value)}”, is not a number.", "Write it as 490, “490 nm” or “0.49 µm”."
            )
        number = float(found.group(1))
        unit = parse_unit(found.group(2), what)
    elif isinstance(value, bool):
        raise BandTableError(f"The {what}, “{value}”, is not a number.", "Write it as 490, “490 nm” or “0.49 µm”.")
    else:
        # An integer may be beyond what a number can be.
        number = float(value) if abs(value) < 1e300 else math.inf
    if not math.isfinite(number) or number <= 0:
        raise BandTableError(
            f"The {what}, {_short(value)}, is impossible: it must be a positive number.",
            "Correct it in a band table (--bands TABLE.json, or the panel's band table).",
        )
    return number, unit


def to_nm(value: Quantity, unit: Optional[str] = None, what: str = "wavelength", radar: bool = False) -> float:
    """One wavelength, or radar frequency, in nm.

    ``value`` is a number or a text that may carry its own unit ("0.49 µm"); ``unit`` is
    the stated one, None where none is. ``radar`` is true for a band with a polarisation:
    a number without unit is then GHz. ``what`` names the value in errors.
    Raises BandTableError showing a value that is impossible, in its unit or without one.
    """
    number, own = parse_number(value, what)
    used = own or parse_unit(unit) or _inferred_unit(number, value, what, radar)
    return _checked(_convert(number, used), value, used, what)


def all_to_nm(values: Mapping[str, str], unit: Optional[str] = None) -> Tuple[Dict[str, float], str]:
    """The wavelengths of one file in nm, by what they are ("wavelength of band 3"); rules and errors of `to_nm`.

    Unlike a user, a file is not taken at its word: where its stated ``unit`` puts no value
    in the optical range and nm or µm put all of them there, that unit is read, and the
    second result is a note that says so, "" otherwise.
    """
    stated = parse_unit(unit)
    numbers = [parse_number(value, what) for what, value in values.items()]
    used = stated
    if stated is not None:
        used = _believable_unit([number for number, own in numbers if own is None], stated)
    nm = {what: to_nm(value, used, what) for what, value in values.items()}
    return nm, "" if used == stated else f"read as {used}, for the stated {stated} does not fit"


def width_to_nm(width: Quantity, centre_nm: float, unit: Optional[str] = None) -> Optional[float]:
    """The width (FWHM) of a band in nm; None where it is no length between 0.01 % and 100 % of the centre.

    ``unit`` is the one stated, None where none is; where it gives no such length, nm and
    µm are tried: a width is no wavelength, so its own magnitude does not tell its unit.
    Raises BandTableError for a unit that is none.
    """
    text = str(width).strip()
    found = _QUANTITY.match(text) if len(text) <= _MAX_CHARACTERS else None
    if found is None:
        return None
    number = float(found.group(1))
    if not math.isfinite(number) or number <= 0:
        return None
    own = parse_unit(found.group(2)) or parse_unit(unit)
    if own is not None and own not in _NM_PER_UNIT:
        return None
    for candidate in (own or "nm", "nm", "µm"):
        nm = number * _NM_PER_UNIT[candidate]
        if 1e-4 * centre_nm <= nm <= centre_nm:
            return nm
    return None


def check_range(name: str, centre_nm: Optional[float], min_nm: Optional[float], max_nm: Optional[float]) -> None:
    """Refuse a band whose limits are swapped, half given, or do not hold its centre.

    All in nm. Raises BandTableError showing the values.
    """
    remedy = "Correct the band's wavelengths in the band table."
    if (min_nm is None) != (max_nm is None):
        raise BandTableError(f"Band {name} has only one limit ({_show(min_nm)}–{_show(max_nm)} nm).", remedy)
    if min_nm is None or max_nm is None:
        return
    if min_nm > max_nm:
        raise BandTableError(f"Band {name} runs from {min_nm:g} down to {max_nm:g} nm.", remedy)
    if centre_nm is not None and not min_nm <= centre_nm <= max_nm:
        raise BandTableError(
            f"The centre of band {name}, {centre_nm:g} nm, is not within its limits {min_nm:g}–{max_nm:g} nm.", remedy
        )


def _short(value: Optional[Quantity]) -> str:
    """A value for a message; an integer of thousands of digits cannot be printed."""
    if isinstance(value, int) and abs(value) >= 10**40:
        return "an integer of more than 40 digits"
    text = str(value)
    return text if len(text) <= _MAX_CHARACTERS else f"{text[: _MAX_CHARACTERS - 1]}…"


def _show(value: Optional[float]) -> str:
    return "?" if value is None else f"{value:g}"


def _convert(number: float, unit: str) -> float:
    if unit in _GHZ_PER_UNIT:
        return LIGHT_NM_GHZ / (number * _GHZ_PER_UNIT[unit])
    if unit == "cm⁻¹":
        return 1e7 / number
    return number * _NM_PER_UNIT[unit]


def _is_optical(nm: float) -> bool:
    return OPTICAL_MIN_NM <= nm <= OPTICAL_MAX_NM


def _believable_unit(numbers: Sequence[float], stated: str) -> str:
    """``stated``, or that of nm and µm which makes all numbers optical where the stated unit makes none so.

    Frequencies and wavelengths in mm, cm and m are radar's: 5.5 cm must not become 5.5 µm.
    """
    if stated in ("GHz", "MHz", "mm", "cm", "m") or any(_is_optical(_convert(number, stated)) for number in numbers):
        return stated
    for other in ("nm", "µm"):
        if numbers and all(_is_optical(_convert(number, other)) for number in numbers):
            return other
    return stated


def _inferred_unit(number: float, shown: Quantity, what: str, radar: bool) -> str:
    if radar and 0.3 <= number <= 100:
        return "GHz"
    if 0.3 <= number <= 15:
        return "µm"
    if OPTICAL_MIN_NM <= number <= OPTICAL_MAX_NM or number > MICROWAVE_MIN_NM:
        return "nm"
    raise BandTableError(
        f"The {what}, {_short(shown)}, has no unit and fits none: "
        "0.3–15 would be µm, 300–15000 nm, above 1e6 nm of radar.",
        "State the unit in a band table, as in “490 nm”, “10.9 µm” or “5.405 GHz”.",
    )


def _checked(nm: float, shown: Quantity, unit: str, what: str) -> float:
    if OPTICAL_MIN_NM <= nm <= MICROWAVE_MAX_NM:
        return nm
    given = str(shown) if isinstance(shown, str) and parse_number(shown)[1] else f"{shown} {unit}"
    raise BandTableError(
        f"The {what}, {given}, is {nm:g} nm, where no sensor of the Earth's surface measures.",
        "Correct the value or its unit in a band table (--bands TABLE.json, or the panel's band table).",
    )


def wavelength_text(wavelength_nm: float) -> str:
    """A wavelength as people write it: "664.6 nm", "10.895 µm" in the thermal infrared, "5.405 GHz" for radar."""
    if wavelength_nm > MICROWAVE_MIN_NM:
        return f"{LIGHT_NM_GHZ / wavelength_nm:.4g} GHz"
    if wavelength_nm >= _MICROMETRES_FROM_NM:
        return f"{wavelength_nm / 1000:.5g} µm"
    return f"{wavelength_nm:.5g} nm"
