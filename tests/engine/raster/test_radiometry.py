"""The unit of a raster is recognised per kind of bands, converted to that of the sensor, or refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.errors import RadiometryError
from engine.raster.histograms import BandValues
from engine.raster.radiometry import Radiometry, has_say, recognise
from engine.spectrum.bands import Band
from engine.spectrum.detect import Detection
from engine.spectrum.sensors import load_sensor

BLUE = BandValues(154, 195, 322, 1465, 2939, 100)
RED = BandValues(177, 216, 400, 2030, 3170, 100)
SWIR = BandValues(400, 483, 976, 3135, 3372, 100)
VV = BandValues(-26.5, -19.0, -12.3, -5.2, 4.1, 100)
VH = BandValues(-34.6, -24.7, -17.2, -11.3, -7.2, 100)
POWER_VV = BandValues(0.002, 0.0126, 0.0589, 0.302, 2.57, 100)
POWER_VH = BandValues(0.0003, 0.0034, 0.019, 0.0741, 0.19, 100)
BYTE = BandValues(3, 10, 90, 240, 255, 100)

OPTICAL = (Band("B02", centre_nm=492.4), Band("B04", centre_nm=664.6), Band("B12", centre_nm=2202.4))
RADAR = (Band("VV", centre_nm=5.55e7, polarisation="VV"), Band("VH", centre_nm=5.55e7, polarisation="VH"))
COLOURS = (Band("Red", centre_nm=650), Band("Green", centre_nm=550), Band("Blue", centre_nm=480))


def seen(sensor, bands, values, scale=1.0, offset=0.0, metadata=None, **options):
    sensor = load_sensor(sensor) if sensor else None
    detection = Detection(tuple(bands), sensor, "test", metadata, ())
    return recognise(values, detection, [scale] * len(bands), [offset] * len(bands), **options)


def shifted(values, by):
    return [band.converted(1.0, by) for band in values]


def test_sentinel2_with_the_offset():
    radiometry = seen("sentinel-2-l2a", OPTICAL, shifted([BLUE, RED, SWIR], 1000))
    assert (radiometry.gain, radiometry.bias) == ((1.0,) * 3, (-1000.0,) * 3)
    assert radiometry.found.startswith("Sentinel-2 digital numbers with the +1000 offset")
    assert radiometry.action == "1000 subtracted"


def test_sentinel2_with_scale_and_offset_tags_ends_in_digital_numbers():
    radiometry = seen("sentinel-2-l2a", OPTICAL, shifted([BLUE, RED, SWIR], 1000), scale=1e-4, offset=-0.1)
    assert radiometry.gain == pytest.approx((1.0,) * 3)
    assert radiometry.bias == pytest.approx((-1000.0,) * 3)


def test_metadata_of_the_detection_count():
    bright = [BandValues(1700, 1700, 2500, 4000, 5000, 100)] * 3
    assert seen("sentinel-2-l2a", OPTICAL, bright, metadata=True).bias == (-1000.0,) * 3
    assert seen("sentinel-2-l2a", OPTICAL, bright, metadata=None).doubt != ""


def test_disabled_bands_have_no_say_but_for_cirrus():
    mask = Band("SCL", enabled=False)
    bands, values = [*OPTICAL, mask], [*shifted([BLUE, RED, SWIR], 1000), BandValues(0, 0, 4, 9, 11, 100)]
    assert seen("sentinel-2-l2a", bands, values).bias == (-1000.0,) * 3 + (0.0,)
    cirrus = Band("B10", centre_nm=1373.5, enabled=False)
    bands, values = [*OPTICAL, cirrus], [BandValues(1700, 1700, 2500, 4000, 5000, 100)] * 3
    with_offset = [*values, BandValues(1003, 1005, 1010, 1020, 1025, 100)]
    assert seen("sentinel-2-l1c", bands, with_offset).bias == (-1000.0,) * 3 + (0.0,)


def test_the_bands_to_sample_are_those_in_use_and_the_cirrus_band():
    sentinel2, landsat = load_sensor("sentinel-2-l1c"), load_sensor("landsat-8-l1")
    cirrus = Band("B10", centre_nm=1373.5, enabled=False)
    assert has_say(OPTICAL[0], None) and has_say(cirrus, sentinel2)
    assert not has_say(cirrus, landsat) and not has_say(Band("SCL", enabled=False), sentinel2)


def test_a_mask_beside_radar_bands_is_not_spoken_of():
    bands, values = [*RADAR, Band("mask", enabled=False)], [POWER_VV, POWER_VH, BandValues(0, 0, 1, 1, 1, 100)]
    radiometry = seen("sentinel-1-grd", bands, values)
    assert radiometry.log10 == (True, True, False)
    assert radiometry.found == "backscatter as linear power"


def test_a_raster_without_a_band_in_use_is_an_error():
    with pytest.raises(RadiometryError, match="No band of this raster is in use"):
        seen("sentinel-1-grd", [replace(band, enabled=False) for band in RADAR], [VV, VH])


def test_bands_that_were_not_sampled_or_hold_nothing_are_passed_over():
    empty = BandValues(*(float("nan"),) * 5, count=0)
    radiometry = seen("sentinel-2-l2a", (*OPTICAL, *OPTICAL[:2]), [*shifted([BLUE, RED, SWIR], 1000), None, empty])
    assert radiometry.bias == (-1000.0,) * 5


@pytest.mark.parametrize(
    ("sensor", "bands"), [("sentinel-2-l2a", OPTICAL), ("sentinel-1-grd", RADAR), ("maxar-rgb", COLOURS)]
)
def test_no_valid_pixel_at_all_is_an_error(sensor, bands):
    with pytest.raises(RadiometryError, match="no valid pixel"):
        seen(sensor, bands, [None] * len(bands))


def test_decibels_and_linear_power():
    assert seen("sentinel-1-grd", RADAR, [VV, VH]).log10 == (False, False)
    assert seen("sentinel-1-grd", RADAR, [POWER_VV, POWER_VH]).log10 == (True, True)


def test_decibels_mixed_with_linear_power_are_refused():
    with pytest.raises(RadiometryError, match=r"VV is backscatter in dB .* VH is backscatter as linear power"):
        seen("sentinel-1-grd", RADAR, [VV, POWER_VH])


def test_scaled_decibels_take_their_tags():
    radiometry = seen("sentinel-1-grd", RADAR, [VV.converted(1e4, 0), VH.converted(1e4, 0)], scale=1e-4)
    assert radiometry.gain == (1e-4, 1e-4)
    untagged = seen("sentinel-1-grd", RADAR, [VV.converted(1e4, 0), VH.converted(1e4, 0)])
    assert untagged.gain == (1e-4, 1e-4)


def test_a_stack_of_both_kinds_is_recognised_kind_by_kind():
    bands = [*OPTICAL, *RADAR]
    values = [*shifted([BLUE, RED, SWIR], 1000), POWER_VV, POWER_VH]
    radiometry = seen("sentinel-2-l2a", bands, values)
    assert radiometry.bias == (-1000.0,) * 3 + (0.0,) * 2
    assert radiometry.log10 == (False,) * 3 + (True,) * 2
    assert "Sentinel-2" in radiometry.found and "linear power" in radiometry.found


@pytest.mark.parametrize(
    ("sensor", "bands", "values"),
    [
        ("sentinel-2-l2a", OPTICAL, [VV, VH, VH]),
        ("sentinel-2-l2a", OPTICAL, [BYTE, BYTE, BYTE]),
        ("sentinel-2-l1c", OPTICAL, [BandValues(240, 262, 287, 305, 317, 100)] * 3),
        ("sentinel-1-grd", RADAR, [BLUE, RED]),
        ("sentinel-1-grd", RADAR, [BLUE.converted(1e-4, 0), RED.converted(1e-4, 0)]),
        ("sentinel-1-grd", RADAR, [BYTE, BYTE]),
        ("maxar-rgb", COLOURS, [BLUE, RED, SWIR]),
        ("maxar-rgb", COLOURS, [VV, VH, VH]),
    ],
)
def test_radiometry_of_another_sensor_is_refused_with_percentiles_and_a_way_out(sensor, bands, values):
    with pytest.raises(RadiometryError) as caught:
        seen(sensor, bands, values)
    assert "98 % of the values lie between" in caught.value.message
    assert "--s" in caught.value.hint


@pytest.mark.parametrize(
    ("sensor", "bands", "values"),
    [
        ("sentinel-2-l2a", OPTICAL, [BYTE] * 3),
        ("maxar-rgb", COLOURS, [BLUE, RED, SWIR]),
        ("sentinel-1-grd", RADAR, [BYTE, BYTE]),
    ],
)
def test_estimated_statistics_take_any_unit(sensor, bands, values):
    radiometry = seen(sensor, bands, values, estimate=True)
    assert set(radiometry.gain) == {1.0} and set(radiometry.bias) == {0.0}


@pytest.mark.parametrize(
    ("values", "gain"),
    [
        ([BYTE] * 3, 1.0),
        ([BYTE.converted(1 / 255, 0)] * 3, 255.0),
        ([BandValues(0, 0, 0, 1, 1, 100)] * 3, 1.0),
        ([BandValues(0, 0.0, 0.004, 0.6, 0.99, 100)] * 3, 255.0),
    ],
)
def test_pictures_are_bytes_or_bytes_divided_by_255(values, gain):
    assert seen("maxar-rgb", COLOURS, values).gain == (gain,) * 3


def test_a_sensor_without_catalogue_statistics_takes_its_tags_and_nothing_else():
    tagged = seen("landsat-8-l2", OPTICAL, [BLUE] * 3, scale=2.75e-5, offset=-0.2)
    assert (tagged.gain, tagged.bias) == ((2.75e-5,) * 3, (-0.2,) * 3)
    assert tagged.action == "scale and offset tags applied"
    assert seen(None, OPTICAL, [VV] * 3).gain == (1.0,) * 3


def test_what_the_user_states_wins_over_the_values():
    assert seen("sentinel-2-l2a", OPTICAL, [BYTE] * 3, asked="dn").gain == (1.0,) * 3
    assert seen("sentinel-2-l2a", OPTICAL, [BLUE] * 3, asked="dn+1000").bias == (-1000.0,) * 3
    assert seen("sentinel-2-l2a", OPTICAL, [BLUE] * 3, scale=1e-4, asked="dn").gain == (1.0,) * 3
    assert seen("sentinel-2-l2a", OPTICAL, [BLUE] * 3, scale=1e-4, asked="reflectance").gain == pytest.approx((1,) * 3)
    assert seen("sentinel-1-grd", RADAR, [BYTE] * 2, asked="linear").log10 == (True, True)
    assert seen("sentinel-1-grd", RADAR, [POWER_VV] * 2, asked="db").log10 == (False, False)
    assert seen("maxar-rgb", COLOURS, [BLUE] * 3, asked="8bit").gain == (1.0,) * 3
    assert seen("maxar-rgb", COLOURS, [BLUE] * 3, asked="reflectance").gain == (255.0,) * 3
    assert seen("landsat-8-l2", OPTICAL, [BLUE] * 3, scale=2.75e-5, asked="dn").gain == (1.0,) * 3


@pytest.mark.parametrize(
    ("sensor", "bands", "asked"),
    [
        ("sentinel-2-l2a", OPTICAL, "db"),
        ("sentinel-2-l2a", OPTICAL, "8bit"),
        ("sentinel-1-grd", RADAR, "dn"),
        ("maxar-rgb", COLOURS, "dn+1000"),
        ("landsat-8-l2", OPTICAL, "linear"),
    ],
)
def test_a_stated_unit_that_does_not_fit_is_refused(sensor, bands, asked):
    values = [VV, VH] if bands is RADAR else [BLUE] * 3
    with pytest.raises(RadiometryError, match=f"{asked!r} does not fit".replace("+", r"\+")):
        seen(sensor, bands, values, asked=asked)


def test_an_unknown_stated_unit_lists_the_known_ones():
    with pytest.raises(RadiometryError, match="'kelvin' is not known") as caught:
        seen("sentinel-1-grd", RADAR, [VV, VH], asked="kelvin")
    assert "reflectance" in caught.value.hint


@pytest.mark.parametrize(("scale", "offset"), [(0.0, 0.0), (-1.0, 0.0), (float("nan"), 0.0), (1.0, float("inf"))])
def test_impossible_tags_are_refused_with_the_bands_name(scale, offset):
    with pytest.raises(RadiometryError, match="Band B02 is tagged with scale"):
        seen("sentinel-2-l2a", OPTICAL, [BLUE] * 3, scale=scale, offset=offset)


def test_bands_are_selected_by_number():
    radiometry = Radiometry((1.0, 2.0, 3.0), (0.0, -1.0, -2.0), (False, True, False), "found", "action", "doubt")
    selected = radiometry.select([2, 1])
    assert selected == replace(radiometry, gain=(3.0, 2.0), bias=(-2.0, -1.0), log10=(False, True))


def test_sequences_of_other_lengths_are_a_programmers_error():
    with pytest.raises(ValueError, match="2 values"):
        seen("sentinel-2-l2a", OPTICAL, [BLUE, RED])
