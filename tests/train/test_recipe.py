"""A recipe says what is wrong with it, and its defaults are the paper's."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.errors import JobError
from train.pretrain import main
from train.recipe import Recipe, Source, read_recipe, recipe_from


def test_defaults_are_those_of_the_paper():
    recipe = Recipe(data=(Source("fmow"), Source("bigearthnet")))
    assert (recipe.model, recipe.size, recipe.tokens, recipe.batch) == ("vit-b", 224, 196, 2048)
    assert (recipe.base_lr, recipe.peak_lr, recipe.weight_decay, recipe.beta_2) == (1.5e-4, 1.2e-3, 0.05, 0.95)
    assert (recipe.crop_scale_min, recipe.crop_scale_max, recipe.mixup) == (0.25, 1.0, "paper")
    # 60K + 188K pairs, 300 epochs, 20 of them warm-up.
    assert recipe.lengths(248_000) == (round(300 * 248_000 / 2048), round(20 * 248_000 / 2048))
    assert Recipe(data=(Source("a"),), steps=50, warmup_steps=80).lengths(1000) == (50, 50)


def test_file_and_settings_on_the_command_line(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text('batch = 64\nnorm_pix = false\n[[data]]\npath = "a"\n[[data]]\npath = "b"\nweight = 3\n')
    recipe = read_recipe(path, ["batch=128", "model=vit-s", "data_root=2024", "base_lr=1", "start_from = 'x=y'"])
    assert recipe.data == (Source("a"), Source("b", 3.0))
    assert (recipe.batch, recipe.part_size, recipe.norm_pix) == (128, 32, False)
    # A text stays one even where it looks like a number.
    assert (recipe.model, recipe.data_root, recipe.base_lr, recipe.start_from) == ("vit-s", "2024", 1.0, "x=y")
    assert read_recipe(path, ["data=c"]).data == (Source("c"),)
    assert read_recipe(path, ['data=["c", {path="d", weight=2}]']).data == (Source("c"), Source("d", 2.0))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"bacth": 64}, "no setting “bacth”. Did you mean batch?"),
        ({"zzz": 1}, "no setting “zzz”. Settings are model, "),
        ({"batch": 64.5}, "batch is 64.5; a whole number is expected"),
        ({"batch": True}, "batch is True; a whole number"),
        ({"base_lr": "fast"}, "base_lr is 'fast'; a number is expected"),
        ({"compile": 1}, "compile is 1; true or false is expected"),
        ({"probe": 3}, "probe is 3; a text is expected"),
        ({"model": "vit-x"}, "model is “vit-x”. Choose one of vit-ti, vit-s"),
        ({"mixup": "half"}, "mixup is “half”"),
        ({"sharding": "zero"}, "sharding is “zero”"),
        ({"precision": "fp16"}, "precision is “fp16”"),
        ({"data": []}, "names no data"),
        ({"data": [{"weight": 1}]}, "data holds {'weight': 1}"),
        ({"data": [{"path": "a", "weight": "much"}]}, "weight is 'much'; a number"),
        ({"data": [{"path": "a", "weight": -1}]}, "weight of a is -1.0"),
        ({"data": 3}, "data holds 3"),
        ({"batch": 0}, "batch is 0; it must be above 0"),
        ({"base_lr": float("nan")}, "base_lr is nan"),
        ({"base_lr": float("inf")}, "base_lr is inf"),
        ({"seed": -1}, "seed is -1; it must be 0 or more"),
        ({"steps": -5}, "steps is -5"),
        ({"weight_decay": -0.1}, "weight_decay is -0.1"),
        ({"beta_2": 1}, "beta_2 is 1.0; it must be below 1"),
        ({"epochs": 0}, "no length"),
        ({"batch": 9, "parts": 2}, "9 does not divide into 2 parts"),
        ({"size": 230}, "230 px do not divide into patches of 16 px"),
        ({"size": 16}, "two or more on a side"),
        ({"crop_scale_min": 0.0}, "Crops need 0 <"),
    ],
)
def test_what_is_wrong_is_named(changed, message):
    with pytest.raises(JobError) as raised:
        recipe_from({"data": ["a"], **changed})
    assert message in str(raised.value)


def test_the_program_ends_with_the_message(tmp_path: Path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text("data = ['a']\nmodel = 'vit-ti'\ncompile = false\n")
    (tmp_path / "broken.toml").write_text("data = [")
    (tmp_path / "latin.toml").write_bytes(b"probe = '\xe9'")
    cases = [
        ([recipe, "batch"], "“batch” is not a setting. Write key=value"),
        ([recipe, "bach=2"], "Did you mean batch?"),
        ([recipe, f"data_root={tmp_path}"], "is not a packed collection"),
        ([tmp_path / "absent.toml"], "cannot be read: No such file"),
        ([tmp_path], "cannot be read: Is a directory"),
        ([tmp_path / "broken.toml"], "not valid TOML"),
        ([tmp_path / "latin.toml"], "not valid TOML"),
    ]
    for (path, *settings), message in cases:
        arguments = ["--recipe", str(path), "--out", str(tmp_path / "out"), "--device", "cpu", *settings]
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 2
        assert result.stderr.startswith("Error: ")
        assert message in result.stderr
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(main, ["--recipe", str(recipe), "--out", str(tmp_path / "file" / "out")])
    assert (result.exit_code, "cannot be written" in result.stderr) == (2, True)
