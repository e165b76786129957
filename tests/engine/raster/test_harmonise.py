"""Harmonised values are those of METHOD, section 4, whatever the type of the stored numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.raster.harmonise import Harmoniser
from engine.raster.radiometry import Radiometry
from engine.raster.statistics import BandStatistics, StreamingStatistics


def reference(raw, valid, radiometry, statistics):
    """METHOD, section 4, in float64 on (B, C, h, w)."""

    def column(values):
        return np.array(values, dtype=np.float64).reshape(1, -1, 1, 1)

    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        x = column(radiometry.gain) * raw.astype(np.float64) + column(radiometry.bias)
        logarithm = 10 * np.log10(np.maximum(x, 0))
        x = np.where(column(radiometry.log10).astype(bool), logarithm, x)
        p1, p99 = column(statistics.p1), column(statistics.p99)
        y = np.clip((x - p1) / (p99 - p1), 0, 1)
    z = (y - column(statistics.mean)) / column(statistics.std)
    return np.where(valid[:, None] & ~np.isnan(z), z, 0.0)


OPTICAL = BandStatistics(("B02", "B03"), (30.0, 20.5), (3000.0, 2800.0), (0.4, 0.35), (0.15, 0.2), "test")
RADAR = BandStatistics(("VV", "VH"), (-29.5, -33.4), (-3.5, -9.9), (0.65, 0.6), (0.19, 0.23), "test")
PLAIN = Radiometry((1.0, 1.0), (0.0, 0.0), (False, False), "", "")
OFFSET = Radiometry((1.0, 1.0), (-1000.0, -1000.0), (False, False), "", "")
REFLECTANCE = Radiometry((1e4, 1e4), (0.0, -1000.0), (False, False), "", "")
POWER = Radiometry((1.0, 1.0), (0.0, 0.0), (True, True), "", "")


@pytest.mark.parametrize(
    "dtype", ["uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "float32", "float64"]
)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_equals_the_method_for_every_type(dtype, data):
    shape = (2, 2, 5, 4)
    if dtype.startswith("float"):
        elements = st.floats(-20000, 20000, width=32)
    else:
        limits = np.iinfo(dtype)
        elements = st.integers(max(limits.min, -(2**24)), min(limits.max, 2**24))
    raw = data.draw(hnp.arrays(dtype, shape, elements=elements))
    valid = data.draw(hnp.arrays(bool, (2, 5, 4)))
    got = Harmoniser(OFFSET, OPTICAL, "cpu")(torch.from_numpy(raw), torch.from_numpy(valid))
    assert got.dtype == torch.float32
    np.testing.assert_allclose(got.numpy(), reference(raw, valid, OFFSET, OPTICAL), atol=1e-4)


@settings(max_examples=30, deadline=None)
@given(
    raw=hnp.arrays(np.float32, (1, 2, 6, 6), elements=st.floats(-1, 60, width=32)),
    valid=hnp.arrays(bool, (1, 6, 6)),
)
def test_linear_power_becomes_decibels(raw, valid):
    got = Harmoniser(POWER, RADAR, "cpu")(torch.from_numpy(raw), torch.from_numpy(valid))
    np.testing.assert_allclose(got.numpy(), reference(raw, valid, POWER, RADAR), atol=1e-4)


def test_reflectance_and_digital_numbers_of_one_scene_harmonise_alike():
    numbers = torch.arange(0, 4000, 40, dtype=torch.int32).reshape(1, 1, 10, 10).repeat(1, 2, 1, 1)
    reflectance = numbers.double() / 1e4
    reflectance[:, 1] += 0.1
    valid = torch.ones(1, 10, 10, dtype=torch.bool)
    expected = Harmoniser(PLAIN, OPTICAL, "cpu")(numbers, valid)
    torch.testing.assert_close(Harmoniser(REFLECTANCE, OPTICAL, "cpu")(reflectance, valid), expected, atol=1e-5, rtol=0)


def test_one_stack_may_hold_power_and_reflectance():
    mixed = Radiometry((1.0, 1e4), (0.0, 0.0), (True, False), "", "")
    statistics = BandStatistics(("VV", "B02"), (-30.0, 0.0), (0.0, 3000.0), (0.5, 0.5), (0.25, 0.25), "test")
    raw = torch.tensor([0.1, 0.15]).reshape(1, 2, 1, 1)
    got = Harmoniser(mixed, statistics, "cpu")(raw, torch.ones(1, 1, 1, dtype=torch.bool)).flatten()
    torch.testing.assert_close(got, torch.tensor([(20 / 30 - 0.5) / 0.25, 0.0]), atol=1e-5, rtol=0)


@pytest.mark.parametrize("radiometry", [PLAIN, POWER])
def test_invalid_pixels_and_nan_become_the_mean_and_infinity_the_end(radiometry):
    raw = torch.full((1, 2, 2, 3), 0.05)
    raw[0, :, 0, 0] = torch.nan
    raw[0, :, 0, 1] = -9999
    raw[0, 0, 0, 2] = torch.nan
    raw[0, :, 1, 0] = torch.inf
    raw[0, :, 1, 1] = -torch.inf
    valid = torch.ones(1, 2, 3, dtype=torch.bool)
    valid[0, 0, :2] = False
    got = Harmoniser(radiometry, RADAR, "cpu")(raw, valid)
    assert torch.isfinite(got).all()
    assert (got[0, :, 0, :2] == 0).all()
    assert got[0, 0, 0, 2] == 0 and got[0, 1, 0, 2] != 0
    lowest = -torch.tensor(RADAR.mean) / torch.tensor(RADAR.std)
    highest = (1 - torch.tensor(RADAR.mean)) / torch.tensor(RADAR.std)
    torch.testing.assert_close(got[0, :, 1, 0], highest)
    torch.testing.assert_close(got[0, :, 1, 1], lowest)


def test_power_without_logarithm_is_the_lowest_value_not_the_mean():
    got = Harmoniser(POWER, RADAR, "cpu")(torch.tensor([0.0, -0.01]).reshape(1, 2, 1, 1), torch.ones(1, 1, 1).bool())
    torch.testing.assert_close(got.flatten(), -torch.tensor(RADAR.mean) / torch.tensor(RADAR.std))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.uint16])
def test_the_stored_values_stay_as_they_are(dtype):
    raw = torch.arange(12).reshape(1, 2, 2, 3).to(dtype)
    before = raw.clone()
    Harmoniser(PLAIN, OPTICAL, "cpu")(raw, torch.zeros(1, 2, 3, dtype=torch.bool))
    assert torch.equal(raw, before)


def test_small_contrasts_on_a_large_level_are_kept():
    statistics = BandStatistics(("B10",), (300.0,), (300.1,), (0.5,), (0.25,), "test")
    raw = np.linspace(30000, 30010, 101).reshape(1, 1, 1, 101)
    kelvin = Radiometry((0.01,), (0.0,), (False,), "", "")
    valid = np.ones((1, 1, 101), bool)
    got = Harmoniser(kelvin, statistics, "cpu")(torch.from_numpy(raw), torch.from_numpy(valid)).numpy()
    np.testing.assert_allclose(got, reference(raw, valid, kelvin, statistics), atol=2e-3)


def test_own_statistics_give_zero_mean_and_unit_deviation():
    raw = np.random.default_rng(0).gamma(2, 800, (3, 60, 60)).astype(np.uint16)
    streaming = StreamingStatistics(3, raw.dtype)
    streaming.update(raw, np.ones((60, 60), bool))
    radiometry = Radiometry((1.0,) * 3, (-1000.0,) * 3, (False,) * 3, "", "")
    statistics = streaming.result(["a", "b", "c"], "test", radiometry)
    got = Harmoniser(radiometry, statistics, "cpu")(torch.from_numpy(raw)[None], torch.ones(1, 60, 60).bool())
    torch.testing.assert_close(got.mean(dim=(0, 2, 3)), torch.zeros(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(got.std(dim=(0, 2, 3), correction=0), torch.ones(3), atol=1e-4, rtol=0)


def test_a_constant_band_becomes_zeros():
    raw = np.full((1, 4, 4), 1234, np.uint16)
    streaming = StreamingStatistics(1, raw.dtype)
    streaming.update(raw, np.ones((4, 4), bool))
    radiometry = Radiometry((1.0,), (0.0,), (False,), "", "")
    harmoniser = Harmoniser(radiometry, streaming.result(["a"], "test"), "cpu")
    assert (harmoniser(torch.from_numpy(raw)[None], torch.ones(1, 4, 4).bool()) == 0).all()


def test_other_numbers_of_bands_are_refused():
    with pytest.raises(ValueError, match="radiometry of 2 bands, statistics of 1"):
        Harmoniser(PLAIN, BandStatistics(("a",), (0.0,), (1.0,), (0.5,), (0.2,), "test"), "cpu")
    with pytest.raises(ValueError, match="3 bands given, 2 expected"):
        Harmoniser(PLAIN, OPTICAL, "cpu")(torch.zeros(1, 3, 2, 2), torch.ones(1, 2, 2).bool())
