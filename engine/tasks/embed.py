"""Embed images: one feature vector per token (or per chip), as a raster that lies on the images."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import platform
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio

import engine
from engine.errors import CancelledError, JobError, SourceError
from engine.jobs.embed import EmbedJob
from engine.log import LOGGER
from engine.memory import keep_memory_level
from engine.model import load_encoder
from engine.model.devices import choose_device, choose_precision, describe_device
from engine.model.encoder import ModelInfo
from engine.model.fusion import check_fusion
from engine.progress import CancelCallback, Progress, ProgressCallback, ProgressMeter
from engine.raster.blend import StripBlender
from engine.raster.grid import Grid
from engine.raster.reader import block_cache
from engine.raster.strips import Strip, StripReader
from engine.raster.tiles import Tile, TilePlan, plan_tiles
from engine.raster.writers import RasterWriter, check_output, int8_scales
from engine.tasks.features import FeatureExtractor
from engine.tasks.inputs import (
    DetectedImage,
    PreparedImage,
    detect_inputs,
    grid_of,
    prepare_images,
    refuse_to_overwrite_inputs,
)

#: DESIGN: 112 source pixels per model input for imagery of about 10 m, 224 for finer.
COARSE_CHIP_PX, FINE_CHIP_PX = 112, 224
FINE_GSD_M = 5.0

#: int8 scales are taken from this many tiles, spread over the raster.
SCALE_TILES = 16

#: Shares of the progress bar: reading values for radiometry and statistics, then the tiles, then overviews and close.
_PREPARED, _EMBEDDED = 0.1, 0.97


@dataclass(frozen=True)
class EmbedResult:
    """What was written, and what the user should know of it."""

    output: str
    rows: int
    cols: int
    dims: int
    tiles: int
    seconds: float
    device: str
    model: str
    notes: tuple[str, ...]

    def summary(self) -> str:
        """Three lines for a terminal."""
        return (
            f"Wrote {self.output}: {self.cols} × {self.rows} cells of {self.dims} values, from {self.tiles} tiles.\n"
            f"Took {self.seconds:.1f} s on {self.device}.\n"
            f"Model: {self.model}"
        )


def run(
    job: EmbedJob, progress: ProgressCallback | None = None, cancelled: CancelCallback | None = None
) -> EmbedResult:
    """Runs the job and returns what was written.

    Nothing stands under the output's name until the raster is whole. Raises a
    SmartiesError that says what to do, CancelledError when ``cancelled`` said so.
    """
    started = time.monotonic()
    keep_memory_level()
    stopped = cancelled or (lambda: False)
    meter = ProgressMeter(progress)
    job.check()
    if not job.output:
        raise JobError("No output was named.", "Name the raster to write.")
    output = Path(job.output)
    check_output(output, job.overwrite)
    meter.update(0, "Opening the images")
    detected = detect_inputs(job)
    refuse_to_overwrite_inputs(output, detected)
    check_fusion(job.fusion, len(detected))
    assignments = [each.assign(job) for each in detected]
    grid = grid_of(job, detected)
    device = choose_device(job.device)
    precision = choose_precision(job.precision, device)
    encoder = load_encoder(job.model, device=str(device), precision=precision)
    images = prepare_images(job, detected, assignments, grid, meter.part(0, _PREPARED), stopped)
    chip = job.chip or default_chip(grid, detected)
    plan = plan_tiles(grid.height, grid.width, chip, encoder.config.grid, job.overlap, job.level)

    notes = [*_notes(images, encoder.info), plan.note]
    with FeatureExtractor(encoder, images, job.fusion, device, job.batch, stopped) as extractor:
        scales = int8_scales(_features_of_a_sample(images, grid, plan, extractor)) if job.dtype == "int8" else None
        resolved = dataclasses.replace(job, chip=chip)
        with RasterWriter(
            output,
            plan.rows,
            plan.cols,
            extractor.width,
            plan.transform(grid.transform),
            grid.crs,
            job.dtype,
            band_names=band_names(extractor.width, job.fusion, detected),
            tags=provenance(resolved, encoder.info, images, grid, describe_device(device, precision)),
            scales=scales,
            overwrite=job.overwrite,
        ) as writer:
            blender = StripBlender(plan, extractor.width, job.min_valid)
            _embed(images, grid, plan, extractor, blender, writer, meter.part(_PREPARED, _EMBEDDED), stopped)
            meter.update(_EMBEDDED, "Finishing the raster")
            writer.finish()
        if writer.clipped_share > 0:
            notes.append(
                f"{writer.clipped_share:.2%} of the values lay outside the range of {job.dtype} and were clipped."
            )
        notes += extractor.notes
    meter.update(1, "Done")
    return EmbedResult(
        output=str(output),
        rows=plan.rows,
        cols=plan.cols,
        dims=extractor.width,
        tiles=plan.tile_count,
        seconds=time.monotonic() - started,
        device=describe_device(device, precision),
        model=encoder.info.title,
        notes=tuple(note for note in notes if note),
    )


def call(params: dict[str, Any], progress: ProgressCallback, cancelled: CancelCallback) -> dict[str, Any]:
    """``run`` for the worker: params are the fields of ``EmbedJob``."""
    return dataclasses.asdict(run(EmbedJob.from_dict(params), progress, cancelled))


def default_chip(grid: Grid, detected: list[DetectedImage]) -> int:
    """Source pixels per model input: the sensor's where the grid is near its resolution, else by the grid's GSD."""
    gsd = grid.gsd_m
    for each in detected:
        if each.sensor and (gsd is None or 0.5 <= gsd / each.sensor.gsd_m <= 2):
            return each.sensor.chip_px
    return COARSE_CHIP_PX if gsd is not None and gsd >= FINE_GSD_M else FINE_CHIP_PX


def band_names(width: int, fusion: str, detected: list[DetectedImage]) -> list[str]:
    """Names of the embedding's bands; with features side by side, the image each half belongs to."""
    if fusion == "stack" or len(detected) == 1:
        return [f"feature {number + 1}" for number in range(width)]
    each = width // len(detected)
    return [
        f"{number + 1}: feature {number % each + 1} of {detected[number // each].image.title}"
        for number in range(width)
    ]


def provenance(job: EmbedJob, model: ModelInfo, images: list[PreparedImage], grid: Grid, device: str) -> dict[str, str]:
    """The output's metadata: what was embedded, by which model, from which bands, with which software."""
    versions = {
        name: importlib.metadata.version(name) for name in ("torch", "timm", "rasterio", "numpy", "scikit-image")
    }
    versions |= {"smarties": engine.__version__, "python": platform.python_version(), "gdal": rasterio.__gdal_version__}
    titles = " + ".join(image.detected.image.title for image in images)
    return {
        "TIFFTAG_SOFTWARE": f"SMARTIES for QGIS {engine.__version__}",
        "TIFFTAG_IMAGEDESCRIPTION": f"Embedding of {titles} by {model.title}",
        "SMARTIES_JOB": job.to_json(),
        "SMARTIES_MODEL": _json(
            {"name": model.name, "title": model.title, "sha256": model.sha256, "random": model.random}
        ),
        "SMARTIES_IMAGES": _json([image.record() for image in images]),
        "SMARTIES_GRID": grid.describe(),
        "SMARTIES_DEVICE": device,
        "SMARTIES_VERSIONS": _json(versions),
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _notes(images: list[PreparedImage], model: ModelInfo) -> Iterator[str]:
    if model.random:
        yield f"The model is {model.title}: its embedding shows structure, but knows nothing yet."
    yield from model.notes
    for image in images:
        title = image.detected.image.title
        detection = image.detected.detection
        yield from (f"{title}: {note}" for note in detection.notes)
        yield f"{title}: {image.radiometry.found}; {image.radiometry.action}."
        if image.radiometry.doubt:
            yield f"{title}: {image.radiometry.doubt}"
        off = [band for band in detection.bands if not band.enabled]
        if off:
            yield f"{title}: {len(off)} of {len(detection.bands)} bands are left out ({_reasons(off)})."
        interpolated = [each.band.name for each in image.assignments if each.verdict in ("interpolated", "outside")]
        if interpolated:
            named = ", ".join(interpolated[:6]) + (" …" if len(interpolated) > 6 else "")
            yield f"{title}: no layer was learnt for {named}; {len(interpolated)} band(s) run on interpolated layers."


def _reasons(off: list[Any]) -> str:
    reasons = list(dict.fromkeys(band.note.rstrip(".") or "switched off" for band in off))
    return "; ".join(reasons[:4]) + ("; …" if len(reasons) > 4 else "")


def _embed(
    images: list[PreparedImage],
    grid: Grid,
    plan: TilePlan,
    extractor: FeatureExtractor,
    blender: StripBlender,
    writer: RasterWriter,
    progress: ProgressCallback,
    cancelled: CancelCallback,
) -> None:
    """Reader thread → batches through the model → rolling strip → writer thread."""
    done = 0
    with ExitStack() as stack:
        readers = [stack.enter_context(image.detected.reader(grid)) for image in images]
        stack.enter_context(block_cache(readers))
        strips = stack.enter_context(StripReader([reader.read for reader in readers], plan))
        for strip in strips:
            tiles = blender.begin(strip.row, strip.valid_in_all)
            skipped = len(plan.col_starts) - len(tiles)
            for start in range(0, len(tiles), extractor.batch):
                batch = tiles[start : start + extractor.batch]
                if cancelled():
                    raise CancelledError("Cancelled; nothing was written.")
                for tile, features in zip(batch, _features(strip, batch, extractor, plan.level), strict=True):
                    blender.add(tile, features)
                done += len(batch)
                progress(Progress(done / plan.tile_count, f"Embedding tile {done} of {plan.tile_count}"))
            done += skipped
            for row, rows in blender.finished():
                writer.write(row, rows)
            progress(Progress(done / plan.tile_count, f"Embedding tile {done} of {plan.tile_count}"))
    if not blender.complete:
        raise SourceError("The images ended before the grid did.", "Check that no file was changed during the run.")


def _features(strip: Strip, tiles: list[Tile], extractor: FeatureExtractor, level: str) -> np.ndarray:
    """Features (B, D, t, t) of tiles of one strip; t is 1 at level "chips"."""
    cuts = [strip.cut(tile) for tile in tiles]
    values = [np.stack([cut[image][0] for cut in cuts]) for image in range(len(strip.values))]
    valid = [np.stack([cut[image][1] for cut in cuts]) for image in range(len(strip.values))]
    features = extractor(values, valid, level)
    return features[..., None, None] if level == "chips" else features


def _features_of_a_sample(
    images: list[PreparedImage], grid: Grid, plan: TilePlan, extractor: FeatureExtractor
) -> np.ndarray:
    """Features (D, n) of tiles spread over the raster, for the scales of int8; zeros where no tile has data."""
    rows, cols = len(plan.row_starts), len(plan.col_starts)
    found = []
    with ExitStack() as stack:
        readers = [stack.enter_context(image.detected.reader(grid)) for image in images]
        for number in np.unique(np.linspace(0, rows * cols - 1, SCALE_TILES).round().astype(int)):
            y, x = plan.row_starts[number // cols], plan.col_starts[number % cols]
            corner = (min(y, max(0, grid.height - plan.chip)), min(x, max(0, grid.width - plan.chip)))
            window = (
                corner[0],
                min(corner[0] + plan.chip, grid.height),
                corner[1],
                min(corner[1] + plan.chip, grid.width),
            )
            parts = [_padded(*reader.read(*window), plan.chip) for reader in readers]
            if not np.logical_and.reduce([valid for _, valid in parts]).any():
                continue
            features = extractor([values[None] for values, _ in parts], [valid[None] for _, valid in parts], plan.level)
            found.append(features[0].reshape(extractor.width, -1))
    LOGGER.info("int8 scales from %d tiles", len(found))
    return np.concatenate(found, axis=1) if found else np.zeros((extractor.width, 1), np.float32)


def _padded(values: np.ndarray, valid: np.ndarray, chip: int) -> tuple[np.ndarray, np.ndarray]:
    """A chip that may be smaller than ``chip`` px at the raster's edge, mirrored to full size."""
    missing = ((0, chip - values.shape[1]), (0, chip - values.shape[2]))
    return np.pad(values, ((0, 0), *missing), mode="symmetric"), np.pad(valid, missing, mode="symmetric")
