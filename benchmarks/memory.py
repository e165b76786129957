"""Does memory grow with the raster? The peak of `smarties embed` on a raster and on one four times as long.

    python benchmarks/memory.py

Made Sentinel-2 images 2,048 px wide, 4 bands, of 5,000 and of 20,000 rows, embedded with ViT-Ti by the command line in
a process of its own, whose peak the system tells.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from benchmarks.comparison import Figure, Found, benchmark  # noqa: E402
from benchmarks.made_scene import write_scene  # noqa: E402
from engine.model.checkpoints import save_checkpoint  # noqa: E402
from engine.model.config import CONFIGS, ModelConfig  # noqa: E402
from engine.model.initialise import random_autoencoder  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
ROWS, WIDTH, BANDS, CHIP = (5_000, 20_000), 2_048, 4, 112
GROWTH, BESIDES_STRIPS_BYTES = 1.05, 2e9
#: Strips of the image that may be in memory at once: read, assembled, two waiting, in use.
STRIPS = 5


def main() -> None:
    """Measure, print, and write the record."""
    benchmark("memory", "Memory along a raster", __doc__, lambda rounds: measure(rounds), rounds=1)


def measure(rounds: int) -> Found:
    """The peaks of both heights, the larger of ``rounds`` runs each."""
    peaks = {rows: max(peak_bytes(CONFIGS["vit-ti"], rows, WIDTH) for _ in range(rounds)) for rows in ROWS}
    strips = STRIPS * CHIP * WIDTH * (2 * BANDS + 1)
    short, long = (peaks[rows] for rows in ROWS)
    return [
        *(Figure(f"peak at {rows:,} rows of {WIDTH:,} px", peak / 1e9, "GB") for rows, peak in peaks.items()),
        Figure("the longer over the shorter", long / short, "times", at_most=GROWTH),
        Figure("the longer, without strips", (long - strips) / 1e9, "GB", at_most=BESIDES_STRIPS_BYTES / 1e9),
    ]


def peak_bytes(config: ModelConfig, rows: int, width: int) -> int:
    """The most memory that embedding an image of ``rows`` × ``width`` px held (Linux and macOS)."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        source, weights = write_scene(folder, rows, width, BANDS), folder / "model.safetensors"
        save_checkpoint(random_autoencoder(config, 0), weights)
        command = [sys.executable, "-m", "engine", "embed", str(source), "--out", str(folder / "out.tif")]
        process = subprocess.Popen(
            [*command, "--model", str(weights), "--chip", str(CHIP), "--device", "cpu"], cwd=ROOT,
            env={**os.environ, "SMARTIES_LOG": str(folder / "engine.log")},
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert process.stderr is not None
        said = process.stderr.read().decode(errors="replace")
        process.stderr.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"the embedding failed: {said[-500:]}")
        # Kibibytes on Linux, bytes on macOS.
        return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    main()
