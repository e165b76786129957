"""Pictures show what the model predicts, from what it sees, in tones that the truth sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pretraining_runs import RGB, TINY, s1_side, s2_side, settings

from engine.model.initialise import random_autoencoder
from train.data.shards import Collection
from train.recipe import Recipe, recipe_from
from train.watch.contact_sheet import Sheet
from train.watch.pictures import Pictures, Stretch, save_picture, shown_bands

CPU = torch.device("cpu")


@pytest.fixture
def model():
    return random_autoencoder(TINY, 5).eval()


def _recipe(data: Path, **changes: object) -> Recipe:
    return recipe_from(settings(data, **changes))


def _sheets(data: Path, model, monkeypatch, **changes: object) -> list[Sheet]:
    """The sheets before they are drawn."""
    kept: list[Sheet] = []
    monkeypatch.setattr("train.watch.pictures.draw", lambda sheet, panel_px: kept.append(sheet))
    recipe = _recipe(data, **changes)
    collections = [Collection(data / source.path) for source in recipe.data]
    list(Pictures(recipe, collections, CPU, False).sheets(model, "step 3"))
    return kept


def test_a_sheet_per_collection_with_both_directions_for_pairs(data, model, monkeypatch):
    radar, fine, alone = _sheets(data, model, monkeypatch)
    assert (radar.title, radar.detail, len(radar.rows)) == ("radar", "step 3", 3)
    assert radar.rows[1] == "radar place 6"
    assert [[column.caption for column in group.columns] for group in radar.groups] == [
        ["truth", "visible", "from itself", "from Sentinel-1 GRD"],
        ["truth", "visible", "from itself", "from Sentinel-2 L2A"],
    ]
    assert [group.detail for group in radar.groups] == ["natural colours", "mean of VV and VH"]
    assert fine.groups[0].title == "picture"
    assert [column.caption for column in alone.groups[0].columns] == ["truth", "visible", "from itself"]
    assert "norm_pix" in radar.remarks[-1]
    assert not any("other sensor" in remark for remark in alone.remarks)


def test_visible_patches_stay_and_hidden_ones_are_the_models(data, model, monkeypatch):
    truth, visible, own = _sheets(data, model, monkeypatch, norm_pix=False)[2].groups[0].columns
    for sample in range(3):
        grey = (visible.images[sample] == 222).all(axis=2)
        assert grey.mean() == 0.75
        np.testing.assert_array_equal(visible.images[sample][~grey], truth.images[sample][~grey])
        np.testing.assert_array_equal(own.images[sample][~grey], truth.images[sample][~grey])
        assert (own.images[sample][grey] != truth.images[sample][grey]).any(axis=1).mean() > 0.9
    assert own.notes[0].startswith("error ")


def test_normalised_predictions_take_brightness_and_contrast_from_the_truth(data, model, monkeypatch):
    # A model that predicts no pattern at all.
    for layer in model.decoder_preds:
        torch.nn.init.zeros_(layer.weight)
    for group in _sheets(data, model, monkeypatch)[0].groups:
        truth, _, own, crossed = group.columns
        assert own.notes == crossed.notes == ["error 1.00"] * 3
        patches = crossed.images[0].reshape(4, 16, 4, 16, 3)
        assert (np.ptp(patches, axis=(1, 3)) == 0).all()
        means = truth.images[0].astype(float).reshape(4, 16, 4, 16, 3).mean(axis=(1, 3))
        assert np.corrcoef(means.mean(axis=2).ravel(), patches[:, 0, :, 0].mean(axis=2).ravel())[0, 1] > 0.7
    remarks = _sheets(data, model, monkeypatch, norm_pix=False)[0].remarks
    assert not any("norm_pix" in remark for remark in remarks)


def test_every_look_is_at_the_same_samples_and_masks(data, model):
    recipe = _recipe(data)
    collections = [Collection(data / source.path) for source in recipe.data]
    torch.manual_seed(1)
    state = torch.get_rng_state()
    pictures = Pictures(recipe, collections, CPU, False)
    first, second = (list(pictures.sheets(model, "step 3")) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert one.dtype == np.uint8
        np.testing.assert_array_equal(one, other)
    assert torch.equal(torch.get_rng_state(), state)


def test_shown_bands():
    assert shown_bands(s2_side().bands) == ([2, 1, 0], "natural colours")
    assert shown_bands(RGB.bands) == ([0, 1, 2], "natural colours")
    assert shown_bands(("microwave_1", "microwave_2")) == ([0, 1], "mean of VV and VH")
    assert shown_bands(("near_infrared_1",)) == ([0], "near infrared")
    assert shown_bands(("red_edge_1", "green_2", "blue_1")) == ([0], "red edge")


def test_tones_are_set_by_the_truth_and_flat_ground_stays_flat():
    side = s1_side()
    flat = torch.zeros(1, 2, 8, 8)
    picture = Stretch(side, flat)(flat + 1e-3 * torch.randn(1, 2, 8, 8, generator=torch.Generator().manual_seed(0)))[0]
    assert np.ptp(picture) < 30
    slope = torch.linspace(-1, 1, 64).view(1, 1, 8, 8).expand(1, 2, 8, 8)
    stretch = Stretch(side, slope)
    assert (stretch(slope)[0].min(), stretch(slope)[0].max()) == (0, 255)
    assert (stretch(slope + 9)[0] == 255).all()
    assert (stretch(slope * torch.nan)[0] == 222).all()


def test_a_picture_is_written_whole(tmp_path):
    picture = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    save_picture(picture, tmp_path / "00000003" / "a.png")
    with Image.open(tmp_path / "00000003" / "a.png") as image:
        np.testing.assert_array_equal(np.asarray(image), picture)
    assert [path.name for path in (tmp_path / "00000003").iterdir()] == ["a.png"]
