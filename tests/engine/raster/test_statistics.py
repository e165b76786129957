"""Statistics stream to the figures of a whole-array computation, and files of them are checked."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.errors import StatisticsError
from engine.raster.histograms import BandValues
from engine.raster.radiometry import Radiometry
from engine.raster.statistics import BandStatistics, StreamingStatistics, far_off


def reference(values):
    """METHOD, section 4, on one band of valid values."""
    values = np.asarray(values, dtype=np.float64)
    p1, p99 = np.percentile(values, [1, 99])
    clipped = np.clip((values - p1) / (p99 - p1), 0, 1)
    return p1, p99, clipped.mean(), clipped.std()


def streamed(values, valid, rows=7):
    statistics = StreamingStatistics(len(values), values.dtype)
    for start in range(0, values.shape[1], rows):
        statistics.update(values[:, start : start + rows], valid[start : start + rows])
    return statistics


def figures(statistics, band=0):
    return statistics.p1[band], statistics.p99[band], statistics.mean[band], statistics.std[band]


def names(values):
    return [f"band {index + 1}" for index in range(len(values))]


@settings(max_examples=30, deadline=None)
@given(values=hnp.arrays(np.uint16, (2, 30, 20)), valid=hnp.arrays(bool, (30, 20)))
def test_sixteen_bit_integers_give_the_exact_figures(values, valid):
    values[:, 0, :2], valid[0, :2] = [[0, 60000], [5, 9]], True
    statistics = streamed(values, valid)
    if any(np.subtract(*np.percentile(band[valid], [99, 1])) == 0 for band in values):
        return
    result = statistics.result(names(values), "test")
    for index, band in enumerate(values):
        np.testing.assert_allclose(figures(result, index), reference(band[valid]), rtol=1e-9, atol=1e-9)
    assert result.count == (valid.sum(),) * 2


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 1000), scale=st.sampled_from([0.1, 30.0, 5000.0]), shift=st.sampled_from([-15.0, 0.0, 300.0])
)
def test_other_types_give_the_figures_within_the_precision(dtype, seed, scale, shift):
    values = (np.random.default_rng(seed).gamma(2, scale, (1, 60, 50)) + shift).astype(dtype)
    if np.subtract(*np.percentile(values, [99, 1])) == 0:
        return
    got, expected = figures(streamed(values, np.ones((60, 50), bool)).result(["x"], "test")), reference(values)
    tolerance = 2.5e-4 * np.abs(values.astype(float)).max()
    np.testing.assert_allclose(got[:2], expected[:2], atol=tolerance)
    np.testing.assert_allclose(got[2:], expected[2:], atol=2 * tolerance / (expected[1] - expected[0]))


def test_decibels_of_linear_power_are_the_statistics_of_the_converted_values():
    power = np.random.default_rng(3).gamma(1, 0.05, (1, 100, 100)).astype(np.float32)
    decibels = Radiometry((1.0,), (0.0,), (True,), "", "")
    got = figures(streamed(power, np.ones((100, 100), bool)).result(["VV"], "test", decibels))
    np.testing.assert_allclose(got, reference(10 * np.log10(power)), atol=2e-3)


def test_gain_and_bias_convert_the_percentiles_and_leave_mean_and_std():
    values = np.random.default_rng(4).integers(1000, 9000, (1, 50, 50), dtype=np.uint16)
    statistics = streamed(values, np.ones((50, 50), bool))
    raw = statistics.result(["B02"], "test")
    converted = statistics.result(["B02"], "test", Radiometry((0.5,), (-1000.0,), (False,), "", ""))
    assert converted.p1[0] == pytest.approx(0.5 * raw.p1[0] - 1000)
    assert converted.p99[0] == pytest.approx(0.5 * raw.p99[0] - 1000)
    np.testing.assert_allclose(figures(converted)[2:], figures(raw)[2:], atol=1e-12)


def test_invalid_pixels_and_nan_have_no_say():
    values = np.random.default_rng(5).normal(0, 1, (1, 40, 40)).astype(np.float32)
    valid = np.ones((40, 40), bool)
    valid[:10] = False
    spoilt = values.copy()
    spoilt[0, :10] = -9999
    spoilt[0, 10, :5] = np.nan
    clean = values[0, 10:].ravel()[5:]
    result = streamed(spoilt, valid).result(["x"], "test")
    np.testing.assert_allclose(figures(result), reference(clean), atol=2e-3)
    assert result.count == (clean.size,)


@pytest.mark.parametrize("value", [0, 7, 65535])
def test_a_constant_band_contributes_zeros_and_says_so(value):
    values = np.full((1, 9, 9), value, np.uint16)
    result = streamed(values, np.ones((9, 9), bool)).result(["SWIR"], "test")
    p1, p99, mean, std = figures(result)
    assert (np.clip((value - p1) / (p99 - p1), 0, 1) - mean) / std == 0
    assert "SWIR" in result.notes[0] and "constant" in result.notes[0]


def test_a_constant_huge_float_band_still_has_usable_figures():
    values = np.full((1, 9, 9), 1e30, np.float64)
    result = streamed(values, np.ones((9, 9), bool)).result(["x"], "test")
    assert result.p99[0] > result.p1[0]


def test_a_band_without_valid_pixels_is_an_error_with_its_name():
    statistics = streamed(np.zeros((2, 5, 5), np.float32), np.zeros((5, 5), bool))
    with pytest.raises(StatisticsError, match="Band B03 has no valid pixel"):
        statistics.result(["B03", "B04"], "test")


def test_power_without_a_positive_value_is_an_error_with_the_bands_name():
    statistics = streamed(np.zeros((1, 5, 5), np.float32), np.ones((5, 5), bool))
    with pytest.raises(StatisticsError, match="Band VV has no value above 0"):
        statistics.result(["VV"], "test", Radiometry((1.0,), (0.0,), (True,), "", ""))


def test_complex_values_are_refused():
    with pytest.raises(StatisticsError, match="complex64"):
        StreamingStatistics(1, "complex64")


def test_percentile_and_values_are_of_the_raw_numbers():
    values = np.arange(101, dtype=np.int16).reshape(1, 1, 101) - 50
    statistics = streamed(values, np.ones((1, 101), bool))
    assert statistics.percentile(99) == (49,)
    assert statistics.values()[0].p50 == 0


GOOD = {"bands": ["VV", "VH"], "p1": [-29.5, -33], "p99": [-3, -9], "mean": [0.6, 0.6], "std": [0.2, 0.2]}


def test_json_holds_what_was_written():
    values = np.random.default_rng(6).integers(0, 5000, (3, 20, 20), dtype=np.uint16)
    result = streamed(values, np.ones((20, 20), bool)).result(["B02", "B03", "Größe"], "scene.tif")
    assert BandStatistics.from_json(result.to_json()) == result


def test_the_fields_are_those_of_published_statistics():
    statistics = BandStatistics.from_json(json.dumps(GOOD))
    assert statistics.names == ("VV", "VH")
    assert statistics.p1 == (-29.5, -33.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"p99": [-29.5, -9]}, "p99 of band VV is -29.5, which is not above its p1 of -29.5"),
        ({"std": [0.2, 0.0]}, "std of band VH is 0, which is not above 0"),
        ({"std": [0.2, -1]}, "std of band VH is -1"),
        ({"mean": [float("nan"), 0.5]}, "mean of band VV is nan"),
        ({"p1": [float("-inf"), -33]}, "p1 of band VV is -inf"),
        ({"p1": [1.0]}, "1 values of p1 for 2 bands"),
        ({"p1": None}, "p1 is missing or not a list"),
        ({"mean": ["a", 0.5]}, "mean holds 'a', which is not a number"),
        ({"mean": [True, 0.5]}, "mean holds True"),
        ({"bands": []}, "bands names none"),
        ({"bands": [1, 2]}, "bands is not a list of texts"),
        ({"count": [1]}, "1 values of count for 2 bands"),
        ({"source": 3}, "source 3 is not a text"),
    ],
)
def test_impossible_json_is_refused_with_the_value(change, message):
    with pytest.raises(StatisticsError) as caught:
        BandStatistics.from_json(json.dumps(GOOD | change))
    assert message in caught.value.message
    assert "smarties stats" in caught.value.hint


@pytest.mark.parametrize("text", ["", "{", "[1]", "\x00"])
def test_text_that_is_no_statistics_is_refused(text):
    with pytest.raises(StatisticsError, match="cannot be used"):
        BandStatistics.from_json(text)


def test_bands_are_selected_by_name_in_any_case_and_order():
    selected = BandStatistics.from_json(json.dumps(GOOD | {"count": [4, 5]})).select(["vh", "VV"])
    assert (selected.p1, selected.p99, selected.count) == ((-33, -29.5), (-9, -3), (5, 4))


def test_a_band_that_the_statistics_lack_is_named():
    with pytest.raises(StatisticsError, match="no band B02; they have VV, VH"):
        BandStatistics.from_json(json.dumps(GOOD)).select(["B02", "VV"])


def test_selecting_the_same_bands_serves_rasters_whose_names_repeat():
    statistics = BandStatistics.from_json(json.dumps(GOOD | {"bands": ["bands", "bands"]}))
    assert statistics.select(["bands", "bands"]) == statistics


def test_real_scenes_stream_to_the_whole_array_figures(data_dir):
    for name in ("S2L1C", "S1RTC"):
        with rasterio.open(data_dir / "terramesh_s1s2" / name / "433D_629L_3_1.tif") as raster:
            values = raster.read()
        valid = np.ones(values.shape[1:], bool)
        result = streamed(values, valid, rows=64).result(names(values), name)
        for index, band in enumerate(values):
            np.testing.assert_allclose(figures(result, index), reference(band), rtol=2.5e-4, atol=2.5e-4)


def test_values_of_another_unit_than_the_statistics_are_told():
    statistics = BandStatistics(("B4", "B5"), (0.01, 0.1), (0.3, 0.5), (0.4, 0.4), (0.2, 0.2), "estimated from a.tif")
    plain = Radiometry((1.0, 1.0), (0.0, 0.0), (False, False), "values", "used as they are")
    reflectance = BandValues(0.0, 0.02, 0.15, 0.4, 0.5, 1000)
    assert far_off(statistics, plain, [reflectance, reflectance]) == ""
    sentence = far_off(statistics, plain, [reflectance.converted(10_000, 0)] * 2)
    assert "2 of 2 bands" in sentence and "B4 1500 of 0.01 to 0.3" in sentence
    assert far_off(statistics, plain, [reflectance.converted(10_000, 0), None]) != ""
    decibel = BandStatistics(("VV",), (-20.0,), (0.0,), (0.4,), (0.2,), "estimated from b.tif")
    logarithm = Radiometry((1.0,), (0.0,), (True,), "linear power", "converted to dB")
    assert far_off(decibel, logarithm, [reflectance]) == ""
    assert far_off(decibel, logarithm, [reflectance.converted(1, -1)]) != ""
