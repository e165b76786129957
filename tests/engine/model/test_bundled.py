"""The model that is part of the program: the file that its card describes, small, whole and really trained."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from engine.errors import CheckpointError
from engine.model import load_autoencoder, load_encoder, zoo
from engine.model.autoencoder import AutoEncoder
from engine.model.config import CONFIGS

ENTRY = zoo.entry("smarties-tiny")
MOST_BYTES = 16_000_000


@pytest.fixture(scope="module")
def stored() -> dict[str, torch.Tensor]:
    with safe_open(ENTRY.path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}


@pytest.fixture(scope="module")
def metadata() -> dict[str, str]:
    with safe_open(ENTRY.path, framework="pt") as file:
        return dict(file.metadata())


@pytest.fixture(scope="module")
def card() -> str:
    return ENTRY.path.with_suffix(".md").read_text(encoding="utf-8")


def test_it_is_the_file_that_the_zoo_knows_and_small():
    assert zoo.verified(ENTRY.name) == (ENTRY.path, hashlib.sha256(ENTRY.path.read_bytes()).hexdigest())
    assert ENTRY.path.stat().st_size <= MOST_BYTES
    assert [path.name for path in zoo.BUNDLED.glob("*.safetensors")] == [ENTRY.filename]


def test_it_is_a_vit_ti_with_its_decoder_in_half_precision(stored):
    assert {tensor.dtype for tensor in stored.values()} == {torch.float16}
    model = load_autoencoder(ENTRY.name)
    assert model.config == CONFIGS["vit-ti"] == CONFIGS[ENTRY.config]
    assert model.info.path == ENTRY.path and model.info.has_decoder and not model.info.random
    encoder = load_encoder(ENTRY.name)
    assert not isinstance(encoder, AutoEncoder) and encoder.info.sha256 == model.info.sha256 == ENTRY.sha256


def test_half_precision_is_read_exactly(stored):
    state = load_autoencoder(ENTRY.name).state_dict()
    assert state.keys() == stored.keys()
    assert all(state[name].dtype == torch.float32 and torch.equal(state[name].half(), stored[name]) for name in stored)


def test_it_was_trained(stored):
    # What is 1 or 0 in fresh weights is not any more: a stand-in from a seed cannot slip in.
    for name, fresh in (("norm.weight", 1), ("decoder_norm.weight", 1), ("blocks.11.mlp.fc1.bias", 0)):
        assert (stored[name] != fresh).float().mean() > 0.9, name
    # Every layer of the spectrum had its share, in both directions.
    for side in ("spectrum_projection.spectrum_embeds.{}.proj.bias", "decoder_preds.{}.bias"):
        assert all(stored[side.format(layer)].any() for layer in range(17)), side


def test_images_that_differ_get_features_that_differ():
    encoder = load_encoder(ENTRY.name)
    flat = torch.zeros(1, 2, 224, 224)
    with torch.inference_mode():
        plain, noisy = (
            encoder.features(image, ["microwave_1", "microwave_2"]).tokens
            for image in (flat, flat + torch.randn(flat.shape, generator=torch.Generator().manual_seed(0)))
        )
    assert plain.shape == (1, 192, 14, 14)
    assert plain.isfinite().all() and noisy.isfinite().all()
    assert (plain - noisy).abs().mean() > 0.05


def data_licences(metadata: dict[str, str]) -> list[str]:
    """Of the images behind the weights, from «LICENCE OF THE WEIGHTS; data: ONE, ANOTHER»."""
    own, _, data = metadata["licence"].partition("; data: ")
    assert own == ENTRY.licence
    return data.split(", ")


def test_the_file_says_what_it_was_made_of(metadata):
    assert metadata["name"] == ENTRY.name
    recipe = json.loads(metadata["recipe"])
    assert recipe["model"] == ENTRY.config and str(recipe["seed"]) == metadata["seed"] and int(metadata["steps"]) > 0
    assert json.loads(metadata["data"]), "the digests of the packed images"
    licences = data_licences(metadata)
    assert all(licences)
    # Share-alike would bind the weights, and all that is made with them.
    assert not [licence for licence in licences if re.search(r"\bSA\b|share.?alike", licence, re.IGNORECASE)]


def test_the_card_describes_this_very_file(card, metadata):
    for told in (ENTRY.sha256, ENTRY.licence, metadata["seed"], *data_licences(metadata)):
        assert told in card, told
    assert re.search(r"^#+ .*limits", card, re.IGNORECASE | re.MULTILINE), "no section on its limits"


def test_pictures_of_the_card_are_there(card):
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", card)
    assert [picture for picture in pictures if not (ENTRY.path.parent / Path(picture)).is_file()] == []


def test_no_other_file_can_take_its_name(golden):
    with pytest.raises(CheckpointError, match="part of the program"):
        zoo.adopt(ENTRY.name, golden.weights)
