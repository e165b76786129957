"""Logistic regression to convergence: what features are worth where the published probe takes too few steps."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

#: Tried in cross-validation.
STRENGTHS = tuple(10.0**power for power in range(-4, 4))
FOLDS = 5
_MOST_STEPS, _TOLERANCE = 500, 1e-3


def standardised(train: np.ndarray, *others: np.ndarray) -> list[np.ndarray]:
    """Features (·, D) as float64 with mean 0 and std 1 over ``train``, which comes first; constant ones become 0."""
    train = np.asarray(train, np.float64)
    mean, std = train.mean(axis=0), train.std(axis=0)
    std[std < 1e-9 * max(1e-30, float(std.max(initial=0)))] = np.inf
    return [(np.asarray(each, np.float64) - mean) / std for each in (train, *others)]


def fit_logistic(
    features: np.ndarray, labels: np.ndarray, seed: int, groups: np.ndarray | None = None
) -> tuple[LogisticRegression, float]:
    """A regression on standardised ``features`` (n, D) and class numbers (n,), and the strength C that it took.

    C is the one of ``STRENGTHS`` that gets most of the held-out samples right in ``FOLDS``-fold cross-validation on
    these samples; with ``groups`` (n,), no group is on both sides of a fold. A class that has fewer samples than folds
    makes the folds fewer; with one sample, or one group, C is 1.
    """
    several = len(np.unique(labels if groups is None else groups))
    rarest = int(np.unique(labels, return_counts=True)[1].min()) if groups is None else several
    folds = min(FOLDS, rarest)
    if folds < 2:
        return _fit(features, labels, 1.0), 1.0
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    splitter = kind(folds, shuffle=True, random_state=seed)
    right = np.zeros(len(STRENGTHS))
    for kept, held_out in splitter.split(features, labels, groups):
        if len(np.unique(labels[kept])) < 2:
            continue
        start = None
        for place, strength in enumerate(STRENGTHS):
            start = _fit(features[kept], labels[kept], strength, start)
            right[place] += np.sum(start.predict(features[held_out]) == labels[held_out])
    # Of equally right ones the strongest regularisation.
    chosen = STRENGTHS[int(right.argmax())]
    return _fit(features, labels, chosen), chosen


def _fit(
    features: np.ndarray, labels: np.ndarray, strength: float, start: LogisticRegression | None = None
) -> LogisticRegression:
    """One regression, begun where a weaker one ended."""
    model = LogisticRegression(C=strength, max_iter=_MOST_STEPS, tol=_TOLERANCE, warm_start=True)
    if start is not None:
        model.coef_, model.intercept_, model.classes_ = start.coef_.copy(), start.intercept_.copy(), start.classes_
    with warnings.catch_warnings():
        # After so many steps figures no longer change.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(features, labels)


def logistic_accuracy(
    features: np.ndarray, labels: np.ndarray, test_features: np.ndarray, test_labels: np.ndarray, seed: int
) -> tuple[float, float]:
    """The share of test samples that a regression gets right, and the C it took; features need not be scaled."""
    train, test = standardised(features, test_features)
    model, strength = fit_logistic(train, labels, seed)
    return float(np.mean(model.predict(test) == test_labels)), strength
