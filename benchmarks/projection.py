"""How fast do pixels become tokens? The compiled projection beside a loop over layers with masks.

    python benchmarks/projection.py

Eight Sentinel-2 images of 12 bands and 224 px through the spectrum projection of ViT-B: plain, one layer after the
other in float32; ours, one matrix product, in float32 and in bfloat16 where this machine computes in it.
"""

from __future__ import annotations

import copy
import sys
from pathlib import Path

import torch

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from benchmarks.comparison import Comparison, benchmark, difference, in_turn  # noqa: E402
from benchmarks.machine import has_amx, has_bf16  # noqa: E402
from benchmarks.made_scene import SIDE  # noqa: E402
from benchmarks.plain_model import PlainEncoder  # noqa: E402
from engine.model.config import CONFIGS, ModelConfig  # noqa: E402
from engine.model.initialise import random_autoencoder  # noqa: E402

#: How far a result may lie from the plain one's.
AGREE, AGREE_BF16 = 1e-4, 2e-2
BATCH = 8


def main() -> None:
    """Measure, print, and write the record."""
    benchmark("projection", "From pixels to tokens", __doc__, lambda rounds: [compare(CONFIGS["vit-b"], BATCH, rounds)])


@torch.inference_mode()
def compare(config: ModelConfig, batch: int, rounds: int) -> Comparison:
    """Both ways of projecting ``batch`` images."""
    ours = random_autoencoder(config, 0).eval()
    plain = PlainEncoder.with_weights_of(ours)
    side = config.grid * config.patch
    image = torch.randn(batch, len(SIDE.bands), side, side, generator=torch.Generator().manual_seed(0))
    ways = {
        "plain, fp32": lambda: plain.project(image, SIDE.bands),
        "ours, fp32": lambda: ours.project(image, SIDE.bands),
    }
    expected = ways["plain, fp32"]()
    differences = {"ours, fp32": difference("projection", ways["ours, fp32"](), expected, AGREE)}
    wanted = {"ours, fp32": 5.0}
    if has_bf16():
        halved, image_bf16 = copy.deepcopy(ours).bfloat16(), image.bfloat16()
        ways["ours, bf16"] = lambda: halved.project(image_bf16, SIDE.bands)
        found = ways["ours, bf16"]().float()
        differences["ours, bf16"] = difference("projection in bf16", found, expected, AGREE_BF16)
        if has_amx():
            wanted["ours, bf16"] = 20.0
    what = f"{batch} images of {len(SIDE.bands)} bands, {side} px, {config.width} wide"
    return Comparison(what, in_turn(ways, rounds), differences, wanted)


if __name__ == "__main__":
    main()
