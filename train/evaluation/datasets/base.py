"""What all datasets share: their splits, and scenes that are cut into tiles."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property

import numpy as np

from engine.errors import SourceError
from engine.model.projection import BandList
from train.evaluation.dataset import Modality, Sample, Task
from train.evaluation.datasets.splits import Split, Splits
from train.evaluation.datasets.statistics import estimate_statistics
from train.evaluation.datasets.tiles import Tile, Tiling


class Published(ABC):
    """A dataset with its splits; ``split_source`` says in a few words where they come from."""

    name: str
    task: Task
    classes: tuple[str, ...]
    modalities: tuple[Modality, ...]
    statistics_source: str

    def __init__(self, splits: Splits) -> None:
        self.splits = splits
        self.split_source = splits.source

    def ids(self, split: Split) -> tuple[str, ...]:
        """The samples of a split, in a fixed order; empty where the dataset has no such split."""
        return self.splits.of(split)

    @abstractmethod
    def read(self, sample_id: str) -> Sample:
        """One sample. Raises SourceError or GridError for a file that is missing or of another shape."""


class TiledScenes(Published):
    """A segmentation dataset of scenes larger than a model's input: its samples are tiles of them.

    Splits are those of scenes; a sample's id is "scene:row-column", of the tile's top left pixel in its scene.
    What a tile holds beyond its scene's edge is not valid and counts nowhere.
    """

    task: Task = "segmentation"

    def __init__(self, splits: Splits, tiling: Tiling) -> None:
        super().__init__(splits)
        self.tiling = tiling

    def ids(self, split: Split) -> tuple[str, ...]:
        """The tiles of a split's scenes, scene by scene; empty where the dataset has no such split."""
        return tuple(tile_id for scene in self.splits.of(split) for tile_id in self.tiling.ids(scene))

    def read(self, sample_id: str) -> Sample:
        """One tile. Raises SourceError or GridError for a file that is missing or of another shape."""
        scene, tile = self.tiling.split_id(sample_id)
        if scene not in self._scenes:
            raise SourceError(f"{self.name} has no scene {scene!r}.", "Use an id that the dataset's splits list.")
        return self.read_tile(scene, tile)

    @cached_property
    def _scenes(self) -> frozenset[str]:
        return frozenset((*self.splits.train, *self.splits.validation, *self.splits.test))

    @abstractmethod
    def read_tile(self, scene: str, tile: Tile) -> Sample:
        """One tile of a scene."""


class EstimatedScenes(TiledScenes):
    """Tiled scenes of one sensor without published statistics: they are estimated from training tiles at opening.

    Raises SourceError where there is no training tile.
    """

    modality_name: str
    bands: BandList
    band_names: tuple[str, ...]

    def __init__(self, splits: Splits, tiling: Tiling) -> None:
        super().__init__(splits, tiling)
        train = self.ids("train")
        statistics = estimate_statistics(train, self._read_image, self.band_names, self.name)
        self.modalities = (Modality(self.modality_name, self.bands, statistics),)
        self.statistics_source = statistics.source

    def _read_image(self, sample_id: str) -> tuple[np.ndarray, np.ndarray | None]:
        sample = self.read(sample_id)
        return sample.images[0], sample.valid[0]
