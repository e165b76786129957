"""Samples of a dataset in batches: read ahead by worker processes, and kept in memory where they fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from torch.utils.data import DataLoader, Dataset

from engine.errors import JobError
from train.evaluation.dataset import EvaluationDataset, Sample

Split = Literal["train", "validation", "test"]

#: Samples are kept as they were read until they fill this: a small dataset is decoded once for all epochs.
KEPT_BYTES = 2 * 2**30


class _Samples(Dataset[Sample]):
    """The samples ``ids`` of a dataset, by number."""

    def __init__(self, dataset: EvaluationDataset, ids: Sequence[str]) -> None:
        self._dataset, self._ids = dataset, ids

    def __len__(self) -> int:
        return len(self._ids)

    def __getitem__(self, number: int) -> Sample:
        return self._dataset.read(self._ids[number])


class SampleReader:
    """Reads a dataset in batches with so many ``workers`` (0: in this process)."""

    def __init__(self, dataset: EvaluationDataset, workers: int = 0, kept_bytes: int = KEPT_BYTES) -> None:
        self.dataset = dataset
        self._workers = workers
        self._left = kept_bytes
        self._kept: dict[str, Sample] = {}

    def batches(self, ids: Sequence[str], size: int) -> Iterator[list[Sample]]:
        """The samples ``ids`` in their order, ``size`` at a time. Raises what the dataset's ``read`` raises."""
        parts = [list(ids[start : start + size]) for start in range(0, len(ids), size)]
        if self._workers == 0 or all(sample_id in self._kept for sample_id in ids):
            for part in parts:
                yield [self.read(sample_id) for sample_id in part]
            return
        numbers = [list(range(start, min(start + size, len(ids)))) for start in range(0, len(ids), size)]
        loader = DataLoader(
            _Samples(self.dataset, ids), batch_sampler=numbers, num_workers=self._workers, collate_fn=list
        )
        for part, samples in zip(parts, loader, strict=True):
            for sample_id, sample in zip(part, samples, strict=True):
                self._keep(sample_id, sample)
            yield samples

    def read(self, sample_id: str) -> Sample:
        """One sample, kept or read."""
        sample = self._kept.get(sample_id)
        if sample is None:
            sample = self.dataset.read(sample_id)
            self._keep(sample_id, sample)
        return sample

    def _keep(self, sample_id: str, sample: Sample) -> None:
        size = sum(image.nbytes for image in sample.images) + sample.label.nbytes
        if sample_id not in self._kept and size <= self._left:
            self._kept[sample_id] = sample
            self._left -= size


class ChosenModalities:
    """A dataset of which only the modalities ``names`` are looked at, in that order; an ``EvaluationDataset``.

    JobError for a name that the dataset does not have.
    """

    def __init__(self, dataset: EvaluationDataset, names: Sequence[str]) -> None:
        known = [modality.name for modality in dataset.modalities]
        for name in names:
            if name not in known or list(names).count(name) > 1:
                trouble = "is named twice" if name in known else f"is not in {dataset.name}"
                raise JobError(f"The modality {name!r} {trouble}.", f"Choose of {', '.join(known)}, each once.")
        self._dataset = dataset
        self._places = [known.index(name) for name in names]
        self.name, self.task, self.classes = dataset.name, dataset.task, dataset.classes
        self.statistics_source = dataset.statistics_source
        self.modalities = tuple(dataset.modalities[place] for place in self._places)

    def ids(self, split: Split) -> tuple[str, ...]:
        """As the dataset's."""
        return self._dataset.ids(split)

    def read(self, sample_id: str) -> Sample:
        """As the dataset's, with the chosen images alone."""
        sample = self._dataset.read(sample_id)
        images, valid = zip(*((sample.images[place], sample.valid[place]) for place in self._places), strict=True)
        return Sample(images, valid, sample.label)
