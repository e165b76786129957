"""Reduce an embedding to its principal components: few bands that hold most of it, and a picture of three of them."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import JobError, SourceError
from engine.jobs.image import STATISTICS_AUTO
from engine.jobs.reduce import ReduceJob
from engine.memory import keep_memory_level
from engine.progress import CancelCallback, ProgressCallback, ProgressMeter
from engine.raster.components import StreamingCovariance, TokenSample
from engine.raster.feature_raster import FeatureRaster
from engine.raster.map_writer import MapWriter
from engine.raster.outputs import Outputs
from engine.raster.pca_picture import PictureWriter
from engine.raster.stored_values import HALF_LIMIT
from engine.tasks.basis import Basis, fit_basis, load_basis, save_basis
from engine.tasks.embed_setup import set_up
from engine.tasks.feature_source import embedding_job, feature_source, given_embeddings, refuse_to_overwrite
from engine.tasks.feature_strips import feature_strips
from engine.tasks.inputs import statistics_text
from engine.tasks.map_tags import map_tags
from engine.tasks.provenance import picture_provenance
from engine.tasks.recorded_statistics import recorded_statistics

#: Shares of the progress bar: the embedding is there, the components are found.
_EMBEDDED, _FITTED = 0.7, 0.85


@dataclass(frozen=True)
class ReduceResult:
    """What was written: ``output``, ``picture`` and the saved ``basis``, the latter two empty where not asked for.

    ``shares`` are the parts of this scene's variance that the components hold. ``rgb_bands`` and ``rgb_ranges`` show
    the first three as red, green and blue, with the stretch of the basis. ``device`` is where the model ran, empty
    where the embedding was there.
    """

    output: str
    picture: str
    basis: str
    rows: int
    cols: int
    shares: tuple[float, ...]
    rgb_bands: tuple[int, int, int]
    rgb_ranges: tuple[tuple[float, float], ...]
    seconds: float
    device: str
    notes: tuple[str, ...]

    def summary(self) -> str:
        """A line on the raster, one on what it holds, one per other file."""
        lines = [
            f"Wrote {self.output}: {self.cols} × {self.rows} cells of {len(self.shares)} components.",
            f"They hold {sum(self.shares):.0%} of the variance:"
            f" {', '.join(f'{share:.1%}' for share in self.shares[:8])}{', …' if len(self.shares) > 8 else ''}",
        ]
        lines += [f"Picture: {self.picture}"] if self.picture else []
        lines += [f"Basis: {self.basis}"] if self.basis else []
        return "\n".join([*lines, f"Took {self.seconds:.1f} s."])


def run(
    job: ReduceJob, progress: ProgressCallback | None = None, cancelled: CancelCallback | None = None
) -> ReduceResult:
    """Runs the job and returns what was written, all of it or nothing.

    The basis of another scene is refused where this one's vectors do not compare with it; images are given that
    scene's statistics unless the job names others. Raises SmartiesErrors that say what to do, CancelledError when
    ``cancelled`` said so.
    """
    started = time.monotonic()
    keep_memory_level()
    stopped = cancelled or (lambda: False)
    meter = ProgressMeter(progress)
    job.check()
    if not job.output:
        raise JobError("No output was named.", "Name the raster to write.")
    written = (job.output, job.picture, job.save_basis)
    refuse_to_overwrite(written, [*job.inputs, job.basis])
    known = _known_basis(job) if job.basis else None
    with Outputs(job.overwrite) as outputs:
        temporary = outputs.add(job.output)
        picture = outputs.add(job.picture) if job.picture else None
        saved = outputs.add(job.save_basis, (".safetensors",), "a basis") if job.save_basis else None
        source = feature_source(_with_statistics(job, known) if known else job, meter.part(0, _EMBEDDED), stopped)
        refuse_to_overwrite(written, [source.path])
        with FeatureRaster(source.path) as raster:
            if known:
                known.check_fits(raster.record.fingerprint, f"the embedding of {raster.record.title}")
            basis = known or _fit(raster, job, meter.part(_EMBEDDED, _FITTED), stopped)
            held = _write(raster, source.path, job, basis, temporary, picture, meter.part(_FITTED, 1), stopped)
            if saved:
                save_basis(saved, basis)
            rows, cols = raster.rows, raster.cols
    meter.update(1, "Done")
    first = [min(number, len(basis.low) - 1) for number in range(3)]
    return ReduceResult(
        output=job.output,
        picture=job.picture,
        basis=job.save_basis,
        rows=rows,
        cols=cols,
        shares=held.shares(),
        rgb_bands=(first[0] + 1, first[1] + 1, first[2] + 1),
        rgb_ranges=tuple((float(basis.low[number]), float(basis.high[number])) for number in first),
        seconds=time.monotonic() - started,
        device=source.device,
        notes=(*source.notes, *_basis_notes(known, held)),
    )


def call(params: dict[str, Any], progress: ProgressCallback, cancelled: CancelCallback) -> dict[str, Any]:
    """``run`` for the worker: params are the fields of ``ReduceJob``."""
    return dataclasses.asdict(run(ReduceJob.from_dict(params), progress, cancelled))


class _Held:
    """How much of a scene's variance the components of a basis hold, added up while it is written."""

    def __init__(self, basis: Basis) -> None:
        self.count = 0
        self._sums = np.zeros((2, len(basis.low)))
        self._all = np.zeros((2, len(basis.mean)))

    def add(self, centred: np.ndarray, projected: np.ndarray) -> None:
        """Take tokens (n, D), the basis's mean taken off, and their components (n, k) in."""
        self.count += len(centred)
        for sums, values in ((self._all, centred), (self._sums, projected)):
            sums[0] += values.sum(axis=0, dtype=np.float64)
            sums[1] += np.einsum("ij,ij->j", values, values)

    def shares(self) -> tuple[float, ...]:
        """The part of the variance that each component holds; all 0 where nothing varies."""
        count = max(self.count, 1)
        own, every = (sums[1] / count - (sums[0] / count) ** 2 for sums in (self._sums, self._all))
        return tuple(float(max(each, 0) / max(every.sum(), 1e-30)) for each in own)


def _known_basis(job: ReduceJob) -> Basis:
    basis = load_basis(job.basis)
    if job.components > len(basis.shares):
        raise JobError(
            f"{Path(job.basis).name} has {len(basis.shares)} components, {job.components} were asked for.",
            f"Ask for at most {len(basis.shares)}.",
        )
    return basis.first(job.components)


def _with_statistics(job: ReduceJob, basis: Basis) -> ReduceJob:
    """The job for images with the statistics of the basis's scene. Raises CheckpointError for other bands."""
    if given_embeddings(job.inputs) or job.statistics != STATISTICS_AUTO:
        return job
    setup = set_up(embedding_job(job))
    known = recorded_statistics(basis.images, setup.detected, setup.assignments)
    planned = {**basis.fingerprint, "chip": setup.chip, "fusion": job.fusion, "level": job.level}
    if known is None:
        planned["bands"] = [[each.to_dict()["weights"] for each in assigned] for assigned in setup.assignments]
    basis.check_fits(planned, " + ".join(each.image.title for each in setup.detected))
    return dataclasses.replace(job, statistics=statistics_text([json.loads(each.to_json()) for each in known or []]))


def _fit(raster: FeatureRaster, job: ReduceJob, progress: ProgressCallback, cancelled: CancelCallback) -> Basis:
    """The components of all cells, in one pass. Raises JobError for too many, SourceError where no cell has data."""
    if job.components > raster.dims:
        raise JobError(
            f"The embedding has {raster.dims} values per cell, so it has no {job.components} components.",
            f"Ask for at most {raster.dims}.",
        )
    covariance, sample = StreamingCovariance(raster.dims), TokenSample(raster.dims, raster.cols)
    for row, cells in feature_strips(raster, "Looking for the components", progress, cancelled):
        covariance.add(_tokens(cells)[0])
        sample.add(row, cells)
    if not covariance.count:
        raise SourceError(
            f"The embedding of {raster.record.title} holds no cell with data.",
            "There is nothing to find components of.",
        )
    record = raster.record
    return fit_basis(covariance, sample.tokens(), job.components, record.fingerprint, record.images, record.title)


def _write(
    raster: FeatureRaster,
    embedding: Path,
    job: ReduceJob,
    basis: Basis,
    temporary: Path,
    picture: Path | None,
    progress: ProgressCallback,
    cancelled: CancelCallback,
) -> _Held:
    """Write the components of all cells, and their picture; gives how much they hold."""
    held, grid, record = _Held(basis), raster.grid, raster.record
    tags = map_tags("reduce", job, f"{len(basis.shares)} components of {record.title}", record.model)
    names = [f"component {number} ({share:.1%} of variance)" for number, share in enumerate(basis.shares, start=1)]
    with ExitStack() as stack:
        writer = stack.enter_context(
            MapWriter(temporary, raster.rows, raster.cols, job.dtype, np.nan, grid.transform, grid.crs, names, tags)
        )
        drawn = picture and stack.enter_context(PictureWriter(picture, grid, _picture_tags(job, embedding, tags)))
        for row, cells in feature_strips(raster, "Writing the components", progress, cancelled):
            tokens, data = _tokens(cells)
            tokens -= basis.mean
            projected = tokens @ basis.directions.T
            held.add(tokens, projected)
            writer.write(row, 0, _placed(projected, data, job.dtype))
            if drawn:
                colours = np.zeros((*data.shape, 3), np.uint8)
                colours[data] = basis.colours(projected)
                drawn.write(row, 0, colours, data)
    return held


def _placed(projected: np.ndarray, data: np.ndarray, dtype: str) -> np.ndarray:
    """Components (n, k) where the cells with data are: (k, h, w) float32, as ``dtype`` can hold them."""
    values = np.full((projected.shape[1], *data.shape), np.nan, np.float32)
    values[:, data] = projected.T
    if dtype == "float16":
        # GDAL cuts the digits off when it makes halves: round them first.
        values = np.clip(values, -HALF_LIMIT, HALF_LIMIT).astype(np.float16).astype(np.float32)
    return values


def _tokens(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tokens (n, D) of the cells (D, h, w) that have data, and which these are (h, w)."""
    data = np.isfinite(cells[0])
    return np.ascontiguousarray(cells[:, data].T), data


def _picture_tags(job: ReduceJob, embedding: Path, tags: dict[str, str]) -> dict[str, str]:
    """A picture leads to its embedding where the user has that: one that is only kept for a while may be gone."""
    if not given_embeddings(job.inputs):
        return {**tags, "TIFFTAG_IMAGEDESCRIPTION": f"Principal components of: {tags['TIFFTAG_IMAGEDESCRIPTION']}"}
    return {**tags, **picture_provenance(tags, embedding, Path(job.picture))}


def _basis_notes(known: Basis | None, held: _Held) -> Iterator[str]:
    if known is None:
        return
    here, there = sum(held.shares()), sum(known.shares)
    yield f"The components hold {here:.0%} of this scene's variance, and {there:.0%} of {known.scene}'s."
