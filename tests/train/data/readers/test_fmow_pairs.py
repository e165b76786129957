"""Which picture goes with which crop."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pretraining_layouts import wkt, write_fmow_table

from engine.errors import SourceError
from train.data.readers.fmow import FmowPair
from train.data.readers.fmow_pairs import find_table, make_pairs, read_pairs, write_pairs

BOUNDS = (32.66, 39.93, 32.71, 39.97)


@pytest.fixture
def roots(tmp_path) -> tuple[Path, Path]:
    """Two airports with pictures of three and one dates; the table of crops lies beside their folder."""
    dates = {"airport_0": ["2015-07-01", "2016-01-01", "2017-03-01"], "airport_1": ["2016-05-05"]}
    for location, days in dates.items():
        folder = tmp_path / "rgb" / "train" / "airport" / location
        folder.mkdir(parents=True)
        for number, day in enumerate(days):
            (folder / f"{location}_{number}_rgb.jpg").write_bytes(b"")
            (folder / f"{location}_{number}_msrgb.jpg").write_bytes(b"")
            (folder / f"{location}_{number}_rgb.json").write_text(json.dumps({"timestamp": f"{day}T10:00:00Z"}))
    sentinel = tmp_path / "s2" / "fmow-sentinel"
    sentinel.mkdir(parents=True)
    rows = [
        {"category": "airport", "location_id": location, "image_id": image, "timestamp": time, "polygon": wkt(BOUNDS)}
        for location, image, time in (
            (0, 6, "2016-01-11T10:00:00Z"),
            (0, 100, "2017-03-02T10:00:00Z"),
            (1, 3, "no time"),
            (2, 0, "2016-01-11T10:00:00Z"),
        )
    ]
    write_fmow_table(tmp_path / "s2" / "train.csv", rows)
    return tmp_path / "rgb", sentinel


def names(pairs: list[tuple[FmowPair, float]]) -> list[tuple[str, str]]:
    return [(Path(pair.rgb).name, Path(pair.sentinel).name) for pair, _ in pairs]


def test_the_nearest_in_time_are_paired_one_pair_per_location(roots):
    pairs = make_pairs(*roots)
    assert names(pairs) == [("airport_0_2_rgb.jpg", "airport_0_100.tif"), ("airport_1_0_rgb.jpg", "airport_1_3.tif")]
    assert pairs[0][1] == pytest.approx(1)
    assert pairs[1][1] != pairs[1][1]  # unknown
    assert pairs[0][0] == FmowPair(
        "train/airport/airport_0/airport_0_2_rgb.jpg", "train/airport/airport_0/airport_0_100.tif", BOUNDS
    )


def test_more_pairs_of_a_location_use_every_image_once(roots):
    pairs = make_pairs(*roots, per_location=5)
    assert names(pairs)[:2] == [
        ("airport_0_2_rgb.jpg", "airport_0_100.tif"),
        ("airport_0_1_rgb.jpg", "airport_0_6.tif"),
    ]
    assert len(pairs) == 3


def test_a_written_list_is_read_with_the_footprints_of_the_table(roots, tmp_path):
    pairs = make_pairs(*roots)
    write_pairs(tmp_path / "pairs.csv", pairs)
    assert (tmp_path / "pairs.csv").read_text().splitlines()[0] == "rgb,sentinel,days_apart"
    assert read_pairs(tmp_path / "pairs.csv", roots[1]) == [pair for pair, _ in pairs]
    (tmp_path / "s2" / "train.csv").unlink()
    assert [pair.bounds for pair in read_pairs(tmp_path / "pairs.csv", roots[1])] == [None, None]


def test_a_list_of_the_released_form_is_read(roots, tmp_path):
    (tmp_path / "pairs.txt").write_text("train/a_rgb.jpg train/b.tif\n")
    assert read_pairs(tmp_path / "pairs.txt", roots[1]) == [FmowPair("train/a_rgb.jpg", "train/b.tif")]


def test_a_table_that_is_missing_or_another_is_one_sentence(roots, tmp_path):
    with pytest.raises(SourceError, match=r"val\.csv"):
        find_table(roots[1], "val")
    (tmp_path / "s2" / "val.csv").write_text("a,b\n1,2\n")
    with pytest.raises(SourceError, match="no column category"):
        make_pairs(*roots, split="val")
