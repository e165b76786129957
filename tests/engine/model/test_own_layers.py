"""Projections of bands of one's own: kept apart from the model, told by their values, used for their bands alone."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from engine.errors import CheckpointError
from engine.model import load_encoder
from engine.model.own_layers import (
    HEAD_KEY,
    OWN_BANDS,
    OwnLayers,
    add_own_layers,
    own_layer_of,
    read_own_layers,
    save_own_layers,
    with_own_layers,
)
from engine.spectrum.assign import assign
from engine.spectrum.bands import Band

THERMAL = Band("B10", 10895.0, 10600.0, 11190.0)
RED = Band("B4", 655.0, 636.0, 673.0)


@pytest.fixture
def encoder(golden):
    return load_encoder(golden.weights)


@pytest.fixture
def own(encoder) -> OwnLayers:
    generator = torch.Generator().manual_seed(0)
    weight, bias = torch.randn(1, 48, 256, generator=generator), torch.randn(1, 48, generator=generator)
    return OwnLayers((THERMAL,), weight, bias, encoder.info.sha256, encoder.info.title)


def test_a_file_of_them_and_a_head_with_them_are_the_same_projections(own, tmp_path):
    save_own_layers(own, tmp_path / "alone.safetensors")
    info = {"features": {OWN_BANDS: own.description()}}
    save_file({"weight": torch.zeros(2), **own.tensors()}, tmp_path / "head.safetensors", {HEAD_KEY: json.dumps(info)})
    alone, in_head = (read_own_layers(tmp_path / f"{name}.safetensors") for name in ("alone", "head"))
    assert alone.sha256 == in_head.sha256 == own.sha256
    assert [(band.name, band.centre_nm) for band in alone.bands] == [("B10", 10895.0)]
    assert torch.equal(in_head.weight, own.weight)
    assert replace(own, bias=own.bias + 1e-3).sha256 != own.sha256


def test_a_file_without_projections_or_with_damaged_ones_says_so(own, golden, tmp_path):
    with pytest.raises(CheckpointError, match="no projections of bands of your own"):
        read_own_layers(golden.weights)
    with pytest.raises(CheckpointError, match="There is no"):
        read_own_layers(tmp_path / "absent.safetensors")
    path = tmp_path / "own.safetensors"
    save_own_layers(own, path)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=r"own\.safetensors.*damaged"):
        read_own_layers(path)
    with pytest.raises(CheckpointError, match="not numbers"):
        replace(own, bias=own.bias * torch.nan)
    with pytest.raises(CheckpointError, match="do not belong"):
        replace(own, bands=(THERMAL, RED))


def test_they_speak_for_the_nearest_band_that_has_no_layer_and_for_no_other():
    twin = assign(
        [replace(THERMAL, name="B10 of its twin", centre_nm=10850.0), replace(THERMAL, centre_nm=12005.0), RED]
    )
    bands = (replace(THERMAL, name="far", centre_nm=10950.0), THERMAL, RED)
    assert [own_layer_of(each, bands) for each in twin] == [1, None, None]


@torch.inference_mode()
def test_the_model_runs_them_in_place_of_interpolated_ones(encoder, own):
    bands = assign([RED, THERMAL])
    image = torch.randn(1, 2, 96, 96, generator=torch.Generator().manual_seed(1))
    before = encoder.features(image, bands).tokens
    add_own_layers(encoder, own)
    assert encoder.info.projections == own.sha256
    used = with_own_layers(encoder, bands)
    torch.testing.assert_close(encoder.features(image, bands).tokens, before)
    weight, bias = encoder.spectrum_projection.compile(used)
    torch.testing.assert_close(weight[:, 1].flatten(1), 6 * own.weight[0])
    red = encoder.spectrum_projection.layers[6]
    torch.testing.assert_close(bias, 6 * (red.bias + own.bias[0]))
    assert not torch.allclose(encoder.features(image, used).tokens, before, atol=1e-3)


def test_projections_of_another_model_are_refused(encoder, own):
    with pytest.raises(CheckpointError, match=r"were learnt with .*, the model is"):
        add_own_layers(encoder, replace(own, model_sha256="0" * 64))
