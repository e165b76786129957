from __future__ import annotations

import numpy as np
import pytest
from evaluation_layouts import AREA, write_month

from engine.errors import SourceError
from train.evaluation.dataset import IGNORED
from train.evaluation.datasets.dynamicearthnet import DynamicEarthNet

OTHER, THIRD = "2235_3403_13", "4127_2991_13"


@pytest.fixture
def root(tmp_path):
    lines = {
        "train": [write_month(tmp_path, AREA, month)[1] for month in ("2018-01", "2018-02")],
        "val": [write_month(tmp_path, OTHER, "2018-01", 5, hyphens=True)[1]],
        "test": [write_month(tmp_path, THIRD, "2019-12", 6)[1]],
    }
    (tmp_path / "dynnet_training_splits").mkdir()
    for split, listed in lines.items():
        (tmp_path / "dynnet_training_splits" / f"{split}.txt").write_text("\n".join(listed) + "\n")
    return tmp_path


def test_splits_of_the_published_lists(root):
    dataset = DynamicEarthNet(root, tile_px=16)
    assert (
        dataset.ids("train")[:5]
        == tuple(f"{AREA}/2018-0{month}:{row}-{col}" for month in (1, 2) for row in (0, 16) for col in (0, 16))[:5]
    )
    assert [len(dataset.ids(split)) for split in ("train", "validation", "test")] == [8, 4, 4]
    assert dataset.split_source == "train.txt, val.txt, test.txt"


def test_a_tile_and_its_labels(root):
    image, _ = write_month(root, THIRD, "2019-12", 6)
    dataset = DynamicEarthNet(root, tile_px=32)
    sample = dataset.read(f"{THIRD}/2019-12:0-0")
    assert np.array_equal(sample.images[0], image) and sample.images[0].dtype == np.int16
    assert sample.valid == (None,)
    # Four rows of each of the six classes; snow and ice, and what has no class, count nowhere.
    assert sample.label[:, 7].tolist() == [number for number in range(6) for _ in range(4)] + [IGNORED] * 8
    assert len(dataset.classes) == 6 and sample.label.dtype == np.int64


def test_labels_with_hyphens_are_found(root):
    dataset = DynamicEarthNet(root, tile_px=32)
    assert dataset.read(dataset.ids("validation")[0]).label[0, 0] == 0


def test_bands_and_statistics(root):
    dataset = DynamicEarthNet(root, tile_px=16)
    (modality,) = dataset.modalities
    assert (
        [band.band.name for band in modality.bands]
        == ["blue", "green", "red", "nir"]
        == list(modality.statistics.names)
    )
    assert [band.summary for band in modality.bands] == ["blue_1", "green_2", "red_1", "near_infrared_1"]
    assert all(band.mode == "nearest" for band in modality.bands)
    assert dataset.statistics_source == "estimated from 8 training images"


def test_without_lists_areas_stay_together(tmp_path):
    areas = [f"{number}_3107_13" for number in range(1000, 1012)]
    for number, area in enumerate(areas):
        for month in ("2018-01", "2018-02"):
            write_month(tmp_path, area, month, number, side=8)
    dataset = DynamicEarthNet(tmp_path, tile_px=8)
    found = [{sample_id.split("/")[0] for sample_id in dataset.ids(split)} for split in ("train", "validation", "test")]
    assert sorted(area for part in found for area in part) == areas
    assert sum(len(dataset.ids(split)) for split in ("train", "validation", "test")) == 24
    assert dataset.split_source == "by hash of the area"


def test_folders_as_they_were_packed(root):
    (root / "planet.10N").mkdir()
    (root / "planet").rename(root / "planet.10N" / "planet")
    (root / "labels").rename(root / "unpacked")
    (root / "labels").mkdir()
    (root / "unpacked").rename(root / "labels" / "labels")
    assert len(DynamicEarthNet(root).ids("train")) == 2


def test_what_is_missing_or_wrong_is_told(root, tmp_path_factory):
    with pytest.raises(SourceError, match="no planet/ZONE/…/AREA/PF-SR"):
        DynamicEarthNet(tmp_path_factory.mktemp("empty"))
    dataset = DynamicEarthNet(root)
    (root / "planet/10N/26E-183N" / THIRD / "PF-SR" / "2019-12-01.tif").unlink()
    with pytest.raises(SourceError, match=r"2019-12-01\.tif is missing"):
        dataset.read(dataset.ids("test")[0])
    (root / "split.csv").write_text(f"{AREA}/2018-01,train\n{AREA}/2018-07,test\n")
    with pytest.raises(SourceError, match="names no area and month"):
        DynamicEarthNet(root, root / "split.csv")
    (root / "split.csv").write_text(f"{AREA}/2018-01,train\n{OTHER}/2018-01,test\n")
    assert DynamicEarthNet(root, root / "split.csv").ids("test") == (f"{OTHER}/2018-01:0-0",)
    lists = root / "dynnet_training_splits"
    (lists / "train.txt").write_text((lists / "train.txt").read_text().replace("2018-01\n", "2018-09\n"))
    with pytest.raises(SourceError, match=r"2018-09-01\.tif is missing"):
        DynamicEarthNet(root)
