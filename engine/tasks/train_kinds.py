"""Trains a head of whatever kind, with bands learnt before it or not."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from engine.heads.folds import FoldPlan, Strata
from engine.heads.sample import LabelledSample
from engine.jobs.train_head import TrainHeadJob
from engine.model.own_layers import OwnLayers
from engine.progress import CancelCallback, ProgressCallback, part_of
from engine.raster.feature_raster import FeatureRaster
from engine.raster.map_writer import MapClass
from engine.tasks.feature_source import FeatureSource
from engine.tasks.train_head_info import head_info
from engine.tasks.train_sample import draw_sample, pixel_limit
from engine.tasks.train_scenes import Scene, scenes_of
from engine.tasks.train_token_head import Measured, TrainedHead, train_token_head, with_data
from engine.vector.labels import OpenedLabels


@dataclass(frozen=True, eq=False)
class Outcome:
    """A head, the embeddings it was trained on, and notes.

    ``own`` are projections learnt for it, None where none were, and ``sources`` the embeddings made with them.
    """

    trained: TrainedHead
    scenes: Sequence[Scene]
    own: OwnLayers | None
    notes: list[str]
    sources: Sequence[FeatureSource] = ()


@dataclass(frozen=True, eq=False)
class _Drawn:
    """A sample of the labels with data, and the classes it tells apart."""

    sample: LabelledSample
    strata: Strata
    classes: tuple[MapClass, ...]
    notes: list[str]


def train(
    job: TrainHeadJob,
    scenes: Sequence[Scene],
    labels: OpenedLabels,
    stack: ExitStack,
    progress: ProgressCallback,
    cancelled: CancelCallback,
) -> Outcome:
    """The head of a job; embeddings that are opened for it are closed by ``stack``."""
    if job.learn_bands:
        return _with_own_bands(job, scenes, labels, stack, progress, cancelled)
    if job.kind == "upernet":
        # Its library takes seconds to import, which other kinds need not wait for.
        from engine.tasks.train_upernet_head import train_upernet_head

        trained, notes = train_upernet_head(
            job, scenes, labels.table.classes, _grouped_by(scenes), None, progress, cancelled
        )
        return Outcome(trained, scenes, None, notes)
    drawn = _draw(job, scenes, labels, part_of(progress, 0, 0.4), cancelled)
    return _tokens(job, scenes, drawn, None, part_of(progress, 0.4, 1), cancelled)


def _with_own_bands(
    job: TrainHeadJob,
    scenes: Sequence[Scene],
    labels: OpenedLabels,
    stack: ExitStack,
    progress: ProgressCallback,
    cancelled: CancelCallback,
) -> Outcome:
    """Projections are learnt from all labels and the scenes embedded by way of them; every fold learns its own."""
    from engine.tasks.learn_bands import BandLearner
    from engine.tasks.train_upernet_head import train_upernet_head

    learner = stack.enter_context(BandLearner(job, scenes, part_of(progress, 0, 0.1), cancelled))
    classes = labels.table.classes
    measured: Measured | None = None
    if job.kind != "upernet":
        # Drawn from the embedding made before: which pixels, and of which classes, does not depend on its values.
        drawn = _draw(job, scenes, labels, part_of(progress, 0.1, 0.15), cancelled)
        classes = drawn.classes
        learner.chips.keep(labels.table.classes, classes)
        covered = drawn.sample.take(learner.covered(drawn.sample))

        def in_fold(plan: FoldPlan, number: int, report: ProgressCallback) -> LabelledSample:
            learner.learn_fold(len(classes), plan, number, report)
            return learner.sample_of(covered)

        measured = Measured(covered, in_fold)
    own = learner.learn(len(classes), None, part_of(progress, 0.15, 0.3))
    sources = learner.embed(part_of(progress, 0.3, 0.4))
    rasters = [stack.enter_context(FeatureRaster(source.path)) for source in sources]
    again = scenes_of(rasters, labels, one_source=len(job.labels) == 1)
    report = part_of(progress, 0.45, 1)
    if job.kind == "upernet":
        trained, notes = train_upernet_head(job, again, classes, _grouped_by(scenes), learner, report, cancelled)
        return Outcome(trained, again, own, notes, sources)
    drawn = _draw(job, again, labels, part_of(progress, 0.4, 0.45), cancelled)
    return replace(_tokens(job, again, drawn, measured, report, cancelled), own=own, sources=sources)


def _draw(
    job: TrainHeadJob,
    scenes: Sequence[Scene],
    labels: OpenedLabels,
    progress: ProgressCallback,
    cancelled: CancelCallback,
) -> _Drawn:
    limit = pixel_limit(job.kind, scenes[0].raster.dims)
    sample, strata = draw_sample(scenes, limit, job.seed, progress, cancelled)
    sample, strata, classes, missing = with_data(sample, strata, labels.table.classes)
    notes = [f"The class “{name}” has no labelled pixel with data and is left out." for name in missing]
    return _Drawn(sample, strata, classes, notes)


def _tokens(
    job: TrainHeadJob,
    scenes: Sequence[Scene],
    drawn: _Drawn,
    measured: Measured | None,
    progress: ProgressCallback,
    cancelled: CancelCallback,
) -> Outcome:
    """A head of vectors."""
    info = head_info(job, scenes[0].raster, drawn.classes)
    grouped_by = _grouped_by(scenes)
    trained = train_token_head(job, info, drawn.sample, drawn.strata, grouped_by, progress, cancelled, measured)
    return Outcome(trained, scenes, None, drawn.notes)


def _grouped_by(scenes: Sequence[Scene]) -> str:
    return scenes[0].labels.grouped_by
