"""Wavelengths in any unit become nm; impossible ones are refused with their value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BandTableError
from engine.spectrum.units import all_to_nm, check_range, parse_unit, to_nm, wavelength_text, width_to_nm


@pytest.mark.parametrize(
    ("value", "unit", "radar", "nm"),
    [
        (490, "nm", False, 490),
        ("490", "Nanometers", False, 490),
        (0.49, "Micrometers", False, 490),
        ("0.49", "µm", False, 490),
        ("0.49 μm", None, False, 490),
        ("10.895 um", "nm", False, 10895),
        ("443.5nm", None, False, 443.5),
        (10.895, "microns", False, 10895),
        (4.9e-7, "m", False, 490),
        (4900, "Angstroms", False, 490),
        (20000, "cm^-1", False, 500),
        ("1000 cm-1", None, False, 10000),
        (5.405, "GHz", True, 55465764.662),
        ("5405 MHz", None, True, 55465764.662),
        (5.405, None, True, 55465764.662),
        (5.55, "cm", True, 5.55e7),
        (0.0555, "m", True, 5.55e7),
        (5.55e7, None, True, 5.55e7),
        (0.49, None, False, 490),
        (15, None, False, 15000),
        (300, None, False, 300),
        (2202.4, None, False, 2202.4),
        ("1.1e4", None, False, 11000),
        (0.49, "Unknown", False, 490),
        (490, "", False, 490),
    ],
)
def test_a_wavelength_becomes_nm(value, unit, radar, nm):
    assert to_nm(value, unit, radar=radar) == pytest.approx(nm, rel=1e-8)


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        (0, "nm"),
        (0, "GHz"),
        (-5.405, "GHz"),
        (-443, "nm"),
        (float("nan"), None),
        ("NaN", "nm"),
        ("inf", "nm"),
        (float("inf"), None),
        ("red", None),
        ("", None),
        (True, None),
        (0.1, None),
        (100, None),
        (20000, None),
        (1e6, None),
        (0.49, "nm"),
        (1e9, "m"),
        ("490 parsecs", None),
        (490, "Kelvin"),
    ],
)
def test_an_impossible_wavelength_is_refused_with_its_value(value, unit):
    with pytest.raises(BandTableError) as raised:
        to_nm(value, unit)
    shown = {"490 parsecs": "parsecs"}.get(value, str(value)) if unit != "Kelvin" else "Kelvin"
    assert shown in raised.value.message
    assert raised.value.hint


def test_ghz_without_a_unit_is_read_for_radar_only():
    assert to_nm(5.405, radar=False) == pytest.approx(5405)
    with pytest.raises(BandTableError):
        to_nm(77.0, radar=False)
    assert to_nm(77.0, radar=True) == pytest.approx(3.893e6, rel=1e-3)


def test_a_files_unit_that_contradicts_its_numbers_is_corrected_with_a_note():
    nm, note = all_to_nm({"a": "0.46", "b": "2.4"}, "Nanometers")
    assert nm == pytest.approx({"a": 460, "b": 2400})
    assert "µm" in note and "nm" in note
    nm, note = all_to_nm({"a": "490", "b": "2200"}, "Micrometers")
    assert nm == pytest.approx({"a": 490, "b": 2200})
    assert note


def test_a_files_unit_that_fits_is_left_alone():
    assert all_to_nm({"a": "12.01"}, "Micrometers") == (pytest.approx({"a": 12010}), "")
    assert all_to_nm({"a": "5.55"}, "Centimeters") == (pytest.approx({"a": 5.55e7}), "")
    # One of several values fits: the unit is right and the other value wrong.
    with pytest.raises(BandTableError, match=r"wavelength of band 2.*0\.49"):
        all_to_nm({"band 1": "490", "wavelength of band 2": "0.49"}, "nm")


@given(st.floats(300, 15000, allow_nan=False))
def test_nm_and_micrometres_agree_without_units(nm):
    assert to_nm(nm) == nm
    assert to_nm(nm / 1000) == pytest.approx(nm, rel=1e-12)
    assert to_nm(f"{nm!r} nm", "µm") == nm


@given(st.floats(0.3, 100, allow_nan=False))
def test_frequency_times_wavelength_is_the_speed_of_light(ghz):
    assert to_nm(ghz, "GHz") * ghz == pytest.approx(299_792_458, rel=1e-12)


@given(st.one_of(st.text(max_size=12), st.floats(), st.integers()), st.one_of(st.none(), st.text(max_size=8)))
def test_any_value_gives_a_plausible_wavelength_or_a_clear_error(value, unit):
    try:
        nm = to_nm(value, unit)
    except BandTableError as error:
        assert error.message and error.hint
    else:
        assert 300 <= nm <= 1e10


@pytest.mark.parametrize(
    ("width", "centre", "unit", "nm"),
    [
        ("6.99", 418, "Nanometers", 6.99),
        ("0.0058", 460, None, 5.8),
        ("0.0058", 460, "Micrometers", 5.8),
        ("0.0058", 460, "Nanometers", 5.8),
        ("20 nm", 443, "µm", 20),
        ("0", 443, "nm", None),
        ("nan", 443, "nm", None),
        ("wide", 443, "nm", None),
        ("5", 500, "cm-1", None),
    ],
)
def test_a_width_becomes_nm_or_none(width, centre, unit, nm):
    assert width_to_nm(width, centre, unit) == (None if nm is None else pytest.approx(nm))


def test_limits_that_cannot_be_are_refused_with_their_values():
    check_range("B04", 665, 634, 696)
    check_range("B04", 665, None, None)
    with pytest.raises(BandTableError, match="700 down to 600"):
        check_range("B04", 665, 700, 600)
    with pytest.raises(BandTableError, match=r"B04, 500 nm.*634–696"):
        check_range("B04", 500, 634, 696)
    with pytest.raises(BandTableError, match="only one limit"):
        check_range("B04", 665, 634, None)


def test_units_are_known_by_many_spellings():
    assert {parse_unit(text) for text in ("Micrometers", "microns", "um", "µm", "μm")} == {"µm"}
    assert parse_unit("Unknown") is None
    assert parse_unit(None) is None


@pytest.mark.parametrize(
    ("wavelength_nm", "text"),
    [(664.6, "664.6 nm"), (2395, "2395 nm"), (10895, "10.895 µm"), (299_792_458 / 5.405, "5.405 GHz")],
)
def test_wavelengths_are_written_as_people_write_them(wavelength_nm: float, text: str) -> None:
    assert wavelength_text(wavelength_nm) == text


def test_a_word_that_is_no_unit_is_shown_with_the_value_it_is_given_for() -> None:
    with pytest.raises(BandTableError, match="“furlong”, given for the centre of Band 3, is no unit"):
        to_nm("500 furlong", what="centre of Band 3")
    with pytest.raises(BandTableError, match="“furlong” is no unit"):
        to_nm(500, "furlong")
