"""The resize SMARTIES was trained with, as two matrix products.

The released model resizes with scikit-image's ``resize(order=3, anti_aliasing=True)``: a
Gaussian where it shrinks, a cubic B-spline, then a clip to the range of the whole input
(METHOD, section 4). All but the clip is linear and separable, so the matrix of one axis,
found once per pair of sizes, replaces it on any device.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch

#: Weights below this are set to zero: they change nothing in float32, and the denormal numbers
#: among them make the matrix product many times slower on a CPU.
NEGLIGIBLE_WEIGHT = 1e-9


@lru_cache(maxsize=64)
def resize_matrix(source: int, target: int) -> np.ndarray:
    """Weights that resize one axis of ``source`` px to ``target`` px: float64 (target, source), read-only.

    Row i holds the share of every source pixel in target pixel i; the rows sum to 1.
    Raises ValueError for sizes below 1 px.
    """
    if source < 1 or target < 1:
        raise ValueError(f"cannot resize {source} px to {target} px: both sizes must be at least 1 px")
    # Imported here: it takes half a second, and a program that only describes a raster never resizes.
    from skimage.transform import resize as skimage_resize

    matrix = skimage_resize(np.eye(source), (target, source), order=3, anti_aliasing=True, clip=False)
    matrix[np.abs(matrix) < NEGLIGIBLE_WEIGHT] = 0.0
    matrix.setflags(write=False)
    return matrix


@lru_cache(maxsize=64)
def _matrix_on(source: int, target: int, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    # Outside inference mode even if the first caller is in it: a cached inference tensor would
    # later break a training step that resizes.
    with torch.inference_mode(False):
        return torch.tensor(resize_matrix(source, target), device=device, dtype=dtype)


def resize(images: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Resize ``images`` (B, C, h, w), float32 or float64 without NaN, to (B, C, height, width).

    Every sample is clipped to the range of its own input over all its bands, as the released
    code does. Equals ``skimage.transform.resize(order=3, anti_aliasing=True, preserve_range=True)``
    of the (h, w, C) image within 1e-5 of its range. Raises ValueError for sizes below 1 px.
    """
    batch, bands, source_height, source_width = images.shape
    if (source_height, source_width) == (height, width):
        return images
    if images.numel() == 0:
        return images.new_empty((batch, bands, height, width))
    rows = _matrix_on(source_height, height, images.device, images.dtype)
    columns = _matrix_on(source_width, width, images.device, images.dtype).T
    stack = images.reshape(batch * bands, source_height, source_width)
    # The order of the two products that needs fewer multiplications; a side that keeps its size has none.
    width_first = source_height * width * (source_width + height)
    height_first = height * source_width * (source_height + width)
    if source_width == width:
        resized = rows @ stack
    elif source_height == height:
        resized = stack @ columns
    elif width_first <= height_first:
        resized = rows @ (stack @ columns)
    else:
        resized = (rows @ stack) @ columns
    flat = resized.reshape(batch, -1)
    samples = images.reshape(batch, -1)
    # Two one-sided clamps in place: torch.clamp with two tensor limits is 5 times slower on a CPU.
    flat = flat.clamp_max_(samples.amax(dim=1, keepdim=True)).clamp_min_(samples.amin(dim=1, keepdim=True))
    return flat.reshape(batch, bands, height, width)
