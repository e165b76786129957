"""How good are maps made with a head? On real places, against two baselines in the same run.

    python benchmarks/maps.py [--model NAME|FILE] [--heads linear,knn] [--only flood,potsdam] [--data DIR]

Every case is divided into parts; each part in turn is the test, the rest trains. Three ways see the same training
pixels and are judged on the same test pixels: the head on the model's features, the same head on encoders that were
initialised at random (the mean of two seeds), and logistic regression on the raw bands of each pixel. Prints a table
and writes JSON and Markdown to benchmarks/results.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import torch
from safetensors.torch import save_file
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import machine  # noqa: E402
from benchmarks.map_cases import Case, Scene, cases  # noqa: E402
from engine.jobs.embed import EmbedJob  # noqa: E402
from engine.jobs.segment import SegmentJob  # noqa: E402
from engine.jobs.stats import StatsJob  # noqa: E402
from engine.jobs.train_head import TrainHeadJob  # noqa: E402
from engine.model import load_encoder  # noqa: E402
from engine.model.config import CONFIGS  # noqa: E402
from engine.model.initialise import random_autoencoder  # noqa: E402
from engine.tasks import embed, segment, stats, train_head  # noqa: E402
from engine.tasks.inputs import detect_inputs, grid_of  # noqa: E402

#: A label of a masked-out or unlabelled pixel.
NOTHING = -1
FOLDS = 4
SEEDS = (1, 2)
#: Training pixels of the regression on raw bands; the heads take about as many.
RAW_SAMPLES = 12_000


@dataclasses.dataclass(frozen=True)
class Part:
    """One division: which pixels of each scene train, and which are the test; boolean, per scene."""

    train: tuple[np.ndarray, ...]
    test: tuple[np.ndarray, ...]


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="smarties-tiny")
    parser.add_argument("--heads", default="linear,knn")
    parser.add_argument("--only", default="", help="beginnings of the names of cases, separated by commas")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("SMARTIES_DATA", ROOT.parent / "shared/data")))
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    arguments = parser.parse_args()
    info = load_encoder(arguments.model).info
    rows: list[dict[str, Any]] = []
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        os.environ["SMARTIES_CACHE"] = str(work / "cache")
        models = [arguments.model, *(random_model(arguments.model, seed, work) for seed in SEEDS)]
        for case in cases(arguments.data, work):
            if arguments.only and not case.name.startswith(tuple(arguments.only.split(","))):
                continue
            rows += run_case(case, models, arguments.heads.split(","), work)
            print(line(rows[-1]), *(line(row) for row in rows[-2:-1]), sep="\n", flush=True)
    record = {
        "benchmark": "maps",
        "model": {"name": info.name, "title": info.title, "sha256": info.sha256, "random": info.random},
        "machine": machine(),
        "minutes": round((time.monotonic() - started) / 60, 1),
        "rows": rows,
    }
    name = f"maps-{record['machine']['date']}-{info.name}"  # type: ignore[index]
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / f"{name}.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    (arguments.out / f"{name}.md").write_text(page(record))
    print(f"Wrote {arguments.out / name}.json and .md")


def random_model(like: str, seed: int, work: Path) -> str:
    """A file of an encoder of the same sizes as ``like``, initialised at random."""
    encoder = load_encoder(like)
    config = next(each for each in CONFIGS.values() if (each.width, each.depth) == (encoder.width, encoder.depth))
    model = random_autoencoder(config, seed, f"random-{seed}")
    path = work / f"random-{seed}.safetensors"
    heads = {"num_heads": str(config.num_heads)}
    if config.decoder is not None:
        heads["decoder_num_heads"] = str(config.decoder.num_heads)
    tensors = {name: value.contiguous() for name, value in model.state_dict().items()}
    save_file(tensors, path, metadata={"random": "true", **heads})
    return str(path)


def run_case(case: Case, models: Sequence[str], heads: Sequence[str], work: Path) -> list[dict[str, Any]]:
    """One row per head."""
    truth = [labels_of(scene, case) for scene in case.scenes]
    values = sorted(case.classes)
    confusions = {(head, number): zeros(values) for head in heads for number in range(len(models))}
    raw = zeros(values)
    for number, part in enumerate(parts(case, truth)):
        folder = work / f"{case.name}-{number}"
        folder.mkdir()
        settings = {**case.settings, **statistics(case, part, folder)}
        labels = [masked(scene, truth[i], part.train[i], folder) for i, scene in enumerate(case.scenes)]
        raw += raw_baseline(case, truth, part, settings, values)
        for model_number, model in enumerate(models):
            embeddings = [embedded(scene, model, settings, work, model_number) for scene in case.scenes]
            for head in heads:
                confusions[head, model_number] += trained(
                    head, embeddings, labels, truth, part, values, folder / f"{head}-{model_number}"
                )
    rows = []
    for head in heads:
        own, others = scores(confusions[head, 0]), [scores(confusions[head, n + 1]) for n in range(len(SEEDS))]
        random = {key: float(np.mean([other[key] for other in others])) for key in own}
        by_class = zip(values, ious(confusions[head, 0]), strict=True)
        rows.append(
            {
                "case": case.name, "title": case.title, "head": head, "pixels": int(raw.sum()),
                "model": own, "random_encoder": random, "random_encoder_seeds": others, "raw_pixels": scores(raw),
                "classes": {case.classes[value]: iou for value, iou in by_class},
                "confusion": confusions[head, 0].tolist(),
            }
        )  # fmt: skip
    return rows


def parts(case: Case, truth: Sequence[np.ndarray]) -> Iterator[Part]:
    """The divisions of a case: scene by scene, or blocks dealt out diagonally."""
    known = [labels != NOTHING for labels in truth]
    if case.block_px is None:
        for number in range(len(known)):
            train = tuple(mask & (other != number) for other, mask in enumerate(known))
            yield Part(train, tuple(mask & (other == number) for other, mask in enumerate(known)))
        return
    (mask,) = known
    rows, cols = np.indices(mask.shape) // case.block_px
    turn = (rows + 2 * cols) % FOLDS
    for number in range(FOLDS):
        yield Part((mask & (turn != number),), (mask & (turn == number),))


def labels_of(scene: Scene, case: Case) -> np.ndarray:
    """Class values (h, w), NOTHING where there is none."""
    with rasterio.open(scene.labels) as dataset:
        labels = dataset.read(1).astype(np.int64)
    return np.where(np.isin(labels, list(case.classes)) & ~np.isin(labels, case.ignore), labels, NOTHING)


def masked(scene: Scene, labels: np.ndarray, keep: np.ndarray, folder: Path) -> str | None:
    """A label raster of the training pixels alone; None where there are none."""
    if not keep.any():
        return None
    path = folder / f"{scene.name}-labels.tif"
    with rasterio.open(scene.labels) as source:
        profile = {key: source.profile[key] for key in ("width", "height", "crs", "transform")}
    with rasterio.open(path, "w", driver="GTiff", count=1, dtype="int16", nodata=NOTHING, **profile) as dataset:
        dataset.write(np.where(keep, labels, NOTHING).astype(np.int16), 1)
    return str(path)


def statistics(case: Case, part: Part, folder: Path) -> dict[str, str]:
    """Statistics measured on the training places where there are several and the catalogue has none."""
    detected = detect_inputs(EmbedJob(inputs=case.scenes[0].inputs))
    if len(case.scenes) == 1 or all(each.sensor and each.sensor.statistics for each in detected):
        return {}
    measured = []
    for scene, train in zip(case.scenes, part.train, strict=True):
        if train.any():
            path = folder / f"{scene.name}-statistics.json"
            stats.run(StatsJob(inputs=scene.inputs, output=str(path)))
            measured.append(json.loads(path.read_text()))
    mean = measured[0]
    for number, image in enumerate(mean["images"]):
        for key in ("p1", "p99", "mean", "std"):
            image[key] = np.mean([each["images"][number][key] for each in measured], axis=0).tolist()
    path = folder / "statistics.json"
    path.write_text(json.dumps(mean))
    return {"statistics": str(path)}


def embedded(scene: Scene, model: str, settings: dict[str, Any], work: Path, number: int) -> str:
    """The embedding of a scene, made once for all divisions that share statistics."""
    path = work / f"{scene.name}-{number}-{abs(hash((scene.inputs, str(settings))))}.tif"
    if not path.exists():
        embed.run(EmbedJob(inputs=scene.inputs, model=model, output=str(path), **{"overlap": 0.5, **settings}))
    return str(path)


def trained(
    head: str,
    embeddings: Sequence[str],
    labels: Sequence[str | None],
    truth: Sequence[np.ndarray],
    part: Part,
    values: Sequence[int],
    name: Path,
) -> np.ndarray:
    """The confusion of a head that is trained on the training pixels, on the test pixels."""
    pairs = [(path, label) for path, label in zip(embeddings, labels, strict=True) if label is not None]
    train_head.run(
        TrainHeadJob(
            inputs=tuple(path for path, _ in pairs), labels=tuple(label for _, label in pairs), kind=head, folds=0,
            output=f"{name}.safetensors",
        )
    )  # fmt: skip
    found = zeros(values)
    for number, (path, test) in enumerate(zip(embeddings, part.test, strict=True)):
        if test.any():
            output = f"{name}-{number}.tif"
            segment.run(SegmentJob(inputs=(path,), head=f"{name}.safetensors", output=output))
            with rasterio.open(output) as dataset:
                found += confusion(truth[number][test], dataset.read(1)[test], values)
    return found


def raw_baseline(
    case: Case, truth: Sequence[np.ndarray], part: Part, settings: dict[str, Any], values: Sequence[int]
) -> np.ndarray:
    """The confusion of logistic regression on the raw bands of single pixels."""
    bands = [raw_bands(scene, settings) for scene in case.scenes]
    features = np.concatenate([each[:, mask].T for each, mask in zip(bands, part.train, strict=True)])
    targets = np.concatenate([labels[mask] for labels, mask in zip(truth, part.train, strict=True)])
    rng = np.random.default_rng(0)
    share = RAW_SAMPLES // len(np.unique(targets))
    chosen = np.concatenate(
        [rng.permutation(np.flatnonzero(targets == value))[:share] for value in np.unique(targets)]
    )  # fmt: skip
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000, class_weight="balanced"))
    model.fit(features[chosen], targets[chosen])
    found = zeros(values)
    for each, labels, test in zip(bands, truth, part.test, strict=True):
        if test.any():
            found += confusion(labels[test], model.predict(each[:, test].T), values)
    return found


def raw_bands(scene: Scene, settings: dict[str, Any]) -> np.ndarray:
    """All bands that enter the model (C, h, w) as they are stored, on the common grid."""
    job = EmbedJob(inputs=scene.inputs, band_tables=settings.get("band_tables", ()))
    detected = detect_inputs(job)
    grid = grid_of(job, detected)
    values = []
    for each in detected:
        with each.reader(grid) as reader:
            values.append(reader.read(0, grid.height)[0].astype(np.float64))
    return np.concatenate(values)


def zeros(values: Sequence[int]) -> np.ndarray:
    """An empty confusion: a row per true class, a column per predicted one."""
    return np.zeros((len(values), len(values)), np.int64)


def confusion(truth: np.ndarray, found: np.ndarray, values: Sequence[int]) -> np.ndarray:
    """Counts; what was not mapped, or mapped as no class of the case, counts as the worst: the next class."""
    order = {value: place for place, value in enumerate(values)}
    rows = np.array([order[value] for value in truth.tolist()])
    cols = np.array([order.get(value, NOTHING) for value in found.tolist()])
    cols = np.where(cols == NOTHING, (rows + 1) % len(values), cols)
    counts = zeros(values)
    np.add.at(counts, (rows, cols), 1)
    return counts


def ious(counts: np.ndarray) -> list[float | None]:
    """Intersection over union of every class, None for one that is nowhere in the truth."""
    hit = np.diag(counts)
    union = counts.sum(0) + counts.sum(1) - hit
    return [round(float(h / u), 4) if t else None for h, u, t in zip(hit, union, counts.sum(1), strict=True)]


def scores(counts: np.ndarray) -> dict[str, float]:
    """Mean IoU and mean F1 over the classes that are in the truth, and the share of pixels that are right."""
    present = counts.sum(1) > 0
    hit = np.diag(counts)
    total = counts.sum(0) + counts.sum(1)
    return {
        "miou": round(float((hit / np.maximum(total - hit, 1))[present].mean()), 4),
        "mf1": round(float((2 * hit / np.maximum(total, 1))[present].mean()), 4),
        "accuracy": round(float(hit.sum() / counts.sum()), 4),
    }


def line(row: dict[str, Any]) -> str:
    """A row as Markdown."""
    own, random, raw = (row[key] for key in ("model", "random_encoder", "raw_pixels"))
    best = max(random["miou"], raw["miou"])
    verdict = "wins" if own["miou"] > best + 0.005 else ("level" if own["miou"] >= best - 0.005 else "does not win")
    figures = " | ".join(f"{100 * each['miou']:.1f} / {100 * each['mf1']:.1f} / {100 * each['accuracy']:.1f}"
                         for each in (own, random, raw))  # fmt: skip
    return f"| {row['title']} | {row['head']} | {figures} | {verdict} |"


def page(record: dict[str, Any]) -> str:
    """The results as a Markdown page."""
    model, where = record["model"], record["machine"]
    won = sum(line(row).endswith("| wins |") for row in record["rows"])
    nothing = (
        "\nThe model itself has random weights: against the other random encoders it can only be level, and what it"
        " wins over raw pixels it wins by looking at neighbourhoods, not by knowledge.\n"
        if model["random"]
        else ""
    )
    head = (
        f"# Maps from heads: {model['title']}\n\n"
        f"{where['date']}, {where['processor']}, {where['cores']} cores, {where['instruction_set']}, torch"
        f" {where['torch']}; {record['minutes']} minutes; model sha256 {model['sha256'][:12]}….\n\n"
        "Mean IoU / mean F1 / overall accuracy in percent, over the test pixels of all parts. «Random encoder»: the"
        " same head on encoders of the same size with random weights (mean of two seeds). «Raw pixels»: logistic"
        " regression on the bands of single pixels. Same training and test pixels for all three.\n"
        f"{nothing}\n"
        f"The model wins {won} of {len(record['rows'])} rows, by more than 0.5 points of mean IoU over the better"
        " baseline.\n\n"
        "| Place | Head | Model | Random encoder | Raw pixels | |\n|---|---|---|---|---|---|\n"
    )
    return head + "\n".join(line(row) for row in record["rows"]) + "\n"


if __name__ == "__main__":
    torch.set_num_threads(os.cpu_count() or 1)
    main()
