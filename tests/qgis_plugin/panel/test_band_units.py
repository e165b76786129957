from __future__ import annotations

import pytest
from smarties.engine.errors import BandTableError
from smarties.qgis_plugin.panel.band_units import centre_text, plain_number, range_text, read_range, read_wavelength


@pytest.mark.parametrize(
    ("nm", "units", "text"),
    [
        (664.6, "auto", "664.6 nm"), (10895, "auto", "10.895 µm"), (5.5466e7, "auto", "5.405 GHz"),
        (664.6, "nm", "664.6"), (664.6, "µm", "0.6646"), (5.5466e7, "nm", "55466000"), (None, "auto", ""),
    ],
)  # fmt: skip
def test_a_wavelength_is_shown_as_people_write_it(nm, units, text):
    assert centre_text(nm, units) == text


@pytest.mark.parametrize("nm", [442.7, 1613.7, 10895.0, 55465763.0, 993.4829])
@pytest.mark.parametrize("units", ["auto", "nm", "µm", "GHz"])
def test_what_an_editor_shows_is_read_back_as_the_same_wavelength(nm, units):
    assert read_wavelength(centre_text(nm, units, 10), units, "centre") == pytest.approx(nm, rel=1e-9)


def test_a_range_is_read_back_too():
    for units in ("auto", "nm", "µm", "GHz"):
        text = range_text(649.1, 680.1, units, 10)
        assert read_range(text, units, "B04") == pytest.approx((649.1, 680.1), rel=1e-9)
    assert range_text(5.5e7, 5.6e7) == "5.3534–5.4508 GHz"


@pytest.mark.parametrize(
    "text",
    ["634–696", "634-696 nm", "634 - 696", "0.634..0.696 µm", "0,634 – 0,696 µm", "634 to 696 nm", "634 nm … 696 nm",
     "6.34e2-6.96e2 nm"],
)  # fmt: skip
def test_ranges_are_understood_in_every_spelling(text):
    assert read_range(text, "auto", "B04") == pytest.approx((634, 696))


@pytest.mark.parametrize("text", ["634", "634–", "–696", "red", "634–650–696", "-5–696"])
def test_what_is_no_range_is_refused(text):
    with pytest.raises(BandTableError):
        read_range(text, "auto", "B04")


def test_frequencies_stand_in_either_order():
    low, high = read_range("5.3–5.5 GHz", "auto", "VV", radar=True)
    assert low < high == pytest.approx(299_792_458 / 5.3)
    assert read_range("5.5–5.3 GHz", "auto", "VV") == (low, high)


def test_decimal_commas_and_gaps_between_thousands():
    assert plain_number("0,665 µm") == "0.665 µm"
    assert plain_number("55 465 763") == plain_number("55,465,763") == "55465763"
