"""The parts of a plain SMARTIES: the spectrum projection as a loop over layers with masks, and blocks as everyone
writes them. It shares no code with ``engine/model`` but the list of layers; weights have the released names, so those
of ours can be loaded.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from engine.model.config import ModelConfig
from engine.model.encoder import Encoder
from engine.spectrum.layers import LAYER_BY_KEY, LAYERS

#: C_max of the method: a token is so many times the mean over its bands.
SLOTS = 12


class _Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, tokens, width = x.shape
        q, k, v = self.qkv(x).reshape(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(q, k, v)
        return self.proj(mixed.transpose(1, 2).reshape(batch, tokens, width))


class _Mlp(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc2(functional.gelu(self.fc1(x)))


class Block(nn.Module):
    """A block of a vision transformer, as everyone writes it."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = _Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = _Mlp(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, N, D) → (B, N, D)."""
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class _BandLayer(nn.Module):
    def __init__(self, pixels: int, width: int) -> None:
        super().__init__()
        self.proj = nn.Linear(pixels, width)


class Projection(nn.Module):
    """The spectrum projection, one layer after the other."""

    def __init__(self, pixels: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.spectrum_embeds = nn.ModuleList(_BandLayer(pixels, width) for _ in LAYERS)

    def forward(self, patches: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
        """Tokens (B, N, D) of patches (B, N, C, P²), each by the layer of its number in ``numbers`` (B, N, C)."""
        embedded = torch.zeros(*numbers.shape, self.width, device=patches.device)
        for number in torch.unique(numbers):
            where = numbers == number
            embedded[where] = self.spectrum_embeds[number].proj(patches[where]).float()
        return SLOTS * embedded.mean(dim=2)


class PlainEncoder(nn.Module):
    """The encoder: images of any bands → tokens after the final norm (METHOD, section 2)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.patch = config.patch
        self.side = config.grid * config.patch
        self.cls_token = nn.Parameter(torch.zeros(1, 1, config.width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + config.grid**2, config.width), requires_grad=False)
        self.spectrum_projection = Projection(config.patch**2, config.width)
        self.blocks = nn.ModuleList(Block(config.width, config.num_heads) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.width, eps=1e-6)

    @classmethod
    def with_weights_of(cls, encoder: Encoder) -> PlainEncoder:
        """The same model, its weights those of ``encoder``."""
        plain = cls(encoder.config)
        weights = encoder.state_dict()
        plain.load_state_dict({name: weights[name] for name in plain.state_dict()})
        return plain.eval()

    def forward(self, image: torch.Tensor, bands: Sequence[str]) -> torch.Tensor:
        """Harmonised images (B, C, side, side) float32 → tokens (B, D, rows, cols)."""
        rows = image.shape[2] // self.patch
        return self.encode(self.project(image, bands)).transpose(1, 2).unflatten(2, (rows, rows))

    def project(self, image: torch.Tensor, bands: Sequence[str]) -> torch.Tensor:
        """Images → tokens (B, N, D) without position."""
        patches = patches_of(image, self.patch)
        return self.spectrum_projection(patches, layer_numbers(bands, patches))

    def encode(self, tokens: torch.Tensor) -> torch.Tensor:
        """Tokens (B, N, D) of :meth:`project` → those after the final norm."""
        cls = (self.cls_token + self.pos_embed[:, :1]).expand(len(tokens), -1, -1)
        x = torch.cat([cls, tokens + self.pos_embed[:, 1:]], dim=1)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)[:, 1:]


def patches_of(image: torch.Tensor, patch: int) -> torch.Tensor:
    """(B, C, H, W) → (B, N, C, P²), patches in rows from the top left.

    Made as masked auto-encoders do and the released code does, pixels first and bands last, and then seen by bands.
    """
    batch, bands, height, width = image.shape
    tiles = image.reshape(batch, bands, height // patch, patch, width // patch, patch)
    return tiles.permute(0, 2, 4, 3, 5, 1).reshape(batch, -1, patch**2, bands).transpose(2, 3)


def layer_numbers(bands: Sequence[str], patches: torch.Tensor) -> torch.Tensor:
    """The number of each band's layer for every patch of (B, N, C, P²): (B, N, C)."""
    numbers = torch.tensor([LAYER_BY_KEY[band].index for band in bands], device=patches.device)
    return numbers.expand(*patches.shape[:3])
