"""How right predictions are: the figures that the paper and its benchmarks report."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import average_precision_score

from train.evaluation.dataset import IGNORED


def overall_accuracy(truth: np.ndarray, found: np.ndarray) -> float:
    """The share of class numbers ``found`` (n,) that equal ``truth`` (n,)."""
    return float(np.mean(np.asarray(truth) == np.asarray(found)))


def mean_average_precision(truth: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """ "map_micro" and "map_macro" of scores (n, K) for several labels per sample, ``truth`` (n, K) bool.

    Micro ranks all pairs of sample and class at once: it is what the released evaluation calls mAP. Macro is the mean
    over the classes that occur in ``truth``; a class without a sample has no precision.
    """
    truth, scores = np.asarray(truth, bool), np.asarray(scores, np.float64)
    present = truth.any(axis=0)
    return {
        "map_micro": float(average_precision_score(truth, scores, average="micro")),
        "map_macro": float(average_precision_score(truth[:, present], scores[:, present], average="macro")),
    }


def confusion_matrix(truth: np.ndarray, found: np.ndarray, classes: int) -> np.ndarray:
    """Pixels (K, K) int64 by true (rows) and found class (columns); pixels of ``IGNORED`` truth do not count."""
    truth, found = np.asarray(truth).ravel(), np.asarray(found).ravel()
    counted = truth != IGNORED
    pairs = truth[counted].astype(np.int64) * classes + found[counted]
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def segmentation_scores(confusion: np.ndarray) -> dict[str, float]:
    """ "miou", "f1" and "accuracy" of a confusion matrix.

    The means go over the classes that occur in the truth or in what was found; "accuracy" is the share of right
    pixels. All 0 where there is no pixel.
    """
    counts = np.asarray(confusion, np.float64)
    right, total = counts.diagonal(), counts.sum(axis=0) + counts.sum(axis=1)
    seen = total > 0
    if not seen.any():
        return {"miou": 0.0, "f1": 0.0, "accuracy": 0.0}
    return {
        "miou": float(np.mean(right[seen] / (total - right)[seen])),
        "f1": float(np.mean(2 * right[seen] / total[seen])),
        "accuracy": float(right.sum() / counts.sum()),
    }
