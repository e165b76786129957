"""Logistic regression is that of scikit-learn, on plain vectors, and says so to no class it never saw."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from made_heads import clouds, described
from sklearn.linear_model import LogisticRegression

from engine.errors import CancelledError
from engine.heads.linear import PENALTY, fit_linear
from engine.heads.sample import pixel_probabilities


def never() -> bool:
    return False


def test_probabilities_are_those_of_scikit_learn():
    sample = clouds(300, spread=3.0)
    sample = sample.take(np.flatnonzero((sample.classes != 2) | (np.arange(300) % 4 == 0)))
    head = fit_linear(described(), sample, balance=True, cancelled=never)
    features = sample.features()
    scaled = (features - features.mean(0)) / features.std(0)
    sklearn = LogisticRegression(C=1 / (PENALTY * len(sample)), tol=1e-6, max_iter=1000)
    sklearn.fit(scaled, sample.classes, sample_weight=sample.importance(True))
    ours = head.probabilities(head.scores(torch.from_numpy(features))).numpy()
    np.testing.assert_allclose(ours, sklearn.predict_proba(scaled), atol=5e-3)


def test_values_of_any_size_and_values_that_never_vary_do_no_harm():
    sample = clouds(300)
    plain = pixel_probabilities(fit_linear(described(), sample, True, never), sample)
    sample.vectors[:, 0] *= 1e5
    sample.vectors[:, 1] += 100
    grown = pixel_probabilities(fit_linear(described(), sample, True, never), sample)
    np.testing.assert_allclose(grown, plain, atol=0.02)
    sample.vectors[:, 2] = 7
    flat = fit_linear(described(), sample, True, never)
    assert (flat.weight[:, 2] == 0).all() and torch.isfinite(flat.bias).all()


def test_a_class_the_sample_lacks_is_never_predicted():
    sample = clouds(90)
    head = fit_linear(described(), sample.take(sample.classes != 1), True, never)
    probabilities = pixel_probabilities(head, sample)
    assert (probabilities[:, 1] == 0).all() and np.allclose(probabilities.sum(axis=1), 1)


def test_balance_decides_between_classes_that_look_alike():
    sample = clouds(400, classes=2, spread=30.0)
    sample = sample.take(np.flatnonzero((sample.classes == 0) | (np.arange(400) % 8 == 1)))
    shares = [
        pixel_probabilities(fit_linear(described(classes=2), sample, balance, never), sample).mean(axis=0)[1]
        for balance in (True, False)
    ]
    assert shares[0] == pytest.approx(0.5, abs=0.05) and shares[1] == pytest.approx(0.2, abs=0.03)


def test_it_stops_when_asked():
    with pytest.raises(CancelledError):
        fit_linear(described(), clouds(), True, lambda: True)
