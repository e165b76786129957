"""A picture of an embedding as a PNG: its three strongest principal components as red, green and blue."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

from engine.errors import SourceError
from engine.raster.components import TokenSample, fit_components

#: Pictures are for looking at: no side is longer than this.
MAX_SIDE_PX = 2048


def write_pca_picture(embedding: Path, picture: Path, enlarge: int = 1) -> Path:
    """Writes an RGBA PNG of the embedding raster ``embedding`` and returns its path.

    The components are scaled to their 2nd to 98th percentile; tokens without data
    are transparent. ``enlarge`` repeats each token that many times in both directions.
    Bands are read one by one at picture size, so memory holds one decimated copy.
    Raises SourceError when no token has data.
    """
    with rasterio.open(embedding) as source:
        shrink = max(1, -(-max(source.height, source.width) // MAX_SIDE_PX))
        shape = (-(-source.height // shrink), -(-source.width // shrink))
        tokens = np.empty((source.count, *shape), np.float32)
        scales, offsets = source.scales, source.offsets
        valid = source.read_masks(1, out_shape=shape, resampling=Resampling.nearest) > 0
        for band in range(source.count):
            read = source.read(band + 1, out_shape=shape, resampling=Resampling.nearest)
            tokens[band] = read.astype(np.float32) * scales[band] + offsets[band]
    valid &= np.isfinite(tokens).all(axis=0)
    if not valid.any():
        raise SourceError(f"{embedding.name} holds no token with data.", "There is nothing to draw.")
    tokens[:, ~valid] = np.nan
    sample = TokenSample(len(tokens), shape[1])
    sample.add(0, tokens)
    image = np.zeros((4, *shape), np.uint8)
    image[:3, valid] = fit_components(sample.tokens()).colours(tokens[:, valid].T).T
    image[3, valid] = 255
    if enlarge > 1:
        image = image.repeat(enlarge, axis=1).repeat(enlarge, axis=2)
    write_png(picture, image)
    return picture


def write_png(path: Path, image: np.ndarray) -> None:
    """Writes ``image`` (bands, height, width) uint8 as a PNG without any sidecar file."""
    with warnings.catch_warnings(), MemoryFile() as memory:
        # A picture has no place on the ground, and rasterio would tell so.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with memory.open(
            driver="PNG", width=image.shape[2], height=image.shape[1], count=image.shape[0], dtype="uint8"
        ) as target:
            target.write(image)
        path.write_bytes(memory.read())
