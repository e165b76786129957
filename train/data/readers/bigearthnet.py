"""BigEarthNet-MM v1.0 in its published layout: Sentinel-2 patches of twelve band files, Sentinel-1 patches of two.

BigEarthNet-v1.0/<patch>/<patch>_B02.tif …           120², 60² and 20² px, uint16
BigEarthNet-S1-v1.0/<patch>/<patch>_VV.tif, _VH.tif  120² px, float32 dB
BigEarthNet-S1-v1.0/<patch>/<patch>_labels_metadata.json names the "corresponding_s2_patch"
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection as Names
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import rasterio
import torch
from rasterio.enums import Resampling

from engine.errors import SourceError
from engine.raster.opening import gdal_environment
from engine.raster.resize import resize
from train.data.readers.encode import DECIBELS, DIGITAL_NUMBERS
from train.data.readers.source import Outcome, PairSource, Record, SkipError
from train.data.sides import catalogue_side

S2_BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12")
S1_BANDS = ("VV", "VH")
#: A patch in 10 m pixels.
SIDE = 120
LICENCE = "CDLA-Permissive-1.0"

#: Names of the two folders as published, and as the SMARTIES repository's download script renames them.
_S2_FOLDERS, _S1_FOLDERS = ("BigEarthNet-v1.0", "S2"), ("BigEarthNet-S1-v1.0", "S1")
#: Patches whose corners differ by more than half a pixel of 10 m lie elsewhere.
_TOLERANCE_M = 5.0

Sensors = Literal["pairs", "s2", "s1"]
Upsampling = Literal["exact", "bilinear"]


class BigEarthNet(PairSource):
    """Pairs of Sentinel-2 (side a) and Sentinel-1 (side b) patches, or the patches of one of both.

    The 20 m and 60 m bands are brought to 120 px by the exact resize of the model's input ("exact"), each clipped
    to its own range, or bilinearly by GDAL as the released loader does ("bilinear"), and rounded.

    Args:
        s2, s1: the folders of patches; the one that ``sensors`` does not need may be None.
        sensors: "pairs", "s2" or "s1".
        patches: which ones, in this order: (S2 patch, S1 patch) for pairs, else (patch,). None takes all of the
            folder by name, and the partners from the metadata of Sentinel-1.
        excluded: names of patches of either sensor to leave out (seasonal snow, clouds and their shadows).
        upsampling: see above.
    """

    name = "BigEarthNet-MM v1.0"
    licence = LICENCE

    def __init__(
        self,
        s2: Path | None,
        s1: Path | None,
        sensors: Sensors = "pairs",
        patches: Sequence[tuple[str, ...]] | None = None,
        excluded: Names[str] = (),
        upsampling: Upsampling = "exact",
    ) -> None:
        self._s2, self._s1, self._sensors = s2, s1, sensors
        self._excluded = frozenset(excluded)
        self._upsampling = upsampling
        side_a = catalogue_side("sentinel-2-l2a", S2_BANDS, "uint16", SIDE, nodata=DIGITAL_NUMBERS.nodata)
        side_b = catalogue_side("sentinel-1-grd", S1_BANDS, "int16", SIDE, DECIBELS.gain, nodata=DECIBELS.nodata)
        self.sides = {"pairs": (side_a, side_b), "s2": (side_a,), "s1": (side_b,)}[sensors]
        if sensors != "pairs":
            self.name = f"BigEarthNet-{sensors.upper()} v1.0"
        folder = s2 if sensors == "s2" else s1
        if folder is None or (sensors == "pairs" and s2 is None):
            raise SourceError("A folder of BigEarthNet patches is missing.", "Give the folders of S2 and S1 patches.")
        self._items = [(name,) for name in _patches(folder)] if patches is None else list(patches)

    def __len__(self) -> int:
        return len(self._items)

    def describe(self, item: int) -> str:
        """The patches' names."""
        return " & ".join(self._items[item])

    def read(self, item: int) -> Outcome:
        """The pair, or the patch."""
        names = self._items[item]
        if self._sensors == "pairs" and len(names) == 1:
            names = (_partner(self._s1, names[0]), names[0])
        if not self._excluded.isdisjoint(names):
            raise SkipError("are in a list of patches to leave out", " & ".join(names))
        images, places = [], []
        with gdal_environment(GDAL_NUM_THREADS=1):
            for folder, name, side in zip(self._folders, names, self.sides, strict=True):
                if side.sensor == "sentinel-1-grd":
                    image, place = self._read_s1(folder / name)
                else:
                    image, place = self._read_s2(folder / name)
                images.append(image)
                places.append(place)
        if len(places) == 2 and max(abs(a - b) for a, b in zip(*places, strict=True)) > _TOLERANCE_M:
            raise SkipError("pairs lie at different places", " & ".join(names))
        return Outcome((Record(tuple(images), " & ".join(names)),))

    @property
    def _folders(self) -> tuple[Path, ...]:
        chosen = {"pairs": (self._s2, self._s1), "s2": (self._s2,), "s1": (self._s1,)}[self._sensors]
        return tuple(folder for folder in chosen if folder is not None)

    def _read_s2(self, patch: Path) -> tuple[np.ndarray, tuple[float, float]]:
        image = np.empty((len(S2_BANDS), SIDE, SIDE), np.uint16)
        smaller: dict[int, list[int]] = {}
        raw: dict[int, np.ndarray] = {}
        place = (0.0, 0.0)
        for number, band in enumerate(S2_BANDS):
            with rasterio.open(patch / f"{patch.name}_{band}.tif") as dataset:
                _check_shape(patch, band, dataset.shape, (SIDE, SIDE // 2, SIDE // 6))
                if self._upsampling == "bilinear" or dataset.height == SIDE:
                    image[number] = dataset.read(1, out_shape=(SIDE, SIDE), resampling=Resampling.bilinear)
                else:
                    raw[number] = dataset.read(1)
                    smaller.setdefault(dataset.height, []).append(number)
                if band == "B02":
                    place = (dataset.transform.c, dataset.transform.f)
        for numbers in smaller.values():
            image[numbers] = _upsampled(np.stack([raw[number] for number in numbers]))
        if not image.any():
            raise SkipError("hold nothing but zeros", patch.name)
        return image, place

    def _read_s1(self, patch: Path) -> tuple[np.ndarray, tuple[float, float]]:
        values = np.empty((len(S1_BANDS), SIDE, SIDE), np.float32)
        place = (0.0, 0.0)
        for number, band in enumerate(S1_BANDS):
            with rasterio.open(patch / f"{patch.name}_{band}.tif") as dataset:
                _check_shape(patch, band, dataset.shape, (SIDE,))
                dataset.read(1, out=values[number])
                place = (dataset.transform.c, dataset.transform.f)
        valid = np.logical_and.reduce(np.isfinite(values))
        if not valid.any():
            raise SkipError("hold no measurement", patch.name)
        return DECIBELS.encode(values, valid), place


def find_folders(sources: Sequence[Path], sensors: Sensors) -> tuple[Path | None, Path | None]:
    """The folders of Sentinel-2 and Sentinel-1 patches from what was given: their common parent, or themselves.

    Of one sensor alone a single folder is enough. Raises SourceError where they are not found.
    """
    for source in sources:
        if not source.is_dir():
            raise SourceError(f"{source} is not a folder.", "Give the folder that holds BigEarthNet.")
    if len(sources) == 2:
        return sources[0], sources[1]
    if len(sources) == 1:
        found = [
            next((sources[0] / name for name in names if (sources[0] / name).is_dir()), None)
            for names in (_S2_FOLDERS, _S1_FOLDERS)
        ]
        if sensors != "pairs":
            own = found[0] if sensors == "s2" else found[1]
            return (own or sources[0], None) if sensors == "s2" else (None, own or sources[0])
        if None not in found:
            return found[0], found[1]
    raise SourceError(
        f"No folders of Sentinel-2 and Sentinel-1 patches in {', '.join(map(str, sources)) or 'nothing'}.",
        f"Give the folder that holds {_S2_FOLDERS[0]} and {_S1_FOLDERS[0]}, or these two folders.",
    )


def _patches(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))
    except OSError as error:
        raise SourceError(f"{folder} cannot be read: {error.strerror}.", "Check the folder.") from error


def _partner(s1: Path | None, name: str) -> str:
    """The Sentinel-2 patch that the metadata of a Sentinel-1 patch name."""
    assert s1 is not None
    try:
        content = json.loads((s1 / name / f"{name}_labels_metadata.json").read_text(encoding="utf-8"))
        partner = content["corresponding_s2_patch"]
        if isinstance(partner, str) and partner and Path(partner).name == partner:
            return partner
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SkipError("name no Sentinel-2 patch in their metadata", f"{name} ({type(error).__name__})") from error
    raise SkipError("name no Sentinel-2 patch in their metadata", name)


def _check_shape(patch: Path, band: str, shape: tuple[int, int], sides: tuple[int, ...]) -> None:
    if shape not in [(side, side) for side in sides]:
        raise SkipError("have another size than BigEarthNet's", f"{patch.name}_{band}.tif {shape[1]}×{shape[0]} px")


def _upsampled(bands: np.ndarray) -> np.ndarray:
    """(n, h, w) uint16 → (n, SIDE, SIDE), each band within its own range."""
    values = torch.from_numpy(bands.astype(np.float32))[:, None]
    resized: np.ndarray = resize(values, SIDE, SIDE)[:, 0].round_().numpy().astype(np.uint16)
    return resized
