"""What an embedding job amounts to, settled before any pixel is read: a plan and a run start from the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from engine.errors import JobError
from engine.jobs.embed import EmbedJob
from engine.model import load_encoder
from engine.model.devices import choose_device, choose_precision
from engine.model.encoder import Encoder
from engine.model.fusion import check_fusion
from engine.model.own_layers import OwnLayers, add_own_layers, own_layer_of, read_own_layers
from engine.raster.grid import Grid
from engine.raster.outputs import EMBEDDING, check_file
from engine.raster.statistics import BandStatistics
from engine.raster.tiles import TilePlan, plan_tiles
from engine.spectrum.assign import Assignment
from engine.spectrum.bands import Band
from engine.tasks.inputs import (
    DetectedImage,
    detect_inputs,
    grid_of,
    known_statistics,
    refuse_to_overwrite_inputs,
)

#: DESIGN: 112 source pixels per model input for imagery of about 10 m, 224 for finer.
COARSE_CHIP_PX, FINE_CHIP_PX = 112, 224
FINE_GSD_M = 5.0


@dataclass(frozen=True)
class EmbedSetup:
    """The images of a job with their layers, their grid, and where to compute."""

    job: EmbedJob
    detected: list[DetectedImage]
    assignments: list[tuple[Assignment, ...]]
    #: None where an image's statistics have to be estimated from its pixels.
    statistics: list[BandStatistics | None]
    grid: Grid
    device: torch.device
    precision: str
    chip: int
    #: Layers for bands of the user's own, None where the job names none.
    own: OwnLayers | None = None

    @property
    def own_bands(self) -> tuple[Band, ...]:
        """The bands that have layers of the user's own."""
        return self.own.bands if self.own else ()

    def load_encoder(self) -> Encoder:
        """The job's encoder where it is to run, with the user's own layers. Raises CheckpointError, DeviceError."""
        encoder = load_encoder(self.job.model, device=str(self.device), precision=self.precision)
        if self.own is not None:
            add_own_layers(encoder, self.own)
        return encoder

    def tiles(self, tokens: int) -> TilePlan:
        """The tiles for a model whose input is ``tokens`` × ``tokens`` tokens."""
        job, grid = self.job, self.grid
        return plan_tiles(grid.height, grid.width, self.chip, tokens, job.overlap, job.level)


def set_up(job: EmbedJob) -> EmbedSetup:
    """Settles a job; raises the SmartiesError of whatever keeps it from being run, but for model and pixel values.

    The names of the outputs are looked at where there are any.
    """
    job.check()
    outputs = [Path(name) for name in (job.output, job.picture) if name]
    if job.output:
        check_file(Path(job.output), job.overwrite, EMBEDDING, "an embedding")
    if job.picture:
        check_file(Path(job.picture), job.overwrite)
    detected = detect_inputs(job)
    for path in outputs:
        refuse_to_overwrite_inputs(path, detected)
    check_fusion(job.fusion, len(detected))
    assignments = [each.assign(job) for each in detected]
    grid = grid_of(job, detected)
    device = choose_device(job.device)
    precision = choose_precision(job.precision, device)
    chip = job.chip or default_chip(grid, detected)
    statistics = known_statistics(job, detected)
    own = _own_layers(job, assignments)
    return EmbedSetup(job, detected, assignments, statistics, grid, device, precision, chip, own)


def _own_layers(job: EmbedJob, assignments: Sequence[tuple[Assignment, ...]]) -> OwnLayers | None:
    """The job's own layers. Raises CheckpointError for no such file, JobError where no band of the images uses them."""
    if not job.projections:
        return None
    own = read_own_layers(job.projections)
    if all(own_layer_of(band, own.bands) is None for assigned in assignments for band in assigned):
        named = ", ".join(f"{band.name} ({band.centre_nm:g} nm)" for band in own.bands[:4])
        raise JobError(
            f"The projections of {Path(job.projections).name} are for {named}: no image has such a band.",
            "Give the images they were learnt for, or leave the projections out.",
        )
    return own


def default_chip(grid: Grid, detected: Sequence[DetectedImage]) -> int:
    """Source pixels per model input: the sensor's where the grid is near its resolution, else by the grid's GSD."""
    gsd = grid.gsd_m
    for each in detected:
        if each.sensor and (gsd is None or 0.5 <= gsd / each.sensor.gsd_m <= 2):
            return each.sensor.chip_px
    return COARSE_CHIP_PX if gsd is not None and gsd >= FINE_GSD_M else FINE_CHIP_PX
