"""DynamicEarthNet (Toker et al. 2022): 75 areas of 1024 × 1024 px at 3 m, PlanetFusion days, land cover by month."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from engine.errors import SourceError
from train.evaluation.dataset import IGNORED, Sample
from train.evaluation.datasets.base import EstimatedScenes
from train.evaluation.datasets.files import missing, raster_size
from train.evaluation.datasets.sensors import bands_of
from train.evaluation.datasets.splits import Splits, by_hash, find_lists, from_file, from_lists
from train.evaluation.datasets.tiles import Tile, Tiling

#: The day of a month's one image: that of the label.
_DAY = "01"

#: Channels of the label files, in their order. Snow and ice, the last, is not scored, as in the paper of the dataset.
_CHANNELS = 7


class DynamicEarthNet(EstimatedScenes):
    """DynamicEarthNet, the first day of every month: ``planet/ZONE/…/AREA/PF-SR/2018-01-01.tif``, and its labels.

    Labels are ``labels/AREA_ZONE/Labels/Raster/SCENE/SCENE-2018_01_01.tif``; some folders of the publication part
    area and zone, and some files the date, by hyphens: both are found. Zones may also lie unpacked as they were packed
    (``planet.10N/planet/10N/…``, ``labels/labels/…``). Images are blue, green, red, near infrared, surface reflectance
    × 10000, on the nearest learnt layers as in the paper. Label files have one channel (0 or 255) for each of seven
    classes, of which snow and ice counts nowhere, and neither do pixels without any.

    Splits are ``dynnet_training_splits/train.txt``, ``val.txt`` and ``test.txt``: one line per area and month, the
    folder of its images, its label file and "2018-01". Without, areas are split by hash. Scenes, called "AREA/2018-01",
    are cut into tiles of 256 px. PANGAEA gives its models six days of a month, fused; here it is one. No statistics
    are published.
    """

    name = "dynamicearthnet"
    classes: tuple[str, ...] = (
        "impervious surface",
        "agriculture",
        "forest and other vegetation",
        "wetlands",
        "soil",
        "water",
    )
    modality_name = "planet"
    bands = bands_of("planetscope-4band", ("blue", "green", "red", "nir"), "nearest")
    band_names = ("blue", "green", "red", "nir")

    def __init__(self, root: Path, split_file: Path | None = None, tile_px: int = 256) -> None:
        self._root = Path(root)
        self._images = self._find_areas()
        self._labels = self._find_labels()
        splits = self._splits(split_file)
        super().__init__(splits, Tiling(tile_px, tile_px, *raster_size(self._image(splits.first()))))

    def read_tile(self, scene: str, tile: Tile) -> Sample:
        """One tile of a scene."""
        image = tile.read(self._image(scene), 4, (1, 2, 3, 4))
        channels = tile.read(self._label(scene), _CHANNELS, tuple(range(1, _CHANNELS + 1))) == 255
        scored = channels[: len(self.classes)]
        label = np.where(scored.any(axis=0), scored.argmax(axis=0), IGNORED).astype(np.int64)
        valid = (image != 0).any(axis=0)
        return Sample((image,), (None if valid.all() else valid,), label)

    def _image(self, scene: str) -> Path:
        area, _, month = scene.partition("/")
        folder = self._images.get(area)
        if folder is None:
            missing(self._root / "planet" / "…" / area / "PF-SR")
        return folder / f"{month}-{_DAY}.tif"

    def _label(self, scene: str) -> Path:
        path = self._labels.get(scene)
        if path is None:
            area, _, month = scene.partition("/")
            missing(self._root / "labels" / f"{area}_…" / "Labels" / "Raster" / "…" / f"…-{month}-{_DAY}.tif")
        return path

    def _find_areas(self) -> Mapping[str, Path]:
        folders = {
            path.parent.name: path
            for pattern in ("planet/*/*/*/PF-SR", "planet.*/planet/*/*/*/PF-SR", "planet/planet/*/*/*/PF-SR")
            for path in sorted(self._root.glob(pattern))
        }
        if not folders:
            raise SourceError(
                f"{self._root} holds no planet/ZONE/…/AREA/PF-SR of DynamicEarthNet.",
                "Unpack the dataset there, or give the folder that it was unpacked into.",
            )
        return folders

    def _find_labels(self) -> Mapping[str, Path]:
        found: dict[str, Path] = {}
        for pattern in ("labels/*/Labels/Raster/*/*.tif", "labels/labels/*/Labels/Raster/*/*.tif"):
            for path in sorted(self._root.glob(pattern)):
                area = re.match(r"(\d+_\d+_\d+)[-_]", path.parents[3].name)
                month = re.search(r"(\d{4})[-_](\d{2})[-_]\d{2}$", path.stem)
                if area and month:
                    found[f"{area[1]}/{month[1]}-{month[2]}"] = path
        return found

    def _splits(self, split_file: Path | None) -> Splits:
        if split_file is not None:
            return from_file(Path(split_file), self._pick)
        lists = find_lists((self._root / "dynnet_training_splits",), ("{}.txt",))
        if lists:
            return from_lists(lists, self._pick)
        scenes = (scene for scene in self._labels if scene.split("/")[0] in self._images)
        return by_hash(scenes, "by hash of the area", key=lambda fields: fields[0].split("/")[0])

    def _pick(self, fields: Sequence[str]) -> str:
        """A scene's own name, or the one that a line of the published lists means."""
        if fields[0] in self._labels:
            return fields[0]
        area = re.search(r"(?:^|/)(\d+_\d+_\d+)(?:/|$)", fields[0])
        if area is None or len(fields) != 3 or not re.fullmatch(r"\d{4}-\d{2}", fields[2]):
            raise SourceError(
                f"{' '.join(fields)!r} names no area and month.", "Use the published lists, or ids like AREA/2018-01."
            )
        return f"{area[1]}/{fields[2]}"
