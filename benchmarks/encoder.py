"""How fast are the encoder's blocks? In the precision that the engine chooses, beside plain blocks in float32.

    python benchmarks/encoder.py

Eight images of 14 × 14 tokens through ViT-Ti and ViT-B. Where the processor computes in bfloat16, the weights are
bfloat16, which has to pay: it is compared with our float32 too.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from pathlib import Path

import torch

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from benchmarks.comparison import Comparison, Found, benchmark, difference, in_turn  # noqa: E402
from benchmarks.machine import has_amx, has_bf16  # noqa: E402
from benchmarks.plain_model import PlainEncoder  # noqa: E402
from engine.model.config import CONFIGS, ModelConfig  # noqa: E402
from engine.model.initialise import random_autoencoder  # noqa: E402

AGREE, AGREE_BF16 = 1e-4, 5e-2
BATCH = 8


def main() -> None:
    """Measure, print, and write the record."""

    def measure(rounds: int) -> Found:
        return [each for name in ("vit-ti", "vit-b") for each in compare(name, CONFIGS[name], BATCH, rounds)]

    benchmark("encoder", "The encoder in the precision that is chosen", __doc__, measure)


@torch.inference_mode()
def compare(name: str, config: ModelConfig, batch: int, rounds: int) -> Found:
    """Both ways through the blocks of a model, and what bfloat16 is worth."""
    ours = random_autoencoder(config, 0).eval()
    plain = PlainEncoder.with_weights_of(ours)
    grid = (config.grid, config.grid)
    tokens = torch.randn(batch, config.grid**2, config.width, generator=torch.Generator().manual_seed(0))

    def last(features: torch.Tensor) -> torch.Tensor:
        return features.flatten(2).transpose(1, 2)

    ways: dict[str, Callable[[], torch.Tensor]] = {
        "plain, fp32": lambda: plain.encode(tokens),
        "ours, fp32": lambda: ours.encode(tokens, grid).tokens,
    }
    expected = ways["plain, fp32"]()
    differences = {"ours, fp32": difference(name, last(ways["ours, fp32"]()), expected, AGREE)}
    wanted = {} if has_bf16() else {"ours, fp32": 1.0}
    if has_bf16():
        halved, tokens_bf16 = copy.deepcopy(ours).bfloat16(), tokens.bfloat16()
        ways["ours, bf16"] = lambda: halved.encode(tokens_bf16, grid).tokens
        found = last(ways["ours, bf16"]())
        differences["ours, bf16"] = difference(f"{name} in bf16", found, expected, AGREE_BF16)
        wanted["ours, bf16"] = 5.0 if has_amx() else 1.0
    comparison = Comparison(f"{name}, {batch} images", in_turn(ways, rounds), differences, wanted)
    if not has_bf16():
        return [comparison]
    chosen = {way: comparison.seconds[way] for way in ("ours, fp32", "ours, bf16")}
    gain = Comparison(f"{name}, bf16 is chosen", chosen, {}, {"ours, bf16": 1.0})
    return [comparison, gain]


if __name__ == "__main__":
    main()
