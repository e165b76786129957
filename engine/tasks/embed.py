"""Embed images: one feature vector per token (or per chip), as a raster that lies on the images."""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import CancelledError, JobError, SourceError
from engine.jobs.embed import EmbedJob
from engine.log import LOGGER
from engine.memory import keep_memory_level
from engine.model.devices import describe_device
from engine.model.encoder import Encoder
from engine.progress import CancelCallback, Progress, ProgressCallback, ProgressMeter
from engine.raster.blend import StripBlender
from engine.raster.components import Components, TokenSample, fit_components
from engine.raster.grid import Grid
from engine.raster.pca_picture import pca_picture
from engine.raster.strips import Strip, StripReader
from engine.raster.tiles import Tile, TilePlan
from engine.raster.writers import RasterWriter, int8_scales
from engine.tasks import pace
from engine.tasks.embed_setup import EmbedSetup, set_up
from engine.tasks.features import FeatureExtractor
from engine.tasks.inputs import PreparedImage
from engine.tasks.pixels import LocalPixels, PixelSource
from engine.tasks.provenance import band_names, notes_of, picture_provenance, provenance

#: int8 scales are taken from this many tiles, spread over the raster.
SCALE_TILES = 16

#: Shares of the progress bar: reading values for radiometry and statistics, then the tiles, then overviews, then the
#: picture and the close.
_PREPARED, _EMBEDDED, _OVERVIEWED = 0.1, 0.96, 0.98


@dataclass(frozen=True)
class EmbedResult:
    """What was written, and what the user should know of it.

    ``picture`` is the picture's path, empty where none was asked for. ``rgb_bands`` are three bands of the
    embedding, counted from 1, that show most of it as red, green and blue, ``rgb_ranges`` their values (after
    int8's scale) at the 2nd and 98th percentile.
    """

    output: str
    rows: int
    cols: int
    dims: int
    tiles: int
    seconds: float
    device: str
    model: str
    notes: tuple[str, ...]
    picture: str
    rgb_bands: tuple[int, int, int]
    rgb_ranges: tuple[tuple[float, float], ...]

    def summary(self) -> str:
        """Three lines for a terminal, four with a picture."""
        lines = [
            f"Wrote {self.output}: {self.cols} × {self.rows} cells of {self.dims} values, from {self.tiles} tiles.",
            f"Took {self.seconds:.1f} s on {self.device}.",
            f"Model: {self.model}",
        ]
        return "\n".join([*lines, *([f"Picture: {self.picture}"] if self.picture else [])])


def run(
    job: EmbedJob,
    progress: ProgressCallback | None = None,
    cancelled: CancelCallback | None = None,
    *,
    pixels: PixelSource | None = None,
    load_encoder: Callable[[EmbedSetup], Encoder] = EmbedSetup.load_encoder,
) -> EmbedResult:
    """Runs the job and returns what was written.

    ``pixels`` reads the images (default: this process), ``load_encoder`` gives the model, or one kept from before.
    Nothing stands under the output's name until the raster is whole, and its picture with it. Raises a
    SmartiesError that says what to do, CancelledError when ``cancelled`` said so.
    """
    started = time.monotonic()
    keep_memory_level()
    stopped = cancelled or (lambda: False)
    meter = ProgressMeter(progress)
    if not job.output:
        raise JobError("No output was named.", "Name the raster to write.")
    output = Path(job.output)
    meter.update(0, "Opening the images")
    setup = set_up(job)
    grid, detected = setup.grid, setup.detected
    encoder = load_encoder(setup)
    device = describe_device(setup.device, setup.precision)
    pixels = pixels or LocalPixels()
    images = pixels.prepare(setup, meter.part(0, _PREPARED), stopped)
    plan = setup.tiles(encoder.config.grid)

    notes = [*notes_of(images, encoder.info, setup.own_bands), plan.note]
    with FeatureExtractor(encoder, images, job.fusion, setup.device, job.batch, stopped) as extractor:
        scales = (
            int8_scales(_features_of_a_sample(pixels, images, grid, plan, extractor)) if job.dtype == "int8" else None
        )
        tags = provenance(
            dataclasses.replace(job, chip=setup.chip), encoder.info, images, grid, device, setup.own_bands
        )
        with RasterWriter(
            output,
            plan.rows,
            plan.cols,
            extractor.width,
            plan.transform(grid.transform),
            grid.crs,
            job.dtype,
            band_names=band_names(extractor.width, job.fusion, detected),
            tags=tags,
            scales=scales,
            overwrite=job.overwrite,
        ) as writer:
            blender = StripBlender(plan, extractor.width, job.min_valid)
            sample = TokenSample(extractor.width, plan.cols)

            def take(row0: int, rows: np.ndarray) -> None:
                sample.add(row0, rows)
                writer.write(row0, rows)

            _embed(pixels, images, grid, plan, extractor, blender, take, meter.part(_PREPARED, _EMBEDDED), stopped)
            meter.update(_EMBEDDED, "Finishing the raster")
            components = fit_components(sample.tokens())
            writer.finish(_picture_of(job, components, tags, meter.part(_OVERVIEWED, 1), stopped))
        if writer.clipped_share > 0:
            notes.append(
                f"{writer.clipped_share:.2%} of the values lay outside the range of {job.dtype} and were clipped."
            )
        notes += extractor.notes
    if extractor.chips >= extractor.batch:
        pace.learn(setup, extractor.seconds / extractor.chips)
    meter.update(1, "Embedding done")
    return EmbedResult(
        output=str(output),
        rows=plan.rows,
        cols=plan.cols,
        dims=extractor.width,
        tiles=plan.tile_count,
        seconds=time.monotonic() - started,
        device=device,
        model=encoder.info.title,
        notes=tuple(note for note in notes if note),
        picture=job.picture,
        rgb_bands=components.bands,
        rgb_ranges=components.ranges,
    )


def call(params: dict[str, Any], progress: ProgressCallback, cancelled: CancelCallback) -> dict[str, Any]:
    """``run`` for the worker: params are the fields of ``EmbedJob``."""
    return dataclasses.asdict(run(EmbedJob.from_dict(params), progress, cancelled))


def _picture_of(
    job: EmbedJob,
    components: Components,
    tags: dict[str, str],
    progress: ProgressCallback,
    cancelled: CancelCallback,
) -> Callable[[Path], AbstractContextManager[None]] | None:
    """What makes the picture of the whole embedding, for ``RasterWriter.finish``; None where none is wanted."""
    if not job.picture:
        return None
    picture = Path(job.picture)
    return functools.partial(
        pca_picture,
        picture=picture,
        components=components,
        tags=picture_provenance(tags, Path(job.output), picture),
        overwrite=job.overwrite,
        progress=progress,
        cancelled=cancelled,
    )


def _embed(
    pixels: PixelSource,
    images: Sequence[PreparedImage],
    grid: Grid,
    plan: TilePlan,
    extractor: FeatureExtractor,
    blender: StripBlender,
    take: Callable[[int, np.ndarray], None],
    progress: ProgressCallback,
    cancelled: CancelCallback,
) -> None:
    """Reader thread → batches through the model → rolling strip → ``take``, rows from top to bottom."""
    done = 0
    with ExitStack() as stack:
        readers = stack.enter_context(pixels.open(images, grid, plan.row_reads))
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
                take(row, rows)
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
    pixels: PixelSource, images: Sequence[PreparedImage], grid: Grid, plan: TilePlan, extractor: FeatureExtractor
) -> np.ndarray:
    """Features (D, n) of tiles spread over the raster, for the scales of int8; zeros where no tile has data."""
    rows, cols = len(plan.row_starts), len(plan.col_starts)
    found = []
    with pixels.open(images, grid) as readers:
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
