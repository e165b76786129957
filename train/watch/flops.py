"""Floating-point operations of a pretraining step, from the sizes of the model: its matrix products, which are all
that count. A product of (n, k) by (k, m) takes 2·n·k·m.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.model.autoencoder import MASK_SHARE
from engine.model.config import ModelConfig


def visible_tokens(tokens: int) -> int:
    """How many of an image's ``tokens`` the encoder sees."""
    return int(tokens * (1 - MASK_SHARE))


def block_flops(tokens: int, width: int) -> int:
    """One transformer block, forwards: the products with weights (12·width² of them) and those of the attention."""
    return 24 * tokens * width**2 + 4 * tokens**2 * width


def record_flops(config: ModelConfig, tokens: int, bands: Sequence[int], mixup: str) -> int:
    """Learning from one record, forwards and backwards.

    ``tokens`` are those of an image, ``bands`` the numbers of bands of its one or two sensors. The encoder sees the
    visible tokens and CLS, the decoder all; predictions are made for hidden tokens. Backwards every product comes
    twice, for its weights and for its input; only once for the projection, for images have no gradient.
    """
    decoder = config.decoder
    assert decoder is not None
    streams, visible = len(bands), visible_tokens(tokens)
    pixels = config.patch**2
    projection = 2 * visible * sum(bands) * pixels * config.width
    encoder = streams * config.depth * block_flops(1 + visible, config.width)
    bridge = streams * 2 * (1 + visible) * config.width * decoder.width
    decoded = streams * decoder.depth * block_flops(1 + tokens, decoder.width)
    # The released mixup predicts stream a' with the layers of both sensors, and stream b' with those of b.
    predicted = sum(bands) + (bands[1] if mixup == "released" and streams == 2 else 0)
    heads = 2 * (tokens - visible) * decoder.width * predicted * pixels
    return 2 * projection + 3 * (encoder + bridge + decoded + heads)
