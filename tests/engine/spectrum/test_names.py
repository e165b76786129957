"""What band names tell, and what they only seem to."""

from __future__ import annotations

import pytest

from engine.spectrum.names import find_band, named_bands, polarisation_in, quality_note
from engine.spectrum.sensors import load_sensor


@pytest.mark.parametrize(
    "names",
    [
        ["bands", "bands", "bands"],
        ["stackstac-c2eb", "stackstac-c2eb"],
        ["Band 1", "Band 2", "Band 3"],
        ["lyr.1", "lyr.2"],
        ["patch_01", "patch_02", "patch_03"],
        ["band 8 (0.46 Micrometers)", "band 91 (0.9 Micrometers)"],
        ["Layer_1"],
        ["1", "2", "3"],
        [None, ""],
        ["444.0 nm", "490 nm"],
    ],
)
def test_numbering_and_repetition_are_no_names(names):
    assert named_bands(names) == (None,) * len(names)


@pytest.mark.parametrize(
    "names",
    [["B1", "B2", "B3"], ["SR_B1", "SR_B2"], ["S2-L2A-B01", "S2-L2A-B02"], ["red", "nir"], ["VV"], ["M1", "M2"]],
)
def test_operators_names_are_names(names):
    assert named_bands(names) == tuple(names)


@pytest.mark.parametrize(
    ("name", "band"),
    [
        ("B04", "B04"),
        ("B4", "B04"),
        ("b4", "B04"),
        ("S2-L2A-B02", "B02"),
        ("B8A", "B8A"),
        ("B02 (Blue)", "B02"),
        ("Band B11", "B11"),
        ("sr_B12", "B12"),
        ("20200813_B05", "B05"),
        ("Red", "B04"),
        ("B04: 665 nm", "B04"),
        ("std_B04", None),
        ("cloud_B04", None),
        ("B02 / B03", None),
        ("NDVI", None),
        ("Band 4", None),
    ],
)
def test_a_band_is_found_behind_plain_words_only(name, band):
    found = find_band(load_sensor("sentinel-2-l2a"), name)
    assert (found.name if found else None) == band


@pytest.mark.parametrize(
    ("name", "polarisation"),
    [
        ("VV", "VV"),
        ("Gamma0_VH", "VH"),
        ("S1-SIGMA0-vh", "VH"),
        ("HH", "HH"),
        ("VVVH", None),
        ("VV/VH", None),
        ("van", None),
    ],
)
def test_polarisation_is_a_word_of_its_own(name, polarisation):
    assert polarisation_in(name) == polarisation


@pytest.mark.parametrize(
    "name", "QA BQA QA_PIXEL QA60 SCL Fmask cloud_mask alpha label mask UDM2 dataMask pan Panchromatic angle".split()
)
def test_quality_layers_are_told_by_name(name):
    assert quality_note(name, None)


@pytest.mark.parametrize("name", ["B04", "red", "VV", "nir", "panther", "aqua", "cloudy_red"])
def test_measurements_are_no_quality_layers(name):
    assert not quality_note(name, None)


def test_a_sensors_own_quality_layers_count():
    assert quality_note("AOT", load_sensor("sentinel-2-l2a"))
    assert not quality_note("AOT", None)
