"""A plain way from an image to the raster of its features: what the engine's benchmarks measure it against.

The method read literally (METHOD, sections 2 and 4), one tile after the other: read it, harmonise it, resize it with
scikit-image, encode it in float32, add it up; at the end one float32 COG. Its model is that of ``plain_model.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import rasterio
import torch
from affine import Affine
from rasterio.windows import Window
from skimage.transform import resize as skimage_resize

from benchmarks.plain_model import PlainEncoder
from engine.raster.statistics import BandStatistics


def harmonise(values: np.ndarray, statistics: BandStatistics) -> np.ndarray:
    """Raw values (C, h, w) → what the model was trained on, float32, not yet resized."""
    p1, p99, mean, std = (
        np.asarray(figures, np.float32)[:, None, None]
        for figures in (statistics.p1, statistics.p99, statistics.mean, statistics.std)
    )
    clipped = np.clip((values.astype(np.float32) - p1) / (p99 - p1), 0, 1)
    return (clipped - mean) / std


def resize(image: np.ndarray, side: int) -> np.ndarray:
    """(C, h, w) → (C, side, side) float32, as the released code does it."""
    resized = skimage_resize(image.transpose(1, 2, 0), (side, side), order=3, anti_aliasing=True)
    return resized.transpose(2, 0, 1).astype(np.float32)


def read_tiles(
    source: Path, starts: tuple[Sequence[int], Sequence[int]], chip: int
) -> Iterator[tuple[int, int, np.ndarray]]:
    """The first row and column of every tile, and its values (C, chip, chip): one read per tile."""
    with rasterio.open(source) as dataset:
        for y in starts[0]:
            for x in starts[1]:
                yield y, x, dataset.read(window=Window(x, y, chip, chip))


@torch.inference_mode()
def features(
    source: Path, model: PlainEncoder, bands: Sequence[str], statistics: BandStatistics, chip: int, stride: int
) -> np.ndarray:
    """Features (D, rows, cols) of a raster that tiles of ``chip`` px, ``stride`` px apart, fill exactly.

    Where tiles overlap, their mean weighted by Hann windows.
    """
    with rasterio.open(source) as dataset:
        height, width = dataset.shape
    tokens = model.side // model.patch
    step = stride * tokens // chip
    starts = range(0, height - chip + 1, stride), range(0, width - chip + 1, stride)
    rows, cols = ((len(along) - 1) * step + tokens for along in starts)
    window = np.sin(np.pi * (np.arange(tokens) + 0.5) / tokens) ** 2
    weight = np.outer(window, window).astype(np.float32)
    sums = np.zeros((model.cls_token.shape[2], rows, cols), np.float32)
    weights = np.zeros((rows, cols), np.float32)
    for y, x, values in read_tiles(source, starts, chip):
        image = resize(harmonise(values, statistics), model.side)
        found = model(torch.from_numpy(image)[None], bands)[0].numpy()
        row, col = y // stride * step, x // stride * step
        sums[:, row : row + tokens, col : col + tokens] += weight * found
        weights[row : row + tokens, col : col + tokens] += weight
    return sums / weights


def write_cog(path: Path, values: np.ndarray, transform: Affine, crs: str, **options: object) -> None:
    """One float32 COG of all bands (D, rows, cols), with its overviews, as GDAL makes it unless told otherwise."""
    with rasterio.open(
        path, "w", driver="COG", width=values.shape[2], height=values.shape[1], count=len(values), dtype="float32",
        nodata=np.nan, transform=transform, crs=crs, **options,
    ) as dataset:  # fmt: skip
        dataset.write(values)
