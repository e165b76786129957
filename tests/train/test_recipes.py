"""Every recipe that is shipped can be read, and says what the paper says."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from train.recipe import Recipe, Source, read_recipe

RECIPES = Path(__file__).resolve().parents[2] / "train" / "recipes"
#: 60K fMoW pairs and 188K BigEarthNet pairs.
RECORDS = 248_000


def _read(name: str) -> Recipe:
    return read_recipe(RECIPES / f"{name}.toml")


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_it_can_be_read(path: Path):
    recipe = read_recipe(path)
    assert recipe.data
    # All settings on the left margin: behind a [[data]] they would belong to it.
    assert recipe.part_size * recipe.parts == recipe.batch


@pytest.mark.parametrize("model", ["vit-b", "vit-l"])
def test_the_papers_figures(model: str):
    recipe = _read(model)
    assert (recipe.model, recipe.size, recipe.tokens, recipe.batch, recipe.epochs) == (model, 224, 196, 2048, 300)
    assert recipe.peak_lr == pytest.approx(1.2e-3)
    assert recipe.lengths(RECORDS) == (36328, 2422)
    assert (recipe.weight_decay, recipe.beta_2, recipe.norm_pix, recipe.mixup) == (0.05, 0.95, True, "paper")
    assert (recipe.crop_scale_min, recipe.crop_scale_max, recipe.start_from) == (0.25, 1.0, "")
    assert recipe.data == (Source("fmow"), Source("bigearthnet"))
    assert recipe.part_size % 8 == 0


@pytest.mark.parametrize("model", ["vit-b", "vit-l"])
def test_the_released_ones_differ_in_the_mixup_alone(model: str):
    assert _read(f"{model}-released") == dataclasses.replace(_read(model), mixup="released")


def test_vit_h_is_spread_over_the_ranks():
    recipe = _read("vit-h")
    assert (recipe.sharding, recipe.tokens) == ("fsdp", 256)
    assert recipe == dataclasses.replace(_read("vit-l"), model="vit-h", parts=recipe.parts, sharding="fsdp")


def test_the_small_model_learns_the_same_data_in_both_phases():
    first, second = _read("tiny"), _read("tiny-224")
    assert (first.data, first.model) == (second.data, second.model)
    assert (first.size, second.size, bool(second.start_from)) == (128, 224, True)
