"""A plain pretraining step of SMARTIES: the method read literally, one idea after the other, nothing folded together.

What ``pretraining_step.py`` measures ours against, and what tests compare its loss and gradients with. It shares no
code with ``engine/model`` but the list of layers; its weights have the released names, so those of ours can be loaded.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from benchmarks.plain_model import SLOTS, Block, Projection, layer_numbers, patches_of
from engine.model.config import ModelConfig
from engine.spectrum.layers import LAYERS


class PlainAutoEncoder(nn.Module):
    """The masked auto-encoder of METHOD, section 5. Bands are keys of layers, their number a divisor of 12."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        decoder = config.decoder
        assert decoder is not None
        self.patch = config.patch
        pixels, tokens = config.patch**2, config.grid**2
        self.cls_token = nn.Parameter(torch.zeros(1, 1, config.width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + tokens, config.width), requires_grad=False)
        self.spectrum_projection = Projection(pixels, config.width)
        self.blocks = nn.ModuleList(Block(config.width, config.num_heads) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.width, eps=1e-6)
        self.decoder_embed = nn.Linear(config.width, decoder.width)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, decoder.width))
        self.decoder_pos_embed = nn.Parameter(torch.zeros(1, 1 + tokens, decoder.width), requires_grad=False)
        self.decoder_blocks = nn.ModuleList(Block(decoder.width, decoder.num_heads) for _ in range(decoder.depth))
        self.decoder_norm = nn.LayerNorm(decoder.width, eps=1e-6)
        self.decoder_preds = nn.ModuleList(nn.Linear(decoder.width, pixels) for _ in LAYERS)

    def forward(
        self,
        image_a: torch.Tensor,
        bands_a: Sequence[str],
        image_b: torch.Tensor,
        bands_b: Sequence[str],
        take_a: torch.Tensor,
        masked: torch.Tensor,
        norm_pix: bool = True,
        mixup: str = "paper",
    ) -> torch.Tensor:
        """The loss of images (B, C, H, W), H = W = patch · grid; ``take_a`` and ``masked`` (B, N) bool."""
        patches_a, slots_a = self._slots(image_a, bands_a)
        patches_b, slots_b = self._slots(image_b, bands_b)
        tokens_a = self.spectrum_projection(patches_a, slots_a)
        tokens_b = self.spectrum_projection(patches_b, slots_b)

        swap = ~take_a if mixup == "paper" else torch.zeros_like(take_a)
        streams = [
            (
                torch.where(own[:, :, None], tokens_a, tokens_b),
                torch.where(own[:, :, None, None], patches_a, patches_b),
                torch.where(own[:, :, None], slots_a, slots_b),
            )
            for own in (take_a, swap)
        ]
        losses = []
        for tokens, patches, slots in streams:
            decoded = self._decode(self._encode(tokens, masked), masked)
            predicted = self._reproject(decoded, slots)
            losses.append(_loss(predicted, patches, masked, norm_pix))
        return (losses[0] + losses[1]) / 2

    def _slots(self, image: torch.Tensor, bands: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Patches of the twelve slots (B, N, 12, P²), the bands repeated, and their layers' numbers (B, N, 12)."""
        repeats = SLOTS // len(bands)
        patches = patches_of(image, self.patch).repeat(1, 1, repeats, 1)
        return patches, layer_numbers([*bands] * repeats, patches)

    def _encode(self, tokens: torch.Tensor, masked: torch.Tensor) -> torch.Tensor:
        """CLS and visible tokens through the encoder, in the order of the image."""
        tokens = tokens + self.pos_embed[:, 1:]
        batch, _, width = tokens.shape
        visible = tokens[~masked].reshape(batch, -1, width)
        cls = (self.cls_token + self.pos_embed[:, :1]).expand(batch, -1, -1)
        x = torch.cat([cls, visible], dim=1)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)

    def _decode(self, latent: torch.Tensor, masked: torch.Tensor) -> torch.Tensor:
        """All tokens (B, N, decoder width) after the decoder's norm."""
        x = self.decoder_embed(latent).float()
        whole = self.mask_token.repeat(*masked.shape, 1)
        whole[~masked] = x[:, 1:].reshape(-1, x.shape[2])
        x = torch.cat([x[:, :1], whole], dim=1) + self.decoder_pos_embed
        for block in self.decoder_blocks:
            x = block(x)
        return self.decoder_norm(x)[:, 1:]

    def _reproject(self, decoded: torch.Tensor, slots: torch.Tensor) -> torch.Tensor:
        """Predictions (B, N, 12, P²) of every token, each slot by the layer of its band."""
        repeated = decoded[:, :, None].expand(-1, -1, SLOTS, -1)
        predicted = torch.zeros(*slots.shape, self.patch**2, device=decoded.device)
        for number, layer in enumerate(self.decoder_preds):
            where = slots == number
            if where.any():
                predicted[where] = layer(repeated[where]).float()
        return predicted


def _loss(predicted: torch.Tensor, patches: torch.Tensor, masked: torch.Tensor, norm_pix: bool) -> torch.Tensor:
    target = patches
    if norm_pix:
        mean = target.mean(dim=(2, 3), keepdim=True)
        variance = target.var(dim=(2, 3), keepdim=True)
        target = (target - mean) / (variance + 1e-6).sqrt()
    per_token = ((predicted - target) ** 2).mean(dim=(2, 3))
    return (per_token * masked).sum() / masked.sum()


def plain_optimiser(model: nn.Module, rate: float, weight_decay: float) -> torch.optim.AdamW:
    """AdamW as torch makes it when nothing is asked for; weight decay on matrices alone."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.95))
