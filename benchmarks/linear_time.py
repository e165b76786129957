"""Does time grow as pixels do, and no faster? `smarties embed` on rasters of 0.6 to 10 million pixels.

    python benchmarks/linear_time.py

Made Sentinel-2 images of 12 bands, embedded with ViT-Ti, small to large and back in every round; a line through
seconds over pixels, and how much of the differences it explains.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from benchmarks.comparison import Figure, Found, benchmark, seconds_of  # noqa: E402
from benchmarks.made_scene import write_scene  # noqa: E402
from engine.jobs.embed import EmbedJob  # noqa: E402
from engine.model.checkpoints import save_checkpoint  # noqa: E402
from engine.model.config import CONFIGS  # noqa: E402
from engine.model.initialise import random_autoencoder  # noqa: E402
from engine.tasks import embed  # noqa: E402

SIDES = (784, 1120, 1568, 2240, 3136)
R_SQUARED = 0.995


def main() -> None:
    """Measure, print, and write the record."""
    benchmark("linear-time", "Time over pixels", __doc__, measure, rounds=1)


def measure(rounds: int) -> Found:
    """Seconds of every size, medians of two runs per round, and the line through them."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        os.environ["SMARTIES_LOG"] = str(folder / "engine.log")
        weights = folder / "model.safetensors"
        save_checkpoint(random_autoencoder(CONFIGS["vit-ti"], 0), weights)
        jobs = {}
        for side in SIDES:
            (folder / str(side)).mkdir()
            source = write_scene(folder / str(side), side, side)
            jobs[side] = EmbedJob(
                (str(source),), output=str(folder / "out.tif"), overwrite=True, model=str(weights), device="cpu"
            )
        embed.run(jobs[SIDES[0]])
        seconds: dict[int, list[float]] = {side: [] for side in SIDES}
        for _ in range(rounds):
            for side in (*SIDES, *reversed(SIDES)):
                seconds[side].append(seconds_of(lambda job=jobs[side]: embed.run(job)))  # type: ignore[misc]
    medians = {side: statistics.median(values) for side, values in seconds.items()}
    pixels = [side**2 / 1e6 for side in SIDES]
    slope, start, r_squared = line(pixels, list(medians.values()))
    return [
        *(Figure(f"{side:,} × {side:,} px", value, "s") for side, value in medians.items()),
        Figure("each further million pixels", slope, "s"),
        Figure("before the first pixel", start, "s"),
        Figure("R² of the line", r_squared, "", at_least=R_SQUARED),
    ]


def line(x: list[float], y: list[float]) -> tuple[float, float, float]:
    """Slope, start and R² of the line of least squares."""
    slope, start = np.polyfit(x, y, 1)
    residual = np.asarray(y) - (slope * np.asarray(x) + start)
    return float(slope), float(start), float(1 - np.var(residual) / np.var(y))


if __name__ == "__main__":
    main()
