"""Embed images: one feature vector per token (or per chip), as a raster that lies on the images."""

from __future__ import annotations

import dataclasses
import functools
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import CancelledError, JobError, SmartiesError, SourceError
from engine.jobs.embed import EmbedJob
from engine.log import LOGGER
from engine.memory import keep_memory_level
from engine.model.devices import describe_device
from engine.model.encoder import Encoder
from engine.progress import CancelCallback, Progress, ProgressCallback, ProgressMeter
from engine.raster.blend import StripBlender
from engine.raster.components import Components, TokenSample, fit_components
from engine.raster.grid import Grid
from engine.raster.journal import unfinished
from engine.raster.pca_picture import pca_picture
from engine.raster.stored_values import int8_scales
from engine.raster.strips import StripReader
from engine.raster.tiles import TilePlan
from engine.raster.writers import RasterWriter
from engine.tasks import pace
from engine.tasks.embed_setup import EmbedSetup, set_up
from engine.tasks.feature_cache import embedding_key
from engine.tasks.features import FeatureExtractor
from engine.tasks.inputs import PreparedImage
from engine.tasks.pixels import LocalPixels, PixelSource
from engine.tasks.provenance import band_names, notes_of, picture_provenance, provenance
from engine.tasks.tile_stream import feature_rows

#: int8 scales are taken from this many tiles, spread over the raster.
SCALE_TILES = 16

#: From so long a wait for pixels on, the progress says what it waits for.
_SLOW_S = 3.0

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
    key = json.loads(json.dumps({**embedding_key(setup), "dtype": job.dtype, "on": str(setup.device)}, default=str))
    with FeatureExtractor(encoder, images, job.fusion, setup.device, job.batch, stopped) as extractor:
        tags = provenance(
            dataclasses.replace(job, chip=setup.chip), encoder.info, images, grid, device, setup.own_bands
        )
        begun = unfinished(output, key) if job.resume else None
        scales = None
        if begun is not None and begun.journal.scales is not None:
            scales = np.array(begun.journal.scales)
        elif job.dtype == "int8":
            scales = int8_scales(_features_of_a_sample(pixels, images, grid, plan, extractor))
        writer = RasterWriter(
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
            cog=job.cog,
            key=key,
            begun=begun,
            keep=job.resume,
        )
        with _telling_what_is_kept(writer, plan.rows), writer:
            sample = TokenSample(extractor.width, plan.cols, stored=writer.values.as_stored)
            resumed = writer.next_row
            if resumed:
                notes.append(f"Continued at row {resumed} of {plan.rows}, where an earlier run stopped.")
                for row, rows in writer.finished_rows():
                    sample.add(row, rows)

            def take(row0: int, rows: np.ndarray) -> None:
                new = rows[:, max(0, writer.next_row - row0) :]
                if new.shape[1]:
                    sample.add(writer.next_row, new)
                    writer.write(writer.next_row, new)

            part = meter.part(_PREPARED, _EMBEDDED)
            if resumed < plan.rows:
                first = plan.first_tile_row(resumed)
                blender = StripBlender(plan, extractor.width, job.min_valid, first, extractor.device)
                _embed(pixels, images, grid, plan, extractor, blender, first, take, part, stopped)
            meter.update(_EMBEDDED, "Finishing the raster")
            components = fit_components(sample.tokens())
            made = meter.part(_EMBEDDED, _OVERVIEWED)
            writer.finish(_picture_of(job, components, tags, meter.part(_OVERVIEWED, 1), stopped), made, stopped)
        if writer.values.clipped_share > 0:
            notes.append(
                f"{writer.values.clipped_share:.2%} of the values lay outside the range of {job.dtype} and were"
                " clipped."
            )
        notes += extractor.notes
    if extractor.device == setup.device and extractor.chips >= extractor.batch:
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


@contextmanager
def _telling_what_is_kept(writer: RasterWriter, rows: int) -> Iterator[None]:
    """An error that leaves finished rows behind says so."""
    try:
        yield
    except SmartiesError as error:
        if writer.left_rows:
            kept = f"{writer.left_rows} of {rows} rows are kept: run it again with resume to continue."
            error.hint = f"{error.hint} {kept}".strip()
        raise


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
    first: int,
    take: Callable[[int, np.ndarray], None],
    progress: ProgressCallback,
    cancelled: CancelCallback,
) -> None:
    """Reader thread → batches through the model → rolling strip → ``take``, from tile row ``first`` to the bottom."""
    titles = " + ".join(image.detected.image.title for image in images)
    share = first * len(plan.col_starts) / plan.tile_count

    def tell(step: Progress) -> None:
        nonlocal share
        share = step.fraction
        progress(step)

    def wait(seconds: float) -> None:
        if cancelled():
            raise CancelledError("Cancelled; nothing was written.")
        if seconds >= _SLOW_S:
            progress(Progress(share, f"Waiting for {titles} for {seconds:.0f} s", waiting=True))

    with ExitStack() as stack:
        readers = stack.enter_context(pixels.open(images, grid, plan.row_reads(first)))
        strips = stack.enter_context(StripReader([reader.read for reader in readers], plan, first=first, waiting=wait))
        for row, rows in feature_rows(strips, plan, extractor, blender, tell, cancelled, first):
            take(row, rows)
    if not blender.complete:
        raise SourceError("The images ended before the grid did.", "Check that no file was changed during the run.")


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
