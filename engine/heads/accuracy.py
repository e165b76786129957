"""How right a head is on places it was not trained on: from a confusion matrix to figures and plain words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.heads.folds import FEW_GROUPS, FoldPlan, Strata
from engine.raster.map_writer import MapClass

#: What groups are called, one and several.
GROUP_WORDS = {"polygon": ("polygon", "polygons"), "block": ("block of pixels", "blocks of pixels")}


def accuracy_summary(
    classes: Sequence[MapClass],
    strata: Strata,
    plan: FoldPlan | None,
    confusion: np.ndarray,
    grouped_by: str,
    counted: str = "pixels",
) -> dict[str, Any]:
    """The measurement as JSON values.

    ``confusion`` (K, K) holds pixels by true class (rows) and predicted class (columns), of the held-out groups alone;
    sums of weights are rounded. "precision", "recall", "f1" and "iou" are None where they cannot be known; "overall"
    is the share of right pixels, "balanced" the mean recall, and the means go over the classes that were measured.
    Without ``plan`` nothing was: "folds" is 0. ``counted``: what "pixels" are, "pixels" or "chips".
    """
    counts = np.asarray(confusion, np.float64)
    right, true, predicted = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    groups, pixels = strata.groups_per_class, strata.pixels_per_class
    per_class: list[dict[str, Any]] = []
    for number, each in enumerate(classes):
        measured = true[number] > 0
        per_class.append(
            {
                "value": each.value,
                "name": each.name,
                "colour": each.colour,
                "groups": groups.get(number, 0),
                "pixels": pixels.get(number, 0),
                # A class that was never predicted has no precision, but it has an F1 and an IoU, of nought.
                "precision": _share(right[number], predicted[number]) if measured else None,
                "recall": _share(right[number], true[number]),
                "f1": _share(2 * right[number], true[number] + predicted[number]) if measured else None,
                "iou": _share(right[number], true[number] + predicted[number] - right[number]) if measured else None,
            }
        )
    return {
        "grouped_by": grouped_by,
        "folds": plan.folds if plan else 0,
        "counted": counted,
        "pixels": round(float(true.sum())),
        "overall": _share(right.sum(), true.sum()),
        "balanced": _mean([each["recall"] for each in per_class]),
        "mean_f1": _mean([each["f1"] for each in per_class]),
        "mean_iou": _mean([each["iou"] for each in per_class]),
        "per_class": per_class,
        "confusion": counts.round().astype(np.int64).tolist(),
        "warnings": list(class_warnings(classes, strata, grouped_by)),
    }


def class_warnings(classes: Sequence[MapClass], strata: Strata, grouped_by: str) -> list[str]:
    """What to think of a measurement with so many groups per class, in plain words."""
    one, many = GROUP_WORDS[grouped_by]
    found = strata.groups_per_class
    counted = [(f"“{each.name}”", found.get(number, 0)) for number, each in enumerate(classes)]
    single = [name for name, count in counted if count == 1]
    few = [f"{name} ({count})" for name, count in counted if 2 <= count < FEW_GROUPS]
    more = f"label at least {FEW_GROUPS} {many} each"
    if grouped_by == "block":
        more = f"label places in at least {FEW_GROUPS} blocks each, or let the blocks be smaller (--block-px)"
    warnings = []
    if single:
        has, its = ("has", "it is") if len(single) == 1 else ("have", "they are")
        warnings.append(
            f"{_listed(single)} {has} only one {one}, so nothing can tell how well {its} recognised elsewhere: {more}."
        )
    if few:
        warnings.append(
            f"{_listed(few)} {'has' if len(few) == 1 else 'have'} fewer than {FEW_GROUPS} {many}: the figures for"
            f" {'this class' if len(few) == 1 else 'these classes'} may be far off; {more}."
        )
    return warnings


def _listed(names: Sequence[str], most: int = 6) -> str:
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _share(part: float, whole: float) -> float | None:
    return float(part / whole) if whole > 0 else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
