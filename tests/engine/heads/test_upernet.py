"""The UPerNet head: the protocol's blocks and sizes, trained on what is labelled, saved and read back whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.errors import CancelledError, CheckpointError
from engine.heads.files import load_head, save_head
from engine.heads.folds import Strata, plan_folds
from engine.heads.head import HeadInfo
from engine.heads.upernet import block_numbers, decoder_channels
from engine.heads.upernet_training import (
    BlockChips,
    Training,
    class_weights,
    folds_of,
    hidden_in_fold,
    predict,
    train_upernet,
)
from engine.raster.map_writer import MapClass

DIMS, SIDE, CHIP, CHIPS = 24, 6, 24, 4
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def info() -> HeadInfo:
    features = {
        "model": {}, "dims": DIMS, "chip": CHIP, "overlap": 0.25, "fusion": "stack", "level": "tokens",
        "min_valid": 0.5, "interpolation": "log", "allow_outside": False, "projections": False,
    }  # fmt: skip
    classes = (MapClass(1, "left", "#111111"), MapClass(4, "right", "#222222"))
    return HeadInfo("upernet", {}, features, [], classes, None, {}, {}, "2026-01-01")


@pytest.fixture(scope="module")
def chips() -> BlockChips:
    """The first feature of every block tells the class; its border lies on another token in every chip."""
    generator = np.random.default_rng(0)
    blocks = [torch.from_numpy(generator.normal(size=(CHIPS, DIMS, SIDE, SIDE))).half() for _ in range(4)]
    classes = np.zeros((CHIPS, CHIP, CHIP), np.int32)
    for number in range(CHIPS):
        border = 1 + number
        for block in blocks:
            block[number, 0] = torch.where(torch.arange(SIDE) < border, -3, 3).half()
        classes[number, :, border * CHIP // SIDE :] = 1
    classes[:, :2] = -1
    groups = np.where(classes >= 0, 2 * np.arange(CHIPS)[:, None, None] + classes, -1).astype(np.int32)
    return BlockChips(blocks, classes, groups)


def train(info, chips, epochs=40, seed=0, cancelled=lambda: False, told=None):
    training = Training(True, epochs, seed, CPU)
    return train_upernet(info, chips, training, (told.append if told is not None else lambda _: None), cancelled)


@pytest.fixture(scope="module")
def head(info, chips):
    return train(info, chips)


def test_it_takes_the_blocks_and_the_channels_of_the_protocol():
    assert block_numbers(12) == (3, 5, 7, 11) and block_numbers(24) == (7, 11, 15, 23)
    assert [decoder_channels(width) for width in (192, 768, 1024, 1536)] == [128, 512, 512, 512]


def test_it_learns_what_the_blocks_tell_and_where(head, chips):
    found = dict(predict(head, chips, np.arange(CHIPS)))
    for number in range(CHIPS):
        border = (1 + number) * CHIP // SIDE
        away = np.r_[: border - 2, border + 2 : CHIP]
        assert (found[number][2:, away] == chips.classes[number][2:, away]).mean() > 0.97
    assert head.logits(chips.blocks, 30).shape == (CHIPS, 2, 30, 30)


def test_a_chip_is_told_alike_whatever_others_are_beside_it(head, chips):
    alone = head.logits([block[:1] for block in chips.blocks], CHIP)
    torch.testing.assert_close(alone[0], head.logits(chips.blocks, CHIP)[0], atol=1e-4, rtol=1e-4)


def test_equal_seeds_give_equal_heads_and_leave_other_random_numbers_alone(info, chips):
    state = torch.random.get_rng_state()
    first, same, other = (train(info, chips, 1, seed).tensors() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert not torch.equal(first["classifier.weight"], other["classifier.weight"])
    assert torch.equal(torch.random.get_rng_state(), state)


def test_saved_and_read_back_it_says_the_same(head, chips, tmp_path):
    path = tmp_path / "head.safetensors"
    save_head(path, tmp_path / "head.json", head)
    again = load_head(path)
    assert again.info == head.info
    torch.testing.assert_close(again.logits(chips.blocks, CHIP), head.logits(chips.blocks, CHIP))


def test_tensors_of_another_head_are_refused(info, head):
    tensors = head.tensors()
    others = [
        {name: each for name, each in tensors.items() if name != "twice.bias"},
        {name: each for name, each in tensors.items() if not name.startswith("classifier")},
        tensors | {"twice.bias": tensors["twice.bias"] * torch.nan},
    ]
    for other in others:
        with pytest.raises(CheckpointError, match="upernet head"):
            type(head).from_tensors(info, other)
    with pytest.raises(CheckpointError, match="does not fit features of 24 values and 3 classes"):
        type(head).from_tensors(replace(info, classes=(*info.classes, MapClass(5, "more", "#333333"))), tensors)


def test_what_a_fold_is_tested_on_is_not_trained_on(chips):
    labelled = chips.classes >= 0
    strata = Strata.of(chips.classes[labelled], chips.groups[labelled])
    plan = plan_folds(strata, 2, 0)
    fold = folds_of(plan, chips.classes, chips.groups)
    np.testing.assert_array_equal(fold[labelled], plan.fold_of(chips.classes[labelled], chips.groups[labelled]))
    hidden = hidden_in_fold(chips, fold, 0)
    assert (hidden.classes[fold == 0] == -1).all() and (hidden.classes[fold == 1] >= 0).all()
    # A group that the folds never saw, at the margin of a chip, is on neither side.
    strange = folds_of(plan, chips.classes[:1], np.where(labelled[:1], 99, -1))
    assert set(np.unique(strange)) == {-2}


def test_rare_classes_count_more_but_not_without_bound():
    classes = np.repeat([0, 1, 3], [1000, 100, 1])
    weights = class_weights(classes, 4, True)
    assert weights[1] == pytest.approx(10 * weights[0]) and weights[3] == pytest.approx(100 * weights[0])
    assert weights[2] == 0
    assert class_weights(classes, 4, False).tolist() == [1, 1, 0, 1]


def test_cancel_stops_within_a_step(info, chips):
    told = []
    with pytest.raises(CancelledError):
        train(info, chips, 50, cancelled=lambda: len(told) >= 2, told=told)
    assert len(told) == 2
