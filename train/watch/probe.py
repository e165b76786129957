"""The kNN probe: how well the frozen encoder tells classes apart while it is being trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from engine.errors import JobError, SourceError
from engine.model.encoder import Encoder
from engine.raster.harmonise import Harmoniser
from engine.raster.radiometry import Radiometry
from engine.raster.resize import resize
from train.data.sides import catalogue_side
from train.evaluation.knn import knn_accuracy

SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp")
#: The share of each class, first by name, that queries are compared with.
BANK_SHARE = 2 / 3
_CPU_BATCH, _GPU_BATCH = 16, 128


class Probe:
    """Images of ``folder``, in one folder per class; colours of 8 bits, or what becomes so.

    The first two thirds of each class, sorted by name, are the bank, the rest the queries. JobError where there are
    not two classes with three images each.
    """

    def __init__(self, folder: Path, size: int, device: torch.device, bf16: bool) -> None:
        self._size, self._device, self._bf16 = size, device, bf16
        classes = sorted(entry for entry in folder.iterdir() if entry.is_dir()) if folder.is_dir() else []
        images = [sorted(path for path in each.iterdir() if path.suffix.lower() in SUFFIXES) for each in classes]
        images = [each for each in images if each]
        self._classes = len(images)
        if self._classes < 2 or min(map(len, images)) < 3:
            raise JobError(
                f"The probe needs two classes with three images each; {folder} has {self._classes} folders of images"
                + (", some with fewer." if self._classes > 1 else "."),
                "Set probe to a folder with one folder of images per class, or to nothing.",
            )
        self._bank: tuple[list[Path], list[int]] = ([], [])
        self._queries: tuple[list[Path], list[int]] = ([], [])
        for number, found in enumerate(images):
            kept = round(BANK_SHARE * len(found))
            for (paths, labels), part in ((self._bank, found[:kept]), (self._queries, found[kept:])):
                paths += part
                labels += [number] * len(part)
        side = catalogue_side("maxar-rgb", ("red", "green", "blue"), "uint8", size)
        self._bands = side.bands
        self._harmonise = Harmoniser(
            Radiometry((1.0,) * 3, (0.0,) * 3, (False,) * 3, "8 bits", "as they are"), side.statistics, device
        )

    @property
    def queries(self) -> int:
        """The number of images that are asked for."""
        return len(self._queries[0])

    @torch.no_grad()
    def accuracy(self, encoder: Encoder) -> float:
        """The share of queries whose class the 20 nearest of the bank vote for, by CLS after the final norm.

        SourceError for an image that cannot be read.
        """
        bank, queries = (self._features(encoder, paths) for paths, _ in (self._bank, self._queries))
        given, asked = (torch.tensor(labels) for _, labels in (self._bank, self._queries))
        return knn_accuracy(bank, given, queries, asked, self._classes)

    def _features(self, encoder: Encoder, paths: list[Path]) -> torch.Tensor:
        """(n, D) float32 on the CPU."""
        batch = _CPU_BATCH if self._device.type == "cpu" else _GPU_BATCH
        found = []
        for start in range(0, len(paths), batch):
            inputs = torch.cat([self._input(path) for path in paths[start : start + batch]])
            with torch.autocast(self._device.type, torch.bfloat16, enabled=self._bf16):
                found.append(encoder.features(inputs, self._bands).cls.cpu())
        return torch.cat(found)

    def _input(self, path: Path) -> torch.Tensor:
        """(1, 3, size, size) on the device."""
        try:
            with Image.open(path) as image:
                values = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)[None]
        except OSError as error:
            raise SourceError(f"{path} cannot be read: {error}.", "Replace it, or remove it.") from error
        valid = torch.ones(1, *values.shape[2:], dtype=torch.bool)
        return resize(self._harmonise(values, valid), self._size, self._size)
