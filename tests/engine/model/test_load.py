from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch

from engine.errors import CheckpointError, DeviceError
from engine.model import load_autoencoder, load_encoder
from engine.model.autoencoder import AutoEncoder
from engine.model.checkpoints import save_checkpoint


def test_encoder_and_whole_model_give_the_same_features(golden):
    image = golden.image("encoder", "maxar_rgb.image")
    bands = golden.cases["cases"]["maxar_rgb"]["bands"]
    with torch.inference_mode():
        one, other = (load(golden.weights).features(image, bands) for load in (load_encoder, load_autoencoder))
    assert torch.equal(one.tokens, other.tokens)


def test_a_file_is_named_by_its_metadata_or_its_stem_and_by_its_digest(
    golden, small_model: AutoEncoder, tmp_path: Path
):
    info = load_encoder(str(golden.weights)).info
    assert (info.name, info.random, info.has_decoder) == ("autoencoder_tiny", False, True)
    assert info.path == golden.weights
    assert info.sha256 == hashlib.sha256(golden.weights.read_bytes()).hexdigest()
    path = tmp_path / "x.safetensors"
    save_checkpoint(small_model, path)
    assert load_encoder(path).info.name == "small"
    assert load_autoencoder(path).info.random


def test_weights_saved_over_a_file_are_seen(small_model: AutoEncoder, tmp_path: Path):
    path = tmp_path / "x.safetensors"
    save_checkpoint(small_model, path)
    before = load_encoder(path).info.sha256
    with torch.no_grad():
        small_model.cls_token += 1
    save_checkpoint(small_model, path)
    after = load_encoder(path)
    assert after.info.sha256 != before
    assert torch.equal(after.cls_token, small_model.cls_token)


def test_heads_can_be_given(golden):
    assert load_encoder(golden.weights, num_heads=6).num_heads == 6
    assert load_autoencoder(golden.weights, decoder_num_heads=4).config.decoder.num_heads == 4


def test_a_model_that_is_neither_file_nor_name_lists_the_names():
    with pytest.raises(CheckpointError, match="There is no model “smarties-huge”") as caught:
        load_encoder("smarties-huge")
    assert "smarties-v1-vit-b" in caught.value.hint


def test_a_named_model_that_is_not_here_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SMARTIES_MODELS", str(tmp_path))
    with pytest.raises(CheckpointError, match="smarties-v1-vit-l is not on this machine") as caught:
        load_encoder("smarties-v1-vit-l")
    assert "smarties fetch smarties-v1-vit-l" in caught.value.hint
    assert "huggingface.co/gsumbul/SMARTIES-v1-ViT-L" in caught.value.hint


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA GPU")
def test_a_gpu_that_is_not_there_is_an_error(golden):
    with pytest.raises(DeviceError):
        load_encoder(golden.weights, device="cuda")


def test_bf16_weights_where_the_machine_offers_them(golden, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("engine.model.devices._cpu_has_bf16", lambda: True)
    encoder = load_encoder(golden.weights, precision="bf16")
    assert encoder.dtype == torch.bfloat16
    with torch.inference_mode():
        assert encoder.features(torch.randn(1, 1, 32, 32), ["red_1"]).cls.dtype == torch.float32
