"""One part of a pretraining step: from stored integers to the loss, the module that is wrapped and compiled."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from engine.model.autoencoder import AutoEncoder, TokenMasks
from train.data.augment import Augment, Draws
from train.data.shards import Side


class PretrainingStep(nn.Module):
    """The loss of augmented images, for pairs and for single images.

    Every parameter takes part in every call, with a gradient of zero where a layer's band is not there: what runs
    over several ranks and parts then sums up right, whichever sensors they hold.
    """

    def __init__(self, model: AutoEncoder, norm_pix: bool, mixup: str) -> None:
        super().__init__()
        self.model = model
        self.norm_pix = norm_pix
        self.mixup = mixup

    def forward(
        self, images: Sequence[torch.Tensor], bands: Sequence[Sequence[str]], draws_take: torch.Tensor,
        draws_hide: torch.Tensor,
    ) -> torch.Tensor:  # fmt: skip
        """``images`` (B, C_i, H, W) of one or two sensors, their ``bands``, random numbers (B, N) twice → loss."""
        masks = TokenMasks.drawn(draws_take, draws_hide)
        if self.mixup == "none":
            masks = masks._replace(take_a=torch.ones_like(masks.take_a))
        mixup = "paper" if self.mixup == "none" else self.mixup
        other = images[1] if len(images) > 1 else None
        loss = self.model(images[0], bands[0], other, bands[1] if len(bands) > 1 else (), masks, self.norm_pix, mixup)
        layers = (self.model.spectrum_projection.spectrum_embeds, self.model.decoder_preds, [self.model.mask_token])
        absent = sum(p.sum() for group in layers for p in _parameters(group))
        return loss + 0.0 * absent


def _parameters(group: nn.ModuleList | list[nn.Parameter]) -> list[nn.Parameter]:
    return list(group.parameters()) if isinstance(group, nn.ModuleList) else group


def part_loss(
    step: nn.Module, augment: Augment, sides: Sequence[Side], images: Sequence[torch.Tensor], draws: Draws,
    device: torch.device, bf16: bool,
) -> torch.Tensor:  # fmt: skip
    """The loss of a loaded part, ``images`` and ``draws`` on the host, on ``device``."""
    with torch.no_grad():
        seen = augment(images, draws)
    draws = draws.to(device)
    # On a CPU in bf16 plain products beat the fused kernel for so few tokens: 1.2 times at 100 of them, 1.4 at 64.
    attention = sdpa_kernel(SDPBackend.MATH) if bf16 and device.type == "cpu" else nullcontext()
    with attention, torch.autocast(device.type, torch.bfloat16, enabled=bf16):
        return step(seen, [side.bands for side in sides], draws.take, draws.hide)
