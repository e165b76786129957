"""Our pretraining step is the method: loss and gradients are those of a plain implementation, within 1e-4."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from benchmarks.plain_pretraining import PlainAutoEncoder
from engine.model.autoencoder import TokenMasks
from engine.model.config import DecoderConfig, ModelConfig
from engine.model.initialise import random_autoencoder
from engine.model.load import load_autoencoder
from train.step import PretrainingStep

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
S2 = (
    *("aerosol", "blue_1", "green_2", "red_2", "red_edge_1", "red_edge_2", "near_infrared_2", "near_infrared_1"),
    *("near_infrared_3", "short_wave_infrared_1", "short_wave_infrared_3", "short_wave_infrared_4"),
)
S1, RGB = ("microwave_1", "microwave_2"), ("red_1", "green_1", "blue_3")
CONFIG = ModelConfig(48, 2, 3, grid=6, decoder=DecoderConfig(32, 2, 2))


@pytest.mark.parametrize("mixup", ["paper", "released"])
@pytest.mark.parametrize("norm_pix", [True, False])
@pytest.mark.parametrize("bands", [(S2, S1), (RGB, S2)])
def test_loss_and_gradients(bands, norm_pix: bool, mixup: str):
    numbers = torch.Generator().manual_seed(len(bands[0]))
    images = [torch.randn(3, len(names), 96, 96, generator=numbers) for names in bands]
    take, hide = (torch.rand(3, 36, generator=numbers) for _ in range(2))
    ours = random_autoencoder(CONFIG, 1)
    plain = PlainAutoEncoder(CONFIG)
    plain.load_state_dict(ours.state_dict())

    loss = PretrainingStep(ours, norm_pix, mixup)(images, bands, take, hide)
    loss.backward()
    masks = TokenMasks.drawn(take, hide)
    masked = torch.zeros(3, 36, dtype=torch.bool).scatter(1, masks.hidden, True)
    expected = plain(images[0], bands[0], images[1], bands[1], masks.take_a, masked, norm_pix, mixup)
    expected.backward()

    assert loss.item() == pytest.approx(expected.item(), rel=1e-4)
    wanted = {name: parameter.grad for name, parameter in plain.named_parameters()}
    for name, parameter in ours.named_parameters():
        gradient, reference = parameter.grad, wanted[name]
        if reference is None:
            # Layers of other bands, and fixed tables: untouched by the plain step.
            assert gradient is None or not gradient.any(), name
        else:
            assert gradient is not None, name
            assert (gradient - reference).abs().max() <= 1e-4 * reference.abs().max(), name


@pytest.mark.parametrize("pair", ["maxar_rgb+s2_l1c", "s2_l2a+s1_grd"])
@pytest.mark.parametrize("norm_pix", [True, False])
def test_the_plain_implementation_meets_the_golden_losses(pair: str, norm_pix: bool):
    case = json.loads((GOLDEN / "golden.json").read_text())[pair]
    arrays = np.load(GOLDEN / "pretraining_golden.npz")
    plain = PlainAutoEncoder(load_autoencoder(GOLDEN / "autoencoder_tiny.safetensors").config)
    plain.load_state_dict(load_file(GOLDEN / "autoencoder_tiny.safetensors"))
    images = [torch.from_numpy(arrays[f"{pair}.image_{side}_x32"]).float() / 32 for side in "ab"]
    masks = [torch.from_numpy(arrays[f"{pair}.{name}"]) for name in ("take_a", "masked")]
    with torch.no_grad():
        loss = plain(images[0], case["bands_a"], images[1], case["bands_b"], *masks, norm_pix)
    assert loss.item() == pytest.approx(case["loss_norm_pix" if norm_pix else "loss"], rel=1e-4)
