"""Trains a linear, knn or conv head on a sample, and measures it on groups it did not see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import CancelledError, JobError
from engine.heads.accuracy import accuracy_summary
from engine.heads.conv import fit_conv
from engine.heads.folds import FoldPlan, Strata, plan_folds
from engine.heads.head import HeadInfo, TokenHead
from engine.heads.knn import fit_knn
from engine.heads.linear import fit_linear
from engine.heads.sample import LabelledSample, pixel_probabilities
from engine.jobs.train_head import TrainHeadJob
from engine.progress import CancelCallback, Progress, ProgressCallback, part_of
from engine.raster.map_writer import MapClass

if TYPE_CHECKING:
    from engine.heads.upernet import UPerNetHead


@dataclass(frozen=True, eq=False)
class Tested:
    """Places that were held out once: ``places`` (n, 3) scene, row, column; ``right`` (n,) bool."""

    places: np.ndarray
    right: np.ndarray


@dataclass(frozen=True, eq=False)
class Measured:
    """Pixels to measure with, and what gives them the vectors of one fold: (plan, fold, progress) → the same pixels."""

    sample: LabelledSample
    in_fold: Callable[[FoldPlan, int, ProgressCallback], LabelledSample]


@dataclass(frozen=True, eq=False)
class TrainedHead:
    """A head, its accuracy (``engine.heads.accuracy``; "overall" is None where nothing was measured), and its test."""

    head: TokenHead | UPerNetHead
    accuracy: dict[str, Any]
    tested: Tested


def with_data(
    sample: LabelledSample, strata: Strata, classes: Sequence[MapClass]
) -> tuple[LabelledSample, Strata, tuple[MapClass, ...], list[str]]:
    """The same without classes that no labelled pixel with data has; and the names of these.

    Raises JobError where fewer than two classes are left.
    """
    present = np.unique(sample.classes)
    missing = [each.name for number, each in enumerate(classes) if number not in present]
    kept = tuple(classes[number] for number in present)
    if len(kept) < 2:
        raise JobError(
            f"Only the class “{kept[0].name}” has labelled pixels with data in the images: there is nothing to tell"
            " apart.",
            "Label places of a second class where the images have data.",
        )
    renumbered = np.full(len(classes), -1, np.int64)
    renumbered[present] = np.arange(len(present))
    inside = np.isin(strata.classes, present)
    strata = Strata(renumbered[strata.classes[inside]], strata.groups[inside], strata.pixels[inside])
    return replace(sample, classes=renumbered[sample.classes]), strata, kept, missing


def train_token_head(
    job: TrainHeadJob,
    info: HeadInfo,
    sample: LabelledSample,
    strata: Strata,
    grouped_by: str,
    progress: ProgressCallback,
    cancelled: CancelCallback,
    measured: Measured | None = None,
) -> TrainedHead:
    """One training per fold, to measure, and one on the whole sample: the head.

    ``measured``: what the folds are trained and tested on, where that is not ``sample``.
    """
    plan = plan_folds(strata, job.folds, job.seed)
    parts = 1 + (plan.folds if plan else 0)
    measured = measured or Measured(sample, lambda plan, number, progress: sample)
    predicted = np.full(len(measured.sample), -1, np.int64)
    truth = measured.sample.classes
    if plan is not None:
        fold = plan.fold_of(truth, measured.sample.groups)
        for number in range(plan.folds):
            _say(progress, cancelled, number / parts, f"Measuring, part {number + 1} of {plan.folds}")
            held_out = np.flatnonzero(fold == number)
            if len(held_out):
                seen = measured.in_fold(plan, number, part_of(progress, number / parts, (number + 1) / parts))
                head = _fit(job, info, seen.take(fold != number), cancelled)
                predicted[held_out] = pixel_probabilities(head, seen.take(held_out)).argmax(axis=1)
    _say(progress, cancelled, (parts - 1) / parts, "Training the head")
    head = _fit(job, info, sample, cancelled)
    tested = predicted >= 0
    confusion = np.zeros((len(info.classes), len(info.classes)))
    np.add.at(confusion, (truth[tested], predicted[tested]), measured.sample.stands_for[tested])
    counted = "chips" if info.features["level"] == "chips" else "pixels"
    accuracy = accuracy_summary(info.classes, strata, plan, confusion, grouped_by, counted)
    head.info = info.with_accuracy(accuracy if tested.any() else None)
    return TrainedHead(head, accuracy, Tested(measured.sample.places[tested], (predicted == truth)[tested]))


def _fit(job: TrainHeadJob, info: HeadInfo, sample: LabelledSample, cancelled: CancelCallback) -> TokenHead:
    if job.kind == "knn":
        return fit_knn(info, sample, job.balance)
    if job.kind == "conv":
        return fit_conv(info, sample, job.balance, job.epochs, job.seed, cancelled)
    return fit_linear(info, sample, job.balance, cancelled)


def _say(progress: ProgressCallback, cancelled: CancelCallback, done: float, message: str) -> None:
    if cancelled():
        raise CancelledError("Cancelled; nothing was written.")
    progress(Progress(done, message))
