from __future__ import annotations

from dataclasses import replace

import pytest
from smarties.engine.errors import BandTableError
from smarties.engine.spectrum import Band, load_sensor
from smarties.qgis_plugin.panel import band_edits as edits

SENSOR = load_sensor("sentinel-2-l2a")
NAMED = "band name B04 of Sentinel-2 L2A"
RED = Band(
    "B04", 664.6, 649.1, 680.1, None, "red_2",
    sources={field: NAMED for field in ("centre_nm", "min_nm", "max_nm", "layer")},
)  # fmt: skip


def test_a_centre_within_the_range_keeps_it_and_frees_the_layer():
    band = edits.with_centre(RED, RED, "665", "nm")
    assert (band.centre_nm, band.min_nm, band.layer) == (665, 649.1, None)
    assert band.sources["centre_nm"] == "user" and band.sources["min_nm"] == NAMED


def test_a_centre_elsewhere_drops_a_range_that_was_not_the_persons():
    band = edits.with_centre(RED, RED, "0.842 µm", "nm")
    assert (band.centre_nm, band.min_nm, band.max_nm) == (842, None, None)


def test_a_centre_outside_the_persons_own_range_is_refused():
    band = edits.with_range(RED, RED, "640-700", "nm")
    with pytest.raises(BandTableError, match="842 nm, is not within its limits 640–700"):
        edits.with_centre(band, RED, "842", "nm")


def test_a_range_elsewhere_moves_a_centre_that_was_not_the_persons():
    band = edits.with_range(RED, RED, "800–900 nm", "auto")
    assert band.centre_nm == 850 and band.sources["centre_nm"] == edits.MIDDLE
    mine = edits.with_centre(RED, RED, "660", "nm")
    with pytest.raises(BandTableError, match="660 nm, is not within"):
        edits.with_range(mine, RED, "800–900 nm", "auto")


def test_a_swapped_range_is_refused():
    with pytest.raises(BandTableError, match="down to"):
        edits.with_range(RED, RED, "696–634", "nm")


@pytest.mark.parametrize("text", ["", "  ", "664.6"])
def test_emptied_or_typed_back_is_as_detected(text):
    changed = edits.with_centre(RED, RED, "842", "nm")
    assert changed != RED
    assert edits.with_centre(changed, RED, text, "nm") == RED


def test_an_emptied_range_is_as_detected():
    changed = edits.with_range(RED, RED, "800–900", "nm")
    assert edits.with_range(changed, RED, "", "nm") == RED


def test_a_name_of_the_sensor_brings_its_wavelengths_and_the_old_name_the_old_ones():
    band = edits.with_name(RED, RED, "B08", SENSOR, ())
    assert band.centre_nm == pytest.approx(832.8, abs=1) and band.layer == "near_infrared_1"
    assert edits.with_name(band, RED, "B04", SENSOR, ()) == RED


def test_a_name_leaves_the_persons_wavelength_alone():
    mine = edits.with_centre(RED, RED, "660", "nm")
    assert edits.with_name(mine, RED, "B08", SENSOR, ()).centre_nm == 660


def test_a_taken_name_is_refused_in_any_case():
    with pytest.raises(BandTableError, match="Another band"):
        edits.with_name(RED, RED, "b03", SENSOR, {"b03"})


def test_only_radar_has_a_polarisation():
    with pytest.raises(BandTableError, match="no radar band"):
        edits.with_polarisation(RED, RED, "VV")
    radar = Band("VV", 5.55e7, polarisation="VV", layer="microwave_1", sources={"layer": "catalogue"})
    turned = edits.with_polarisation(radar, radar, "VH")
    assert (turned.polarisation, turned.layer) == ("VH", None)
    assert edits.with_polarisation(turned, radar, "VV") == radar


def test_switching_forth_and_back_is_as_detected():
    cirrus = Band("B10", 1373.5, enabled=False, note="cirrus", sources={"enabled": "catalogue"})
    on = edits.with_enabled(cirrus, cirrus, True)
    assert on.enabled and on.note == "" and on.sources["enabled"] == "user"
    assert edits.with_enabled(on, cirrus, False) == cirrus


def test_a_layer_by_hand_and_back():
    by_hand = edits.with_layer(RED, RED, "red_1")
    assert by_hand.sources["layer"] == "user"
    assert edits.with_layer(by_hand, RED, "red_2") == RED
    assert edits.with_layer(RED, RED, None).layer is None


def test_said_is_only_the_persons_word():
    changed = replace(edits.with_centre(RED, RED, "665", "nm"), name="Rot")
    said = edits.said(changed, RED)
    assert (said.name, said.centre_nm, said.min_nm) == ("Rot", 665, None)
    assert edits.said(RED, RED) == Band("")
