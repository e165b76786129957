"""A model's features against features that need no model: the same neighbours and probes on the same split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from engine.model.config import DecoderConfig
from engine.model.encoder import Encoder
from engine.model.initialise import random_autoencoder
from train.evaluation.baselines import channel_means, colour_histogram, pixel_statistics
from train.evaluation.dataset import Modality
from train.evaluation.features import FeatureMaker, FeatureSettings
from train.evaluation.knn import knn_accuracy
from train.evaluation.linear_probe import probe_accuracy
from train.evaluation.logistic import logistic_accuracy, standardised
from train.evaluation.names import POOLINGS
from train.evaluation.reading import SampleReader

#: What "model" rows are called, and those of encoders that were never trained.
MODEL, RANDOM = "model", "random encoder"
_HISTOGRAM = "colour histogram"
MEASURES = ("knn", "probe", "regression")


@dataclass(frozen=True)
class Comparison:
    """Overall accuracies, shares of 1, of one kind of ``features`` with so many ``dims``.

    ``knn``: 20 neighbours. ``probe``: the linear probe as published, 100 steps where there are no more samples than
    fit in a batch. ``regression``: logistic regression to convergence, ``strength`` its C, chosen on the training
    split. Of several random encoders they are means.
    """

    features: str
    dims: int
    knn: float
    probe: float
    regression: float
    strength: float

    @property
    def is_baseline(self) -> bool:
        """True for all but the model."""
        return not self.features.startswith(MODEL)


def compare(
    encoder: Encoder, reader: SampleReader, settings: FeatureSettings, random_seeds: Sequence[int], seed: int
) -> list[Comparison]:
    """The model, encoders of its size with fresh weights, and pixels, on the whole of a single-label dataset.

    Trains on the training split and tests on the test split. Raises what reading the dataset raises.
    """
    dataset = reader.dataset
    train, test = dataset.ids("train"), dataset.ids("test")
    classes = len(dataset.classes)
    rows = []
    labels: tuple[np.ndarray, np.ndarray] | None = None
    encoders = {MODEL: [encoder], RANDOM: [fresh_encoder(encoder, each) for each in random_seeds]}
    for name, members in encoders.items():
        found: dict[str, list[Comparison]] = {pooling: [] for pooling in POOLINGS}
        for each in members:
            maker = FeatureMaker(each, reader, settings)
            sides = [maker.pooled(ids, words=name) for ids in (train, test)]
            labels = (sides[0].labels, sides[1].labels)
            for pooling in POOLINGS:
                title = f"{name}, {'CLS' if pooling == 'cls' else 'mean of tokens'}"
                vectors = [side.pooled(pooling).numpy() for side in sides]
                found[pooling].append(measured(title, (vectors[0], vectors[1]), labels, classes, seed))
        rows += [_mean(members) for members in found.values() if members]
    if labels is None:
        return rows
    plain = [plain_features(reader, ids) for ids in (train, test)]
    for name in plain[0]:
        # The probe has a norm of its own; cosines need one where bands and kinds of figures are of different sizes.
        vectors = [side[name] for side in plain]
        if name != _HISTOGRAM:
            vectors = standardised(*vectors)
        rows.append(measured(name, (vectors[0], vectors[1]), labels, classes, seed))
    return rows


def measured(
    name: str,
    vectors: tuple[np.ndarray, np.ndarray],
    labels: tuple[np.ndarray, np.ndarray],
    classes: int,
    seed: int,
) -> Comparison:
    """One kind of features (n, D) with class numbers (n,): of the training split, and of the test split."""
    bank, queries = (torch.from_numpy(np.asarray(each, np.float32)) for each in vectors)
    own, truth = (torch.from_numpy(each) for each in labels)
    regression, strength = logistic_accuracy(vectors[0], labels[0], vectors[1], labels[1], seed)
    return Comparison(
        name,
        bank.shape[1],
        knn_accuracy(bank, own, queries, truth, classes),
        probe_accuracy(bank, own, queries, truth, classes, seed),
        regression,
        strength,
    )


def plain_features(reader: SampleReader, ids: Sequence[str]) -> dict[str, np.ndarray]:
    """Features that need no model, by name: (n, D) each, of all modalities side by side."""
    found: dict[str, list[np.ndarray]] = {}
    for samples in reader.batches(ids, 64):
        parts: dict[str, list[np.ndarray]] = {}
        for place, modality in enumerate(reader.dataset.modalities):
            images = [sample.images[place] for sample in samples]
            lowest, highest = histogram_range(modality, images[0].dtype)
            parts.setdefault("channel means", []).append(channel_means(images))
            parts.setdefault("pixel statistics", []).append(pixel_statistics(images))
            parts.setdefault(_HISTOGRAM, []).append(colour_histogram(images, lowest, highest))
        for name, each in parts.items():
            found.setdefault(name, []).append(np.concatenate(each, axis=1))
    return {name: np.concatenate(each) for name, each in found.items()}


def histogram_range(modality: Modality, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """Between which values (C,) the bands are counted: all that 8 bits hold, else p1 to p99 of the statistics."""
    if dtype == np.uint8:
        count = len(modality.bands)
        return np.zeros(count), np.full(count, 255.0)
    return np.array(modality.statistics.p1), np.array(modality.statistics.p99)


def fresh_encoder(like: Encoder, seed: int) -> Encoder:
    """An encoder of the same sizes as ``like``, with fresh weights from ``seed``, on its device."""
    # A decoder is never looked at; its weights are drawn after the encoder's.
    config = replace(like.config, decoder=DecoderConfig(16, 1, 1))
    return random_autoencoder(config, seed, f"{RANDOM} {seed}").to(like.device).eval()


def margins(rows: Sequence[Comparison]) -> dict[str, float]:
    """By how many points of 100 the model's better pooling beats the best baseline, for each of ``MEASURES``."""
    found = {}
    for measure in MEASURES:
        own = max(getattr(row, measure) for row in rows if not row.is_baseline)
        best = max(getattr(row, measure) for row in rows if row.is_baseline)
        found[measure] = 100 * (own - best)
    return found


def markdown(rows: Sequence[Comparison], about: Mapping[str, Any]) -> str:
    """The comparison as Markdown; ``about`` stands above it, one line per entry."""
    lines = [f"# {about['title']}", ""]
    lines += [f"- {name}: {value}" for name, value in about.items() if name != "title"]
    lines += ["", "Overall accuracy in percent; every row has the same training and test images.", ""]
    lines += ["| Features | Dims | kNN-20 | Linear probe, as published | Logistic regression, converged (C) |"]
    lines += ["|---|---|---|---|---|"]
    for row in rows:
        figures = " | ".join(f"{100 * value:.1f}" for value in (row.knn, row.probe, row.regression))
        lines.append(f"| {row.features} | {row.dims} | {figures} ({row.strength:g}) |")
    kept = ", ".join(
        f"{words} {points:+.1f}"
        for words, points in zip(("kNN", "linear probe", "regression"), margins(rows).values(), strict=True)
    )
    return "\n".join(
        [*lines, "", f"The model's better pooling against the best row without it, in points: {kept}.", ""]
    )


def _mean(rows: Sequence[Comparison]) -> Comparison:
    """The mean of rows of one kind of features; C is that of the first."""
    knn, probe, regression = (float(np.mean([getattr(row, measure) for row in rows])) for measure in MEASURES)
    title = rows[0].features + (f" (mean of {len(rows)} seeds)" if len(rows) > 1 else "")
    return replace(rows[0], features=title, knn=knn, probe=probe, regression=regression)
