"""How fast do raw pixels become the model's input? Harmonising and resizing, beside numpy and scikit-image.

    python benchmarks/harmonise_resize.py

Eight chips of 112 px and 12 bands, uint16, to 224 px. Plain: one chip after the other, clipped and standardised by
numpy, resized by scikit-image (order=3, anti_aliasing=True). Ours: all at once, the very same resize as two matrix
products.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from benchmarks import plain  # noqa: E402
from benchmarks.comparison import Comparison, benchmark, difference, in_turn  # noqa: E402
from benchmarks.made_scene import SIDE, made_values  # noqa: E402
from engine.raster.harmonise import Harmoniser  # noqa: E402
from engine.raster.radiometry import Radiometry  # noqa: E402
from engine.raster.resize import resize  # noqa: E402

#: Scikit-image computes in float64, ours in float32.
AGREE = 1e-4
BATCH, CHIP, SIZE = 8, 112, 224


def main() -> None:
    """Measure, print, and write the record."""
    benchmark(
        "harmonise-resize", "From raw pixels to the model's input", __doc__,
        lambda rounds: [compare(BATCH, CHIP, SIZE, rounds)],
    )  # fmt: skip


@torch.inference_mode()
def compare(batch: int, chip: int, size: int, rounds: int) -> Comparison:
    """Both ways of ``batch`` chips of ``chip`` px to ``size`` px."""
    bands = len(SIDE.bands)
    scene = made_values(bands, chip, chip * batch)
    chips = np.ascontiguousarray(scene.reshape(bands, chip, batch, chip).transpose(2, 0, 1, 3))
    valid = torch.ones(batch, chip, chip, dtype=torch.bool)
    as_stored = Radiometry((1.0,) * bands, (0.0,) * bands, (False,) * bands, "", "")
    harmonise = Harmoniser(as_stored, SIDE.statistics, "cpu")
    ways = {
        "plain": lambda: np.stack([plain.resize(plain.harmonise(each, SIDE.statistics), size) for each in chips]),
        "ours": lambda: resize(harmonise(torch.from_numpy(chips), valid), size, size).numpy(),
    }
    share = difference("harmonise and resize", ways["ours"](), ways["plain"](), AGREE)
    what = f"{batch} chips of {bands} bands, {chip} px to {size} px"
    return Comparison(what, in_turn(ways, rounds), {"ours": share}, {"ours": 40.0})


if __name__ == "__main__":
    main()
