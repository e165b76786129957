from __future__ import annotations

import pytest
from evaluation_layouts import write_scenes

from engine.errors import JobError, SourceError
from train.evaluation.datasets.registry import NAMES, open_dataset


def test_there_are_the_twelve_datasets():
    assert NAMES == (
        "bigearthnet-s1", "bigearthnet-s2", "bigearthnet-mm", "eurosat", "resisc45", "whu-rs19", "uc-merced", "sickle",
        "burnscars", "dynamicearthnet", "spacenet7", "dfc2020",
    )  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_folder_is_told_from_a_dataset(tmp_path, name):
    with pytest.raises(SourceError, match="holds no") as caught:
        open_dataset(name, tmp_path)
    assert caught.value.hint


def test_the_near_names_are_given(tmp_path):
    with pytest.raises(JobError) as caught:
        open_dataset("bigearthnet", tmp_path)
    assert "bigearthnet-mm" in caught.value.hint
    with pytest.raises(JobError, match="no evaluation dataset named 'imagenet'") as caught:
        open_dataset("imagenet", tmp_path)
    assert caught.value.hint


def test_the_folder_must_be_there(tmp_path):
    with pytest.raises(SourceError, match="not a folder"):
        open_dataset("eurosat", tmp_path / "none")


def test_a_dataset_is_opened_by_name_with_a_split_file(tmp_path):
    write_scenes(tmp_path, {"Forest": ["Forest_1", "Forest_2"]}, band_count=13)
    (tmp_path / "mine.csv").write_text("Forest_2,train\nForest/Forest_1.tif,test\n")
    dataset = open_dataset(" EuroSAT ", tmp_path, tmp_path / "mine.csv")
    assert (dataset.name, dataset.ids("train"), dataset.ids("test")) == (
        "eurosat", ("Forest/Forest_2",), ("Forest/Forest_1",),
    )  # fmt: skip
