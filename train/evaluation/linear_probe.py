"""The linear probe on frozen features: BatchNorm without affine, then one linear layer (METHOD, section 6)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

#: The rate is given for this many samples per step and scales with their number.
RATE_BATCH = 256
_EPS = 1e-6
_INITIAL_STD = 0.01
BETAS = (0.9, 0.95)


@dataclass(frozen=True)
class ProbeSettings:
    """How a probe is trained: AdamW of rate ``base_rate`` · batch / 256, without weight decay.

    The rate falls to a tenth after each of the shares ``drops`` of the ``epochs``. Where there are fewer samples than
    ``batch``, all of them are one batch, and the rate is that of their number.
    """

    epochs: int = 100
    batch: int = 1024
    base_rate: float = 1e-3
    drops: tuple[float, ...] = (0.6, 0.8)

    def rate(self, epoch: int, samples: int) -> float:
        """The rate in ``epoch`` (from 0) of a training on so many samples."""
        passed = sum(epoch >= round(share * self.epochs) for share in self.drops)
        return self.base_rate * min(self.batch, samples) / RATE_BATCH * 0.1**passed


def fit_probe(
    features: torch.Tensor,
    targets: torch.Tensor,
    classes: int,
    seed: int,
    settings: ProbeSettings | None = None,
) -> nn.Sequential:
    """A probe in evaluation mode, on the device of ``features``; equal for equal seed.

    ``features`` (n, D); ``targets`` (n,) are class numbers, or (n, K) 0 and 1 for several labels per sample, where
    the loss is binary cross-entropy. It gives scores (·, K) before softmax or sigmoid.
    """
    settings = settings or ProbeSettings()
    features, targets = features.float(), targets.to(features.device)
    several = targets.ndim == 2
    generator = torch.Generator().manual_seed(seed)
    layer = nn.Linear(features.shape[1], classes)
    nn.init.trunc_normal_(layer.weight, std=_INITIAL_STD, generator=generator)
    nn.init.zeros_(layer.bias)
    probe = nn.Sequential(nn.BatchNorm1d(features.shape[1], eps=_EPS, affine=False), layer).to(features.device).train()
    optimiser = torch.optim.AdamW(probe.parameters(), lr=settings.base_rate, betas=BETAS, weight_decay=0.0)
    steps = -(-len(features) // settings.batch)
    for epoch in range(settings.epochs):
        for group in optimiser.param_groups:
            group["lr"] = settings.rate(epoch, len(features))
        # Parts of about equal length: a last batch of one sample would have no variance.
        for batch in torch.randperm(len(features), generator=generator).tensor_split(steps):
            chosen = batch.to(features.device)
            scores = probe(features[chosen])
            if several:
                loss = functional.binary_cross_entropy_with_logits(scores, targets[chosen].float())
            else:
                loss = functional.cross_entropy(scores, targets[chosen].long())
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return probe.eval()


@torch.no_grad()
def probe_scores(probe: nn.Module, features: torch.Tensor) -> torch.Tensor:
    """Scores (m, K) float32 of ``features`` (m, D), before softmax or sigmoid."""
    return torch.cat([probe(part.float()) for part in features.split(65_536)])


def probe_accuracy(
    features: torch.Tensor,
    labels: torch.Tensor,
    test_features: torch.Tensor,
    test_labels: torch.Tensor,
    classes: int,
    seed: int,
    epochs: int = 100,
    batch: int = 1024,
) -> float:
    """The share of test samples that a probe trained on ``features`` (n, D) and ``labels`` (n,) gets right.

    ``test_features`` (m, D), ``test_labels`` (m,); labels are class numbers. The default numbers are those published.
    """
    probe = fit_probe(features, labels, classes, seed, ProbeSettings(epochs=epochs, batch=batch))
    found = probe_scores(probe, test_features.to(features.device)).argmax(dim=1)
    return float((found == test_labels.to(found.device)).float().mean())
