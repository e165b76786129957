"""What a pretraining run keeps in the memory of each rank, reckoned from the sizes of model and batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from engine.model.autoencoder import AutoEncoder
from engine.model.config import ModelConfig
from train.watch.flops import visible_tokens

#: Of a transformer block and token, values as wide as the model that are kept for the way back: in the precision of
#: the products the input of qkv, q, k, v, the input of the projection, and those of the MLP (1 + 4 + 4); in float32
#: what the two norms are given.
KEPT_PRODUCTS, KEPT_NORMS = 14, 2


@dataclass(frozen=True)
class Sizes:
    """Numbers of values: all ``parameters``, those of the ``encoder``, those that are ``trained``; ``layer`` is the
    largest group that FSDP gathers at once, ``matrices`` are what autocast keeps a bfloat16 copy of.
    """

    parameters: int
    encoder: int
    trained: int
    layer: int
    matrices: int


def sizes_of(config: ModelConfig) -> Sizes:
    """The sizes of a model, without making it."""
    with torch.device("meta"):
        model = AutoEncoder(config)

    def count(parameters: Sequence[nn.Parameter]) -> int:
        return sum(parameter.numel() for parameter in parameters)

    named = list(model.named_parameters())
    blocks = [count(list(block.parameters())) for block in [*model.blocks, *model.decoder_blocks]]
    whole = count([parameter for _, parameter in named])
    return Sizes(
        parameters=whole,
        encoder=count([p for name, p in named if not name.startswith(("decoder_", "mask_token"))]),
        trained=count([p for _, p in named if p.requires_grad]),
        layer=max([whole - sum(blocks), *blocks]),
        matrices=count([p for _, p in named if p.requires_grad and p.ndim == 2]),
    )


def block_bytes(tokens: int, width: int, heads: int, bf16: bool, fused_attention: bool) -> int:
    """What one block keeps of one sample. Attention that is not fused keeps a float32 for every two tokens and head."""
    kept = tokens * width * (KEPT_PRODUCTS * (2 if bf16 else 4) + KEPT_NORMS * 4)
    return kept + (0 if fused_attention else 4 * heads * tokens**2)


def pixel_bytes(config: ModelConfig, tokens: int, bands: Sequence[int]) -> int:
    """Images and patches, and for the hidden tokens predictions, targets and their differences, in float32."""
    hidden = tokens - visible_tokens(tokens)
    return 4 * config.patch**2 * sum(bands) * (2 * tokens + 3 * hidden)


def record_bytes(config: ModelConfig, tokens: int, bands: Sequence[int], bf16: bool, fused_attention: bool) -> int:
    """What one record of sensors with these numbers of ``bands`` takes up to the loss, activations and pixels."""
    decoder = config.decoder
    assert decoder is not None
    seen = 1 + visible_tokens(tokens)
    encoder = config.depth * block_bytes(seen, config.width, config.num_heads, bf16, fused_attention)
    decoded = decoder.depth * block_bytes(1 + tokens, decoder.width, decoder.num_heads, bf16, fused_attention)
    return len(bands) * (encoder + decoded) + pixel_bytes(config, tokens, bands)


def weight_bytes(sizes: Sizes, ranks: int, sharded: bool, bf16: bool) -> dict[str, int]:
    """Per rank, by what it is for: weights, gradients, moments of AdamW, and what comes on top of these."""
    share = ranks if sharded else 1
    found = {
        "weights": 4 * sizes.parameters // share,
        "gradients": 4 * sizes.trained // share,
        "AdamW": 8 * sizes.trained // share,
    }
    if sharded and ranks > 1:
        # Weights of one layer while the next are on their way, and the gradients of one.
        found["gathered layers"] = 12 * sizes.layer
    elif ranks > 1:
        found["DDP's buckets"] = 4 * sizes.trained
    if bf16:
        found["bf16 copies"] = 2 * sizes.matrices
    return found
