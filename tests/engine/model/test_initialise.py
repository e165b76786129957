from __future__ import annotations

import pytest
import torch

from engine.model.autoencoder import AutoEncoder
from engine.model.config import DecoderConfig, ModelConfig
from engine.model.initialise import random_autoencoder, weights_sha256
from engine.model.position import sincos_table


def test_a_seed_gives_the_same_weights_again_and_another_seed_others(small_config: ModelConfig):
    digests = [random_autoencoder(small_config, seed).info.sha256 for seed in (1, 1, 2)]
    assert digests[0] == digests[1] != digests[2]


def test_the_state_of_torch_does_not_matter(small_config: ModelConfig):
    torch.manual_seed(1)
    before = random_autoencoder(small_config, 1).info.sha256
    torch.manual_seed(2)
    drawn = torch.rand(1)
    torch.manual_seed(2)
    assert random_autoencoder(small_config, 1).info.sha256 == before
    assert torch.equal(torch.rand(1), drawn)


def test_weights_follow_the_method():
    model = random_autoencoder(ModelConfig(96, 1, 3, decoder=DecoderConfig(32, 1, 2)), 3)
    qkv = model.blocks[0].attn.qkv
    bound = (6 / (96 + 3 * 96)) ** 0.5
    assert qkv.weight.abs().max() <= bound
    assert qkv.weight.abs().max() > 0.98 * bound
    assert qkv.weight.detach().std() == pytest.approx(bound / 3**0.5, rel=0.03)
    assert not qkv.bias.any()
    assert model.cls_token.detach().std() == pytest.approx(0.02, rel=0.3)
    assert model.mask_token.detach().std() == pytest.approx(0.02, rel=0.4)
    assert (model.norm.weight == 1).all()
    assert torch.equal(model.pos_embed[0], sincos_table(96, 14, 14))
    assert all(tensor.isfinite().all() for tensor in model.state_dict().values())


def test_the_digest_changes_with_any_weight(small_model: AutoEncoder):
    before = weights_sha256(small_model)
    with torch.no_grad():
        small_model.decoder_preds[16].bias[-1] += 1e-6
    assert weights_sha256(small_model) != before


def test_fresh_weights_say_that_they_are_random(small_config: ModelConfig):
    info = random_autoencoder(small_config, 1, "mine").info
    assert info.random
    assert info.name == "mine"
    assert "not trained" in info.title
