"""SICKLE (Sani et al. 2024): seasons of 388 plots in the Cauvery delta, here by Landsat-8; paddy or other crops."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from engine.errors import GridError, SourceError
from train.evaluation.dataset import IGNORED, Modality, Sample, Task
from train.evaluation.datasets.base import Published
from train.evaluation.datasets.files import array_names, first_folder, read_arrays, read_raster, read_table
from train.evaluation.datasets.sensors import bands_of
from train.evaluation.datasets.splits import SPLITS, Split, Splits, from_file, made, pick_of
from train.evaluation.datasets.statistics import estimate_statistics

BANDS = ("SR_B1", "SR_B2", "SR_B3", "SR_B4", "SR_B5", "SR_B6", "SR_B7", "ST_B10")
TABLE = "sickle_dataset_tabular.csv"

#: The side that images and masks are brought to, by nearest neighbour, as in the published code.
SIDE_PX = 32

#: Masks hold plot, crop, sowing, transplanting and harvesting day, and yield.
_MASK_BANDS = 6

#: A season lasts so many days from the first of its first month; images of at least this share of zeros are left out.
_SEASON_DAYS, _MOST_ZEROS = 183, 0.25

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SPLITS: Mapping[str, Split] = {"train": "train", "val": "validation", "test": "test"}


@dataclass(frozen=True)
class _Season:
    """A row of the table: one season of one chip, ``uid``, and the split it is in."""

    uid: str
    split: Split
    start: date


class Sickle(Published):
    """SICKLE's Landsat-8 images, each a sample: ``images/L8/npy/UID/….npz`` with ``masks/10m/UID.tif``.

    The table ``sickle_dataset_tabular.csv`` gives UNIQUE_ID, PLOT_ID, SPLIT, STANDARD_SEASON and YEAR. As in the
    published code, images of a season's 183 days are taken that have less than a quarter of zeros; they and the masks
    are brought to 32 × 32 px by nearest neighbour; paddy stands against all other crops, and plots of other splits
    count nowhere. Unlike there, images without the thermal band are left out, not filled with zeros. The masks of the
    test split were not published: where none lies there, the validation split is the test split.

    Surface reflectance and temperature are Collection 2 digital numbers; the bands go to learnt layers by wavelength,
    the thermal one interpolated in ``mode``. A sample's id is "UID/name of the npz file". A split file may name
    samples, or all of a chip by its UID. No statistics are published.
    """

    name = "sickle"
    task: Task = "segmentation"
    classes: tuple[str, ...] = ("Paddy", "Non-paddy")

    def __init__(self, root: Path, split_file: Path | None = None, mode: str = "log") -> None:
        folder = first_folder(Path(root), ("",), TABLE)
        self._images, self._masks = folder / "images" / "L8" / "npy", folder / "masks" / "10m"
        rows = read_table(folder / TABLE, ("UNIQUE_ID", "PLOT_ID", "SPLIT", "STANDARD_SEASON", "YEAR"))
        self._seasons = {season.uid: season for season in (_season(row) for row in rows)}
        self._plots = {split: _plots_of(rows, word) for word, split in _SPLITS.items()}
        listed = self._listed()
        if not any(listed.values()):
            raise SourceError(
                f"{folder} holds no season with images/L8/npy/UID and masks/10m/UID.tif.",
                "Unpack images and masks of SICKLE there.",
            )
        super().__init__(made(listed, TABLE) if split_file is None else self._from_file(Path(split_file), listed))
        statistics = estimate_statistics(self.ids("train"), self._read_image, BANDS, self.name)
        self.modalities = (Modality("l8", bands_of("landsat-8-l2", BANDS, mode), statistics),)
        self.statistics_source = statistics.source

    def read(self, sample_id: str) -> Sample:
        """One image of a season and its crops. SourceError or GridError where a file is not as published."""
        uid, _, _ = sample_id.partition("/")
        if uid not in self._seasons:
            raise SourceError(f"SICKLE has no season {uid!r}.", "Use an id that the dataset's splits list.")
        image, valid = self._read_image(sample_id)
        return Sample((image,), (valid,), self._read_label(uid))

    def _read_image(self, sample_id: str) -> tuple[np.ndarray, np.ndarray]:
        uid, _, stem = sample_id.partition("/")
        bands = read_arrays(self._images / uid / f"{stem}.npz", BANDS)
        shapes = {band.shape for band in bands}
        if len(shapes) > 1 or len(bands[0].shape) != 2:
            raise GridError(
                f"The bands of {sample_id} have the shapes {', '.join(map(str, sorted(shapes)))}.",
                "Use the dataset as it was published.",
            )
        image = _nearest(np.stack(bands).astype(np.float32))
        return image, (image[0] != 0) & np.isfinite(image).all(axis=0)

    def _read_label(self, uid: str) -> np.ndarray:
        mask = _nearest(read_raster(self._masks / f"{uid}.tif", _MASK_BANDS))
        plot, crop = mask[0], mask[1]
        label = np.where(crop == 1, 0, 1)
        label[~(crop >= 1)] = IGNORED
        split = self._seasons[uid].split
        label[~np.isin(plot.astype(np.int64), self._plots[split])] = IGNORED
        return label.astype(np.int64)

    def _listed(self) -> Mapping[Split, list[str]]:
        listed: dict[Split, list[str]] = {split: [] for split in _SPLITS.values()}
        for season in self._seasons.values():
            if (self._masks / f"{season.uid}.tif").is_file():
                listed[season.split] += self._usable(season)
        return listed

    def _usable(self, season: _Season) -> Iterator[str]:
        for path in sorted((self._images / season.uid).glob("*.npz")):
            taken = _date_in(path)
            if not 0 <= (taken - season.start).days < _SEASON_DAYS or not array_names(path) >= set(BANDS):
                continue
            if np.mean(read_arrays(path, BANDS[:1])[0] == 0) < _MOST_ZEROS:
                yield f"{season.uid}/{path.stem}"

    def _from_file(self, path: Path, listed: Mapping[Split, list[str]]) -> Splits:
        samples = [sample_id for split in listed.values() for sample_id in split]
        by_uid: dict[str, list[str]] = {}
        for sample_id in samples:
            by_uid.setdefault(sample_id.split("/")[0], []).append(sample_id)
        splits = from_file(path, pick_of({*samples, *by_uid}, "image or chip of SICKLE"))

        def expanded(names: tuple[str, ...]) -> list[str]:
            return [sample_id for name in names for sample_id in by_uid.get(name, [name])]

        return made({split: expanded(splits.of(split)) for split in SPLITS}, path.name)


def _season(row: Mapping[str, str]) -> _Season:
    try:
        month = _MONTHS.index(row["STANDARD_SEASON"].strip().casefold()[:3]) + 1
        split = _SPLITS[row["SPLIT"].strip().casefold()]
        return _Season(_number(row["UNIQUE_ID"]), split, date(int(float(row["YEAR"])), month, 1))
    except (KeyError, ValueError) as error:
        raise SourceError(
            f"{TABLE} has a row that is no season of SICKLE: UNIQUE_ID {row['UNIQUE_ID']}, SPLIT {row['SPLIT']},"
            f" STANDARD_SEASON {row['STANDARD_SEASON']}, YEAR {row['YEAR']}.",
            "Use the table as it was published.",
        ) from error


def _number(text: str) -> str:
    """Numbers of the table without the decimals that spreadsheets give them."""
    return str(int(float(text)))


def _plots_of(rows: list[dict[str, str]], split: str) -> list[int]:
    return sorted({int(float(row["PLOT_ID"])) for row in rows if row["SPLIT"].strip().casefold() == split})


def _date_in(path: Path) -> date:
    """The day in the name of a Landsat image, "LC08_142053_20180105"."""
    found = re.search(r"(?<!\d)(20\d{2})(\d{2})(\d{2})(?!\d)", path.stem)
    if found is None:
        raise SourceError(f"{path} has no date in its name.", "Use the dataset as it was published.")
    return date(int(found[1]), int(found[2]), int(found[3]))


def _nearest(bands: np.ndarray) -> np.ndarray:
    """(C, h, w) → (C, 32, 32), each pixel from the one above and left of it, as OpenCV's nearest neighbour."""
    rows, cols = (np.arange(SIDE_PX) * side // SIDE_PX for side in bands.shape[1:])
    return bands[:, rows[:, None], cols]
