from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, jaccard_score

from train.evaluation.dataset import IGNORED
from train.evaluation.metrics import confusion_matrix, mean_average_precision, segmentation_scores


def test_segmentation_scores_are_scikit_learns():
    rng = np.random.default_rng(0)
    truth, found = rng.integers(5, size=(6, 9, 9)), rng.integers(4, size=(6, 9, 9))
    ignored = rng.random(truth.shape) < 0.2
    scores = segmentation_scores(confusion_matrix(np.where(ignored, IGNORED, truth), found, 8))
    pair = truth[~ignored], found[~ignored]
    assert scores["miou"] == pytest.approx(jaccard_score(*pair, average="macro"))
    assert scores["f1"] == pytest.approx(f1_score(*pair, average="macro"))
    assert scores["accuracy"] == pytest.approx(accuracy_score(*pair))
    assert segmentation_scores(np.zeros((3, 3)))["miou"] == 0


def test_average_precision_by_hand():
    truth = np.array([[1, 0, 0], [0, 1, 0], [1, 1, 0]], bool)
    scores = np.array([[0.9, 0.2, 0.1], [0.3, 0.8, 0.1], [0.1, 0.7, 0.1]])
    found = mean_average_precision(truth, scores)
    # Class 0 ranks right, wrong, right: (1 + 2/3) / 2. Class 1 is perfect, class 2 has no sample.
    assert found["map_macro"] == pytest.approx((5 / 6 + 1) / 2)
    # All pairs: three right, then 0.3 and 0.2 wrong, and the last right one ties with three wrong at 0.1.
    assert found["map_micro"] == pytest.approx((3 + 4 / 9) / 4)
