"""Tell what changed between two dates, or looks different to two sensors: the cosine distance of two embeddings."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import CancelledError, GridError, JobError, SourceError
from engine.jobs.change import ChangeJob
from engine.jobs.embed import EmbedJob
from engine.memory import keep_memory_level
from engine.progress import CancelCallback, Progress, ProgressCallback, ProgressMeter
from engine.raster.components import STRETCH, TokenSample
from engine.raster.feature_raster import READ_BYTES, FeatureRaster
from engine.raster.fingerprint import image_differences, setting_differences
from engine.raster.grid import Grid
from engine.raster.grid_text import grid_to_text
from engine.raster.map_writer import MapWriter
from engine.raster.outputs import Outputs
from engine.tasks.embed_setup import default_chip
from engine.tasks.feature_source import (
    FeatureSource,
    embedding_job,
    given_embeddings,
    given_source,
    made_of_images,
    refuse_to_overwrite,
)
from engine.tasks.inputs import detect_inputs, grid_of
from engine.tasks.map_tags import map_tags

#: Shares of the progress bar: the images before are embedded, those after.
_BEFORE, _AFTER = 0.46, 0.92


@dataclass(frozen=True)
class ChangeResult:
    """What was written: distances from 0 (alike) to 2 on the cells of the embeddings.

    ``median`` is that of all cells, ``low`` and ``high`` are the distances at the 2nd and 98th percentile. ``device``
    is where the model ran, empty where both embeddings were there.
    """

    output: str
    rows: int
    cols: int
    median: float
    low: float
    high: float
    seconds: float
    device: str
    notes: tuple[str, ...]

    def summary(self) -> str:
        """Three lines for a terminal."""
        return (
            f"Wrote {self.output}: {self.cols} × {self.rows} cells.\n"
            f"Half of them differ by less than {self.median:.3g}, one in fifty by more than {self.high:.3g}.\n"
            f"Took {self.seconds:.1f} s."
        )


def run(
    job: ChangeJob, progress: ProgressCallback | None = None, cancelled: CancelCallback | None = None
) -> ChangeResult:
    """Runs the job and returns what was written.

    Images of both sides are brought onto one grid first, the one that all of them share. Raises SmartiesErrors that
    say what to do, CancelledError when ``cancelled`` said so; nothing is left then.
    """
    started = time.monotonic()
    keep_memory_level()
    stopped = cancelled or (lambda: False)
    meter = ProgressMeter(progress)
    job.check()
    if not job.output:
        raise JobError("No output was named.", "Name the raster to write.")
    refuse_to_overwrite([job.output], [*job.inputs, *job.after])
    with Outputs(job.overwrite) as outputs:
        temporary = outputs.add(job.output)
        sides = _sides(job, meter, stopped)
        refuse_to_overwrite([job.output], [side.path for side in sides])
        with FeatureRaster(sides[0].path) as before, FeatureRaster(sides[1].path) as after:
            pair = _Pair(before, after)
            notes = (*_told_apart(sides), *_notes(before, after))
            sample = _write(job, pair, temporary, meter.part(_AFTER, 1), stopped)
    meter.update(1, "Done")
    low, median, high = np.percentile(sample, [STRETCH[0], 50, STRETCH[1]])
    return ChangeResult(
        output=job.output,
        rows=pair.grid.height,
        cols=pair.grid.width,
        median=float(median),
        low=float(low),
        high=float(high),
        seconds=time.monotonic() - started,
        device=next((side.device for side in sides if side.device), ""),
        notes=notes,
    )


def call(params: dict[str, Any], progress: ProgressCallback, cancelled: CancelCallback) -> dict[str, Any]:
    """``run`` for the worker: params are the fields of ``ChangeJob``."""
    return dataclasses.asdict(run(ChangeJob.from_dict(params), progress, cancelled))


class _Pair:
    """Two embeddings that lie on one lattice: what both cover of it, on ``grid``.

    Raises JobError where their vectors do not compare, GridError where their cells are not the same places.
    """

    def __init__(self, before: FeatureRaster, after: FeatureRaster) -> None:
        self._before, self._after = before, after
        self.before, self.after = before.record, after.record
        differences = list(setting_differences(before.record.fingerprint, after.record.fingerprint))
        if not differences and before.dims != after.dims:
            differences = [f"one has {before.dims} values per cell, the other {after.dims}"]
        if differences:
            raise JobError(
                f"The embeddings {before.path.name} and {after.path.name} do not compare: {'; '.join(differences)}.",
                "Make both with the same model and settings, or give the images: they are embedded alike.",
            )
        offset = after.grid.offset_in(before.grid)
        if offset is None:
            raise GridError(
                f"The cells of {before.path.name} and {after.path.name} are not the same places: "
                f"{before.grid.describe()} and {after.grid.describe()}.",
                "Give the images in place of the embeddings: they are brought onto one grid.",
            )
        row, col = offset
        self._row0, self._col0 = max(0, row), max(0, col)
        row1, col1 = min(before.rows, row + after.rows), min(before.cols, col + after.cols)
        if self._row0 >= row1 or self._col0 >= col1:
            raise GridError(
                f"{before.path.name} and {after.path.name} do not overlap.", "Give embeddings of the same place."
            )
        self._shift = (self._row0 - row, self._col0 - col)
        self.grid: Grid = before.grid.crop(self._row0, row1, self._col0, col1)

    def strips(self) -> Iterator[tuple[int, np.ndarray]]:
        """First row and cosine distances (n, cols) float32 of every strip, NaN where either side has no data."""
        width = self.grid.width
        for start, stop in self._before.strips(READ_BYTES // 2):
            row0, row1 = max(start - self._row0, 0), min(stop - self._row0, self.grid.height)
            if row0 >= row1:
                continue
            own = self._before.read(row0 + self._row0, row1 + self._row0, self._col0, self._col0 + width)
            down, across = self._shift
            other = self._after.read(row0 + down, row1 + down, across, across + width)
            yield row0, _distances(own, other)


def _distances(own: np.ndarray, other: np.ndarray) -> np.ndarray:
    """1 − cosine of vectors (dims, h, w), which are overwritten; NaN for a vector without data or without length."""
    for vectors in (own, other):
        lengths = np.sqrt(np.einsum("dij,dij->ij", vectors, vectors))
        vectors /= np.where(lengths > 0, lengths, np.float32(np.nan))
    # Half the squared distance of unit vectors is the same, and 0 for equal ones whatever the rounding.
    own -= other
    return np.asarray(0.5 * np.einsum("dij,dij->ij", own, own))


def _write(
    job: ChangeJob, pair: _Pair, temporary: Path, progress: ProgressCallback, cancelled: CancelCallback
) -> np.ndarray:
    """Write the distances; gives a sample (n,) of them. Raises SourceError where no place has data on both sides."""
    grid, before, after = pair.grid, pair.before, pair.after
    tags = map_tags("change", job, f"Change from {before.title} to {after.title}", before.model)
    sample = TokenSample(1, grid.width)
    names = ["cosine distance"]
    with MapWriter(
        temporary, grid.height, grid.width, "float32", np.nan, grid.transform, grid.crs, names, tags
    ) as writer:
        for row, distances in pair.strips():
            if cancelled():
                raise CancelledError("Cancelled; nothing was written.")
            sample.add(row, distances[None])
            writer.write(row, 0, distances[None])
            progress(Progress(row / grid.height, "Comparing"))
    found = sample.tokens()[:, 0]
    if not len(found):
        raise SourceError("No place has data on both sides.", "Choose images that cover the same place.")
    return found


def _sides(job: ChangeJob, meter: ProgressMeter, cancelled: CancelCallback) -> tuple[FeatureSource, FeatureSource]:
    """The two embeddings: those given, or the ones of the images."""
    given = given_embeddings(job.inputs), given_embeddings(job.after)
    if any(given):
        if not all(given):
            raise JobError(
                "One side is an embedding, the other one images.", "Give images on both sides, or two embeddings."
            )
        if len(given[0]) != 1 or len(given[1]) != 1:
            raise JobError("Several embeddings were given for one side.", "Give one on each side.")
        return given_source(given[0][0]), given_source(given[1][0])
    before, after = _jobs_on_one_grid(job)
    first = made_of_images(before, meter.part(0, _BEFORE), cancelled)
    second = made_of_images(after, meter.part(_BEFORE, _AFTER), cancelled)
    if not first.path.is_file():
        raise JobError(
            "The embeddings of both sides do not fit into the folder where they are kept.",
            "Let it hold more (SMARTIES_CACHE_GB), or make both embeddings first and give them.",
        )
    return first, second


def _jobs_on_one_grid(job: ChangeJob) -> tuple[EmbedJob, EmbedJob]:
    """The jobs of embedding each side: on the grid that the images of both share, in chips of one size."""
    before = embedding_job(job)
    sides = detect_inputs(before), detect_inputs(_of_after(job, before))
    if job.fusion != "stack" and len(sides[0]) != len(sides[1]):
        raise JobError(
            f"With the fusion “{job.fusion}” each image adds its own features: {len(sides[0])} image(s) on one side do"
            f" not compare with {len(sides[1])} on the other.",
            "Give as many images on both sides, or use the fusion “stack”.",
        )
    detected = [*sides[0], *sides[1]]
    grid = grid_of(job, detected)
    before = dataclasses.replace(
        before,
        grid_like=grid_to_text(grid),
        chip=job.chip or default_chip(grid, detected),
        extent=None,
        extent_crs=None,
        crs=None,
        resolution=None,
        reference=None,
    )
    return before, _of_after(job, before)


def _of_after(job: ChangeJob, before: EmbedJob) -> EmbedJob:
    """The job of embedding the images after as those before are."""
    return dataclasses.replace(before, inputs=job.after, sensors=job.after_sensors, band_tables=job.after_band_tables)


def _told_apart(sides: tuple[FeatureSource, FeatureSource]) -> Iterator[str]:
    """The notes of both sides; what holds for one says for which."""
    first, second = (side.notes for side in sides)
    yield from (note if note in second else f"Before: {note}" for note in first)
    yield from (f"After: {note}" for note in second if note not in first)


def _notes(before: FeatureRaster, after: FeatureRaster) -> Iterator[str]:
    own, other = before.record.fingerprint, after.record.fingerprint
    if own["bands"] != other["bands"]:
        yield (
            "The two sides have different bands: they are apart by what each sensor sees, too. Compare places with each"
            " other, not with 0."
        )
    elif any(image_differences(own, other)):
        yield (
            "The statistics of the two sides differ, so a change that covers the whole scene is evened out. Give both"
            " the same ones (--statistics) to see it."
        )
