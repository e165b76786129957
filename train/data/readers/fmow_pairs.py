"""Which picture of fMoW-RGB goes with which crop of fMoW-Sentinel: of one location, the nearest in time."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from engine.errors import SourceError
from train.data.readers.fmow import FmowPair, metadata_of
from train.data.readers.footprint import LonLat, wkt_bounds
from train.data.readers.lists import read_list, write_list

_HEADER = ("rgb", "sentinel", "days_apart")
_COLUMNS = {"category", "location_id", "image_id", "timestamp"}


@dataclass(frozen=True)
class _Crop:
    """A row of train.csv: the crop's path below the root, when it was taken, where it lies."""

    path: str
    time: datetime | None
    bounds: LonLat | None


def find_table(sentinel_root: Path, split: str) -> Path:
    """``<split>.csv`` in the folder of fMoW-Sentinel or beside it. SourceError where it is in neither."""
    for folder in (sentinel_root, sentinel_root.parent):
        if (folder / f"{split}.csv").is_file():
            return folder / f"{split}.csv"
    raise SourceError(
        f"{split}.csv of fMoW-Sentinel is neither in {sentinel_root} nor beside it.",
        "Give the folder it was unpacked to, which holds train, val and test_gt, or a list of pairs (--pairs).",
    )


def make_pairs(
    rgb_root: Path,
    sentinel_root: Path,
    split: str = "train",
    per_location: int = 1,
    progress: Callable[[float], None] = lambda _: None,
) -> list[tuple[FmowPair, float]]:
    """Pair the images of every location by their times, the nearest first, each image once: pairs and days apart.

    At most ``per_location`` pairs of a location. Days are NaN where a time is not known; such images are paired last.
    Reads train.csv and the metadata of the pictures of its locations. SourceError where the table cannot be read.
    """
    locations = _read_table(find_table(sentinel_root, split), split)
    pairs: list[tuple[FmowPair, float]] = []
    for done, (location, crops) in enumerate(sorted(locations.items()), start=1):
        progress(done / len(locations))
        folder = rgb_root / split / location
        pictures = sorted(folder.glob("*_rgb.jpg"))
        times = [_time(metadata_of(picture).get("timestamp")) for picture in pictures]
        ranked = sorted(
            (_days(time, crop.time), picture.name, crop.path, number, place)
            for number, (picture, time) in enumerate(zip(pictures, times, strict=True))
            for place, crop in enumerate(crops)
        )
        used: set[tuple[str, int]] = set()
        taken = 0
        for days, name, _, number, place in ranked:
            if taken == per_location:
                break
            if ("rgb", number) in used or ("sentinel", place) in used:
                continue
            used |= {("rgb", number), ("sentinel", place)}
            taken += 1
            crop = crops[place]
            pair = FmowPair(f"{split}/{location}/{name}", crop.path, crop.bounds)
            pairs.append((pair, math.nan if math.isinf(days) else days))
    return pairs


def write_pairs(path: Path, pairs: list[tuple[FmowPair, float]]) -> None:
    """Write a list that `read_pairs` reads. OutputError where it cannot be written."""
    rows = ((pair.rgb, pair.sentinel, "" if math.isnan(days) else f"{days:.1f}") for pair, days in pairs)
    write_list(path, _HEADER, rows)


def read_pairs(path: Path, sentinel_root: Path, split: str = "train") -> list[FmowPair]:
    """The pairs of a list: rgb path, sentinel path, relative to the two roots, between commas or blanks.

    Footprints come from train.csv where it is there, for crops that have none of their own.
    """
    try:
        table = find_table(sentinel_root, split)
    except SourceError:
        bounds: Mapping[str, LonLat | None] = {}
    else:
        bounds = {crop.path: crop.bounds for crops in _read_table(table, split).values() for crop in crops}
    return [FmowPair(rgb, sentinel, bounds.get(sentinel)) for rgb, sentinel in read_list(path, 2, _HEADER[:2])]


def _read_table(path: Path, split: str) -> dict[str, list[_Crop]]:
    """The crops of every location, by "<category>/<category>_<location_id>"."""
    locations: dict[str, list[_Crop]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            missing = _COLUMNS - set(table.fieldnames or ())
            if missing:
                raise SourceError(
                    f"{path.name} has no column {', '.join(sorted(missing))}.", "Give the file of fMoW-Sentinel."
                )
            for row in table:
                location = f"{row['category']}/{row['category']}_{row['location_id']}"
                name = f"{row['category']}_{row['location_id']}_{row['image_id']}.tif"
                crop = _Crop(
                    f"{split}/{location}/{name}", _time(row["timestamp"]), wkt_bounds(row.get("polygon") or "")
                )
                locations.setdefault(location, []).append(crop)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{path} cannot be read as a CSV file ({error}).", "Check the file.") from error
    return locations


def _time(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _days(a: datetime | None, b: datetime | None) -> float:
    return math.inf if a is None or b is None else abs((a - b).total_seconds()) / 86400
