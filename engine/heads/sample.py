"""Labelled pixels with the vectors around them: what every token head is trained on and measured with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch

from engine.heads.head import TokenHead

#: Vectors that are scored at once.
_SCORED = 8192


@dataclass(frozen=True, eq=False)
class LabelledSample:
    """n labelled pixels, each between four cells of an embedding.

    ``vectors`` (m, D) float32 are the cells' vectors; ``cells`` (n, 4) say which ones a pixel takes, with ``shares``
    (n, 4) float32 that add up to 1. ``own`` (n,) tells pixels of one cell from those of another. ``classes`` and
    ``groups`` (n,) int64; ``stands_for`` (n,) float64: how many labelled pixels each one is a sample of. ``places``
    (n, 3) int64: scene, row, column of the pixel.
    """

    vectors: np.ndarray
    cells: np.ndarray
    shares: np.ndarray
    own: np.ndarray
    classes: np.ndarray
    groups: np.ndarray
    stands_for: np.ndarray
    places: np.ndarray

    def __len__(self) -> int:
        return len(self.classes)

    def take(self, chosen: np.ndarray) -> Self:
        """The pixels ``chosen`` (numbers or a mask); the vectors are shared, not copied."""
        names = ("cells", "shares", "own", "classes", "groups", "stands_for", "places")
        return replace(self, **{name: getattr(self, name)[chosen] for name in names})

    def features(self) -> np.ndarray:
        """The vectors at the pixels (n, D) float32, between those of the cells around each."""
        features = self.vectors[self.cells[:, 0]] * self.shares[:, :1]
        for corner in range(1, 4):
            features += self.vectors[self.cells[:, corner]] * self.shares[:, corner : corner + 1]
        return features

    def importance(self, balance: bool) -> np.ndarray:
        """What each pixel counts in training (n,) float64, 1 on average.

        ``balance``: every class counts alike; else as much as it has labelled pixels. Within a class all pixels of
        the sample count alike, however large the polygon they are from.
        """
        count = np.bincount(self.classes)
        total = np.where(count > 0, 1.0, 0.0) if balance else np.bincount(self.classes, self.stands_for)
        each = (total / np.maximum(count, 1))[self.classes]
        return np.asarray(each / each.mean())


def pixel_probabilities(head: TokenHead, sample: LabelledSample) -> np.ndarray:
    """Probabilities (n, K) float32 at the pixels, made as maps are: cells are scored, then comes what lies between."""
    needed, where = np.unique(sample.cells, return_inverse=True)
    parts = [
        head.scores(torch.from_numpy(sample.vectors[needed[start : start + _SCORED]])).cpu()
        for start in range(0, len(needed), _SCORED)
    ]
    scores, corners = torch.cat(parts), torch.from_numpy(where.reshape(sample.cells.shape))
    shares = torch.from_numpy(sample.shares)
    between = scores[corners[:, 0]] * shares[:, :1]
    for corner in range(1, 4):
        between += scores[corners[:, corner]] * shares[:, corner : corner + 1]
    return head.probabilities(between).numpy()
