"""How fast is a click? A cosine map of 2,000 × 2,000 tokens of 192 values, beside reading the embedding plainly.

    python benchmarks/similarity.py [--side 2000] [--dims 192]

Makes an embedding of that size (int8, correlated over space as real ones are), builds the index that the first search
builds, then measures in turn, A B B A: ours (`smarties similarity` with the index there, its GeoTIFF written) and a
plain implementation (rasterio reads all, numpy takes the mean off and computes the cosine, rasterio writes). They must
agree first. Prints a table and writes JSON and Markdown to benchmarks/results.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from scipy import ndimage

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "helpers")]

from made_embeddings import made_embedding  # noqa: E402

from benchmarks.machine import machine  # noqa: E402
from engine.jobs.similarity import SimilarityJob  # noqa: E402
from engine.tasks import similarity  # noqa: E402

ROUNDS = 3
#: Cosines of both ways differ by no more than this.
AGREE = 0.01


def main() -> None:
    """Measure, print, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=2000)
    parser.add_argument("--dims", type=int, default=192)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        os.environ["SMARTIES_CACHE"] = str(work / "cache")
        embedding = made_embedding(work / "e.tif", values(arguments.dims, arguments.side), "int8")
        record = {
            "benchmark": "similarity", "machine": machine(), "side": arguments.side, "dims": arguments.dims,
            **measured(embedding, work, arguments.side),
        }  # fmt: skip
    name = f"similarity-{record['machine']['date']}"
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / f"{name}.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    (arguments.out / f"{name}.md").write_text(page(record))
    print(page(record))


def values(dims: int, side: int) -> np.ndarray:
    """Vectors (dims, side, side) float32 that change over space, with noise; some directions strong, most weak."""
    rng = np.random.default_rng(0)
    strength = np.geomspace(1, 0.02, dims)
    found = np.empty((dims, side, side), np.float32)
    for number in range(dims):
        coarse = ndimage.zoom(rng.normal(size=(side // 100 + 2, side // 100 + 2)), 100, order=1)[:side, :side]
        found[number] = strength[number] * (coarse + 0.1 * rng.standard_normal((side, side)))
    return found


def measured(embedding: Path, work: Path, side: int) -> dict[str, Any]:
    """Seconds of the index, of both ways in turn, and by how much they differ."""
    point = 400_000 + 80 * (side // 3 + 0.5), 5_600_000 - 80 * (side // 2 + 0.5)

    def ours() -> Path:
        output = work / "ours.tif"
        similarity.run(
            SimilarityJob(
                inputs=(str(embedding),), like=(f"{point[0]},{point[1]}",), output=str(output), overwrite=True
            )
        )
        return output

    def plain() -> Path:
        output = work / "plain.tif"
        with rasterio.open(embedding) as dataset:
            stored = dataset.read().astype(np.float32) * np.asarray(dataset.scales, np.float32)[:, None, None]
            row, col = dataset.index(*point)
            profile = dataset.profile
        stored -= stored.mean(axis=(1, 2), keepdims=True)
        example = stored[:, row, col] / np.linalg.norm(stored[:, row, col])
        cosine = np.tensordot(example, stored, 1) / np.sqrt((stored**2).sum(0))
        profile.update(count=1, dtype="float32", nodata=None)
        with rasterio.open(output, "w", **profile) as dataset:
            dataset.write(cosine, 1)
        return output

    started = time.monotonic()
    first = ours()
    index_s = time.monotonic() - started
    with rasterio.open(first) as a, rasterio.open(plain()) as b:
        difference = float(np.abs(a.read(1) - b.read(1)).max())
    if difference > AGREE:
        sys.exit(f"the two disagree by {difference:.4f}: no timing")
    times: dict[str, list[float]] = {"ours": [], "plain": []}
    for _ in range(ROUNDS):
        for name, run in (("ours", ours), ("plain", plain), ("plain", plain), ("ours", ours)):
            started = time.monotonic()
            run()
            times[name].append(time.monotonic() - started)
    return {"index_s": index_s, "largest_difference": difference, "seconds": times}


def page(record: dict[str, Any]) -> str:
    """The record as Markdown."""
    where, seconds = record["machine"], record["seconds"]
    ours, plain = (statistics.median(seconds[name]) for name in ("ours", "plain"))
    return (
        f"# A cosine map of {record['side']} × {record['side']} tokens of {record['dims']} values\n\n"
        f"{where['date']}, {where['processor']}, {where['cores']} cores, {where['instruction_set']}; medians of"
        f" {len(seconds['ours'])} runs each, in turn (A B B A).\n\n"
        "| | seconds |\n|---|---|\n"
        f"| a click, index there, GeoTIFF written | {ours:.2f} ({min(seconds['ours']):.2f} to"
        f" {max(seconds['ours']):.2f}) |\n"
        f"| plain: read all, cosine in numpy, write | {plain:.2f} |\n"
        f"| ratio | {plain / ours:.0f}× |\n"
        f"| the first click, which builds the index | {record['index_s']:.1f} |\n\n"
        f"Largest difference of the cosines: {record['largest_difference']:.4f}.\n"
    )


if __name__ == "__main__":
    main()
