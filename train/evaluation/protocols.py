"""The protocols of the paper (METHOD, section 6) on one model and one dataset; features are made once for all."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from engine.errors import JobError, SourceError
from engine.model.encoder import Encoder
from train.evaluation.dataset import EvaluationDataset
from train.evaluation.features import FeatureMaker, FeatureSettings, PooledFeatures
from train.evaluation.finetuning import FinetuneSettings, finetune, save_task, settings_for, task_scores, trainable_copy
from train.evaluation.knn import knn_votes
from train.evaluation.linear_probe import ProbeSettings, fit_probe, probe_scores
from train.evaluation.metrics import mean_average_precision, overall_accuracy, segmentation_scores
from train.evaluation.names import PROTOCOLS, SEGMENTS
from train.evaluation.reading import SampleReader, Split
from train.evaluation.splits import split_hash, training_part
from train.evaluation.table import Row

#: Shares that images are shrunk to; the paper's table 4 averages the accuracies over them.
SCALES = (0.125, 0.25, 0.5, 1.0)
_METRIC = {"single-label": "accuracy", "multi-label": "map_micro", "segmentation": "miou"}


@dataclass(frozen=True)
class EvaluationSettings:
    """What one call evaluates with.

    ``pooling`` is "cls" or "mean"; ``share`` that of the training split; ``epochs`` None are the protocol's.
    ``workers`` processes read ahead. ``finetuning`` stands in place of the dataset's settings.
    """

    features: FeatureSettings = field(default_factory=FeatureSettings)
    pooling: str = "cls"
    share: float = 1.0
    epochs: int | None = None
    seed: int = 0
    workers: int = 0
    finetuning: FinetuneSettings | None = None


class Evaluation:
    """One model on one dataset.

    Trains on ``share`` of the training split and tests on the test split, or the validation split where there is none.
    Raises SourceError for a dataset without samples, JobError for settings that do not go together.
    """

    def __init__(self, encoder: Encoder, dataset: EvaluationDataset, settings: EvaluationSettings) -> None:
        if settings.epochs is not None and settings.epochs < 1:
            raise JobError(f"{settings.epochs} epochs train nothing.", "Give at least 1.")
        self.encoder, self.dataset, self.settings = encoder, dataset, settings
        self._reader = SampleReader(dataset, settings.workers)
        self._maker = FeatureMaker(encoder, self._reader, settings.features)
        self.test_split: Split = "test" if dataset.ids("test") else "validation"
        self.test = dataset.ids(self.test_split)
        whole = dataset.ids("train")
        if not whole or not self.test:
            raise SourceError(
                f"{dataset.name} has {len(whole)} samples to train on and {len(self.test)} to test on here.",
                "Check that the folder holds both.",
            )
        self.train = training_part(whole, settings.share, settings.seed, self._strata(whole))
        self._pooled: dict[tuple[str, float], PooledFeatures] = {}
        self._protocols: dict[str, Callable[[], tuple[dict[str, float], int]]] = {
            "knn": self._knn,
            "linear": self._linear,
            "finetune": self._finetune,
            "multiscale-knn": self._multiscale_knn,
            "conv": lambda: self._segment("conv"),
            "upernet": lambda: self._segment("upernet"),
        }
        #: Where ``run("finetune")`` writes the task file; None for nowhere.
        self.task_file: Path | None = None

    def check(self, protocol: str) -> None:
        """JobError for a protocol that does not exist or does not fit the dataset's task."""
        if protocol not in PROTOCOLS:
            raise JobError(f"The protocol {protocol!r} is not known.", f"Use one of {', '.join(PROTOCOLS)}.")
        if protocol == "finetune" and self.settings.finetuning is None:
            settings_for(self.dataset)
        if (protocol in SEGMENTS) != (self.dataset.task == "segmentation"):
            fitting = [each for each in PROTOCOLS if (each in SEGMENTS) == (self.dataset.task == "segmentation")]
            raise JobError(
                f"The protocol {protocol} does not fit {self.dataset.name}, a {self.dataset.task} dataset.",
                f"Use one of {', '.join(fitting)}.",
            )

    def run(self, protocol: str) -> Row:
        """Evaluates by one protocol. Raises JobError as ``check``, and what reading the dataset raises."""
        self.check(protocol)
        started = time.monotonic()
        figures, epochs = self._protocols[protocol]()
        info, dataset, settings = self.encoder.info, self.dataset, self.settings
        several = len(dataset.modalities) > 1
        mixed = several and settings.features.fusion == "mixup" and protocol not in ("finetune", *SEGMENTS)
        return Row(
            dataset=dataset.name,
            protocol=protocol,
            metric=_METRIC[dataset.task],
            figures=figures,
            model=info.name,
            model_sha256=info.sha256,
            random=info.random,
            width=self.encoder.width,
            inputs=tuple(modality.name for modality in dataset.modalities),
            fusion=settings.features.fusion if several else "",
            mixup_draws=settings.features.mixup_draws if mixed else 0,
            pooling="tokens" if protocol in SEGMENTS else settings.pooling,
            resize=settings.features.resize,
            statistics=dataset.statistics_source,
            train_share=settings.share,
            epochs=epochs,
            seed=settings.seed,
            splits={"train": split_hash(self.train), self.test_split: split_hash(self.test)},
            split_source=str(getattr(dataset, "split_source", "")),
            counts={"train": len(self.train), self.test_split: len(self.test)},
            precision=settings.features.precision,
            device=str(self.encoder.device),
            torch=torch.__version__,
            date=datetime.now(UTC).date().isoformat(),
            seconds=round(time.monotonic() - started, 1),
        )

    def _strata(self, whole: tuple[str, ...]) -> np.ndarray | None:
        """Class numbers to divide the training split by, None where it is not divided or has none."""
        if self.settings.share == 1 or self.dataset.task != "single-label":
            return None
        return np.array([int(sample.label) for samples in self._reader.batches(whole, 256) for sample in samples])

    def _features(self, split: str, shrink: float = 1.0) -> PooledFeatures:
        key = (split, shrink)
        if key not in self._pooled:
            words = split if shrink == 1 else f"{split} at {100 * shrink:g} %"
            self._pooled[key] = self._maker.pooled(self.train if split == "train" else self.test, shrink, words)
        return self._pooled[key]

    def _both(self, shrink: float = 1.0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, np.ndarray]:
        """Training features and targets, test features, on the encoder's device; and the test labels."""
        device = self.encoder.device
        train, test = self._features("train", shrink), self._features("test", shrink)
        vectors, queries = (each.pooled(self.settings.pooling).to(device) for each in (train, test))
        return vectors, torch.from_numpy(train.labels).to(device), queries, test.labels

    def _knn(self) -> tuple[dict[str, float], int]:
        return self._knn_at(1.0), 0

    def _knn_at(self, shrink: float) -> dict[str, float]:
        vectors, targets, queries, truth = self._both(shrink)
        if targets.ndim == 1:
            targets = torch.nn.functional.one_hot(targets.long(), len(self.dataset.classes))
        return self._scored(knn_votes(vectors, targets, queries).cpu(), truth)

    def _multiscale_knn(self) -> tuple[dict[str, float], int]:
        metric = _METRIC[self.dataset.task]
        found = {scale: self._knn_at(scale)[metric] for scale in SCALES}
        return {metric: float(np.mean([*found.values()])), **{f"at {100 * s:g} %": v for s, v in found.items()}}, 0

    def _linear(self) -> tuple[dict[str, float], int]:
        vectors, targets, queries, truth = self._both()
        probe_settings = ProbeSettings(epochs=self.settings.epochs or ProbeSettings.epochs)
        probe = fit_probe(vectors, targets, len(self.dataset.classes), self.settings.seed, probe_settings)
        return self._scored(probe_scores(probe, queries).cpu(), truth), probe_settings.epochs

    def _finetune(self) -> tuple[dict[str, float], int]:
        settings = self.settings.finetuning or settings_for(self.dataset)
        settings = replace(settings, epochs=self.settings.epochs or settings.epochs)
        # The frozen encoder is still needed by other protocols.
        maker = FeatureMaker(trainable_copy(self.encoder), self._reader, self.settings.features)
        classes = len(self.dataset.classes)
        model = finetune(maker, self.train, classes, settings, self.settings.pooling, self.settings.seed)
        scores, truth = task_scores(model, maker, self.test)
        if self.task_file is not None:
            save_task(model, self.task_file, self.dataset)
        return self._scored(scores, truth), settings.epochs

    def _segment(self, kind: str) -> tuple[dict[str, float], int]:
        # Its import takes seconds, and most calls do without it.
        from train.evaluation.segmentation import SETTINGS, DenseFeatures, measure_confusion, train_segmentation

        features = DenseFeatures(self._maker, kind)
        classes, epochs = len(self.dataset.classes), self.settings.epochs or SETTINGS[kind].epochs
        head = train_segmentation(features, self.train, classes, self.settings.seed, epochs)
        return segmentation_scores(measure_confusion(head, features, self.test, classes)), epochs

    def _scored(self, scores: torch.Tensor, truth: np.ndarray) -> dict[str, float]:
        """Figures of scores (n, K): ranks decide, so that neither softmax nor sigmoid matters."""
        if truth.ndim == 2:
            return mean_average_precision(truth, scores.numpy())
        return {"accuracy": overall_accuracy(truth, scores.argmax(dim=1).numpy())}
