"""Physical values as native integers."""

from __future__ import annotations

import numpy as np
import pytest

from engine.raster.radiometry import Radiometry
from engine.raster.statistics import BandStatistics
from train.data.readers.encode import BYTES, DECIBELS, DIGITAL_NUMBERS, choose_encoding, physical


def radiometry(gain: float = 1.0, bias: float = 0.0, log10: bool = False) -> Radiometry:
    return Radiometry((gain, gain), (bias, bias), (log10, log10), "made", "")


def statistics(p1: float, p99: float) -> BandStatistics:
    return BandStatistics(("a", "b"), (p1, p1), (p99, p99), (0.5, 0.5), (0.2, 0.2), "made")


def test_decibels_are_kept_within_half_a_step_and_unmeasured_pixels_marked():
    values = np.array([[[-12.346, np.nan]], [[-400.0, 3.0]]], np.float32)
    stored = DECIBELS.encode(values, np.array([[True, False]]))
    assert stored.dtype == np.int16
    assert abs(stored[0, 0, 0] * DECIBELS.gain + 12.346) <= DECIBELS.gain / 2 * 1.001
    assert stored[1, 0, 0] == -32768  # below what fits, and far below any p1
    assert (stored[:, 0, 1] == DECIBELS.nodata).all()


def test_a_measured_pixel_never_looks_unmeasured():
    values = np.zeros((2, 1, 2), np.uint16)
    values[1, 0, 1] = 7
    stored = DIGITAL_NUMBERS.encode(values, np.ones((1, 2), bool))
    assert stored[:, 0, 0].tolist() == [1, 0]
    assert stored[:, 0, 1].tolist() == [0, 7]


def test_native_integers_stay_as_they_are():
    values = np.arange(1, 13, dtype=np.uint16).reshape(2, 2, 3)
    stored = DIGITAL_NUMBERS.encode(values, np.ones((2, 3), bool))
    np.testing.assert_array_equal(stored, values)
    assert stored is not values


def test_the_encoding_fits_the_values():
    assert choose_encoding(("uint8", "uint8"), False, radiometry(), statistics(2, 250)) == BYTES
    assert choose_encoding(("float32", "float32"), True, radiometry(), statistics(-30, 0)) == DECIBELS
    assert choose_encoding(("uint16", "uint16"), False, radiometry(), statistics(1, 4000)) == DIGITAL_NUMBERS
    assert choose_encoding(("float32", "float32"), False, radiometry(10_000), statistics(1, 4000)) == DIGITAL_NUMBERS


def test_values_of_any_range_are_spread_over_16_bits():
    encoding = choose_encoding(("float32", "float32"), False, radiometry(), statistics(-0.02, 0.5))
    values = np.linspace(-0.02, 0.5, 200, dtype=np.float32).reshape(2, 10, 10)
    stored = encoding.encode(values, np.ones((10, 10), bool))
    assert stored.min() == 1
    assert stored.max() == 65535
    np.testing.assert_allclose(stored * encoding.gain + encoding.bias, values, atol=0.52 / 65534)


def test_physical_values_follow_the_radiometry():
    raw = np.array([[[100, 0]], [[10, 1]]], np.uint16)
    assert physical(raw, radiometry()) is raw
    np.testing.assert_allclose(physical(raw, radiometry(2, -5))[0, 0], [195, -5])
    decibels = physical(raw, radiometry(log10=True))
    assert decibels[0, 0, 0] == pytest.approx(20)
    assert np.isfinite(decibels).all()
