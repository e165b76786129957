"""How long after a click is the first tile there? From a worker that has to be started, and from one that runs.

    python benchmarks/worker_start.py

A made Sentinel-2 image of 1,120 × 1,120 px and 12 bands, embedded by a worker as QGIS starts it. Cold: from the start
of the process to the progress that tells of the first tiles. Warm: from the next request to the same. Every round
starts a new process; programs and files lie in the page cache.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from benchmarks.comparison import Figure, Found, benchmark  # noqa: E402
from benchmarks.made_scene import write_scene  # noqa: E402
from benchmarks.worker_client import WorkerClient  # noqa: E402
from engine.jobs.embed import EmbedJob  # noqa: E402
from engine.model.checkpoints import save_checkpoint  # noqa: E402
from engine.model.config import CONFIGS  # noqa: E402
from engine.model.initialise import random_autoencoder  # noqa: E402

SIDE = 1120
COLD_S, WARM_S = 4.0, 0.5


def main() -> None:
    """Measure, print, and write the record."""

    def measure(rounds: int) -> Found:
        return [each for name in ("vit-ti", "vit-b") for each in times_to_first_tile(name, rounds)]

    benchmark("worker-start", "From a click to the first tile", __doc__, measure)


def times_to_first_tile(model: str, rounds: int) -> Found:
    """Median seconds of a cold and of a warm worker; promised for the small model, told for the large one."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        source, weights = write_scene(folder, SIDE, SIDE), folder / f"{model}.safetensors"
        save_checkpoint(random_autoencoder(CONFIGS[model], 0), weights)
        job = EmbedJob((str(source),), output=str(folder / "out.tif"), overwrite=True, model=str(weights))
        seconds: dict[str, list[float]] = {"cold": [], "warm": []}
        # The first brings files into the page cache.
        for _ in range(1 + rounds):
            with WorkerClient(folder / "engine.log") as worker:
                for way in seconds:
                    asked = worker.started if way == "cold" else time.perf_counter()
                    number = worker.request("embed", job.to_dict())
                    worker.until_tile()
                    seconds[way].append(time.perf_counter() - asked)
                    worker.cancel(number)
                    worker.answer()
        limits = {"cold": COLD_S, "warm": WARM_S} if model == "vit-ti" else {}
        return [
            Figure(
                f"{model}, {way} worker to its first tile", statistics.median(values[1:]), "s", None, limits.get(way)
            )
            for way, values in seconds.items()
        ]


if __name__ == "__main__":
    main()
