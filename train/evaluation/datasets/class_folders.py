"""Scene classification as it is usually published: one folder of images per class."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from engine.errors import SourceError
from train.evaluation.dataset import Modality, Sample, Task
from train.evaluation.datasets.base import Published
from train.evaluation.datasets.files import read_raster
from train.evaluation.datasets.splits import Splits, by_hash, find_lists, from_file, from_lists
from train.evaluation.datasets.statistics import PUBLISHED, published_statistics

SUFFIXES = (".tif", ".tiff", ".jpg", ".jpeg", ".png", ".webp")

#: Classes (canonical name) and files of the images by id.
_Images = Mapping[str, tuple[int, Path]]


class ClassFolders(Published):
    """Images in one folder per class, or side by side with the class at the start of their names.

    A subclass says where the folders lie below ``root``, what the published lists are called, and which bands of the
    files are read. A sample's id is "class/name" without the file's suffix. Lists name the images by file name, with
    or without folders. Without a list, samples are split by the hash of their id (60 % train, 20 % validation, 20 %
    test).

    Raises SourceError where ``root`` holds no image of any class, and for a list that names other images.
    """

    task: Task = "single-label"
    statistics_source = PUBLISHED
    #: Folders below ``root`` that may hold the folders of the classes.
    folders: tuple[str, ...]
    #: Names of published lists, "{}" for train, val and test.
    lists: tuple[str, ...]
    #: Name of the one modality, its keys of layers and the bands of the files they are (from 1), of ``band_count``.
    modality_name = "rgb"
    bands: tuple[str, ...] = ("red_1", "green_1", "blue_3")
    indexes: tuple[int, ...] = (1, 2, 3)
    band_count = 3

    def __init__(self, root: Path, split_file: Path | None = None) -> None:
        self.folder, self._images = self._find(Path(root))
        self._by_stem = {sample_id.split("/")[1].casefold(): sample_id for sample_id in self._images}
        super().__init__(self._splits(Path(root), split_file))
        self.modalities = (Modality(self.modality_name, self.bands, published_statistics(self.name, self.bands)),)

    def read(self, sample_id: str) -> Sample:
        """One image and the number of its class. SourceError or GridError where it cannot be read as published."""
        if sample_id not in self._images:
            raise SourceError(f"{self.name} has no image {sample_id!r}.", "Use an id that the dataset's splits list.")
        label, path = self._images[sample_id]
        image = read_raster(path, self.band_count, self.indexes)
        return Sample((image,), (None,), np.array(label, np.int64))

    def _splits(self, root: Path, split_file: Path | None) -> Splits:
        if split_file is not None:
            return from_file(Path(split_file), self._pick)
        lists = find_lists(dict.fromkeys((root, self.folder, self.folder.parent)), self.lists)
        return from_lists(lists, self._pick) if lists else self._default_splits()

    def _default_splits(self) -> Splits:
        return by_hash(self._images, "by hash of the image's name")

    def _pick(self, fields: Sequence[str]) -> str:
        stem = re.split(r"[\\/]", fields[0])[-1]
        stem = Path(stem).stem if Path(stem).suffix.lower() in SUFFIXES else stem
        found = self._by_stem.get(stem.casefold())
        if found is None:
            raise SourceError(
                f"{fields[0]!r} is no image of {self.folder}.", "Use a list of this dataset, and the whole dataset."
            )
        return found

    def _find(self, root: Path) -> tuple[Path, _Images]:
        for name in self.folders:
            images = self._images_of(root / name)
            if images:
                return root / name, images
        raise SourceError(
            f"{root} holds no images of {self.name}: no folder {self.classes[0]}, {self.classes[1]}, … in it"
            + "".join(f" or its {name}" for name in self.folders if name)
            + ".",
            "Unpack the dataset there, or give the folder that it was unpacked into.",
        )

    def _images_of(self, folder: Path) -> _Images:
        if not folder.is_dir():
            return {}
        numbers = {name.casefold(): number for number, name in enumerate(self.classes)}
        images: dict[str, tuple[int, Path]] = {}
        for entry in sorted(folder.iterdir()):
            in_folder = numbers.get(entry.name.casefold()) if entry.is_dir() else None
            for path in sorted(entry.iterdir()) if in_folder is not None else [entry]:
                if path.suffix.lower() not in SUFFIXES:
                    continue
                number = in_folder if in_folder is not None else numbers.get(_class_in(path.stem))
                if number is not None:
                    images[f"{self.classes[number]}/{path.stem}"] = (number, path)
        return images


def _class_in(stem: str) -> str:
    """What stands before the number at the end of an image's name: "Highway_2" → "highway"."""
    return re.sub(r"[-_ ]*\d+$", "", stem).casefold()
