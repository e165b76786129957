"""Find what is alike: from points or features to a map of how similar every place is."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.windows import Window

from engine.errors import CancelledError, JobError, OutputError
from engine.jobs.similarity import SimilarityJob
from engine.memory import keep_memory_level
from engine.progress import CancelCallback, Progress, ProgressCallback, ProgressMeter
from engine.raster.feature_raster import FeatureRaster, embedding_behind
from engine.raster.map_writer import MapClass, MapWriter
from engine.raster.opening import gdal_environment
from engine.raster.outputs import Outputs
from engine.tasks.map_tags import map_tags
from engine.tasks.similarity_examples import Examples, example_file, read_examples
from engine.tasks.similarity_index import SimilarityIndex, similarity_index

#: Similarities are written in so many steps from 0 to 1: they are no more exact, and the file is smaller and faster.
_STEPS = 4096
#: Rows that are searched at once: whole blocks of the output.
_ROWS = 256
#: The share of cells whose similarity is below the lower end of ``SimilarityResult.value_range``.
_LOW_SHARE = 0.02
_ALIKE = MapClass(1, "alike", "#d7301f")


@dataclass(frozen=True)
class SimilarityResult:
    """What was written: ``like`` and ``unlike`` examples entered, ``polygon_count`` polygons are in ``polygons``.

    ``value_range``: the similarity that 2 % of the cells do not reach, and the largest; a style's ends.
    """

    output: str
    polygons: str
    rows: int
    cols: int
    like: int
    unlike: int
    polygon_count: int
    value_range: tuple[float, float]
    seconds: float
    notes: tuple[str, ...]

    def summary(self) -> str:
        """Two lines for a terminal, three with polygons."""
        against = f" and {self.unlike} against" if self.unlike else ""
        lines = [
            f"Wrote {self.output}: {self.cols} × {self.rows} cells, similarity to {self.like} example(s){against}.",
            *([f"Wrote {self.polygons}: {self.polygon_count} polygons."] if self.polygons else []),
            f"Took {self.seconds:.2f} s.",
        ]
        return "\n".join(lines)


def run(
    job: SimilarityJob, progress: ProgressCallback | None = None, cancelled: CancelCallback | None = None
) -> SimilarityResult:
    """Runs the job; raises SmartiesErrors, CancelledError when ``cancelled`` said so."""
    started = time.monotonic()
    keep_memory_level()
    stopped = cancelled or (lambda: False)
    meter = ProgressMeter(progress)
    job.check()
    if not job.output:
        raise JobError("No output was named.", "Name the raster to write.")
    with Outputs(job.overwrite) as outputs:
        raster_file = outputs.add(job.output)
        polygon_file = outputs.add(job.polygons, (".gpkg",), "a GeoPackage") if job.polygons else None
        path, notes = _embedding(job, meter.part(0, 0.7), stopped)
        for output in (job.output, job.polygons):
            if output and Path(output).resolve() in _inputs(job, path):
                raise OutputError(f"{output} is one of the files to read.", "Choose another name for the output.")
        with FeatureRaster(path) as raster:
            index = similarity_index(raster, job.centred, meter.part(0.7, 0.9), stopped)
            like = read_examples(job.like, job.points_crs, raster, index, stopped)
            unlike = read_examples(job.unlike, job.points_crs, raster, index, stopped)
            value_range = _search(job, raster, index, like, unlike, raster_file, meter.part(0.9, 0.97), stopped)
            grid = raster.grid
        count = 0
        if polygon_file is not None:
            count = _write_polygons(raster_file, polygon_file, job.threshold or 0.0, meter.part(0.97, 1), stopped)
    meter.update(1, "Done")
    return SimilarityResult(
        output=job.output,
        polygons=job.polygons,
        rows=grid.height,
        cols=grid.width,
        like=len(like.vectors),
        unlike=len(unlike.vectors),
        polygon_count=count,
        value_range=value_range,
        seconds=time.monotonic() - started,
        notes=(*notes, *like.notes, *unlike.notes),
    )


def call(params: dict[str, Any], progress: ProgressCallback, cancelled: CancelCallback) -> dict[str, Any]:
    """``run`` for the worker: params are the fields of ``SimilarityJob``."""
    return dataclasses.asdict(run(SimilarityJob.from_dict(params), progress, cancelled))


def _embedding(
    job: SimilarityJob, progress: ProgressCallback, cancelled: CancelCallback
) -> tuple[Path, tuple[str, ...]]:
    """The one embedding to search, made of images where these are given, and the notes of how it was made."""
    given = embedding_behind(job.inputs[0]) if len(job.inputs) == 1 else None
    if given is not None and not _is_random(given):
        return given, ()
    # Imported here: a click on an embedding that is there waits for no model and none of the libraries it needs.
    from engine.tasks.feature_source import feature_source

    source = feature_source(job, progress, cancelled)
    return source.path, source.notes


def _is_random(embedding: Path) -> bool:
    """Whether the model was never trained, which the notes of its features tell."""
    with FeatureRaster(embedding) as raster:
        return bool(raster.record.model.get("random"))


def _inputs(job: SimilarityJob, embedding: Path) -> set[Path]:
    """The files that are read, which must not be replaced."""
    examples = (example_file(source) for source in (*job.like, *job.unlike))
    named = (embedding, *map(Path, job.inputs), *(file for file in examples if file is not None))
    return {path.resolve() for path in named}


def _search(
    job: SimilarityJob,
    raster: FeatureRaster,
    index: SimilarityIndex,
    like: Examples,
    unlike: Examples,
    output: Path,
    progress: ProgressCallback,
    cancelled: CancelCallback,
) -> tuple[float, float]:
    """Write the map; gives the range of values to show it with."""
    against = f" and not to {len(unlike.vectors)}" if len(unlike.vectors) else ""
    description = f"Similarity to {len(like.vectors)} example(s){against} in {raster.path.name}"
    tags = map_tags("similarity", job, description, raster.record.model)
    counts = np.zeros(2 * _STEPS + 1, np.int64)
    place = raster.grid.transform, raster.crs
    with MapWriter(output, raster.rows, raster.cols, "float32", np.nan, *place, ["similarity"], tags) as writer:
        for row0 in range(0, raster.rows, _ROWS):
            if cancelled():
                raise CancelledError("Cancelled; nothing was written.")
            row1 = min(row0 + _ROWS, raster.rows)
            steps = np.rint(index.scores(row0, row1, like.vectors, unlike.vectors) * _STEPS)
            counts += np.bincount((steps[np.isfinite(steps)] + _STEPS).astype(np.int64), minlength=len(counts))
            writer.write(row0, 0, steps[None] / _STEPS)
            progress(Progress(row1 / raster.rows, "Searching what is alike"))
    reached = np.cumsum(counts)
    low, high = np.searchsorted(reached, (_LOW_SHARE * reached[-1], reached[-1])).tolist()
    return (low - _STEPS) / _STEPS, (high - _STEPS) / _STEPS


def _write_polygons(
    scores: Path, output: Path, threshold: float, progress: ProgressCallback, cancelled: CancelCallback
) -> int:
    """Write the outlines of what reaches ``threshold`` in the map ``scores``; gives their number."""
    # Imported here: most searches draw no outlines, and the libraries that do take their time to load.
    from engine.vector.polygons import polygonise, write_polygons

    with gdal_environment(), rasterio.open(scores) as dataset:

        def read(row0: int, row1: int) -> np.ndarray:
            if cancelled():
                raise CancelledError("Cancelled; nothing was written.")
            progress(Progress(row0 / dataset.height, "Drawing outlines"))
            values = dataset.read(1, window=Window(0, row0, dataset.width, row1 - row0))
            # Comparing NaN, which is no data, gives false.
            return np.where(values >= threshold, 0, -1).astype(np.int32)

        polygons = polygonise(read, dataset.height, dataset.width, dataset.transform)
        return write_polygons(output, polygons, [_ALIKE], dataset.crs, cancelled)
