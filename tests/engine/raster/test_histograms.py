"""Histograms count every value once, exactly where they promise it, and find numpy's percentiles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.raster.histograms import FloatHistogram, IntegerHistogram, make_histogram

#: Bins are 2^-12 of their value wide.
PRECISION = 2.5e-4

FLOATS = hnp.arrays(
    np.float32, st.integers(1, 200), elements=st.floats(-(2.0**127), 2.0**127, width=32, allow_subnormal=False)
)


def filled(values):
    histogram = make_histogram(values.dtype)
    histogram.add(values)
    return histogram.bins()


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16"])
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_percentiles_of_small_integers_are_numpys(dtype, data):
    values = data.draw(hnp.arrays(dtype, st.integers(1, 300)))
    bins = filled(values)
    assert bins.total == values.size
    for q in (0, 1, 33.3, 50, 99, 100):
        assert bins.percentile(q) == pytest.approx(np.percentile(values.astype(float), q), abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(values=FLOATS)
def test_every_float_falls_into_a_bin_that_holds_it_and_is_narrow(values):
    bins = filled(values)
    assert bins.total == values.size
    assert (bins.lows[1:] >= bins.highs[:-1]).all()
    assert (bins.lows[0], bins.highs[-1]) == (values.min(), values.max())
    for value in values.astype(float):
        low, high = bins.lows[bins.lows <= value].max(), bins.highs[bins.highs >= value].min()
        assert low <= value <= high
        assert high - low <= PRECISION * max(abs(low), abs(high)) + 1e-37


@settings(max_examples=100, deadline=None)
@given(values=FLOATS, q=st.sampled_from([1.0, 50.0, 99.0]))
def test_percentiles_of_floats_are_numpys_within_the_precision(values, q):
    wide = values.astype(float)
    rank = q / 100 * (values.size - 1)
    neighbours = np.sort(wide)[[int(rank), min(int(rank) + 1, values.size - 1)]]
    tolerance = PRECISION * np.abs(neighbours).max() + 1e-37
    assert filled(values).percentile(q) == pytest.approx(np.percentile(wide, q), abs=tolerance)


def test_adding_in_parts_counts_as_adding_at_once():
    values = np.random.default_rng(1).normal(0, 100, 5000).astype(np.float32)
    parts = FloatHistogram()
    for part in np.array_split(values, 7):
        parts.add(part)
    whole = filled(values)
    for got, expected in zip((parts.bins().lows, parts.bins().counts), (whole.lows, whole.counts), strict=True):
        np.testing.assert_array_equal(got, expected)


def test_nan_and_infinities_are_not_counted():
    values = np.array([np.nan, np.inf, -np.inf, 1.0, 1e300, -0.0])
    bins = filled(values)
    assert bins.total == 2
    assert (bins.lows[0], bins.highs[-1]) == (0.0, 1.0)


def test_wide_integers_are_counted_by_relative_width():
    values = np.array([-(2**40), -5, 0, 7, 2**40], dtype=np.int64)
    assert isinstance(make_histogram(values.dtype), FloatHistogram)
    assert filled(values).percentile(50) == 0
    assert filled(values).percentile(100) == 2**40


def test_memory_grows_with_the_exponents_that_occur_not_with_the_values():
    histogram = FloatHistogram()
    rng = np.random.default_rng(2)
    for _ in range(20):
        histogram.add(rng.uniform(-30, 0, 100_000))
    assert histogram._counts.nbytes < 40 * 32 * 1024


def test_an_empty_histogram_has_no_percentile():
    bins = IntegerHistogram(np.dtype("uint8")).bins()
    assert bins.total == 0
    assert np.isnan(bins.percentile(50))
    assert bins.summary().count == 0


def test_conversion_to_decibels_drops_what_has_no_logarithm():
    bins = filled(np.array([-1.0, 0.0, 0.01, 1.0, 100.0])).converted(1.0, 0.0, True)
    assert bins.total == 3
    np.testing.assert_allclose([bins.percentile(q) for q in (0, 50, 100)], [-20, 0, 20], atol=2e-3)


def test_summary_holds_the_percentiles():
    values = np.arange(101, dtype=np.uint8)
    brief = filled(values).summary()
    assert (brief.minimum, brief.p1, brief.p50, brief.p99, brief.maximum, brief.count) == (0, 1, 50, 99, 100, 101)
    assert brief.converted(2.0, 5.0).p99 == 203
