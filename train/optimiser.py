"""AdamW and its schedule (METHOD, section 5)."""

from __future__ import annotations

import math

import torch
from torch import nn

from train.recipe import Recipe


def make_optimiser(model: nn.Module, recipe: Recipe) -> torch.optim.AdamW:
    """Fused AdamW; weight decay on matrices, not on 1-D parameters."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.peak_lr, betas=(0.9, recipe.beta_2), fused=True)


def learning_rate(step: int, steps: int, warmup: int, peak: float) -> float:
    """The rate of step ``step`` (from 0): linear over the ``warmup`` steps, then a cosine to 0 at the end."""
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))
