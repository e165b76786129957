"""Figures from a confusion matrix, by hand, and the sentences beside them."""

from __future__ import annotations

import numpy as np
import pytest

from engine.heads.accuracy import accuracy_summary
from engine.heads.folds import Strata, plan_folds
from engine.raster.map_writer import MapClass

CLASSES = tuple(MapClass(number + 1, name, "#000000") for number, name in enumerate(("water", "trees", "snow")))


def strata(groups_per_class):
    classes = np.repeat(np.arange(len(groups_per_class)), groups_per_class)
    return Strata.of(classes, np.arange(len(classes)), np.full(len(classes), 10))


def test_figures_are_those_computed_by_hand():
    counted = strata([6, 6, 1])
    confusion = np.array([[40.4, 10, 10], [5, 45, 0], [0, 0, 0]])
    summary = accuracy_summary(CLASSES, counted, plan_folds(counted, 5, 0), confusion, "polygon")
    water, trees, snow = summary["per_class"]
    assert (water["groups"], water["pixels"], snow["groups"]) == (6, 60, 1)
    assert water["precision"] == pytest.approx(40.4 / 45.4) and water["recall"] == pytest.approx(40.4 / 60.4)
    assert water["iou"] == pytest.approx(40.4 / 65.4) and water["f1"] == pytest.approx(80.8 / 105.8)
    assert trees["iou"] == pytest.approx(45 / 60)
    assert [snow[key] for key in ("precision", "recall", "f1", "iou")] == [None] * 4
    assert summary["overall"] == pytest.approx(85.4 / 110.4)
    assert summary["balanced"] == pytest.approx((40.4 / 60.4 + 0.9) / 2)
    assert summary["mean_iou"] == pytest.approx((water["iou"] + trees["iou"]) / 2)
    assert summary["confusion"] == [[40, 10, 10], [5, 45, 0], [0, 0, 0]]
    assert (summary["folds"], summary["grouped_by"], summary["pixels"]) == (5, "polygon", 110)


def test_a_class_that_is_never_predicted_has_no_precision_but_an_f1_of_nought():
    counted = strata([5, 5])
    summary = accuracy_summary(CLASSES[:2], counted, plan_folds(counted, 5, 0), np.array([[5, 0], [5, 0]]), "block")
    trees = summary["per_class"][1]
    assert (trees["precision"], trees["recall"], trees["f1"], trees["iou"]) == (None, 0, 0, 0)


def test_too_few_polygons_are_told_in_plain_words():
    counted = strata([6, 3, 1])
    summary = accuracy_summary(CLASSES, counted, plan_folds(counted, 5, 0), np.eye(3), "polygon")
    single, few = summary["warnings"]
    assert "“snow” has only one polygon" in single and "at least 5 polygons" in single
    assert "“trees” (3) has fewer than 5 polygons" in few
    assert not accuracy_summary(CLASSES, strata([6, 6, 6]), None, np.eye(3), "polygon")["warnings"]


def test_without_folds_nothing_is_claimed():
    summary = accuracy_summary(CLASSES, strata([1, 1, 1]), None, np.zeros((3, 3)), "polygon")
    assert summary["folds"] == 0 and summary["overall"] is None and summary["mean_f1"] is None
