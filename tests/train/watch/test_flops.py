"""Operations are those that torch counts in a real step."""

from __future__ import annotations

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from engine.model.config import CONFIGS, DecoderConfig, ModelConfig
from engine.model.initialise import random_autoencoder
from train.step import PretrainingStep
from train.watch.flops import record_flops, visible_tokens

CONFIG = ModelConfig(48, 2, 3, grid=6, decoder=DecoderConfig(32, 2, 2))
RGB, RADAR = ("red_1", "green_1", "blue_3"), ("microwave_1", "microwave_2")


@pytest.mark.parametrize(
    ("bands", "mixup"), [((RGB, RADAR), "paper"), ((RGB, RADAR), "released"), ((RGB, RADAR), "none"), ((RGB,), "paper")]
)
def test_those_of_a_step_are_counted(bands, mixup: str):
    step = PretrainingStep(random_autoencoder(CONFIG, 0), True, mixup)
    images = [torch.randn(2, len(names), 96, 96) for names in bands]
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        step(images, bands, torch.rand(2, 36), torch.rand(2, 36)).backward()
    assert counter.get_total_flops() == 2 * record_flops(CONFIG, 36, [len(names) for names in bands], mixup)


def test_the_encoder_sees_a_quarter():
    assert (visible_tokens(196), visible_tokens(100), visible_tokens(6)) == (49, 25, 1)
    # A ViT-B forwards on 197 tokens takes 35 GFLOP (17.6 billion multiply-adds): on 50 of them, twice, about half.
    pair = record_flops(CONFIGS["vit-b"], 196, [12, 2], "paper")
    assert 3 * 17e9 < pair < 3 * 45e9
