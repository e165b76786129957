"""Tokens of a model against tokens of random encoders and against raw pixels, on places with labels."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
import torch

from engine.errors import JobError
from engine.jobs.embed import EmbedJob
from engine.model.checkpoints import save_checkpoint
from engine.model.encoder import Encoder
from engine.tasks import embed
from train.evaluation.comparison import MODEL, RANDOM, fresh_encoder
from train.evaluation.knn import knn_votes
from train.evaluation.logistic import fit_logistic, standardised
from train.evaluation.metrics import confusion_matrix
from train.evaluation.token_scenes import CHIP_PX, Case, Scene, blocks, cell_labels, folds, raw_cells

RAW = "raw pixels"
#: Title, sensors, and how they become one.
INPUTS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("S1", ("s1",), "stack"),
    ("S2", ("s2",), "stack"),
    ("S1 + S2, concat", ("s1", "s2"), "concat"),
    ("S1 + S2, mixup", ("s1", "s2"), "mixup"),
)
#: A class with fewer test cells does not enter the mean IoU of a fold: one cell would decide over it.
FEW_CELLS = 10
_OVERLAP = 0.5


@dataclass(frozen=True)
class TokenRow:
    """Scores, shares of 1, of one kind of ``features`` from one ``inputs``; means over the folds (and random seeds)."""

    case: str
    inputs: str
    features: str
    dims: int
    regression_miou: float
    regression_accuracy: float
    knn_miou: float
    knn_accuracy: float


def compare_tokens(
    case: Case, model: str, encoder: Encoder, random_seeds: Sequence[int], seed: int, device: str, work: Path
) -> Iterator[TokenRow]:
    """Rows of ``case``: for each of ``INPUTS`` the model (its name or file), random encoders of its size, raw pixels.

    Embeddings and random weights are written into the folder ``work``. Raises what embedding raises.
    """
    cell_px = cell_side(encoder)
    labels = [cell_labels(scene, case.classes, cell_px) for scene in case.scenes]
    models = {MODEL: [model], RANDOM: [_random_file(encoder, each, work) for each in random_seeds]}
    for title, sensors, fusion in INPUTS:
        for features, files in models.items():
            found = []
            for file in files:
                cells = [
                    _embedded(scene, sensors, fusion, file, device, work)[: label.shape[0], : label.shape[1]]
                    for scene, label in zip(case.scenes, labels, strict=True)
                ]
                found.append(_scores(cells, labels, len(case.classes), cell_px, seed))
            yield _row(case, title, features, found)
        if fusion != "mixup":
            cells = [
                raw_cells(tuple(getattr(scene, sensor) for sensor in sensors), label.shape, cell_px)
                for scene, label in zip(case.scenes, labels, strict=True)
            ]
            yield _row(case, title, RAW, [_scores(cells, labels, len(case.classes), cell_px, seed)])


def cell_side(encoder: Encoder) -> int:
    """Source pixels along a side of what one token covers. JobError where they are no whole number."""
    side, rest = divmod(CHIP_PX, encoder.config.grid)
    if rest:
        raise JobError(
            f"{CHIP_PX} px are no multiple of the {encoder.config.grid} tokens along a side of this model's input.",
            "Compare a model of 14 × 14 or 16 × 16 tokens.",
        )
    return side


def cell_scores(counts: np.ndarray) -> tuple[float, float]:
    """Mean IoU over the classes with at least ``FEW_CELLS`` true cells, and overall accuracy, of a confusion matrix."""
    right, truth = counts.diagonal(), counts.sum(axis=1)
    union = truth + counts.sum(axis=0) - right
    counted = truth >= min(FEW_CELLS, truth.max())
    return float(np.mean(right[counted] / union[counted])), float(right.sum() / max(1, counts.sum()))


def _scores(
    cells: Sequence[np.ndarray], labels: list[np.ndarray], classes: int, cell_px: int, seed: int
) -> tuple[float, ...]:
    """Dims, then the mean over the folds of: mIoU and accuracy of the regression, mIoU and accuracy of the neighbours.

    ``cells`` are the features (rows, cols, D) of each scene.
    """
    groups = blocks(labels, cell_px)
    found = []
    for fold in folds(labels, cell_px):

        def pick(values: Sequence[np.ndarray], masks: tuple[np.ndarray, ...]) -> np.ndarray:
            return np.concatenate([each[mask] for each, mask in zip(values, masks, strict=True)])

        train, test = standardised(pick(cells, fold.train), pick(cells, fold.test))
        own, truth = pick(labels, fold.train), pick(labels, fold.test)
        with warnings.catch_warnings():
            # A class that fills fewer blocks than there are folds.
            warnings.filterwarnings("ignore", message="The least populated class")
            regression, _ = fit_logistic(train, own, seed, pick(groups, fold.train))
        votes = knn_votes(
            torch.from_numpy(train), torch.nn.functional.one_hot(torch.from_numpy(own), classes), torch.from_numpy(test)
        )
        predictions = (regression.predict(test), votes.argmax(dim=1).numpy())
        found.append([score for each in predictions for score in cell_scores(confusion_matrix(truth, each, classes))])
    return (float(cells[0].shape[2]), *np.mean(found, axis=0).tolist())


def _row(case: Case, inputs: str, features: str, found: Sequence[tuple[float, ...]]) -> TokenRow:
    dims, *scores = np.mean(found, axis=0).tolist()
    title = f"{features} (mean of {len(found)} seeds)" if len(found) > 1 else features
    return TokenRow(case.name, inputs, title, int(dims), *scores)


def _embedded(scene: Scene, sensors: tuple[str, ...], fusion: str, model: str, device: str, work: Path) -> np.ndarray:
    """The token map (rows, cols, D) of a scene; the last row and column may be cells that reach beyond it."""
    output = work / "tokens.tif"
    embed.run(
        EmbedJob(
            inputs=tuple(str(getattr(scene, sensor)) for sensor in sensors), model=model, output=str(output),
            overwrite=True, chip=CHIP_PX, overlap=_OVERLAP, fusion=fusion, device=device, precision="fp32",
        )
    )  # fmt: skip
    with rasterio.open(output) as raster:
        return np.ascontiguousarray(raster.read().transpose(1, 2, 0))


def _random_file(like: Encoder, seed: int, work: Path) -> str:
    path = work / f"random-{seed}.safetensors"
    save_checkpoint(fresh_encoder(like, seed).cpu(), path)
    return str(path)


def markdown(cases: Sequence[Case], rows: Sequence[TokenRow], cell_px: int, heading: str, notes: Sequence[str]) -> str:
    """The comparison as Markdown, a table per case; ``notes`` stand above."""
    lines = [f"# {heading}", "", *(f"- {note}" for note in notes), ""]
    lines += [
        f"Mean IoU / overall accuracy in percent, on cells of {cell_px} × {cell_px} px, means over all parts of the"
        f" test; classes with fewer than {FEW_CELLS} test cells do not count in the mean IoU. Every row has the same"
        " training and test cells.",
    ]
    share: Callable[[float, float], str] = lambda miou, accuracy: f"{100 * miou:.1f} / {100 * accuracy:.1f}"  # noqa: E731
    for case in cases:
        lines += ["", f"## {case.title}", ""]
        lines += ["| Input | Features | Dims | Logistic regression | kNN-20 |", "|---|---|---|---|---|"]
        for row in rows:
            if row.case == case.name:
                regression = share(row.regression_miou, row.regression_accuracy)
                neighbours = share(row.knn_miou, row.knn_accuracy)
                lines.append(f"| {row.inputs} | {row.features} | {row.dims} | {regression} | {neighbours} |")
    return "\n".join([*lines, ""])
