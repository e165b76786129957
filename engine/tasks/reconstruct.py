"""Reconstruct: bands a sensor lacks, from those it has; and how far each place is from what the model expects."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import CancelledError, CheckpointError, SourceError
from engine.jobs.embed import EmbedJob
from engine.jobs.features import ComputeJob
from engine.jobs.reconstruct import ReconstructJob
from engine.memory import keep_memory_level
from engine.model import load_autoencoder
from engine.model.autoencoder import AutoEncoder
from engine.model.devices import describe_device
from engine.model.encoder import ModelInfo
from engine.progress import CancelCallback, Progress, ProgressCallback, ProgressMeter
from engine.raster.blend import StripBlender
from engine.raster.grid import Grid
from engine.raster.outputs import Outputs
from engine.raster.reader import block_cache
from engine.raster.strips import Strip, StripReader
from engine.raster.tiles import Tile, TilePlan
from engine.tasks.embed_setup import EmbedSetup, set_up
from engine.tasks.features import FeatureExtractor
from engine.tasks.inputs import PreparedImage, prepare_images, refuse_to_overwrite_inputs
from engine.tasks.map_tags import map_tags
from engine.tasks.provenance import notes_of
from engine.tasks.reconstruct_chips import ChipReconstructor, HiddenPasses
from engine.tasks.reconstruct_targets import Target, parse_targets
from engine.tasks.segment_maps import SlabWriter
from engine.tasks.segment_tiles import pixel_plan

#: A token with a smaller share of valid pixels has no error.
_LEAST_VALID = 0.5
#: The share that is hidden is told where it differs by more from what was asked for.
_SHARE_TOLD = 0.02
#: Shares of the progress bar: radiometry and statistics, then the tiles; the rest is for overviews.
_PREPARED, _DONE = 0.1, 0.97


@dataclass(frozen=True)
class ReconstructResult:
    """What was written, and what the user should know of it.

    ``targets`` are the predicted bands in the order of ``output``, ``rows`` and ``cols`` the pixels of the images'
    grid. ``output`` and ``anomaly`` are empty where they were not asked for.
    """

    output: str
    anomaly: str
    targets: tuple[str, ...]
    rows: int
    cols: int
    tiles: int
    seconds: float
    device: str
    model: str
    notes: tuple[str, ...]

    def summary(self) -> str:
        """Three or four lines for a terminal."""
        lines = []
        if self.output:
            lines.append(f"Wrote {self.output}: {self.cols} × {self.rows} px of {', '.join(self.targets)}.")
        if self.anomaly:
            lines.append(f"Wrote {self.anomaly}: the reconstruction error per token.")
        return "\n".join([*lines, f"Took {self.seconds:.1f} s on {self.device}.", f"Model: {self.model}"])


def run(
    job: ReconstructJob, progress: ProgressCallback | None = None, cancelled: CancelCallback | None = None
) -> ReconstructResult:
    """Runs the job; raises SmartiesErrors, CheckpointError for a model without a decoder."""
    started = time.monotonic()
    keep_memory_level()
    stopped = cancelled or (lambda: False)
    meter = ProgressMeter(progress)
    job.check()
    with Outputs(job.overwrite) as outputs:
        output = outputs.add(job.output) if job.output else None
        anomaly = outputs.add(job.anomaly) if job.anomaly else None
        meter.update(0, "Opening the images")
        setup = set_up(_embedding_job(job))
        for name in filter(None, (job.output, job.anomaly)):
            refuse_to_overwrite_inputs(Path(name), setup.detected)
        sensors = [each.sensor for each in setup.detected]
        targets = parse_targets(job.targets, sensors, job.interpolation, job.allow_outside)
        model = _load(job, str(setup.device))
        passes = HiddenPasses.of(job.hidden_share, model.config.grid**2)
        images = prepare_images(
            setup.job,
            setup.detected,
            setup.assignments,
            setup.statistics,
            setup.grid,
            meter.part(0, _PREPARED),
            stopped,
        )
        plan = setup.tiles(model.config.grid)
        with FeatureExtractor(model, images, "stack", setup.device, job.batch, stopped) as extractor:
            chips = ChipReconstructor(
                model, extractor, images, targets, passes, job.interpolation, job.norm_pix, job.seed,
                errors=anomaly is not None, autocast=setup.precision == "bf16",
            )  # fmt: skip
            with ExitStack() as stack:
                maps = [*_maps(job, setup, plan, model.info, targets, output, anomaly, stack)]
                part = meter.part(_PREPARED, _DONE)
                _reconstruct(images, setup.grid, plan, chips, extractor.batch, maps, part, stopped)
                meter.update(_DONE, "Finishing the rasters")
    meter.update(1, "Done")
    return ReconstructResult(
        output=job.output,
        anomaly=job.anomaly,
        targets=tuple(target.name for target in targets),
        rows=setup.grid.height,
        cols=setup.grid.width,
        tiles=plan.tile_count,
        seconds=time.monotonic() - started,
        device=describe_device(setup.device, setup.precision),
        model=model.info.title,
        notes=tuple(_notes(job, images, model.info, plan, targets, passes, chips.unscaled)),
    )


def call(params: dict[str, Any], progress: ProgressCallback, cancelled: CancelCallback) -> dict[str, Any]:
    """``run`` for the worker: params are the fields of ``ReconstructJob``."""
    return dataclasses.asdict(run(ReconstructJob.from_dict(params), progress, cancelled))


@dataclass(frozen=True, eq=False)
class _Map:
    """A raster that grows: what joins its tiles, and what takes its rows. ``kind`` 0 holds predictions, 1 errors."""

    kind: int
    blender: StripBlender
    writer: SlabWriter


def _embedding_job(job: ReconstructJob) -> EmbedJob:
    """The job whose images, grid, chips and device are those of this one."""
    names = {field.name for field in dataclasses.fields(ComputeJob)}
    settings = {name: value for name, value in vars(job).items() if name in names}
    return EmbedJob(**settings, model=job.model, chip=job.chip, overlap=job.overlap, fusion="stack")


def _load(job: ReconstructJob, device: str) -> AutoEncoder:
    """The whole model; CheckpointError that says where to find one, for a file of an encoder alone."""
    try:
        return load_autoencoder(job.model, device)
    except CheckpointError as error:
        if "only an encoder" not in error.message:
            raise
        raise CheckpointError(
            f"{error.message.rstrip('.')}: without a decoder it reconstructs nothing.",
            "Use a file of the whole model, as smarties-v1-vit-b ('smarties models' lists them).",
        ) from error


def _maps(
    job: ReconstructJob,
    setup: EmbedSetup,
    plan: TilePlan,
    model: ModelInfo,
    targets: Sequence[Target],
    output: Path | None,
    anomaly: Path | None,
    stack: ExitStack,
) -> Iterator[_Map]:
    """The rasters of the job, open in ``stack``."""
    settled = dataclasses.replace(job, chip=setup.chip)
    about = {"name": model.name, "title": model.title, "sha256": model.sha256, "random": model.random}
    titles = " + ".join(each.image.title for each in setup.detected)
    grid = setup.grid
    if output is not None:
        names = [f"{target.name} predicted" for target in targets]
        tags = map_tags("reconstruct", settled, f"{', '.join(names)} from {titles} by {model.title}", about)
        # A cell is a pixel here, valid where the pixel is.
        blender = StripBlender(pixel_plan(plan), len(targets), 0)
        yield _Map(0, blender, stack.enter_context(SlabWriter(output, grid, "float32", np.nan, names, tags)))
    if anomaly is not None:
        tags = map_tags("reconstruct", settled, f"Reconstruction error of {titles} by {model.title}", about)
        tokens = Grid(grid.crs, plan.transform(grid.transform), plan.cols, plan.rows)
        writer = SlabWriter(anomaly, tokens, "float32", np.nan, ["reconstruction error"], tags)
        yield _Map(1, StripBlender(plan, 1, _LEAST_VALID), stack.enter_context(writer))


def _reconstruct(
    images: Sequence[PreparedImage],
    grid: Grid,
    plan: TilePlan,
    chips: ChipReconstructor,
    batch_size: int,
    maps: Sequence[_Map],
    progress: ProgressCallback,
    cancelled: CancelCallback,
) -> None:
    """Reader thread → batches of tiles through the model → blended → the rasters, from top to bottom."""
    done = 0
    with ExitStack() as stack:
        readers = [stack.enter_context(image.detected.reader(grid)) for image in images]
        stack.enter_context(block_cache(readers))
        strips = stack.enter_context(StripReader([reader.read for reader in readers], plan))
        for strip in strips:
            # Which tiles a raster wants, by column: those without a valid cell of it are left out.
            wanted = [{tile.col: tile for tile in each.blender.begin(strip.row, strip.valid_in_all)} for each in maps]
            tiles = [tile for tile in plan.tiles(strip.row) if any(tile.col in columns for columns in wanted)]
            for start in range(0, len(tiles), batch_size):
                if cancelled():
                    raise CancelledError("Cancelled; nothing was written.")
                batch = tiles[start : start + batch_size]
                predicted, errors = chips(*_cut(strip, batch), batch)
                for each, columns in zip(maps, wanted, strict=True):
                    found = errors[:, None] if each.kind else predicted
                    for tile, cells in zip(batch, found, strict=True):
                        if tile.col in columns:
                            each.blender.add(columns[tile.col], cells)
                _tell(progress, done + start + len(batch), plan)
            done += len(plan.col_starts)
            for each in maps:
                for row, rows in each.blender.finished():
                    each.writer.write(row, 0, rows)
            _tell(progress, done, plan)
    if not all(each.blender.complete for each in maps):
        raise SourceError("The images ended before the grid did.", "Check that no file was changed during the run.")


def _cut(strip: Strip, tiles: Sequence[Tile]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Per image the chips of tiles: values (B, C, chip, chip) and valid (B, chip, chip)."""
    cuts = [strip.cut(tile) for tile in tiles]
    images = range(len(strip.values))
    return [np.stack([cut[n][0] for cut in cuts]) for n in images], [
        np.stack([cut[n][1] for cut in cuts]) for n in images
    ]


def _tell(progress: ProgressCallback, done: int, plan: TilePlan) -> None:
    progress(Progress(done / plan.tile_count, f"Reconstructing tile {done} of {plan.tile_count}"))


def _notes(
    job: ReconstructJob,
    images: Sequence[PreparedImage],
    model: ModelInfo,
    plan: TilePlan,
    targets: Sequence[Target],
    passes: HiddenPasses,
    unscaled: Sequence[str],
) -> Iterator[str]:
    """What the user should know of the result."""
    if model.random:
        yield f"The model is {model.title}: what it reconstructs means nothing."
    yield from (note for note in notes_of(images, dataclasses.replace(model, random=False), ()) if note)
    if plan.note:
        yield plan.note
    if abs(passes.share - job.hidden_share) > _SHARE_TOLD:
        yield f"Each pass hides {passes.share:.0%} of the tokens instead of {job.hidden_share:.0%}: every one as often."
    for target in targets:
        if target.assignment.verdict in ("interpolated", "outside"):
            yield f"No layer was learnt for {target.name}: it is predicted by those of {target.assignment.summary}."
    if unscaled:
        yield (
            f"Nothing in the images tells the brightness of {', '.join(unscaled)}: the model predicts normalised"
            " tokens, so the differences within them count, not their level."
        )
