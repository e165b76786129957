"""Bands go to the learnt layers, with the weights and verdicts of METHOD, sections 1 and 3."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BandTableError, OutsideSpectrumError, UnknownBandError
from engine.spectrum.assign import MODES, VERDICTS, Assignment, assign, assignment_for_key, verdict_of
from engine.spectrum.bands import Band
from engine.spectrum.layers import LAYER_BY_KEY, LAYERS
from engine.spectrum.sensors import load_sensor

THERMAL = Band("TIRS 1", 10895)
SWIR2, VV = LAYER_BY_KEY["short_wave_infrared_4"], LAYER_BY_KEY["microwave_1"]

#: Sentinel-2 by nominal centre and FWHM in nm (ESA, MSI spectral response functions), and the layer learnt from it.
SENTINEL2 = [
    ("B01", 442.7, 20, "aerosol"),
    ("B02", 492.4, 65, "blue_1"),
    ("B03", 559.8, 35, "green_2"),
    ("B04", 664.6, 30, "red_2"),
    ("B05", 704.1, 15, "red_edge_1"),
    ("B06", 740.5, 15, "red_edge_2"),
    ("B07", 782.8, 20, "near_infrared_2"),
    ("B08", 832.8, 106, "near_infrared_1"),
    ("B8A", 864.7, 21, "near_infrared_3"),
    ("B09", 945.1, 20, "short_wave_infrared_1"),
    ("B11", 1613.7, 91, "short_wave_infrared_3"),
    ("B12", 2202.4, 175, "short_wave_infrared_4"),
]


def fwhm_band(name, centre, fwhm):
    return Band(name, centre, centre - fwhm / 2, centre + fwhm / 2)


def key_of(assignment):
    (key,) = assignment.layer_keys
    return key


@pytest.mark.parametrize(("name", "centre", "fwhm", "layer"), SENTINEL2)
@pytest.mark.parametrize("mode", MODES)
def test_every_sentinel2_band_by_wavelength_alone_is_seen_on_its_own_layer(name, centre, fwhm, layer, mode):
    found = verdict_of(fwhm_band(name, centre, fwhm), mode)
    assert (key_of(found), found.verdict, found.overlap, found.distance_nm) == (layer, "seen", 1.0, 0.0)


@pytest.mark.parametrize(
    ("centre", "layer"),
    [(443, "aerosol"), (490, "blue_1"), (560, "green_2"), (665, "red_2"), (705, "red_edge_1"), (740, "red_edge_2"),
     (783, "near_infrared_2"), (842, "near_infrared_1"), (865, "near_infrared_3"), (945, "short_wave_infrared_1"),
     (1610, "short_wave_infrared_3"), (2190, "short_wave_infrared_4")],
)  # fmt: skip
def test_the_rounded_centres_of_sentinel2_suffice(centre, layer):
    found = verdict_of(Band("b", centre))
    assert (key_of(found), found.verdict) == (layer, "seen")


def test_hls_lands_on_the_layers_of_the_paper():
    bands = [band for band in load_sensor("hls-l30").bands if band.name in "B02 B03 B04 B05 B06 B07".split()]
    found = [verdict_of(Band(band.name, band.centre_nm, band.min_nm, band.max_nm)) for band in bands]
    assert [key_of(each) for each in found] == [
        "blue_1",
        "green_2",
        "red_2",
        "near_infrared_3",
        "short_wave_infrared_3",
        "short_wave_infrared_4",
    ]
    assert all(each.verdict in ("seen", "near") for each in found)


def test_three_visible_bands_go_to_the_rgb_layers_and_more_go_to_sentinel2():
    rgb = [Band("r", 650), Band("g", 545), Band("b", 480)]
    assert [key_of(each) for each in assign(rgb)] == ["red_1", "green_1", "blue_3"]
    four = [*rgb, Band("n", 833)]
    assert [key_of(each) for each in assign(four)] == ["red_2", "green_2", "blue_1", "near_infrared_1"]
    assert [key_of(each) for each in assign(rgb, family="sentinel-2")] == ["red_2", "green_2", "blue_1"]
    assert [key_of(each) for each in assign(four, family="rgb")][:3] == ["red_1", "green_1", "blue_3"]
    off = Band("n", 833, enabled=False)
    assert [key_of(each) for each in assign([*rgb, off])] == ["red_1", "green_1", "blue_3"]


def test_the_other_family_speaks_where_the_preferred_one_learnt_nothing():
    yellow = verdict_of(Band("yellow", 610), family="sentinel-2")
    assert (LAYER_BY_KEY[key_of(yellow)].sensor, yellow.verdict) == ("RGB", "near")
    assert key_of(verdict_of(Band("nir", 833), family="rgb")) == "near_infrared_1"


def test_a_narrow_band_in_a_learnt_range_is_near_not_seen():
    found = verdict_of(fwhm_band("EnMAP", 492, 7))
    assert (key_of(found), found.verdict) == ("blue_1", "near")


def test_overlap_is_the_share_of_the_band_inside_its_layer():
    assert verdict_of(Band("b", 700, 680, 720)).overlap == pytest.approx((719 - 689) / 40)
    assert verdict_of(Band("t", 10895, 10600, 11190)).overlap == 0


# -- radar ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("polarisation", "layer"), [("VV", "microwave_1"), ("VH", "microwave_2")])
@pytest.mark.parametrize("mode", MODES)
def test_c_band_vv_and_vh_are_seen(polarisation, layer, mode):
    found = verdict_of(Band("b", 5.5466e7, polarisation=polarisation), mode)
    assert (key_of(found), found.verdict) == (layer, "seen")


@pytest.mark.parametrize(
    "band",
    [
        Band("HH", 5.5466e7, polarisation="HH"),
        Band("HV", 5.5466e7, polarisation="HV"),
        Band("HV", polarisation="HV"),
        Band("X band", 3.1e7, polarisation="VV"),
        Band("L band", 2.4e8, polarisation="VV"),
        Band("ASAR", 5.66e7, polarisation="VV"),
    ],
)
@pytest.mark.parametrize("allow", [False, True])
def test_other_radar_is_never_mapped(band, allow):
    with pytest.raises(OutsideSpectrumError) as raised:
        assign([Band("VV", 5.5466e7, polarisation="VV"), band], allow_outside=allow)
    assert band.name in raised.value.message and raised.value.hint
    found = verdict_of(band)
    assert (found.weights, found.verdict) == ((), "outside")


def test_radar_without_polarisation_or_wavelength_is_unknown():
    with pytest.raises(UnknownBandError, match=r"polarisation.*C1"):
        assign([Band("C1", 5.5466e7)])
    with pytest.raises(UnknownBandError, match="wavelength of radar band VV"):
        assign([Band("VV", polarisation="VV")])


# -- what is refused ------------------------------------------------------------------------------


def test_unknown_bands_are_all_named_with_the_ways_out():
    with pytest.raises(UnknownBandError) as raised:
        assign([Band("red", 665), Band("foo"), Band("bar"), Band("off", enabled=False)])
    assert "foo, bar" in raised.value.message
    assert "off" not in raised.value.message
    assert "--sensor" in raised.value.hint and "--bands" in raised.value.hint


@pytest.mark.parametrize("centre", [300, 421.9])
@pytest.mark.parametrize("allow", [False, True])
def test_nothing_is_extrapolated_beyond_the_spectrum(centre, allow):
    with pytest.raises(OutsideSpectrumError, match=f"UV.*{centre:g} nm"):
        assign([Band("UV", centre)], allow_outside=allow)


@pytest.mark.parametrize("centre", [1240, 1375, 1404 - 1, 1210, 3750, 8300, 9800, 12100, 14000])
def test_a_far_band_runs_only_when_the_user_allows_it(centre):
    band = Band("far", centre)
    with pytest.raises(OutsideSpectrumError) as raised:
        assign([Band("red", 665), band])
    assert "far" in raised.value.message and "red" not in raised.value.message
    assert "--allow-outside" in raised.value.hint
    (found,) = assign([band], allow_outside=True)
    assert found.verdict == "outside"
    assert sum(weight for _, weight in found.weights) == pytest.approx(1)


@pytest.mark.parametrize("centre", [10895, 12005, 11450, 11030, 12020, 10600, 11300, 722, 970, 1730, 1410])
def test_a_band_close_to_what_was_learnt_is_interpolated_without_asking(centre):
    (found,) = assign([Band("b", centre)])
    assert found.verdict == "interpolated"
    assert found.distance_nm > 0


def test_no_enabled_band_and_unknown_layers_and_modes_are_errors():
    with pytest.raises(BandTableError):
        assign([Band("a", 490, enabled=False)])
    with pytest.raises(BandTableError, match="purple"):
        assign([Band("a", layer="purple")])
    with pytest.raises(BandTableError, match="cubic"):
        assign([Band("a", 490)], "cubic")


# -- a layer named outright -----------------------------------------------------------------------


def test_a_named_layer_is_honoured_and_its_distance_told():
    inside = verdict_of(Band("B04", 664.6, layer="red_2"))
    assert (inside.summary, inside.verdict, inside.distance_nm) == ("red_2", "seen", 0)
    far = verdict_of(Band("B04", 720, 710, 730, layer="red_2"))
    assert (far.summary, far.verdict, far.distance_nm, far.overlap) == ("red_2", "near", 24, 0)
    bare = verdict_of(Band("b", layer="red_2"))
    assert (bare.verdict, bare.overlap) == ("seen", 1.0)
    (beyond,) = assign([Band("UV", 400, layer="aerosol")])
    assert (beyond.summary, beyond.verdict, beyond.distance_nm) == ("aerosol", "near", 22)
    assert verdict_of(Band("HH", 5.5466e7, polarisation="HH", layer="microwave_1")).verdict == "near"


# -- weights --------------------------------------------------------------------------------------


def test_the_weights_of_landsat_thermal_are_those_of_method():
    log = dict(verdict_of(THERMAL, "log").weights)
    assert log[SWIR2.index] == pytest.approx(0.842, abs=5e-4)
    assert log[VV.index] == pytest.approx(0.158, abs=5e-4)
    assert log[VV.index] == pytest.approx(math.log(10895 / 2189) / math.log(5.55e7 / 2189), rel=1e-12)
    linear = dict(verdict_of(THERMAL, "linear").weights)
    assert linear[SWIR2.index] == pytest.approx(0.99984, abs=5e-6)
    assert linear[VV.index] == pytest.approx(0.00016, abs=5e-6)
    assert verdict_of(THERMAL, "nearest").weights == ((SWIR2.index, 1.0),)
    released = dict(verdict_of(THERMAL, "released").weights)
    assert released[VV.index] == pytest.approx(0.99984, abs=5e-6)
    assert verdict_of(THERMAL).summary == "short_wave_infrared_4 0.842 + microwave_1 0.158"


def test_released_blue_of_landsat_is_its_derived_range():
    blue = Band("B2", 482, 452, 512)
    weights = dict(verdict_of(blue, "released").weights)
    assert weights == pytest.approx({0: 0.79, 1: 0.21})
    assert verdict_of(blue, "log").summary == "blue_1"
    # Sentinel-2's blue is another band, known by range or not.
    assert verdict_of(Band("B02", 492.4, 459.4, 525.4), "released").summary == "blue_1"
    assert verdict_of(Band("B02", 490), "released").summary == "blue_1"
    assert verdict_of(Band("B2", 482, layer="blue_1"), "released").summary == "blue_1"


def test_keys_of_layers_and_of_derived_ranges():
    for layer in LAYERS:
        found = assignment_for_key(layer.key)
        assert (found.weights, found.verdict) == (((layer.index, 1.0),), "seen")
    assert dict(assignment_for_key("blue_2").weights) == pytest.approx({0: 0.79, 1: 0.21})
    thermal = assignment_for_key("thermal_infrared_1")
    assert thermal.verdict == "interpolated"
    assert dict(thermal.weights) == pytest.approx({15: 1 - 8706 / 55497811, 14: 8706 / 55497811})
    with pytest.raises(UnknownBandError, match="ultraviolet"):
        assignment_for_key("ultraviolet")


@given(st.floats(422, 15000), st.sampled_from(MODES), st.sampled_from(["sentinel-2", "rgb"]))
def test_weights_sum_to_one_and_the_larger_comes_first(centre, mode, family):
    found = verdict_of(Band("b", centre), mode, family)
    shares = [weight for _, weight in found.weights]
    assert sum(shares) == pytest.approx(1)
    assert shares == sorted(shares, reverse=True) and len(shares) in (1, 2)
    assert found.verdict in VERDICTS
    in_range = any(layer.min_nm <= centre <= layer.max_nm for layer in LAYERS)
    if in_range and mode != "released":
        assert found.verdict in ("seen", "near") and len(shares) == 1 and found.distance_nm == 0
    if not in_range:
        assert found.verdict in ("interpolated", "outside") and found.distance_nm > 0


@given(st.floats(965, 1515))
def test_the_nearer_layer_weighs_more_but_for_released(centre):
    below, above = LAYER_BY_KEY["short_wave_infrared_1"], LAYER_BY_KEY["short_wave_infrared_3"]
    nearer = below if centre - below.centre_nm < above.centre_nm - centre else above
    linear, released = verdict_of(Band("b", centre), "linear"), verdict_of(Band("b", centre), "released")
    assert linear.weights[0][0] == nearer.index == verdict_of(Band("b", centre), "nearest").weights[0][0]
    assert dict(released.weights)[nearer.index] == pytest.approx(1 - linear.weights[0][1])


# -- JSON -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "band", [THERMAL, Band("B04", 664.6, 649, 680, layer="red_2", sources={"centre_nm": "user", "min_nm": "user",
             "max_nm": "user", "layer": "catalogue"}), Band("HH", 5.5e7, polarisation="HH")],
)  # fmt: skip
def test_an_assignment_survives_json(band):
    found = verdict_of(band)
    again = Assignment.from_json(json.loads(json.dumps(found.to_json())))
    assert (again.weights, again.verdict, again.overlap, again.distance_nm, again.mode) == (
        found.weights,
        found.verdict,
        found.overlap,
        found.distance_nm,
        found.mode,
    )
    assert (again.band.name, again.band.centre_nm, again.band.layer) == (band.name, band.centre_nm, band.layer)


@pytest.mark.parametrize("values", [{}, {"band": {}, "weights": {"purple": 1}}, {"weights": 3}])
def test_foreign_json_is_no_assignment(values):
    with pytest.raises(BandTableError):
        Assignment.from_json(values)
