"""Parts of a cross-validation that never share a polygon or a block: neighbouring pixels are no independent test."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

#: Classes of fewer groups than this are measured, with a warning: one polygon more may change the figure a lot.
FEW_GROUPS = 5
#: The fold of what is never held out: the only group of its class is needed for training.
NEVER = -1


@dataclass(frozen=True, eq=False)
class Strata:
    """How many labelled pixels each class has in each group, one entry per pair that occurs.

    ``classes``, ``groups`` and ``pixels`` are (n,) int64, ordered by class, then group, each pair once. Groups are
    counted through all scenes: see ``merge``.
    """

    classes: np.ndarray
    groups: np.ndarray
    pixels: np.ndarray

    @classmethod
    def of(cls, classes: np.ndarray, groups: np.ndarray, pixels: np.ndarray | None = None) -> Strata:
        """From any entries (m,), pairs repeated or not; ``pixels`` None counts every entry as one."""
        counts = np.ones(len(classes), np.int64) if pixels is None else pixels
        span = int(groups.max(initial=0)) + 1
        pairs, where = np.unique(classes.astype(np.int64) * span + groups, return_inverse=True)
        sums = np.bincount(where, counts, minlength=len(pairs))
        return cls(pairs // span, pairs % span, sums.round().astype(np.int64))

    @staticmethod
    def merge(parts: list[Strata]) -> Strata:
        """The sum of several counts."""
        return Strata.of(*(np.concatenate([getattr(each, name) for each in parts])
                           for name in ("classes", "groups", "pixels")))  # fmt: skip

    @cached_property
    def groups_per_class(self) -> dict[int, int]:
        """The number of groups of every class that has any."""
        numbers, counts = np.unique(self.classes, return_counts=True)
        return dict(zip(numbers.tolist(), counts.tolist(), strict=True))

    @cached_property
    def pixels_per_class(self) -> dict[int, int]:
        """The number of pixels of every class that has any."""
        sums = np.bincount(self.classes, self.pixels) if len(self.classes) else np.zeros(0)
        return {number: int(sums[number]) for number in self.groups_per_class}

    def place(self, classes: np.ndarray, groups: np.ndarray) -> np.ndarray:
        """The number of each pair's entry (m,). The pairs must occur."""
        span = int(self.groups.max()) + 1
        return np.searchsorted(self.classes * span + self.groups, classes.astype(np.int64) * span + groups)


@dataclass(frozen=True, eq=False)
class FoldPlan:
    """``folds`` parts; ``fold`` (n,) tells of each stratum in which one it is held out, ``NEVER`` for none."""

    strata: Strata
    folds: int
    fold: np.ndarray

    def fold_of(self, classes: np.ndarray, groups: np.ndarray) -> np.ndarray:
        """The fold (m,) in which pixels of these classes and groups are held out, ``NEVER`` for none."""
        return self.fold[self.strata.place(classes, groups)]


def plan_folds(strata: Strata, folds: int, seed: int) -> FoldPlan | None:
    """Divides the groups so that every class is spread over as many folds as it has groups for.

    Rare classes choose first; each group goes whole to the fold that has fewest groups, then fewest pixels, of its
    class. A class with one group is never held out. None where no two classes can be measured or ``folds`` is 0.
    """
    measurable = [number for number, count in strata.groups_per_class.items() if count >= 2]
    folds = min(folds, max(strata.groups_per_class.values(), default=0))
    if len(measurable) < 2 or folds < 2:
        return None
    generator = np.random.default_rng(seed)
    fold_of_group: dict[int, int] = {}
    for number in sorted(measurable, key=lambda each: (strata.groups_per_class[each], each)):
        members = np.flatnonzero(strata.classes == number)
        # Large groups first, so that small ones even out what they leave; equal ones in random order.
        members = members[np.lexsort((generator.random(len(members)), -strata.pixels[members]))]
        counts, pixels = np.zeros(folds, np.int64), np.zeros(folds, np.int64)
        settled = [each for each in members.tolist() if int(strata.groups[each]) in fold_of_group]
        for each in settled:
            counts[fold_of_group[int(strata.groups[each])]] += 1
            pixels[fold_of_group[int(strata.groups[each])]] += strata.pixels[each]
        for each in members.tolist():
            group = int(strata.groups[each])
            if group in fold_of_group:
                continue
            fewest = np.flatnonzero(counts == counts.min())
            chosen = int(fewest[pixels[fewest].argmin()])
            fold_of_group[group] = chosen
            counts[chosen] += 1
            pixels[chosen] += strata.pixels[each]
    held_out = np.isin(strata.classes, measurable)
    fold = np.array([fold_of_group.get(int(group), NEVER) for group in strata.groups], np.int64)
    return FoldPlan(strata, folds, np.where(held_out, fold, NEVER))
