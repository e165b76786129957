"""Principal components as colours: they repeat, are bounded in memory, and name the features that carry them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from engine.raster.components import StreamingCovariance, TokenSample, fit_components


def planted(count: int = 4000, dims: int = 12) -> np.ndarray:
    """Tokens that vary most along feature 7, then 2, then 9."""
    tokens = np.random.default_rng(0).normal(0, 0.1, (count, dims)).astype(np.float32) + 5
    for feature, scale in ((7, 9), (2, 5), (9, 3)):
        tokens[:, feature] *= scale
    return tokens


def test_components_are_those_of_a_principal_component_analysis():
    tokens = planted()
    found = fit_components(tokens)
    expected = PCA(3, svd_solver="full").fit(tokens.astype(np.float64)).components_
    np.testing.assert_allclose(np.abs(found.basis), np.abs(expected), atol=1e-3)
    assert found.bands == (8, 3, 10)
    for band, (low, high) in zip(found.bands, found.ranges, strict=True):
        assert (low, high) == pytest.approx(np.percentile(tokens[:, band - 1], [2, 98]))
    # The largest part of a component is positive: brighter means more of that feature.
    assert (found.basis[[0, 1, 2], [7, 2, 9]] > 0.9).all()


def test_four_percent_of_the_tokens_are_beyond_the_stretch():
    tokens = planted()
    colours = fit_components(tokens).colours(tokens)
    assert colours.dtype == np.uint8 and colours.shape == (len(tokens), 3)
    assert np.mean((colours == 0) | (colours == 255), axis=0) == pytest.approx(0.04, abs=0.01)


@pytest.mark.parametrize("dims", [1, 2])
def test_fewer_than_three_features_repeat_the_last_component(dims):
    tokens = planted(dims=12)[:, [7, 2][:dims]]
    found = fit_components(tokens)
    np.testing.assert_array_equal(found.basis[2], found.basis[dims - 1])
    assert set(found.bands) == set(range(1, dims + 1))


@pytest.mark.parametrize("tokens", [np.zeros((0, 5), np.float32), np.full((9, 5), 3, np.float32), planted(1)[:, :5]])
def test_nothing_to_tell_apart_is_plain_and_has_distinct_bands(tokens):
    found = fit_components(tokens)
    assert np.isfinite(found.ranges).all() and len(set(found.bands)) == 3
    colours = found.colours(np.full((2, 5), 3, np.float32))
    assert (colours[0] == colours[1]).all()


def test_no_data_has_no_colour():
    found = fit_components(planted())
    assert (found.colours(np.full((1, 12), np.nan, np.float32)) == 0).all()


def rows_of(values: np.ndarray, cuts: list[int]) -> list[tuple[int, np.ndarray]]:
    return [(start, values[:, start:end]) for start, end in zip([0, *cuts], [*cuts, values.shape[1]], strict=True)]


@pytest.mark.parametrize("cuts", [[], [1, 2, 50], [30]])
def test_the_sample_is_the_same_however_the_rows_are_cut(cuts):
    values = np.random.default_rng(1).normal(size=(3, 60, 50)).astype(np.float32)
    values[:, :20, 10:] = np.nan
    whole = TokenSample(3, 50, limit=500)
    whole.add(0, values)
    parts = TokenSample(3, 50, limit=500)
    for row, rows in rows_of(values, cuts):
        parts.add(row, rows)
    tokens = parts.tokens()
    np.testing.assert_array_equal(whole.tokens(), tokens)
    assert 250 <= len(tokens) <= 500
    assert np.isfinite(tokens).all()


def test_a_sample_is_spread_evenly_and_a_small_raster_is_taken_whole():
    values = np.broadcast_to(np.arange(100, dtype=np.float32)[None, :, None], (1, 100, 200)).copy()
    sample = TokenSample(1, 200, limit=4000)
    sample.add(0, values)
    assert sample.tokens().mean() == pytest.approx(49.5, abs=2)
    small = TokenSample(1, 200)
    small.add(0, values)
    assert len(small.tokens()) == 20_000


def test_wide_features_are_sampled_more_thinly():
    sample = TokenSample(4096, 300)
    rows = np.zeros((4096, 1, 300), np.float32)
    for row in range(60):
        sample.add(row, rows)
    assert sample.tokens().nbytes <= 128 * 2**20


def test_an_empty_sample_knows_its_features():
    assert TokenSample(7, 10).tokens().shape == (0, 7)


def test_the_streamed_covariance_is_exact_far_from_zero():
    tokens = planted().astype(np.float64) + np.linspace(-3e3, 3e3, 12)
    streamed = StreamingCovariance(12)
    for part in np.array_split(tokens.astype(np.float32), [0, 1, 5, 2000]):
        streamed.add(part)
    mean, covariance = streamed.result()
    assert streamed.count == len(tokens)
    np.testing.assert_allclose(mean, tokens.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(covariance, np.cov(tokens.T, bias=True), atol=2e-3)
