"""A run becomes a model file that the engine loads."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
import torch
from click.testing import CliRunner
from pretraining_runs import TINY, tiny_model
from safetensors import safe_open

from engine.model import load_autoencoder, load_encoder
from engine.model.initialise import random_autoencoder
from train.checkpoints import Progressed, Saver, checkpoint_path, collect
from train.export import main
from train.optimiser import make_optimiser
from train.recipe import Recipe, Source


@pytest.fixture
def checkpoint(tmp_path):
    """Of a model after one step of its optimiser."""
    model = random_autoencoder(TINY, 5)
    recipe = Recipe(model="vit-ti", data=(Source("a"),), seed=5)
    optimiser = make_optimiser(model, recipe)
    sum(p.sum() for p in model.parameters()).backward()
    optimiser.step()
    with Saver(tmp_path) as saver:
        saver.save(collect(model, optimiser), Progressed(17, {}, asdict(recipe), ("digest",)))
    return checkpoint_path(tmp_path, 17), model


def test_the_file_loads_whole_and_as_an_encoder(checkpoint, tmp_path):
    path, model = checkpoint
    out = tmp_path / "mine.safetensors"
    with tiny_model():
        result = CliRunner().invoke(main, [str(path), str(out), "--title", "Mine, for a test", "--licence", "CC0-1.0"])
    assert result.exit_code == 0, result.output
    with safe_open(out, "pt") as file:
        metadata = file.metadata()
        assert {file.get_tensor(name).dtype for name in file.keys()} == {torch.float16}
    assert metadata["name"] == "mine"
    assert (metadata["num_heads"], metadata["decoder_num_heads"], metadata["steps"]) == ("2", "2", "17")
    assert (metadata["licence"], metadata["seed"], json.loads(metadata["data"])) == ("CC0-1.0", "5", ["digest"])
    assert json.loads(metadata["recipe"])["model"] == "vit-ti"

    loaded, encoder = load_autoencoder(out), load_encoder(out)
    assert loaded.config == TINY
    assert (encoder.num_heads, encoder.info.name, encoder.info.title) == (2, "mine", "Mine, for a test")
    assert not encoder.info.random
    for name, value in model.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], value, atol=1e-3, rtol=1e-3)


def test_errors_are_messages(checkpoint, tmp_path):
    path, _ = checkpoint
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(path.read_bytes()[:-10])
    with tiny_model():
        for arguments, message in (
            ([tmp_path / "absent", tmp_path / "a"], "damaged, or not a checkpoint"),
            ([cut, tmp_path / "a"], "damaged, or not a checkpoint"),
            ([path, tmp_path / "no" / "folder" / "a"], "cannot be written"),
        ):
            result = CliRunner().invoke(main, [str(argument) for argument in arguments])
            assert (result.exit_code, message in result.stderr) == (2, True), result.output
    assert not list(tmp_path.glob(".*.part"))
