"""What a sample gives to train on, and that heads are measured as they map."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from made_heads import clouds, described

from engine.heads.knn import fit_knn
from engine.heads.linear import fit_linear
from engine.heads.sample import pixel_probabilities


def between(sample, generator):
    """The same sample, every pixel between four random cells."""
    shares = generator.dirichlet(np.ones(4), len(sample)).astype(np.float32)
    return replace(sample, cells=generator.integers(0, len(sample), (len(sample), 4)), shares=shares)


def test_features_lie_between_the_cells():
    sample = between(clouds(20), np.random.default_rng(0))
    by_hand = (sample.vectors[sample.cells] * sample.shares[..., None]).sum(axis=1)
    np.testing.assert_allclose(sample.features(), by_hand, rtol=1e-5)
    np.testing.assert_allclose(sample.take(np.array([3, 5])).features(), by_hand[[3, 5]], rtol=1e-5)


def test_scores_are_made_on_cells_and_compared_between_them():
    sample = between(clouds(60), np.random.default_rng(1))
    linear = fit_linear(described(), sample, True, lambda: False)
    at_pixels = linear.probabilities(linear.scores(torch.from_numpy(sample.features()))).numpy()
    np.testing.assert_allclose(pixel_probabilities(linear, sample), at_pixels, atol=1e-5)
    knn = fit_knn(described("knn"), sample, True)
    votes = knn.scores(torch.from_numpy(sample.vectors)).numpy()
    mixed = (votes[sample.cells] * sample.shares[..., None]).sum(axis=1)
    np.testing.assert_allclose(pixel_probabilities(knn, sample), mixed, atol=1e-6)


def test_importance_is_one_on_average_and_alike_per_class_or_by_labelled_pixels():
    sample = clouds(90)
    sample = sample.take(np.flatnonzero((sample.classes != 0) | (sample.own < 30)))
    sample = replace(sample, stands_for=np.where(sample.classes == 1, 9.0, 1.0))
    for balance, wanted in ((True, [1, 1, 1]), (False, [10, 270, 30])):
        importance = sample.importance(balance)
        sums = np.bincount(sample.classes, importance)
        assert importance.mean() == pytest.approx(1)
        np.testing.assert_allclose(sums / sums[0], np.array(wanted) / wanted[0])
