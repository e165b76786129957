"""Train a head: from images, or embeddings, and labelled places to something that makes maps."""

from __future__ import annotations

import dataclasses
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from engine.errors import JobError
from engine.heads.files import json_beside, save_head
from engine.jobs.train_head import TrainHeadJob
from engine.memory import keep_memory_level
from engine.model.devices import choose_device, choose_precision, describe_device
from engine.progress import CancelCallback, ProgressCallback, ProgressMeter
from engine.raster.feature_raster import FeatureRaster
from engine.raster.grid import Grid
from engine.raster.outputs import Outputs
from engine.tasks.embed_setup import set_up
from engine.tasks.feature_source import embedding_job, feature_sources, given_embeddings, refuse_to_overwrite
from engine.tasks.train_head_info import own_layers, with_own_layers
from engine.tasks.train_kinds import train
from engine.tasks.train_report import report_pictures, write_report
from engine.tasks.train_scenes import check_alike, overlap_warnings, scenes_of
from engine.vector.labels import open_labels

#: Shares of the progress bar: labels looked at, features made, head trained; the rest is the report. Training inside
#: the model takes longer than the features.
_LABELLED, _EMBEDDED, _EMBEDDED_FIRST, _TRAINED = 0.02, 0.7, 0.15, 0.97


@dataclass(frozen=True)
class TrainHeadResult:
    """What was written, and how good it is.

    ``classes``: "value", "name", "colour", "groups" and "pixels" of each. ``accuracy``: see
    ``engine.heads.accuracy.accuracy_summary``, None where nothing was measured. ``warnings`` say what to think of it,
    ``notes`` what the user should know else. ``features_reused``: the embedding was there.
    """

    output: str
    report: str
    kind: str
    classes: tuple[dict[str, Any], ...]
    accuracy: dict[str, Any] | None
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    seconds: float
    features_reused: bool
    device: str

    def summary(self) -> str:
        """What was written and how good it is, a line per class, for a terminal."""
        lines = [f"Wrote {self.output}: a {self.kind} head for {len(self.classes)} classes."]
        lines += [f"Report: {self.report}"] if self.report else []
        if self.accuracy is None:
            lines += [f"  {each['name']}: {each['pixels']:,} labelled" for each in self.classes]
            lines.append("Its accuracy was not measured.")
        else:
            lines += _table(self.accuracy)
        lines.append(f"Took {self.seconds:.1f} s{', with the embedding made before' if self.features_reused else ''}.")
        return "\n".join(lines)


def run(
    job: TrainHeadJob, progress: ProgressCallback | None = None, cancelled: CancelCallback | None = None
) -> TrainHeadResult:
    """Runs the job and returns what was written.

    Nothing stands under the outputs' names until all are whole. Raises a SmartiesError that says what to do,
    CancelledError when ``cancelled`` said so.
    """
    started = time.monotonic()
    keep_memory_level()
    stopped = cancelled or (lambda: False)
    meter = ProgressMeter(progress)
    job.check()
    if not job.output:
        raise JobError("No output was named.", "Name the head to write (--out HEAD.safetensors).")
    outputs_named = (job.output, str(json_beside(job.output)), job.report)
    sources_named = (*job.inputs, *(source.split("|")[0] for source in job.labels), job.statistics, job.projections)
    refuse_to_overwrite(outputs_named, (*sources_named, *job.band_tables))
    with Outputs(job.overwrite) as outputs, ExitStack() as stack:
        tensors_file = outputs.add(job.output, (".safetensors",), "a head")
        json_file = outputs.add(json_beside(job.output), (".json",), "a head's description")
        report_file = outputs.add(job.report, (".html", ".htm"), "a web page") if job.report else None
        meter.update(0, "Reading the labels")
        grids, chip = _grids(job)
        options = job.class_field, job.ignore, job.class_names, job.class_colours
        # Before the embedding, which may take long: a field that is not there is told at once.
        labels = open_labels(job.labels, grids, *options, job.block_px or chip, stopped)
        embedded = _EMBEDDED_FIRST if job.learn_bands or job.kind == "upernet" else _EMBEDDED
        sources = feature_sources(job, meter.part(_LABELLED, embedded), stopped)
        rasters = [stack.enter_context(FeatureRaster(source.path)) for source in sources]
        check_alike(rasters)
        scenes = scenes_of(rasters, labels, one_source=len(job.labels) == 1)
        outcome = train(job, scenes, labels, stack, meter.part(embedded, _TRAINED), stopped)
        trained = outcome.trained
        if trained.head.info.accuracy is not None:
            trained.head.info.accuracy["warnings"] += overlap_warnings(scenes)
        own, own_notes = own_layers(job, outcome.scenes[0].raster, outcome.own)
        trained.head.info = info = with_own_layers(trained.head.info, own)
        of_features = [note for source in outcome.sources or sources for note in source.notes]
        notes = list(dict.fromkeys([*of_features, *labels.notes, *outcome.notes, *own_notes]))
        save_head(tensors_file, json_file, trained.head, own)
        if report_file is not None:
            meter.update(_TRAINED, "Writing the report")
            rasters = [scene.raster for scene in outcome.scenes]
            pictures = report_pictures(trained.head, trained.tested, rasters, stopped)
            write_report(report_file, job, info, trained.accuracy, pictures, notes)
    meter.update(1, "Done")
    device = choose_device(job.device)
    return TrainHeadResult(
        output=job.output,
        report=job.report,
        kind=job.kind,
        classes=tuple(
            {key: each[key] for key in ("value", "name", "colour", "groups", "pixels")}
            for each in trained.accuracy["per_class"]
        ),
        accuracy=info.accuracy,
        warnings=tuple(trained.accuracy["warnings"]),
        notes=tuple(notes),
        seconds=time.monotonic() - started,
        features_reused=all(source.reused for source in (*sources, *outcome.sources)),
        device=describe_device(device, choose_precision(job.precision, device)),
    )


def call(params: dict[str, Any], progress: ProgressCallback, cancelled: CancelCallback) -> dict[str, Any]:
    """``run`` for the worker: params are the fields of ``TrainHeadJob``."""
    return dataclasses.asdict(run(TrainHeadJob.from_dict(params), progress, cancelled))


def _grids(job: TrainHeadJob) -> tuple[list[Grid], int]:
    """The grids of pixels that are labelled, one per scene, and the chip in pixels; no pixel is read."""
    given = list(dict.fromkeys(given_embeddings(job.inputs)))
    if not given:
        setup = set_up(embedding_job(job))
        return [setup.grid], setup.chip
    grids, chip = [], 1
    for path in given:
        with FeatureRaster(path) as raster:
            grids.append(raster.source_grid)
            chip = raster.record.chip
    return grids, chip


def _table(accuracy: dict[str, Any]) -> list[str]:
    counted = accuracy["counted"]
    many = "polygons" if accuracy["grouped_by"] == "polygon" else "blocks"
    names = [str(each["name"]) for each in accuracy["per_class"]]
    width = max(len(name) for name in ("class", *names))
    lines = [
        f"On {many} it had not seen, {accuracy['overall']:.1%} of the {counted} are right; mean F1"
        f" {accuracy['mean_f1']:.3f}, mean IoU {accuracy['mean_iou']:.3f}.",
        f"  {'class':<{width}}  {many:>8} {counted:>10}  precision  recall     F1    IoU",
    ]
    for name, each in zip(names, accuracy["per_class"], strict=True):
        figures = [each[key] for key in ("precision", "recall", "f1", "iou")]
        shown = [
            f"{'–' if value is None else f'{value:.3f}':>{size}}"
            for value, size in zip(figures, (9, 6, 5, 5), strict=True)
        ]
        lines.append(f"  {name:<{width}}  {each['groups']:>8}  {each['pixels']:>9,}  {'  '.join(shown)}")
    return lines
