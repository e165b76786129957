"""What an evaluation needs to know of a dataset, whichever its layout on disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from engine.model.projection import BandList
from engine.raster.statistics import BandStatistics

Task = Literal["single-label", "multi-label", "segmentation"]

#: In a label map: pixels that count neither in training nor in a score.
IGNORED = -1


@dataclass(frozen=True)
class Modality:
    """One sensor's images in a dataset: ``name`` ("s1", "s2", "rgb", …), its bands and their statistics.

    ``bands`` are keys of learnt layers or assignments, in the order of the images' channels, as the engine's
    models take them. ``statistics`` are in the unit of the numbers that ``read`` gives.
    """

    name: str
    bands: BandList
    statistics: BandStatistics


@dataclass(frozen=True, eq=False)
class Sample:
    """One sample: ``images`` (C_i, h_i, w_i), one per modality, in the numbers of the files.

    ``valid`` (h_i, w_i) bool per modality, None where every pixel is. ``label`` is the class number (int64 scalar)
    of a single-label set, (K,) bool of a multi-label set, (h, w) int64 with ``IGNORED`` of a segmentation set.
    """

    images: tuple[np.ndarray, ...]
    valid: tuple[np.ndarray | None, ...]
    label: np.ndarray


class EvaluationDataset(Protocol):
    """A dataset in its published layout.

    ``name`` is the key of the registry, ``classes`` the names of the K classes. ``statistics_source`` says in a few
    words where the statistics come from, for the table.
    """

    name: str
    task: Task
    classes: tuple[str, ...]
    modalities: tuple[Modality, ...]
    statistics_source: str

    def ids(self, split: Literal["train", "validation", "test"]) -> tuple[str, ...]:
        """The samples of a split, in a fixed order; empty where the dataset has no such split."""
        ...

    def read(self, sample_id: str) -> Sample:
        """One sample. Raises SourceError or GridError for a file that is missing or of another shape."""
        ...
