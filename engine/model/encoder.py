"""The encoder: images of any bands → features (METHOD, sections 2 and 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch
from timm.models.vision_transformer import Block
from torch import nn

from engine.errors import JobError
from engine.model.config import ModelConfig
from engine.model.position import PositionEncoding
from engine.model.projection import BandList, SpectrumProjection, patchify

LayerNorm = partial(nn.LayerNorm, eps=1e-6)


def make_blocks(depth: int, width: int, num_heads: int) -> nn.ModuleList:
    """``depth`` transformer blocks as METHOD, section 5, has them."""
    block = partial(Block, width, num_heads, mlp_ratio=4.0, qkv_bias=True, norm_layer=LayerNorm)  # type: ignore[arg-type]
    return nn.ModuleList(block() for _ in range(depth))


@dataclass(frozen=True)
class ModelInfo:
    """Where a model's weights come from; stored with every output.

    ``sha256`` is that of the file, or of the weights themselves for a model built
    from a seed; ``random`` is True for weights that were never trained, and the
    ``title`` then says so. ``parameters`` counts those of the loaded part,
    ``has_decoder`` tells of the source. ``projections`` is the SHA-256 of the layers
    that were added for bands of one's own, empty for none. ``notes`` are remarks for
    the user.
    """

    name: str
    title: str
    sha256: str = ""
    random: bool = False
    path: Path | None = None
    parameters: int = 0
    has_decoder: bool = False
    projections: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Features:
    """What the encoder makes of a batch, float32.

    ``cls`` is (B, D), always after the final norm. ``tokens`` is (B, D, rows, cols),
    after the final norm or before it, as asked. ``blocks`` holds, for each asked
    block by the number it was asked with, its output (B, D, rows, cols) before any
    final norm.
    """

    cls: torch.Tensor
    tokens: torch.Tensor
    blocks: Mapping[int, torch.Tensor] = field(default_factory=dict)


class Encoder(nn.Module):
    """A vision transformer on the spectrum projection.

    Weights have the names of the released files. A new object has no meaningful
    weights yet: see ``engine.model.initialise`` and ``engine.model.load_encoder``.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.info = ModelInfo("unnamed", "unnamed model")
        #: Tensors of the file that belong to a task, not to the encoder (``head.*``, ``fc_norm.*``).
        self.extra: dict[str, torch.Tensor] = {}
        self.cls_token = nn.Parameter(torch.zeros(1, 1, config.width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + config.grid**2, config.width), requires_grad=False)
        self.spectrum_projection = SpectrumProjection(config.width, config.patch)
        self.blocks = make_blocks(config.depth, config.width, config.num_heads)
        self.norm = LayerNorm(config.width)
        self._positions = PositionEncoding()

    @property
    def width(self) -> int:
        """The length D of a feature vector."""
        return self.config.width

    @property
    def depth(self) -> int:
        """The number of blocks."""
        return self.config.depth

    @property
    def num_heads(self) -> int:
        """The number of attention heads."""
        return self.config.num_heads

    @property
    def patch(self) -> int:
        """The side of a patch in px: an input's height and width are multiples of it."""
        return self.config.patch

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.cls_token.device

    @property
    def dtype(self) -> torch.dtype:
        """The type of the weights, in which the blocks compute."""
        return self.cls_token.dtype

    def features(
        self, image: torch.Tensor, bands: BandList, norm: bool = True, blocks: Sequence[int] | None = None
    ) -> Features:
        """Features of harmonised images.

        ``image`` is (B, C, H, W), floating, on any device; ``bands`` are its C bands, as
        keys of layers or assignments; H and W are multiples of ``patch`` and may differ.
        ``norm`` chooses ``tokens`` after or before the final norm. ``blocks`` asks for the
        outputs of these blocks too (0 is the first, -1 the last).

        JobError when the image does not fit the bands or the patch, or a block does not
        exist; UnknownBandError for a key that names no layer.
        """
        tokens = self.project(image, bands)
        rows, cols = image.shape[2] // self.patch, image.shape[3] // self.patch
        return self.encode(tokens, (rows, cols), norm=norm, blocks=blocks)

    def project(self, image: torch.Tensor, bands: BandList) -> torch.Tensor:
        """Images (B, C, H, W) → tokens (B, N, D) without position, so that tokens of two sensors can be mixed.

        Errors as in :meth:`features`.
        """
        self.check_image(image, len(bands))
        return self.spectrum_projection(patchify(image.to(self.device), self.patch), bands)

    def encode(
        self, tokens: torch.Tensor, grid: tuple[int, int], norm: bool = True, blocks: Sequence[int] | None = None
    ) -> Features:
        """Tokens (B, rows·cols, D) of :meth:`project` on a ``grid`` of (rows, cols) → features.

        ``norm``, ``blocks`` and errors as in :meth:`features`.
        """
        rows, cols = grid
        if tokens.shape[1] != rows * cols:
            raise JobError(f"{tokens.shape[1]} tokens do not fill a grid of {rows} × {cols}.")
        wanted = self._block_numbers(blocks or ())
        positions = self._positions(self.pos_embed, rows, cols)
        x = self.add_cls(tokens + positions[:, 1:], positions[:, :1])

        def dense(x: torch.Tensor) -> torch.Tensor:
            return x[:, 1:].transpose(1, 2).unflatten(2, (rows, cols)).float()

        outputs: dict[int, torch.Tensor] = {}
        for number, block in enumerate(self.blocks):
            x = block(x)
            outputs.update({asked: dense(x) for asked, real in wanted.items() if real == number})
        normed = self.norm(x if norm else x[:, :1])
        return Features(normed[:, 0].float(), dense(normed if norm else x), outputs)

    def add_cls(self, tokens: torch.Tensor, position: torch.Tensor) -> torch.Tensor:
        """Tokens (B, n, D), positions added → (B, 1 + n, D) with the CLS token, at ``position`` (1, 1, D), in front."""
        cls = (self.cls_token + position).to(tokens.dtype).expand(len(tokens), -1, -1)
        return torch.cat([cls, tokens], dim=1)

    def check_image(self, image: torch.Tensor, band_count: int) -> None:
        """JobError unless ``image`` is a floating (B, ``band_count``, H, W), H and W multiples of the patch."""
        if image.ndim != 4:
            raise JobError(
                f"The model takes images as (batch, band, row, column), not an array of shape {_shape(image)}."
            )
        if not image.is_floating_point():
            raise JobError(
                f"The model takes harmonised images in floating point, not {str(image.dtype).removeprefix('torch.')}.",
                "Scale the bands with their statistics first.",
            )
        if image.shape[1] != band_count:
            raise JobError(
                f"The image has {image.shape[1]} bands, but {band_count} are named.", "Name each band once, in order."
            )
        height, width = image.shape[2:]
        if height % self.patch or width % self.patch or not height or not width:
            raise JobError(
                f"An image of {height} × {width} px does not divide into patches of {self.patch} px.",
                f"Use a height and a width that are multiples of {self.patch}.",
            )

    def _block_numbers(self, blocks: Sequence[int]) -> dict[int, int]:
        for asked in blocks:
            if not -self.depth <= asked < self.depth:
                raise JobError(f"Block {asked} does not exist: the model has blocks 0 to {self.depth - 1}.")
        return {asked: asked % self.depth for asked in blocks}


def _shape(tensor: torch.Tensor) -> str:
    return " × ".join(str(size) for size in tensor.shape)
