"""Cuts, turns and resizes stored images: the resize of METHOD, section 4, of a crop, as matrix products.

A *view* says what of a record is taken and how it is turned. Flips are folded into the matrices of the resize. There
are two ways to the same result: on a CPU one image after the other stays in the cache, and of each matrix only the
part that is not zero is multiplied; on a GPU a whole batch goes through a few large operations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch

from engine.raster.resize import resize_matrix

#: Stored integers (B, C, H, W) → harmonised float32 of the same shape.
Harmonise = Callable[[torch.Tensor], torch.Tensor]

#: Weights below this are left out on a CPU: together they are some 2e-6 of a pixel.
_NEGLIGIBLE = 1e-6
#: Target pixels that share one window of source pixels: small enough to leave out most zeros, large enough for speed.
_BLOCK = 32


class View(NamedTuple):
    """A square of ``side`` px from row ``top`` and column ``left`` on; flipped first, then transposed."""

    side: int
    top: int
    left: int
    flip_rows: bool
    flip_columns: bool
    transpose: bool


def views_one_by_one(images: torch.Tensor, views: Sequence[View], size: int, harmonise: Harmonise) -> torch.Tensor:
    """Stored ``images`` (B, C, H, W), a view of each → float32 (B, C, ``size``, ``size``), on a CPU.

    In memory the bands of a row lie side by side. Each image is clipped to the range of its own crop.
    """
    batch, bands = images.shape[:2]
    # From numpy, which asks the kernel for large pages: with small ones a third of the time goes into making them.
    target = torch.from_numpy(np.empty((batch, size, bands, size), np.float32))
    for image, view, out in zip(images, views, target, strict=True):
        side, flip_rows, flip_columns = view.side, view.flip_rows, view.flip_columns
        crop = image[:, view.top : view.top + side, view.left : view.left + side]
        values = harmonise(crop[None])[0]
        lowest, highest = (limit.item() for limit in values.aminmax())
        if view.transpose:
            values, flip_rows, flip_columns = values.transpose(1, 2), flip_columns, flip_rows
        source = values.transpose(0, 1).reshape(side * bands, side)
        wide = torch.empty(side * bands, size)
        for block in _blocks(side, size, flip_columns):
            torch.mm(source[:, block.source], block.weights.T, out=wide[:, block.target])
        wide, tall = wide.view(side, bands * size), out.view(size, bands * size)
        for block in _blocks(side, size, flip_rows):
            torch.mm(block.weights, wide[block.source], out=tall[block.target])
        out.clamp_(lowest, highest)
    return target.transpose(1, 2)


def views_together(images: torch.Tensor, views: Sequence[View], size: int, harmonise: Harmonise) -> torch.Tensor:
    """The same as :func:`views_one_by_one`, on the device of ``images``, within the accuracy of float32."""
    device = images.device
    bands, width = images.shape[1], images.shape[3]
    side, top, left, *turns = torch.tensor(views).T.to(device, non_blocking=True)
    flip_rows, flip_columns, transpose = (turn[:, None, None].bool() for turn in turns)
    largest = max(view.side for view in views)
    # Smaller crops are filled up with their last row and column, which changes no range and has no weight below.
    places = torch.minimum(torch.arange(largest, device=device), side[:, None] - 1)
    rows, columns = top[:, None] + places, left[:, None] + places
    pixels = rows[:, :, None] * width + columns[:, None, :]
    # Type and place change before the choice of pixels: not every device picks from 16-bit integers without a sign.
    picked = images.float().flatten(2).gather(2, pixels.flatten(1)[:, None].expand(-1, bands, -1))
    values = harmonise(picked.unflatten(2, (largest, largest)))
    lowest, highest = values.amin((1, 2, 3), keepdim=True), values.amax((1, 2, 3), keepdim=True)
    weights = torch.stack([_padded(view.side, size, largest, device) for view in views])
    row_weights = torch.where(flip_rows, weights.flip(1), weights)
    column_weights = torch.where(flip_columns, weights.flip(1), weights)
    wide = values.flatten(1, 2) @ column_weights.transpose(1, 2)
    tall = row_weights @ wide.unflatten(1, (bands, largest)).transpose(1, 2).flatten(2)
    resized = tall.unflatten(2, (bands, size)).transpose(1, 2)
    resized = torch.where(transpose[..., None], resized.transpose(2, 3), resized)
    return torch.minimum(torch.maximum(resized, lowest), highest)


class _Block(NamedTuple):
    """Some target pixels, the source pixels they are made of, and the weights (target, source)."""

    target: slice
    source: slice
    weights: torch.Tensor


@lru_cache(maxsize=2048)
def _blocks(source: int, target: int, flip: bool) -> tuple[_Block, ...]:
    """The resize of ``source`` to ``target`` px in pieces that leave out what has no weight."""
    matrix = resize_matrix(source, target).astype(np.float32)
    if flip:
        matrix = matrix[::-1]
    blocks = []
    for start in range(0, target, _BLOCK):
        rows = matrix[start : start + _BLOCK]
        used = np.flatnonzero((np.abs(rows) > _NEGLIGIBLE).any(axis=0))
        window = slice(int(used[0]), int(used[-1]) + 1)
        weights = torch.from_numpy(np.ascontiguousarray(rows[:, window]))
        blocks.append(_Block(slice(start, start + len(rows)), window, weights))
    return tuple(blocks)


@lru_cache(maxsize=2048)
def _padded(source: int, target: int, length: int, device: torch.device) -> torch.Tensor:
    """The matrix (``target``, ``length``) that resizes the first ``source`` px and gives the rest no weight."""
    matrix = torch.zeros(target, length)
    matrix[:, :source] = torch.from_numpy(resize_matrix(source, target).astype(np.float32))
    return matrix.to(device)
