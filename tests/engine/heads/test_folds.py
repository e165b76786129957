"""Folds keep groups whole and spread every class over as many folds as it has groups for."""

from __future__ import annotations

import numpy as np

from engine.heads.folds import NEVER, Strata, plan_folds


def strata(*entries):
    classes, groups, pixels = (np.array(each) for each in zip(*entries, strict=True))
    return Strata.of(classes, groups, pixels)


def test_pairs_are_counted_once_and_merged():
    one = Strata.of(np.array([1, 0, 1, 1]), np.array([7, 3, 7, 2]))
    assert (one.classes.tolist(), one.groups.tolist(), one.pixels.tolist()) == ([0, 1, 1], [3, 2, 7], [1, 1, 2])
    both = Strata.merge([one, one])
    assert both.pixels.tolist() == [2, 2, 4]
    assert (both.groups_per_class, both.pixels_per_class) == ({0: 1, 1: 2}, {0: 2, 1: 6})
    assert both.place(np.array([1, 0]), np.array([7, 3])).tolist() == [2, 0]


def test_no_group_is_in_two_folds_and_every_class_is_in_as_many_as_it_can():
    generator = np.random.default_rng(0)
    # Blocks that hold several classes each, one class in three of them only.
    entries = [
        (c, g, int(generator.integers(1, 900))) for g in range(40) for c in (0, 1, 2) if generator.random() < 0.7
    ]
    entries += [(3, g, 5) for g in (4, 11, 30)]
    counted = strata(*entries)
    plan = plan_folds(counted, 5, seed=1)
    assert plan.folds == 5
    for group in np.unique(counted.groups):
        assert len(set(plan.fold[counted.groups == group].tolist())) == 1
    for number in range(3):
        assert len(set(plan.fold[counted.classes == number].tolist())) == 5
    assert len(set(plan.fold[counted.classes == 3].tolist())) == 3


def test_folds_hold_alike_many_pixels_of_a_class_where_groups_are_of_one_class():
    generator = np.random.default_rng(3)
    counted = strata(*[(g % 2, g, int(generator.integers(10, 1000))) for g in range(100)])
    plan = plan_folds(counted, 5, seed=0)
    for number in (0, 1):
        inside = counted.classes == number
        sums = np.bincount(plan.fold[inside], counted.pixels[inside])
        assert sums.max() < 1.1 * sums.min()
        assert (np.bincount(plan.fold[inside]) == 10).all()


def test_the_only_polygon_of_a_class_is_never_held_out():
    plan = plan_folds(strata((0, 0, 10), (0, 1, 10), (1, 2, 10), (1, 3, 10), (2, 4, 10)), 5, seed=0)
    assert plan.folds == 2
    assert plan.fold_of(np.array([2]), np.array([4])).tolist() == [NEVER]
    assert sorted(plan.fold_of(np.array([0, 0]), np.array([0, 1])).tolist()) == [0, 1]


def test_there_are_no_folds_where_nothing_can_be_measured():
    assert plan_folds(strata((0, 0, 10), (0, 1, 10), (1, 2, 10)), 5, seed=0) is None
    assert plan_folds(strata((0, 0, 10), (0, 1, 10), (1, 2, 10), (1, 3, 1)), 0, seed=0) is None


def test_folds_are_the_same_for_the_same_seed():
    counted = strata(*[(g % 3, g, 10) for g in range(60)])
    one, same, other = (plan_folds(counted, 5, seed).fold for seed in (1, 1, 2))
    assert one.tolist() == same.tolist() != other.tolist()
