"""BigEarthNet v1 (Sumbul et al. 2019, 2021): 590,326 patches of Sentinel-2 and Sentinel-1, 19 classes."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from engine.errors import GridError, SourceError
from engine.raster.resize import resize
from train.evaluation.dataset import Modality, Sample, Task
from train.evaluation.datasets.base import Published
from train.evaluation.datasets.bigearthnet_classes import CLASSES, numbers_of
from train.evaluation.datasets.files import read_json, read_raster
from train.evaluation.datasets.splits import Splits, by_hash, find_lists, from_file, from_lists
from train.evaluation.datasets.statistics import PUBLISHED, published_statistics

Sensor = Literal["s1", "s2"]

#: Bands in the order of the published statistics, as in the files' names.
BANDS: dict[Sensor, tuple[str, ...]] = {
    "s1": ("VV", "VH"),
    "s2": ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12"),
}
#: The band whose grid is the patch's: 10 m.
_REFERENCE: dict[Sensor, str] = {"s1": "VV", "s2": "B02"}
_PATCH: dict[Sensor, re.Pattern[str]] = {
    "s1": re.compile(r"S1[AB]_IW_GRDH_\w+_\d+_\d+"),
    "s2": re.compile(r"S2[AB]_MSIL2A_\w+_\d+_\d+"),
}
_SENSORS: dict[str, tuple[Sensor, ...]] = {
    "bigearthnet-s1": ("s1",),
    "bigearthnet-s2": ("s2",),
    "bigearthnet-mm": ("s1", "s2"),
}


class BigEarthNet(Published):
    """BigEarthNet: a folder per patch, a file per band, the labels in ``PATCH_labels_metadata.json``.

    The patches lie in ``root`` or in a folder of it (``BigEarthNet-v1.0``, ``BigEarthNet-S1-v1.0``, ``S2``, …).
    Sentinel-2 bands at 20 and 60 m are brought to the 10 m grid of the patch by the engine's exact resize; Sentinel-1
    is in dB. Labels are the official 19 classes of the 43.

    A sample's id is the Sentinel-2 patch, or, where Sentinel-1 is read, the Sentinel-1 patch; the Sentinel-2 patch of
    a pair is the one its ``corresponding_s2_patch`` names. Lists beside the data: ``bigearthnet-train.csv``, ``-val``,
    ``-test`` or ``train.csv``, ``val.csv``, ``test.csv`` (TU Berlin: patch names without header, of both sensors in
    the multi-modal ones). Without, patches are split by the hash of their place in the tile (50 % train, 25 %
    validation, 25 % test): the same for both sensors, and places seen at several dates stay together.

    Raises SourceError where a sensor's patches are not found.
    """

    task: Task = "multi-label"
    classes: tuple[str, ...] = CLASSES
    statistics_source = PUBLISHED

    def __init__(
        self,
        name: Literal["bigearthnet-s1", "bigearthnet-s2", "bigearthnet-mm"],
        root: Path,
        split_file: Path | None = None,
    ) -> None:
        self.name = name
        self._sensors = _SENSORS[name]
        self._folders = {sensor: _patch_folder(Path(root), sensor) for sensor in self._sensors}
        super().__init__(self._splits(Path(root), split_file))
        self.modalities = tuple(
            Modality(sensor, statistics.names, statistics)
            for sensor in self._sensors
            for statistics in [published_statistics(f"bigearthnet-{sensor}")]
        )

    def read(self, sample_id: str) -> Sample:
        """One patch. Raises SourceError or GridError for a file that is missing or of another shape."""
        metadata = self._metadata(self._sensors[0], sample_id)
        label = np.zeros(len(CLASSES), bool)
        label[list(numbers_of(_labels_of(metadata, sample_id), sample_id))] = True
        images = []
        for sensor in self._sensors:
            patch = sample_id if sensor == self._sensors[0] else self._partner(sample_id, metadata)
            images.append(_read_patch(self._folders[sensor] / patch, sensor))
        return Sample(tuple(images), (None,) * len(images), label)

    def _metadata(self, sensor: Sensor, patch: str) -> dict[str, object]:
        path = self._folders[sensor] / patch / f"{patch}_labels_metadata.json"
        metadata = read_json(path)
        if not isinstance(metadata, dict):
            raise SourceError(f"{path} holds no metadata of a patch.", "Use the dataset as it was published.")
        return metadata

    def _partner(self, sample_id: str, metadata: dict[str, object]) -> str:
        patch = metadata.get("corresponding_s2_patch")
        if not isinstance(patch, str):
            raise SourceError(
                f"The metadata of {sample_id} name no corresponding_s2_patch.", "Use the dataset as it was published."
            )
        return patch

    def _splits(self, root: Path, split_file: Path | None) -> Splits:
        if split_file is not None:
            return from_file(Path(split_file), self._pick)
        names = ("bigearthnet-{}.csv", "{}.csv")
        lists = find_lists((root, root / "splits", *(folder.parent for folder in self._folders.values())), names)
        if lists:
            return from_lists(lists, self._pick)
        sensor = self._sensors[0]
        patches = [entry.name for entry in os.scandir(self._folders[sensor]) if _PATCH[sensor].fullmatch(entry.name)]
        return by_hash(patches, "by hash of the patch's place in its tile", 0.5, 0.25, _place_in_tile)

    def _pick(self, fields: Sequence[str]) -> str:
        pattern = _PATCH[self._sensors[0]]
        found = next((field for field in fields if pattern.fullmatch(field)), None)
        if found is None:
            sensor = "Sentinel-1" if self._sensors[0] == "s1" else "Sentinel-2"
            raise SourceError(
                f"{' '.join(fields)!r} names no {sensor} patch.", "Use a list of BigEarthNet that names this sensor."
            )
        return found


def _labels_of(metadata: dict[str, object], patch: str) -> list[object]:
    labels = metadata.get("labels")
    if not isinstance(labels, list):
        raise SourceError(f"The metadata of {patch} have no list of labels.", "Use the dataset as it was published.")
    return labels


def _place_in_tile(fields: Sequence[str]) -> str:
    """Column and row of a patch in its tile, with which the names of both sensors end."""
    return "_".join(fields[0].split("_")[-2:])


def _patch_folder(root: Path, sensor: Sensor) -> Path:
    """``root`` or the folder in it that holds the sensor's patches."""
    if root.is_dir():
        if _holds_patches(root, sensor):
            return root
        for folder in sorted(path for path in root.iterdir() if path.is_dir() and not _is_patch(path.name)):
            if _holds_patches(folder, sensor):
                return folder
    raise SourceError(
        f"{root} holds no Sentinel-{sensor[1]} patches of BigEarthNet, in itself or one folder below.",
        "Unpack the dataset there, or give the folder that it was unpacked into.",
    )


def _is_patch(name: str) -> bool:
    return any(pattern.fullmatch(name) for pattern in _PATCH.values())


def _holds_patches(folder: Path, sensor: Sensor) -> bool:
    with os.scandir(folder) as entries:
        return any(_PATCH[sensor].fullmatch(entry.name) for entry in entries)


def _read_patch(folder: Path, sensor: Sensor) -> np.ndarray:
    """All bands of a patch on its 10 m grid: float32 (C, h, w)."""
    bands = {name: read_raster(folder / f"{folder.name}_{name}.tif", 1)[0].astype(np.float32) for name in BANDS[sensor]}
    height, width = bands[_REFERENCE[sensor]].shape
    image = np.empty((len(bands), height, width), np.float32)
    for place, (name, band) in enumerate(bands.items()):
        rows, cols = band.shape
        if height % rows or width % cols or rows * width != cols * height:
            raise GridError(
                f"{folder.name}_{name}.tif is {rows} × {cols} px, which does not fill the {height} × {width} px of"
                f" {_REFERENCE[sensor]}.",
                "Use the dataset as it was published.",
            )
        # One band at a time: the exact resize clips to the range of what it is given together.
        image[place] = resize(torch.from_numpy(band)[None, None], height, width)[0, 0].numpy()
    return image
