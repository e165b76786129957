"""What an embedding job amounts to, settled before any pixel is read: a plan and a run start from the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from engine.jobs.embed import EmbedJob
from engine.model.devices import choose_device, choose_precision
from engine.model.fusion import check_fusion
from engine.raster.grid import Grid
from engine.raster.statistics import BandStatistics
from engine.raster.tiff_files import check_output
from engine.raster.tiles import TilePlan, plan_tiles
from engine.spectrum.assign import Assignment
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
    for path in outputs:
        check_output(path, job.overwrite)
    detected = detect_inputs(job)
    for path in outputs:
        refuse_to_overwrite_inputs(path, detected)
    check_fusion(job.fusion, len(detected))
    assignments = [each.assign(job) for each in detected]
    grid = grid_of(job, detected)
    device = choose_device(job.device)
    precision = choose_precision(job.precision, device)
    chip = job.chip or default_chip(grid, detected)
    return EmbedSetup(job, detected, assignments, known_statistics(job, detected), grid, device, precision, chip)


def default_chip(grid: Grid, detected: Sequence[DetectedImage]) -> int:
    """Source pixels per model input: the sensor's where the grid is near its resolution, else by the grid's GSD."""
    gsd = grid.gsd_m
    for each in detected:
        if each.sensor and (gsd is None or 0.5 <= gsd / each.sensor.gsd_m <= 2):
            return each.sensor.chip_px
    return COARSE_CHIP_PX if gsd is not None and gsd >= FINE_GSD_M else FINE_CHIP_PX
