"""A head comes back from its files as it was; what is no head, or another's, is refused in words."""

from __future__ import annotations

import copy
import json
import struct

import pytest
import torch
from made_heads import described
from safetensors.torch import save_file

from engine.errors import CheckpointError
from engine.heads.conv import ConvHead
from engine.heads.files import METADATA_KEY, check_fits, json_beside, load_head, read_info, save_head
from engine.heads.knn import KnnHead
from engine.heads.linear import LinearHead


def heads():
    yield LinearHead(described("linear"), torch.randn(3, 4), torch.randn(3))
    yield ConvHead(described("conv"), torch.randn(3, 4), torch.randn(3))
    bank = torch.nn.functional.normalize(torch.randn(30, 4), dim=1).half()
    yield KnnHead(described("knn"), bank, torch.arange(30) % 3, torch.ones(3))


def test_every_kind_comes_back_with_the_same_scores(tmp_path):
    tokens = torch.randn(5, 4)
    for head in heads():
        path = tmp_path / f"{head.KIND}.safetensors"
        save_head(path, json_beside(path), head)
        for name in (path, json_beside(path)):
            again = load_head(name)
            assert type(again) is type(head) and again.info == head.info
            torch.testing.assert_close(again.scores(tokens), head.scores(tokens), rtol=0, atol=0)


def test_the_json_beside_says_what_the_file_itself_says(tmp_path):
    head = next(heads())
    path = tmp_path / "h.safetensors"
    save_head(path, json_beside(path), head)
    text = json_beside(path).read_text(encoding="utf-8")
    assert json.loads(text) == head.info.to_dict() and "classe é0" in text
    assert read_info(path) == head.info


def test_what_is_no_head_is_refused_in_words(tmp_path):
    path = tmp_path / "h.safetensors"
    with pytest.raises(CheckpointError, match="There is no head"):
        load_head(path)
    path.write_bytes(b"something else")
    with pytest.raises(CheckpointError, match="train-head"):
        load_head(path)
    path.write_bytes(struct.pack("<Q", 2**60) + b"{")
    with pytest.raises(CheckpointError, match="truncated"):
        load_head(path)
    save_file({"a": torch.zeros(2)}, path)
    with pytest.raises(CheckpointError, match="is no head"):
        load_head(path)
    with pytest.raises(CheckpointError, match="pickle"):
        (tmp_path / "h.pt").write_bytes(b"x")
        load_head(tmp_path / "h.pt")


@pytest.mark.parametrize(
    "change",
    [
        {"smarties_head": 99},
        {"kind": "tree"},
        {"classes": [{"value": 1, "name": "a", "colour": "#000000"}]},
        {"classes": [{"value": 1, "name": "a", "colour": "red"}, {"value": 2, "name": "b", "colour": "#000000"}]},
        {"classes": [{"value": 1, "name": "a", "colour": "#000000"}] * 2},
        {"features": {}},
        {"fingerprint": []},
    ],
)
def test_a_damaged_description_is_refused(tmp_path, change):
    path = tmp_path / "h.safetensors"
    values = described().to_dict() | change
    save_file({"weight": torch.zeros(3, 4), "bias": torch.zeros(3)}, path, {METADATA_KEY: json.dumps(values)})
    with pytest.raises(CheckpointError, match="damaged"):
        load_head(path)


@pytest.mark.parametrize(
    ("kind", "tensors", "sentence"),
    [
        ("linear", {"weight": torch.zeros(3, 4)}, "lacks its bias"),
        ("linear", {"weight": torch.zeros(3, 5), "bias": torch.zeros(3)}, "3 × 5, not 3 × 4"),
        ("conv", {"weight": torch.full((3, 4), torch.nan), "bias": torch.zeros(3)}, "not finite"),
        ("knn", {"bank": torch.zeros(2, 4), "labels": torch.tensor([0, 3]), "class_weights": torch.ones(3)}, "labels"),
        ("knn", {"bank": torch.zeros(0, 4), "labels": torch.zeros(0).long(), "class_weights": torch.ones(3)}, "labels"),
    ],
)
def test_tensors_that_do_not_fit_the_description_are_refused(tmp_path, kind, tensors, sentence):
    path = tmp_path / "h.safetensors"
    save_file(tensors, path, {METADATA_KEY: json.dumps(described(kind).to_dict())})
    with pytest.raises(CheckpointError, match=sentence):
        load_head(path)


def test_a_head_says_which_of_its_conditions_is_not_met():
    info = described()
    check_fits(info, copy.deepcopy(info.fingerprint), "x.tif")

    def refusal(**changes):
        with pytest.raises(CheckpointError) as caught:
            check_fits(info, copy.deepcopy(info.fingerprint) | changes, "x.tif")
        assert "x.tif" in caught.value.message
        return caught.value.message

    ours = info.fingerprint
    assert "Model M" in refusal(model={"sha256": "cd" * 32, "projections": ""})
    assert "projections" in refusal(model={"sha256": "ab" * 32, "projections": "1"})
    assert "one image, not on 2 images" in refusal(bands=ours["bands"] * 2)
    assert "2 bands (B02, B04), not on 1" in refusal(bands=[ours["bands"][0][:1]])
    assert "B02, B04" in refusal(bands=[[{"blue_1": 1.0}, {"red_1": 1.0}]])
    assert "the sensor's" in refusal(statistics=[ours["statistics"][0] | {"mean": [0.5, 0.41]}])
    assert "chips of 112 px, not of 224" in refusal(chip=224)
    assert "“stack”, not “concat”" in refusal(fusion="concat")
    assert "one vector per token, not per chip" in refusal(level="chips")
    both = refusal(chip=224, level="chips")
    assert "224" in both and "per chip" in both
