"""The conv head: a 1×1 convolution, its scores made bilinear between cells, trained with AdamW (METHOD, section 6)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import nn

from engine.errors import CancelledError
from engine.heads.head import HeadInfo
from engine.heads.linear import LinearHead, folded, standardise
from engine.heads.sample import LabelledSample
from engine.heads.threads import threads_for
from engine.progress import CancelCallback

EPOCHS = 100
_BATCH = 2048
_RATE, _DECAY = 3e-3, 0.05


class ConvHead(LinearHead):
    """As ``LinearHead``; only how it is trained differs: in small steps, and stopped before it fits every pixel."""

    KIND: ClassVar[str] = "conv"


def fit_conv(
    info: HeadInfo, sample: LabelledSample, balance: bool, epochs: int | None, seed: int, cancelled: CancelCallback
) -> LinearHead:
    """Cross-entropy of pixels, AdamW with a cosine; equal for equal ``seed``.

    A score between cells is the score of the vector between cells: a 1×1 convolution commutes with interpolation.
    """
    features = sample.features()
    mean, std = standardise(features)
    present, labels = np.unique(sample.classes, return_inverse=True)
    x, y = torch.from_numpy(features), torch.from_numpy(labels.reshape(-1))
    importance = torch.from_numpy(sample.importance(balance).astype(np.float32))
    layer = nn.Linear(features.shape[1], len(present))
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    epochs = epochs or EPOCHS
    optimiser = torch.optim.AdamW(layer.parameters(), lr=_RATE, weight_decay=_DECAY)
    steps = -(-len(sample) // _BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs * steps)
    generator = torch.Generator().manual_seed(seed)
    with threads_for(3.0 * _BATCH * features.shape[1] * len(present)):
        for _ in range(epochs):
            for batch in torch.randperm(len(sample), generator=generator).split(_BATCH):
                if cancelled():
                    raise CancelledError("Cancelled; nothing was written.")
                losses = nn.functional.cross_entropy(layer(x[batch]), y[batch], reduction="none")
                optimiser.zero_grad()
                (losses * importance[batch]).mean().backward()
                optimiser.step()
                schedule.step()
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    return folded(ConvHead, info, present, weight, bias, mean, std)
