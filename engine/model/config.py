"""The sizes of a model, and those that have a name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DecoderConfig:
    """The decoder of an auto-encoder: ``width``, ``depth`` (blocks) and ``num_heads``."""

    width: int
    depth: int
    num_heads: int


@dataclass(frozen=True)
class ModelConfig:
    """A vision transformer: ``width``, ``depth`` (blocks), ``num_heads``, ``patch`` and ``grid``.

    ``patch`` is the side of a patch in px; ``grid`` is the side, in tokens, of the
    images the stored position encoding was made for. ``decoder`` is None for an
    encoder alone.
    """

    width: int
    depth: int
    num_heads: int
    patch: int = 16
    grid: int = 14
    decoder: DecoderConfig | None = None


#: METHOD, section 5: 512 wide, 8 blocks, 16 heads.
RELEASED_DECODER = DecoderConfig(512, 8, 16)

#: ViT-B and ViT-L are the released sizes (METHOD, section 5); Ti and S are those of timm, H/14 that of MAE.
#: The decoder of ViT-Ti keeps the released one's proportions (two thirds of the width, heads of 32).
CONFIGS: dict[str, ModelConfig] = {
    "vit-ti": ModelConfig(192, 12, 3, decoder=DecoderConfig(128, 4, 4)),
    "vit-s": ModelConfig(384, 12, 6, decoder=DecoderConfig(256, 8, 8)),
    "vit-b": ModelConfig(768, 12, 12, decoder=RELEASED_DECODER),
    "vit-l": ModelConfig(1024, 24, 16, decoder=RELEASED_DECODER),
    "vit-h": ModelConfig(1280, 32, 16, patch=14, grid=16, decoder=RELEASED_DECODER),
}

#: Heads are not visible in the shapes of a checkpoint; where its metadata is silent, the known widths decide
#: (METHOD, section 8).
HEADS_BY_WIDTH: dict[int, int] = {192: 3, 384: 6, 768: 12, 1024: 16, 1280: 16}
DECODER_HEADS_BY_WIDTH: dict[int, int] = {512: 16}
