from __future__ import annotations

import json

import pytest

from engine.errors import SourceError
from train.evaluation.datasets.splits import by_hash, find_lists, from_file, made, pick_of

IDS = tuple(f"image_{number}" for number in range(400))
PICK = pick_of(IDS, "image")


def test_the_hash_is_the_same_everywhere_and_near_its_shares():
    splits = by_hash(reversed(IDS), "by hash")
    assert splits == by_hash(IDS, "by hash")
    assert sorted((*splits.train, *splits.validation, *splits.test)) == sorted(IDS)
    assert 0.5 < len(splits.train) / len(IDS) < 0.7
    assert 0.14 < len(splits.validation) / len(IDS) < 0.26
    # Fixed for ever: results of different days are of the same images.
    assert splits.train[:4] == ("image_0", "image_10", "image_100", "image_101")


def test_ids_of_one_key_stay_together():
    splits = by_hash(IDS, "by hash", key=lambda fields: fields[0][-1])
    assert not {sample_id[-1] for sample_id in splits.train} & {sample_id[-1] for sample_id in splits.test}


def test_without_a_test_list_the_validation_list_is_it():
    splits = made({"train": ("a", "b", "a"), "validation": ("c",)}, "two lists")
    assert (splits.train, splits.validation, splits.test) == (("a", "b"), (), ("c",))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("s.csv", "id,split\nimage_3,train\nimage_1,val\nimage_2,test\n"),
        ("s.csv", "image_3, training\nimage_1;validation\nimage_2\ttest\n"),
        ("s.json", json.dumps({"image_3": "train", "image_1": "validation", "image_2": "test"})),
        ("s.json", json.dumps({"train": ["image_3"], "val": ["image_1"], "test": ["image_2"]})),
    ],
)
def test_a_file_of_ids_and_splits(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    splits = from_file(path, PICK)
    assert (splits.train, splits.validation, splits.test) == (("image_3",), ("image_1",), ("image_2",))
    assert splits.source == name


@pytest.mark.parametrize(
    ("train", "other"), [("B-S2-train10prcnt.txt", "B-S2-val.txt"), ("x-training.txt", "x-validation.txt")]
)
def test_a_published_list_brings_those_beside_it(tmp_path, train, other):
    (tmp_path / train).write_text("image_3\n\nimage_5\n")
    (tmp_path / other).write_text("image_1\n")
    splits = from_file(tmp_path / train, PICK)
    assert (splits.train, splits.validation, splits.test) == (("image_3", "image_5"), (), ("image_1",))
    assert train in splits.source and other in splits.source


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("s.csv", "image_3,train\nimage_900,test\n", "'image_900' is no image"),
        ("s.csv", "image_3,train\nimage_4,tset\n", "'tset'"),
        ("s.csv", "image_3\n", "one field"),
        ("s.csv", "", "no rows"),
        ("s.json", "[1, 2]", "no splits"),
        ("s.json", '{"train": 3}', "no splits"),
        ("s.json", "{", "no JSON"),
        ("val.txt", "image_3\n", "«train»"),
    ],
)
def test_what_is_no_split_file_is_refused(tmp_path, name, text, message):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(SourceError, match=message) as caught:
        from_file(path, PICK)
    assert caught.value.hint


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SourceError, match=r"none\.csv is missing"):
        from_file(tmp_path / "none.csv", PICK)


def test_lists_are_found_by_their_names(tmp_path):
    assert find_lists([tmp_path], ["x-{}.txt"]) == {}
    for name in ("x-train.txt", "x-val.txt", "y-train.txt", "y-test.txt"):
        (tmp_path / name).write_text("image_1\n")
    found = find_lists([tmp_path / "elsewhere", tmp_path], ["y-{}.txt", "x-{}.txt"])
    assert {split: path.name for split, path in found.items()} == {"train": "y-train.txt", "test": "y-test.txt"}


def test_there_are_three_splits():
    with pytest.raises(ValueError, match="'val'"):
        made({"train": ("a",)}, "one list").of("val")  # type: ignore[arg-type]


def test_splits_without_any_sample_have_no_first():
    assert made({"validation": ("c",)}, "a list").first() == "c"
    with pytest.raises(SourceError, match="a list"):
        made({}, "a list").first()
