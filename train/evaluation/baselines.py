"""Features that need no model: what a model has to beat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

#: In a histogram of all bands together, and of each band by itself.
_JOINT_BINS, _BAND_BINS = 4, 16
_PERCENTILES = (5, 25, 50, 75, 95)


def channel_means(images: Sequence[np.ndarray]) -> np.ndarray:
    """The mean of every band: (n, C) float64 of images (C, h, w)."""
    return np.stack([image.reshape(len(image), -1).mean(axis=1, dtype=np.float64) for image in images])


def pixel_statistics(images: Sequence[np.ndarray]) -> np.ndarray:
    """Mean, std and five percentiles (5, 25, 50, 75, 95) of every band: (n, 7·C) float64 of images (C, h, w)."""
    rows = []
    for image in images:
        pixels = image.reshape(len(image), -1).astype(np.float64)
        figures = [pixels.mean(axis=1), pixels.std(axis=1), *np.percentile(pixels, _PERCENTILES, axis=1)]
        rows.append(np.concatenate(figures))
    return np.stack(rows)


def colour_histogram(images: Sequence[np.ndarray], lowest: np.ndarray, highest: np.ndarray) -> np.ndarray:
    """Histograms of colours: (n, 4³ + 16·C) float64 of images (C, h, w); of C ≠ 3 bands only 16·C.

    All three bands together in 4 × 4 × 4 bins, and each band in 16, between its ``lowest`` and ``highest`` (C,); each
    of the histograms adds up to 1, and the roots are taken (Hellinger), so that cosines of rows compare distributions.
    """
    rows = []
    for image in images:
        pixels = image.reshape(len(image), -1)
        share = np.clip((pixels - lowest[:, None]) / (highest - lowest)[:, None], 0, 1)
        parts = []
        if len(image) == 3:
            joint = np.ravel_multi_index(tuple(_bins(share, _JOINT_BINS)), (_JOINT_BINS,) * 3)
            parts.append(np.bincount(joint, minlength=_JOINT_BINS**3))
        parts += [np.bincount(band, minlength=_BAND_BINS) for band in _bins(share, _BAND_BINS)]
        rows.append(np.concatenate([np.sqrt(part / pixels.shape[1]) for part in parts]))
    return np.stack(rows)


def _bins(share: np.ndarray, count: int) -> np.ndarray:
    return np.minimum((share * count).astype(np.int64), count - 1)
