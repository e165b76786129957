"""Segment without labels: cells of an embedding that are alike get one number and one colour."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import JobError, SourceError
from engine.jobs.cluster import ClusterJob
from engine.memory import keep_memory_level
from engine.options import MAX_CLASSES, MAX_CLASSES_UINT8
from engine.progress import CancelCallback, ProgressCallback, ProgressMeter
from engine.raster.cluster_colours import ordered_colours
from engine.raster.clusters import Clusters, Recentring, directions, fit_clusters
from engine.raster.components import TokenSample
from engine.raster.feature_raster import FeatureRaster
from engine.raster.map_writer import MapClass, MapWriter
from engine.raster.outputs import Outputs
from engine.tasks.feature_source import feature_source, refuse_to_overwrite
from engine.tasks.feature_strips import feature_strips
from engine.tasks.map_tags import map_tags

#: Shares of the progress bar: the embedding is there, its sample, the centres, the map.
_EMBEDDED, _SAMPLED, _FITTED, _CENTRED = 0.7, 0.78, 0.84, 0.92


@dataclass(frozen=True)
class ClusterResult:
    """What was written. ``clusters``: "value", "name", "colour" and "share" of the cells with data, in order.

    Clusters that stand next to each other are alike, and so are their colours. ``device`` is where the model ran,
    empty where the embedding was there.
    """

    output: str
    clusters: tuple[dict[str, Any], ...]
    rows: int
    cols: int
    seconds: float
    device: str
    notes: tuple[str, ...]

    def summary(self) -> str:
        """A line on the raster, then one per cluster."""
        lines = [f"Wrote {self.output}: {self.cols} × {self.rows} cells in {len(self.clusters)} clusters."]
        lines += [f"  {each['value']:3d}  {each['colour']}  {each['share']:6.1%}" for each in self.clusters]
        return "\n".join([*lines, f"Took {self.seconds:.1f} s."])


def run(
    job: ClusterJob, progress: ProgressCallback | None = None, cancelled: CancelCallback | None = None
) -> ClusterResult:
    """Runs the job and returns what was written.

    The raster lies on the cells of the embedding; values count from 1. Raises SmartiesErrors that say what to do,
    CancelledError when ``cancelled`` said so; nothing is left then.
    """
    started = time.monotonic()
    keep_memory_level()
    stopped = cancelled or (lambda: False)
    meter = ProgressMeter(progress)
    job.check()
    if not job.output:
        raise JobError("No output was named.", "Name the raster to write.")
    refuse_to_overwrite([job.output], job.inputs)
    with Outputs(job.overwrite) as outputs:
        temporary = outputs.add(job.output)
        source = feature_source(job, meter.part(0, _EMBEDDED), stopped)
        refuse_to_overwrite([job.output], [source.path])
        with FeatureRaster(source.path) as raster:
            sample = _sample(raster, meter.part(_EMBEDDED, _SAMPLED), stopped)
            meter.update(_SAMPLED, "Looking for clusters")
            clusters = fit_clusters(sample, job.clusters, job.seed)
            clusters = _centred(clusters, raster, meter.part(_FITTED, _CENTRED), stopped)
            classes = _classes(clusters)
            tags = map_tags("cluster", job, f"{len(classes)} clusters of {raster.record.title}", raster.record.model)
            counts = _write(raster, clusters, classes, temporary, tags, meter.part(_CENTRED, 1), stopped)
            rows, cols = raster.rows, raster.cols
    notes = [*source.notes]
    if len(classes) < job.clusters:
        notes.append(f"Only {len(classes)} cells differ from each other, so there are no {job.clusters} clusters.")
    meter.update(1, "Done")
    return ClusterResult(
        output=job.output,
        clusters=tuple(
            {"value": each.value, "name": each.name, "colour": each.colour, "share": float(count / counts.sum())}
            for each, count in zip(classes, counts, strict=True)
        ),
        rows=rows,
        cols=cols,
        seconds=time.monotonic() - started,
        device=source.device,
        notes=tuple(notes),
    )


def call(params: dict[str, Any], progress: ProgressCallback, cancelled: CancelCallback) -> dict[str, Any]:
    """``run`` for the worker: params are the fields of ``ClusterJob``."""
    return dataclasses.asdict(run(ClusterJob.from_dict(params), progress, cancelled))


def _sample(raster: FeatureRaster, progress: ProgressCallback, cancelled: CancelCallback) -> np.ndarray:
    """Unit vectors (n, D) spread evenly over the raster. Raises SourceError where no cell has data."""
    sample = TokenSample(raster.dims, raster.cols)
    for row, cells in feature_strips(raster, "Looking at the embedding", progress, cancelled):
        sample.add(row, cells)
    found = directions(sample.tokens().T)
    if not len(found):
        raise SourceError(
            f"The embedding of {raster.record.title} holds no cell with data.",
            "There is nothing to divide into clusters.",
        )
    return found


def _centred(
    clusters: Clusters, raster: FeatureRaster, progress: ProgressCallback, cancelled: CancelCallback
) -> Clusters:
    """The centres of the sample, moved to where all cells put them."""
    recentring = Recentring(clusters)
    for _, cells in feature_strips(raster, "Placing the clusters", progress, cancelled):
        recentring.add(directions(cells))
    return recentring.result()


def _classes(clusters: Clusters) -> list[MapClass]:
    colours = ordered_colours(clusters.gaps().tolist())
    return [MapClass(number, f"cluster {number}", colour) for number, colour in enumerate(colours, start=1)]


def _write(
    raster: FeatureRaster,
    clusters: Clusters,
    classes: list[MapClass],
    temporary: Path,
    tags: dict[str, str],
    progress: ProgressCallback,
    cancelled: CancelCallback,
) -> np.ndarray:
    """The map of all cells; gives the number of cells (k,) in each cluster."""
    small = len(classes) < MAX_CLASSES_UINT8
    dtype, nodata = ("uint8", MAX_CLASSES_UINT8) if small else ("uint16", MAX_CLASSES)
    counts = np.zeros(len(classes), np.int64)
    grid = raster.grid
    with MapWriter(
        temporary, raster.rows, raster.cols, dtype, nodata, grid.transform, grid.crs, ["cluster"], tags, classes
    ) as writer:
        for row, cells in feature_strips(raster, "Writing the map", progress, cancelled):
            values = np.full(cells.shape[1:], nodata, dtype)
            numbers = clusters.nearest(directions(cells))
            values[np.isfinite(cells[0])] = numbers + 1
            counts += np.bincount(numbers, minlength=len(classes))
            writer.write(row, 0, values[None])
    return counts
