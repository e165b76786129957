"""The k-nearest-neighbours head: the labelled places most like a vector vote for its class (METHOD, section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np
import torch

from engine.errors import CheckpointError
from engine.heads.head import HeadInfo, TokenHead, expect_shapes
from engine.heads.sample import LabelledSample

NEIGHBOURS, TEMPERATURE = 20, 0.07
#: Similarities in memory at once.
_PAIRS = 4_000_000


class KnnHead(TokenHead):
    """Scores are shares of the votes of the 20 nearest of a bank: exp(cosine / 0.07) each, times its class's weight.

    ``bank`` (n, dims) holds unit vectors, in float16; ``labels`` (n,) the number of each one's class;
    ``class_weights`` (K,) what a vote of each class counts.
    """

    KIND: ClassVar[str] = "knn"

    def __init__(self, info: HeadInfo, bank: torch.Tensor, labels: torch.Tensor, class_weights: torch.Tensor) -> None:
        super().__init__(info)
        self.bank, self.labels, self.class_weights = bank, labels, class_weights
        self._bank = bank.float()

    def scores(self, tokens: torch.Tensor) -> torch.Tensor:
        """See ``TokenHead``."""
        step = max(1, _PAIRS // len(self._bank))
        return torch.cat([self._votes(part) for part in tokens.to(self._bank).split(step)])

    def probabilities(self, scores: torch.Tensor) -> torch.Tensor:
        """See ``TokenHead``."""
        return scores / scores.sum(dim=-1, keepdim=True).clamp_min(1e-12)

    def tensors(self) -> dict[str, torch.Tensor]:
        """See ``TokenHead``."""
        return {"bank": self.bank, "labels": self.labels, "class_weights": self.class_weights}

    def to(self, device: torch.device) -> Self:
        """See ``TokenHead``."""
        return type(self)(self.info, self.bank.to(device), self.labels.to(device), self.class_weights.to(device))

    @classmethod
    def from_tensors(cls, info: HeadInfo, tensors: Mapping[str, torch.Tensor]) -> Self:
        """See ``TokenHead``."""
        count = len(info.classes)
        shapes = {"bank": (None, info.dims), "labels": (None,), "class_weights": (count,)}
        expect_shapes(cls.KIND, tensors, shapes)
        bank, labels = tensors["bank"], tensors["labels"]
        if not len(bank) or len(labels) != len(bank) or not 0 <= int(labels.min()) <= int(labels.max()) < count:
            raise CheckpointError("The knn head's labels do not go with its bank and classes.", "Train it again.")
        return cls(info, bank, labels.long(), tensors["class_weights"].float())

    def _votes(self, tokens: torch.Tensor) -> torch.Tensor:
        similar = torch.nn.functional.normalize(tokens, dim=-1) @ self._bank.T
        nearest, where = similar.topk(min(NEIGHBOURS, len(self._bank)), dim=-1)
        labels = self.labels[where]
        # The largest is taken off first: votes are shares, and exp must not flow over.
        votes = torch.exp((nearest - nearest[:, :1]) / TEMPERATURE) * self.class_weights[labels]
        scores = torch.zeros(len(tokens), len(self.class_weights), dtype=votes.dtype, device=votes.device)
        scores.scatter_add_(1, labels, votes)
        return scores / scores.sum(dim=-1, keepdim=True)


def fit_knn(info: HeadInfo, sample: LabelledSample, balance: bool) -> KnnHead:
    """A bank of one vector per class and cell: the mean at the sample's pixels of that class in that cell.

    Pixels of one cell are nearly one vector: kept singly, one cell would outvote all others.
    """
    features = sample.features()
    pairs, where = np.unique(np.stack([sample.classes, sample.own], 1), axis=0, return_inverse=True)
    where = where.reshape(-1)
    bank = np.zeros((len(pairs), features.shape[1]), np.float32)
    np.add.at(bank, where, features)
    bank /= np.maximum(np.linalg.norm(bank, axis=1, keepdims=True), 1e-12)
    labels = pairs[:, 0]
    count = np.bincount(labels, minlength=len(info.classes))
    pixels = np.bincount(sample.classes, sample.stands_for, minlength=len(info.classes))
    # Votes per vector of the bank: a class whose places fill less of it than of the ground weighs more.
    weights = np.where(count > 0, (1.0 if balance else pixels) / np.maximum(count, 1), 0)
    weights /= weights[count > 0].mean()
    return KnnHead(
        info,
        torch.from_numpy(bank).half(),
        torch.from_numpy(labels),
        torch.from_numpy(weights.astype(np.float32)),
    )
