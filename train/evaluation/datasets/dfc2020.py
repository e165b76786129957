"""DFC2020 (Schmitt et al. 2020): 6,114 patches of Sentinel-1 and Sentinel-2, 256 × 256 px at 10 m, land cover."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from engine.errors import SourceError
from engine.raster.statistics import BandStatistics
from train.evaluation.dataset import IGNORED, Modality, Sample
from train.evaluation.datasets.base import TiledScenes
from train.evaluation.datasets.files import raster_size
from train.evaluation.datasets.splits import Splits, from_file, pick_of
from train.evaluation.datasets.statistics import ESTIMATE_IMAGES, PUBLISHED, estimate_from, published_statistics
from train.evaluation.datasets.tiles import Tile, Tiling

_S1 = ("microwave_1", "microwave_2")
_S2 = (
    "aerosol",
    "blue_1",
    "green_2",
    "red_2",
    "red_edge_1",
    "red_edge_2",
    "near_infrared_2",
    "near_infrared_1",
    "near_infrared_3",
    "short_wave_infrared_1",
    "short_wave_infrared_3",
    "short_wave_infrared_4",
)
#: Sentinel-2 files hold B01 … B08, B8A, B09 … B12: without B10, cirrus, the eleventh.
_S2_INDEXES = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13)

#: The class number of the files' values; 0 (no data), 3 (savanna) and 8 (snow) are in no label and count nowhere.
_CLASS_OF = {1: 0, 2: 1, 4: 2, 5: 3, 6: 4, 7: 5, 9: 6, 10: 7}

_LABEL = re.compile(r"ROIs0000_(validation|test)_dfc_(\d+_p\d+)\.tif")


class DFC2020(TiledScenes):
    """DFC2020: ``ROIs0000_validation/dfc_0/ROIs0000_validation_dfc_0_p1.tif`` and, alike, ``s1_0`` and ``s2_0``.

    Folders may also be called ``dfc_validation``, ``dfc`` and so on, and lie up to two folders below ``root``; a
    patch's files differ in "dfc", "s1" and "s2" alone. Sentinel-1 is VV and VH in dB, Sentinel-2 digital numbers of
    level 1C without offset. Labels are the eight classes of the contest.

    Splits as in the paper, which took them from CROMA: the 5,128 test patches train, the 986 validation patches test,
    each cut into nine tiles of 96 px that overlap by 16. The published statistics are of CROMA's 8-bit numbers, 0 and
    255 two standard deviations below and above a band's mean: these two are estimated here from training tiles, so
    that mean and std are as published. A scene is called by its part and patch, "test/0_p12".
    """

    name = "dfc2020"
    classes: tuple[str, ...] = (
        "Forest",
        "Shrubland",
        "Grassland",
        "Wetlands",
        "Croplands",
        "Urban/Built-up",
        "Barren",
        "Water",
    )

    def __init__(self, root: Path, split_file: Path | None = None, tile_px: int = 96, stride_px: int = 80) -> None:
        self._labels = _find_labels(Path(root))
        splits = (
            self._published()
            if split_file is None
            else from_file(Path(split_file), pick_of(self._labels, "patch of DFC2020"))
        )
        super().__init__(splits, Tiling(tile_px, stride_px, *raster_size(self._labels[splits.first()])))
        count = min(len(self.ids("train")), ESTIMATE_IMAGES)
        self.statistics_source = f"mean and std {PUBLISHED}, range estimated from {count} training images"
        s1, s2 = self._statistics()
        self.modalities = (Modality("s1", _S1, s1), Modality("s2", _S2, s2))

    def read_tile(self, scene: str, tile: Tile) -> Sample:
        """One tile of a scene."""
        path = self._labels[scene]
        s1 = tile.read(_beside(path, "s1"), 2, (1, 2), fill=np.nan).astype(np.float32)
        s2 = tile.read(_beside(path, "s2"), 13, _S2_INDEXES)
        values = tile.read(path, 1, (1,))[0]
        label = np.full(values.shape, IGNORED, np.int64)
        for value, number in _CLASS_OF.items():
            label[values == value] = number
        seen = np.asarray(np.isfinite(s1).all(axis=0))
        filled = (s2 != 0).any(axis=0)
        s1[:, ~seen] = 0
        return Sample((s1, s2), (None if seen.all() else seen, None if filled.all() else filled), label)

    def _published(self) -> Splits:
        parts: dict[str, list[str]] = {"test": [], "validation": []}
        for scene in self._labels:
            parts[scene.split("/")[0]].append(scene)
        return Splits(
            train=tuple(parts["test"]),
            validation=(),
            test=tuple(parts["validation"]),
            source="test patches train, validation patches test, as in CROMA",
        )

    def _statistics(self) -> tuple[BandStatistics, BandStatistics]:
        moments = (_Moments(len(_S1)), _Moments(len(_S2)))
        for sample_id in estimate_from(self.ids("train"), self.name):
            sample = self.read(sample_id)
            for image, valid, moment in zip(sample.images, sample.valid, moments, strict=True):
                moment.add(image, valid)
        s1, s2 = (
            _with_range(published_statistics(self.name, bands), moment, self.statistics_source)
            for bands, moment in zip((_S1, _S2), moments, strict=True)
        )
        return s1, s2


class _Moments:
    """Mean and standard deviation of C bands, image by image."""

    def __init__(self, bands: int) -> None:
        self._count = 0
        self._sum, self._squares = np.zeros(bands), np.zeros(bands)

    def add(self, image: np.ndarray, valid: np.ndarray | None) -> None:
        """Count the valid pixels of an image (C, h, w)."""
        pixels = (image.reshape(len(image), -1) if valid is None else image[:, valid]).astype(np.float64)
        self._count += pixels.shape[1]
        self._sum += pixels.sum(axis=1)
        self._squares += (pixels**2).sum(axis=1)

    def range(self) -> tuple[np.ndarray, np.ndarray]:
        """Two standard deviations below and above the mean of each band."""
        mean = self._sum / max(self._count, 1)
        # A band without any spread keeps a range that is none of zero width.
        std = np.maximum(np.sqrt(np.maximum(self._squares / max(self._count, 1) - mean**2, 0)), 1e-6)
        return mean - 2 * std, mean + 2 * std


def _with_range(published: BandStatistics, moments: _Moments, source: str) -> BandStatistics:
    low, high = moments.range()
    return BandStatistics(
        published.names, tuple(low.tolist()), tuple(high.tolist()), published.mean, published.std, source
    )


def _find_labels(root: Path) -> dict[str, Path]:
    found = {}
    for pattern in ("dfc*/*.tif", "*/dfc*/*.tif", "*/*/dfc*/*.tif"):
        for path in root.glob(pattern):
            named = _LABEL.fullmatch(path.name)
            if named:
                found[f"{named[1]}/{named[2]}"] = path
    if not found:
        raise SourceError(
            f"{root} holds no dfc…/ROIs0000_…_dfc_0_p….tif of DFC2020.",
            "Unpack the dataset there, or give the folder that it was unpacked into.",
        )
    return {scene: found[scene] for scene in sorted(found)}


def _beside(label: Path, sensor: str) -> Path:
    """The image of a sensor that belongs to a label: the same names with "s1" or "s2" for "dfc"."""
    folder = label.parent.with_name(label.parent.name.replace("dfc", sensor))
    return folder / label.name.replace("_dfc_", f"_{sensor}_")
