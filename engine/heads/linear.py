"""The linear head: multinomial logistic regression on the vectors between cells, its scaling folded in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Self

import numpy as np
import torch
from scipy.optimize import minimize

from engine.errors import CancelledError
from engine.heads.head import HeadInfo, TokenHead, expect_shapes
from engine.heads.sample import LabelledSample
from engine.heads.threads import threads_for
from engine.progress import CancelCallback

#: Weight of the squared coefficients against the mean loss of a pixel: 1 / (n·C) of scikit-learn. Of 1e-3 to 0.3 the
#: best or next to it in grouped cross-validation on floods, land cover, clouds and the simulated scene.
PENALTY = 1e-2
_MOST_STEPS = 300
#: Optimisation ends where no derivative is larger; figures and maps no longer change.
_GRADIENT = 1e-4
#: The score of a class that the training sample lacks (in a part of the cross-validation): never the largest.
_ABSENT = -1e4


class LinearHead(TokenHead):
    """Scores are ``tokens @ weight.T + bias``, probabilities their softmax.

    ``weight`` is (K, dims), ``bias`` (K,), both float32.
    """

    KIND: ClassVar[str] = "linear"

    def __init__(self, info: HeadInfo, weight: torch.Tensor, bias: torch.Tensor) -> None:
        super().__init__(info)
        self.weight, self.bias = weight, bias

    def scores(self, tokens: torch.Tensor) -> torch.Tensor:
        """See ``TokenHead``."""
        return torch.nn.functional.linear(tokens.to(self.weight), self.weight, self.bias)

    def probabilities(self, scores: torch.Tensor) -> torch.Tensor:
        """See ``TokenHead``."""
        # Classes in front are five times as fast, and a map has them there in memory.
        return torch.softmax(scores.movedim(-1, 0), dim=0).movedim(0, -1)

    def tensors(self) -> dict[str, torch.Tensor]:
        """See ``TokenHead``."""
        return {"weight": self.weight, "bias": self.bias}

    def to(self, device: torch.device) -> Self:
        """See ``TokenHead``."""
        return type(self)(self.info, self.weight.to(device), self.bias.to(device))

    @classmethod
    def from_tensors(cls, info: HeadInfo, tensors: Mapping[str, torch.Tensor]) -> Self:
        """See ``TokenHead``."""
        count = len(info.classes)
        expect_shapes(cls.KIND, tensors, {"weight": (count, info.dims), "bias": (count,)})
        return cls(info, tensors["weight"].float(), tensors["bias"].float())


def fit_linear(info: HeadInfo, sample: LabelledSample, balance: bool, cancelled: CancelCallback) -> LinearHead:
    """Logistic regression on standardised features; the result does not depend on a seed."""
    features = sample.features()
    mean, std = standardise(features)
    present, labels = np.unique(sample.classes, return_inverse=True)
    weight, bias = _logistic_regression(
        features, labels.reshape(-1), len(present), sample.importance(balance), PENALTY, cancelled
    )
    return folded(LinearHead, info, present, weight, bias, mean, std)


def standardise(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Takes the mean off features (n, D) and divides them by their std, in place; gives both (D,)."""
    mean = features.mean(axis=0, dtype=np.float64).astype(np.float32)
    features -= mean
    std = np.sqrt(np.mean(np.square(features), axis=0, dtype=np.float64)).astype(np.float32)
    # A value that never varies tells nothing: it must not be blown up.
    std[std < 1e-6 * max(float(std.max(initial=0)), 1e-30)] = np.inf
    features /= std
    return mean, std


def folded(
    kind: Callable[[HeadInfo, torch.Tensor, torch.Tensor], LinearHead],
    info: HeadInfo,
    present: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray,
    mean: np.ndarray,
    std: np.ndarray,
) -> LinearHead:
    """A head for plain vectors from weights (P, D) and biases (P,) of the classes ``present`` for standardised ones."""
    plain = weight / std
    weights = np.zeros((len(info.classes), len(mean)), np.float32)
    biases = np.full(len(info.classes), _ABSENT, np.float32)
    weights[present] = plain
    biases[present] = bias - plain @ mean
    return kind(info, torch.from_numpy(weights), torch.from_numpy(biases))


def _logistic_regression(
    features: np.ndarray,
    labels: np.ndarray,
    count: int,
    importance: np.ndarray,
    penalty: float,
    cancelled: CancelCallback,
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (count, D) and biases (count,) that minimise mean(importance · cross-entropy) + penalty/2 · |W|².

    As scikit-learn's LogisticRegression, but that it asks ``cancelled`` at every step, and computes in float32.
    """
    rows, dims = features.shape
    share = (importance / rows).astype(np.float32)
    lines = np.arange(rows)

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        if cancelled():
            raise CancelledError("Cancelled; nothing was written.")
        table = values.reshape(count, dims + 1)
        weight = table[:, :dims]
        scores = features @ weight.T.astype(np.float32) + table[:, dims].astype(np.float32)
        scores -= scores.max(axis=1, keepdims=True)
        right = scores[lines, labels]
        np.exp(scores, out=scores)
        sums = scores.sum(axis=1)
        total = float(np.sum(share * (np.log(sums) - right), dtype=np.float64))
        scores /= sums[:, None]
        scores[lines, labels] -= 1
        scores *= share[:, None]
        gradient = np.empty((count, dims + 1))
        gradient[:, :dims] = scores.T @ features + penalty * weight
        gradient[:, dims] = scores.sum(axis=0)
        return total + penalty / 2 * float(np.sum(weight**2)), gradient.ravel()

    with threads_for(2.0 * rows * dims * count):
        found = minimize(
            loss,
            np.zeros(count * (dims + 1)),
            method="L-BFGS-B",
            jac=True,
            options={"maxiter": _MOST_STEPS, "gtol": _GRADIENT, "ftol": 1e-7},
        )
    table = found.x.reshape(count, dims + 1).astype(np.float32)
    return table[:, :dims], table[:, dims]
