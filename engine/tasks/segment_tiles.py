"""Maps from images and a head that looks into the encoder's blocks: tiles to probabilities, blended at pixels."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np
import torch

from engine.errors import CancelledError, SourceError
from engine.progress import CancelCallback, Progress, ProgressCallback
from engine.raster.blend import StripBlender
from engine.raster.grid import Grid
from engine.raster.reader import block_cache
from engine.raster.strips import Strip, StripReader
from engine.raster.tiles import Tile, TilePlan
from engine.tasks.features import FeatureExtractor
from engine.tasks.inputs import PreparedImage
from engine.tasks.segment_cells import Take

if TYPE_CHECKING:
    from engine.heads.upernet import UPerNetHead


def pixel_plan(plan: TilePlan) -> TilePlan:
    """The same tiles, with a cell for every source pixel."""
    return dataclasses.replace(plan, tokens=plan.chip, row_cells=plan.row_starts, col_cells=plan.col_starts)


def map_tiles(
    images: Sequence[PreparedImage],
    grid: Grid,
    plan: TilePlan,
    extractor: FeatureExtractor,
    head: UPerNetHead,
    blocks: Sequence[int],
    take: Take,
    progress: ProgressCallback,
    cancelled: CancelCallback,
) -> None:
    """Probabilities of every pixel, of the tiles of ``plan`` (one with a cell per pixel), blended where they overlap.

    ``blocks`` are the numbers of the encoder's blocks that the head takes. ``take`` gets full rows from top to
    bottom; a pixel has data where all images have.
    """
    # A cell is a pixel here: any valid pixel is valid.
    blender = StripBlender(plan, len(head.info.classes), 0)
    done = 0
    with ExitStack() as stack:
        readers = [stack.enter_context(image.detected.reader(grid)) for image in images]
        stack.enter_context(block_cache(readers))
        strips = stack.enter_context(StripReader([reader.read for reader in readers], plan))
        for strip in strips:
            tiles = blender.begin(strip.row, strip.valid_in_all)
            for start in range(0, len(tiles), extractor.batch):
                batch = tiles[start : start + extractor.batch]
                if cancelled():
                    raise CancelledError("Cancelled; nothing was written.")
                for tile, found in zip(batch, _probabilities(strip, batch, extractor, head, blocks), strict=True):
                    blender.add(tile, found)
                progress(Progress((done + start + len(batch)) / plan.tile_count, _message(done + start, plan)))
            done += len(plan.col_starts)
            for row, rows in blender.finished():
                take(row, 0, rows)
            progress(Progress(done / plan.tile_count, _message(done, plan)))
    if not blender.complete:
        raise SourceError("The images ended before the grid did.", "Check that no file was changed during the run.")


@torch.inference_mode()
def _probabilities(
    strip: Strip, tiles: list[Tile], extractor: FeatureExtractor, head: UPerNetHead, blocks: Sequence[int]
) -> np.ndarray:
    """Probabilities (B, K, chip, chip) of tiles of one strip."""
    cuts = [strip.cut(tile) for tile in tiles]
    values = [np.stack([cut[image][0] for cut in cuts]) for image in range(len(strip.values))]
    valid = [np.stack([cut[image][1] for cut in cuts]) for image in range(len(strip.values))]
    maps = extractor.blocks(values, valid, blocks)
    # Where a GPU has no room for a single chip, they come from the processor.
    logits = head.to(maps[0].device).logits(maps, values[0].shape[-1])
    # Classes last in memory, as the blender adds fastest.
    found: np.ndarray = torch.softmax(logits.float().permute(0, 2, 3, 1), dim=-1).cpu().numpy()
    return found.transpose(0, 3, 1, 2)


def _message(done: int, plan: TilePlan) -> str:
    return f"Mapping tile {done} of {plan.tile_count}"
