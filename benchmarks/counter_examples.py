"""What should a counter-example weigh, and should the mean come off? Similarity by clicks, on places with labels.

    python benchmarks/counter_examples.py ../shared/data [--clicks 400]

Embeds the places of TerraMesh (land cover) and Sen1Floods11 (flood), from Sentinel-2 alone and with Sentinel-1. Clicks
on a random cell of a random class; then on one of another class, as a counter-example: any, or as a user would the most
alike that is wrong, or three such. Every cell of the place is ranked by the score; its measure is the average precision
with which the class comes first. Prints a table and writes JSON and Markdown to benchmarks/results.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import machine  # noqa: E402
from engine.jobs.embed import EmbedJob  # noqa: E402
from engine.raster.feature_raster import FeatureRaster  # noqa: E402
from engine.tasks import embed  # noqa: E402
from train.evaluation.dataset import IGNORED  # noqa: E402
from train.evaluation.token_scenes import cases, cell_labels  # noqa: E402

CELL_PX = 8
#: A class with fewer cells in a place is not clicked.
FEW_CELLS = 15
WEIGHTS = (0.0, 0.2, 1 / 3, 0.5, 1.0)
#: Which counter-examples: their number, and whether they are the most alike of what is wrong.
AGAINST = {"any other": (1, False), "the most alike": (1, True), "three most alike": (3, True)}
#: Ranks, among what is wrong, of the most alike ones: apart, for neighbouring cells are nearly the same.
_RANKS = (0, 15, 40)


def places(data: Path, work: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Of every place and choice of sensors: its name, the features (n, D) of the labelled cells, their classes (n,)."""
    for case in cases(data):
        for scene in case.scenes:
            labels = cell_labels(scene, case.classes, CELL_PX)
            for sensors, images in (("S2", (scene.s2,)), ("S1 + S2", (scene.s1, scene.s2))):
                output = work / "embedding.tif"
                embed.run(EmbedJob(inputs=tuple(map(str, images)), output=str(output), overwrite=True))
                with FeatureRaster(output) as raster:
                    values = raster.read(0, raster.rows)[:, : labels.shape[0], : labels.shape[1]]
                known = (labels[: values.shape[1], : values.shape[2]] != IGNORED) & ~np.isnan(values[0])
                yield f"{case.name}, {scene.name}, {sensors}", values[:, known].T, labels[known]


def clicked(features: np.ndarray, classes: np.ndarray, clicks: int) -> dict[tuple[str, float], float]:
    """Mean average precision over ``clicks``, by kind of counter-example and weight."""
    lengths = np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    units = features / lengths
    numbers, counts = np.unique(classes, return_counts=True)
    present = numbers[counts >= FEW_CELLS]
    generator = np.random.default_rng(0)
    sums = dict.fromkeys([(kind, weight) for kind in AGAINST for weight in WEIGHTS], 0.0)
    for _ in range(clicks):
        meant = classes == generator.choice(present)
        like = units @ units[generator.choice(np.flatnonzero(meant))]
        wrong = np.flatnonzero(~meant & np.isin(classes, present))
        most_alike = wrong[np.argsort(-like[wrong])]
        for kind, (count, alike) in AGAINST.items():
            chosen = most_alike[list(_RANKS[:count])] if alike else generator.choice(wrong, count)
            unlike = np.maximum((units @ units[chosen].T).max(axis=1), 0)
            for weight in WEIGHTS:
                sums[kind, weight] += average_precision_score(meant, like - weight * unlike) / clicks
    return sums


def table(record: dict[str, Any]) -> str:
    """The means over all places, in per cent."""
    where = record["machine"]
    head = " | ".join("none" if weight == 0 else f"{weight:.2f}" for weight in WEIGHTS)
    lines = [
        "# Similarity by clicks: what a counter-example weighs, with the mean and without",
        "",
        f"{where['date']}, smarties-tiny; average precision in %, mean of {len(record['places'])} places and choices of"
        f" sensors, {record['clicks']} clicks in each.",
        "",
        f"| Mean | Counter-example | {head} |",
        "|---|---|" + "---|" * len(WEIGHTS),
    ]
    for mean in ("left", "taken off"):
        for kind in AGAINST:
            found = [np.mean([each[mean][kind][str(weight)] for each in record["places"]]) for weight in WEIGHTS]
            lines.append(f"| {mean} | {kind} | " + " | ".join(f"{100 * value:.1f}" for value in found) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder with terramesh_s1s2 and sen1floods11_spain_left")
    parser.add_argument("--clicks", type=int, default=400)
    options = parser.parse_args()
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as work:
        for name, features, classes in places(options.data, Path(work)):
            print(name, file=sys.stderr)
            result: dict[str, Any] = {"place": name}
            for mean, values in (("left", features), ("taken off", features - features.mean(axis=0))):
                scores = clicked(values, classes, options.clicks)
                result[mean] = {kind: {str(w): scores[kind, w] for w in WEIGHTS} for kind in AGAINST}
            found.append(result)
    record = {"benchmark": "counter-examples", "machine": machine(), "clicks": options.clicks, "places": found}
    text = table(record)
    print(text)
    stem = ROOT / "benchmarks" / "results" / f"counter-examples-{record['machine']['date']}"
    stem.with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    stem.with_suffix(".md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
