"""A part of a step: the golden losses, parts that sum up, and a model that learns eight real pairs by heart."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from pretraining_runs import ONE, SIZE, TINY, s1_side, s2_side, write_collection

from engine.model.config import DecoderConfig, ModelConfig
from engine.model.initialise import random_autoencoder
from engine.model.load import load_autoencoder
from train.data.augment import Augment, Draws
from train.data.packing import pack
from train.data.readers.csv_pairs import csv_pairs
from train.data.shards import Collection
from train.optimiser import make_optimiser
from train.recipe import Recipe, Source
from train.step import PretrainingStep, part_loss

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
SENSORS = "sentinel-2-l1c", "sentinel-1-grd"


def draws_for(take_a: torch.Tensor, masked: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Random numbers from which these masks are drawn: small ones for tokens of a, and for visible ones."""
    noise = torch.rand(take_a.shape, generator=torch.Generator().manual_seed(0)) / 4
    return torch.where(take_a, noise, 0.5 + noise), torch.where(masked, 0.5 + noise, noise)


@pytest.mark.parametrize("pair", ["maxar_rgb+s2_l1c", "s2_l2a+s1_grd"])
@pytest.mark.parametrize("norm_pix", [True, False])
def test_golden_losses_from_draws(pair: str, norm_pix: bool):
    case = json.loads((GOLDEN / "golden.json").read_text())[pair]
    arrays = np.load(GOLDEN / "pretraining_golden.npz")
    images = [torch.from_numpy(arrays[f"{pair}.image_{side}_x32"]).float() / 32 for side in "ab"]
    take_a, masked = (torch.from_numpy(arrays[f"{pair}.{name}"]) for name in ("take_a", "masked"))
    # What a step draws are halves and quarters, to the token.
    assert take_a.sum(1).unique().tolist() == [18]
    assert masked.sum(1).unique().tolist() == [27]
    step = PretrainingStep(load_autoencoder(GOLDEN / "autoencoder_tiny.safetensors"), norm_pix, "paper")
    with torch.no_grad():
        loss = step(images, [case["bands_a"], case["bands_b"]], *draws_for(take_a, masked))
    assert loss.item() == pytest.approx(case["loss_norm_pix" if norm_pix else "loss"], rel=1e-4)


@pytest.mark.parametrize("mixup", ["paper", "released", "none"])
def test_parts_accumulate_to_the_gradient_of_the_whole(tmp_path, mixup):
    collection = Collection(write_collection(tmp_path / "c", (s2_side(), s1_side()), 8, 0))
    augment = Augment(collection.sides, SIZE, ONE.device)
    images = [torch.from_numpy(image) for image in collection.read(range(8))]
    draws = Draws.of_part(0, 0, 8, 16)
    model = random_autoencoder(TINY, 0)
    step = PretrainingStep(model, True, mixup)

    def gradients(parts: int) -> dict[str, torch.Tensor]:
        model.zero_grad()
        for start in range(0, 8, 8 // parts):
            stop = start + 8 // parts
            share = [image[start:stop] for image in images]
            loss = part_loss(step, augment, collection.sides, share, draws.rows(start, stop), ONE.device, False)
            (loss / parts).backward()
        return {name: p.grad.clone() for name, p in model.named_parameters() if p.requires_grad}

    whole, summed = gradients(1), gradients(4)
    for name, gradient in whole.items():
        torch.testing.assert_close(summed[name], gradient, atol=1e-6, rtol=1e-4, msg=name)
    # Layers of bands that are not there take part, with nothing: ranks with other sensors can be summed.
    absent = model.spectrum_projection.spectrum_embeds[2].proj.weight.grad
    assert absent is not None
    assert not absent.any()


def test_eight_real_pairs_are_learnt_by_heart(data_dir, tmp_path):
    """To 5 % of the first loss, with the paper's loss (norm_pix): the same crops and masks in every step."""
    chip = data_dir / "sen1floods11_spain_left"
    rasters = [next((chip / folder).glob("*.tif")) for folder in ("S2", "S1")]
    listed = f"a,sensor_a,b,sensor_b\n{rasters[0]},{SENSORS[0]},{rasters[1]},{SENSORS[1]}\n"
    (tmp_path / "list.csv").write_text(listed)
    pack(csv_pairs(tmp_path / "list.csv", "Copernicus", SIZE, 8), tmp_path / "c")
    collection = Collection(tmp_path / "c")
    assert len(collection) == 8

    model = random_autoencoder(ModelConfig(96, 4, 3, decoder=DecoderConfig(96, 2, 3)), 0)
    step = PretrainingStep(model, True, "paper")
    recipe = Recipe(data=(Source("c"),), batch=8, base_lr=3e-3 * 256 / 8, weight_decay=0.0)
    optimiser = make_optimiser(model, recipe)
    draws = Draws.of_part(0, 0, 8, 16)
    images = [torch.from_numpy(image) for image in collection.read(range(8))]
    seen = Augment(collection.sides, SIZE, ONE.device)(images, draws)
    first = None
    for _ in range(300):
        loss = step(seen, [side.bands for side in collection.sides], draws.take, draws.hide)
        first = first or loss.item()
        if loss.item() < 0.05 * first:
            break
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    assert loss.item() < 0.05 * first
