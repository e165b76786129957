from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from engine.model.autoencoder import AutoEncoder
from engine.model.config import CONFIGS, DECODER_HEADS_BY_WIDTH, HEADS_BY_WIDTH
from engine.model.encoder import Encoder
from engine.model.initialise import count_parameters


def _on_meta(name: str, whole: bool) -> Encoder:
    config = CONFIGS[name]
    with torch.device("meta"):
        return AutoEncoder(config) if whole else Encoder(replace(config, decoder=None))


@pytest.mark.parametrize(
    ("name", "whole", "parameters"),
    [
        ("vit-b", True, 116_511_232),
        ("vit-l", True, 335_066_880),
        ("vit-b", False, 88_563_456),
        ("vit-l", False, 306_988_032),
    ],
)
def test_models_have_the_published_numbers_of_parameters(name: str, whole: bool, parameters: int):
    model = _on_meta(name, whole)
    assert count_parameters(model) == parameters
    assert sum(parameter.numel() for parameter in model.parameters()) == parameters


def test_the_pretraining_model_vit_b_has_318_tensors():
    assert len(_on_meta("vit-b", whole=True).state_dict()) == 318


@pytest.mark.parametrize("name", CONFIGS)
def test_every_named_size_can_be_built_and_has_the_heads_known_for_its_width(name: str):
    config = CONFIGS[name]
    model = _on_meta(name, whole=True)
    assert len(model.blocks) == config.depth
    assert HEADS_BY_WIDTH[config.width] == config.num_heads
    assert config.decoder is not None
    assert DECODER_HEADS_BY_WIDTH.get(config.decoder.width, config.decoder.num_heads) == config.decoder.num_heads
    assert config.patch * config.grid == 224
    assert model.spectrum_projection.layers[0].weight.shape == (config.width, config.patch**2)
