"""Reconstruction: what a decoder expects, at the right pixels and in the right unit; refused where there is none."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio
import torch
from affine import Affine
from scipy.ndimage import gaussian_filter

from engine.errors import CancelledError, CheckpointError, JobError, OutputError, StatisticsError
from engine.jobs.reconstruct import ReconstructJob
from engine.model.autoencoder import pixel_targets
from engine.model.checkpoints import save_checkpoint
from engine.model.config import DecoderConfig, ModelConfig
from engine.model.initialise import random_autoencoder
from engine.model.load import load_encoder
from engine.model.projection import patchify
from engine.raster.tiles import plan_tiles
from engine.spectrum.assign import assign
from engine.spectrum.bands import Band
from engine.spectrum.sensors import load_sensor, sensor_statistics
from engine.tasks.reconstruct import run
from engine.tasks.reconstruct_chips import HiddenPasses, _Group
from engine.tasks.reconstruct_targets import anchors, parse_targets

NAMES = ("B02", "B03", "B04", "B08")
KEYS = ("blue_1", "green_2", "red_2", "near_infrared_1")
SIDE = 128


def figures(name):
    """A column (4, 1, 1) of Sentinel-2's statistics of the four bands."""
    return np.array(getattr(sensor_statistics(load_sensor("sentinel-2-l2a"), NAMES), name))[:, None, None]


@pytest.fixture(scope="module")
def meadow():
    """Soft hills of two materials in four bands, as digital numbers: no visible band alone tells the near infrared."""
    rng = np.random.default_rng(0)
    fields = [gaussian_filter(rng.normal(size=(SIDE, SIDE)), sigma, mode="wrap") for sigma in (18, 21)]
    green, bright = (field / field.std() for field in fields)
    hills = np.stack([bright - 0.3 * green, bright + 0.1 * green, bright - 0.8 * green, 0.4 * bright + 1.2 * green])
    share = np.clip(0.45 * hills * figures("std") + figures("mean"), 0, 1)
    return share * (figures("p99") - figures("p1")) + figures("p1")


def write_visible(path, values, nodata=None):
    """A raster of the first three bands."""
    with rasterio.open(
        path, "w", driver="GTiff", width=values.shape[2], height=values.shape[1], count=3, dtype="uint16",
        crs="EPSG:32633", transform=Affine(10, 0, 400_000, 0, -10, 5_000_000), nodata=nodata,
    ) as dataset:  # fmt: skip
        dataset.write(values[:3].round().astype("uint16"))
        dataset.descriptions = NAMES[:3]
    return path


@pytest.fixture(scope="module")
def visible(meadow, tmp_path_factory):
    return write_visible(tmp_path_factory.mktemp("visible") / "visible.tif", meadow)


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    """A small whole model as a file: tokens of 4 px, 8 × 8 of them."""
    model = random_autoencoder(ModelConfig(32, 2, 2, patch=4, grid=8, decoder=DecoderConfig(32, 1, 2)), 1, "small")
    path = tmp_path_factory.mktemp("model") / "small.safetensors"
    save_checkpoint(model.eval(), path)
    return path


@pytest.fixture(scope="module")
def trained(meadow, tmp_path_factory):
    """The small model, taught to expect all four bands where it sees the three visible ones around."""
    share = (meadow - figures("p1")) / (figures("p99") - figures("p1"))
    image = torch.from_numpy((share - figures("mean")) / figures("std")).float()
    steps = 260
    torch.manual_seed(0)
    model = random_autoencoder(ModelConfig(32, 2, 2, patch=4, grid=8, decoder=DecoderConfig(32, 1, 2)), 1, "small")
    optimiser = torch.optim.AdamW(model.train().parameters(), lr=3e-3, betas=(0.9, 0.95))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 8e-3, total_steps=steps)
    for _ in range(steps):
        corners = torch.randint(0, SIDE - 31, (16, 2)).tolist()
        chips = torch.stack([image[:, row : row + 32, col : col + 32] for row, col in corners])
        hidden = torch.rand(16, 64).argsort(1) < 32
        predicted = model.reconstruct(chips[:, :3], KEYS[:3], hidden, KEYS)
        expected = pixel_targets(patchify(chips, 4), 4, norm_pix=True)
        loss = (predicted - expected).square().mean((2, 3))[hidden].mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    path = tmp_path_factory.mktemp("model") / "trained.safetensors"
    save_checkpoint(model.eval(), path, {"random": "false"})
    return path


def reconstruct(source, model, out=None, **settings):
    settings = {"chip": 32, "sensors": ("sentinel-2-l2a",), "precision": "fp32", "overlap": 0.5, **settings}
    if out is not None:
        settings = {"targets": ("sentinel-2-l2a:B08",), **settings, "output": str(out)}
    return run(ReconstructJob(inputs=(str(source),), model=str(model), **settings))


def read(path):
    with rasterio.open(path) as dataset:
        return dataset.read()


def test_near_infrared_comes_from_visible_bands_in_its_own_unit(meadow, visible, trained, tmp_path):
    result = reconstruct(visible, trained, tmp_path / "nir.tif", hidden_share=0.5)
    found = read(tmp_path / "nir.tif")[0]
    assert max(abs(np.corrcoef(band.ravel(), meadow[3].ravel())[0, 1]) for band in meadow[:3]) < 0.5
    assert np.corrcoef(found.ravel(), meadow[3].ravel())[0, 1] > 0.9
    assert np.abs(found - meadow[3]).mean() < 0.4 * np.abs(meadow[3] - meadow[3].mean()).mean()
    assert (result.rows, result.cols, result.targets) == (SIDE, SIDE, ("B08",))
    assert not any("random" in note for note in result.notes)


def test_what_does_not_belong_stands_out_in_the_anomaly(meadow, trained, tmp_path):
    strange = meadow.copy()
    strange[:3, 48:56, 80:88] = strange[:3, 48:56, 80:88][[2, 0, 1]][:, ::-1, ::-1] * 1.3
    source = write_visible(tmp_path / "strange.tif", strange)
    reconstruct(source, trained, anomaly=str(tmp_path / "anomaly.tif"), hidden_share=0.5)
    error = read(tmp_path / "anomaly.tif")[0]
    assert error.shape == (32, 32)
    assert error[12:14, 20:22].min() > np.quantile(error, 0.95)


def test_maps_lie_on_the_images_and_keep_nodata_to_the_pixel(meadow, untrained, tmp_path):
    holed = meadow.copy()
    holed[:3, 40:90, 21:64] = 0
    source = write_visible(tmp_path / "holed.tif", holed, nodata=0)
    extent = (400_000, 4_998_800, 401_130, 5_000_000)
    files = tmp_path / "out.tif", tmp_path / "anomaly.tif"
    result = reconstruct(source, untrained, files[0], anomaly=str(files[1]), extent=extent)
    assert (result.rows, result.cols) == (120, 113)
    with rasterio.open(tmp_path / "out.tif") as dataset:
        assert dataset.transform == Affine(10, 0, 400_000, 0, -10, 5_000_000)
        assert dataset.descriptions == ("B08 predicted",)
        np.testing.assert_array_equal(np.isnan(dataset.read(1)), holed[0, :120, :113] == 0)
        tags = dataset.tags()
    assert tags["SMARTIES_TASK"] == "reconstruct"
    assert ReconstructJob.from_json(tags["SMARTIES_JOB"]).chip == 32
    assert json.loads(tags["SMARTIES_MODEL"])["random"] is True
    with rasterio.open(tmp_path / "anomaly.tif") as dataset:
        assert dataset.transform == Affine(40, 0, 400_000, 0, -40, 5_000_000)
        assert dataset.shape == (30, 29)
        share = (holed[0, :120, :112] > 0).reshape(30, 4, 28, 4).mean(axis=(1, 3))
        np.testing.assert_array_equal(np.isnan(dataset.read(1))[:, :28], share < 0.5)
    assert any("random" in note for note in result.notes)


def test_a_run_repeats_whatever_the_batch_and_another_seed_hides_others(visible, untrained, tmp_path):
    settings = {"extent": (400_000, 4_999_360, 400_640, 5_000_000)}
    reconstruct(visible, untrained, tmp_path / "one.tif", batch=1, **settings)
    reconstruct(visible, untrained, tmp_path / "many.tif", batch=5, **settings)
    reconstruct(visible, untrained, tmp_path / "other.tif", seed=1, **settings)
    one, many, other = (read(tmp_path / f"{name}.tif") for name in ("one", "many", "other"))
    np.testing.assert_allclose(one, many, rtol=1e-4)
    assert np.abs(one - other).max() > 1e-3 * np.abs(one).max()


@pytest.mark.parametrize(("share", "passes", "hidden"), [(0.75, 4, 3), (0.5, 2, 1), (0.01, 8, 1), (0.99, 8, 7)])
def test_every_token_is_hidden_equally_often(share, passes, hidden):
    tiles = [*plan_tiles(64, 64, 32, 14, 0.5).tiles(0)]
    turns = HiddenPasses.of(share, 196)
    masks = turns.masks(tiles, 196, seed=0)
    assert masks.shape == (passes, len(tiles), 196)
    assert (masks.sum(0) == hidden).all()
    # As many in every sample of a pass, which the model asks for.
    assert all(len(set(each.sum(1).tolist())) == 1 for each in masks)
    assert not torch.equal(masks[:, 0], masks[:, 1])


def test_predictions_are_put_back_to_the_scale_of_what_is_known():
    """Tokens normalised over four bands come back, the fourth of which is not known; a flat one stays flat."""
    generator = torch.Generator().manual_seed(0)
    truth = torch.randn(2, 9, 4, 16, generator=generator) * 3 + torch.randn(2, 9, 1, 1, generator=generator)
    truth[0, 0] = 1.7
    weights = torch.ones(2, 9, 1, 16)
    weights[1, 4, :, 5:] = 0
    truth[1, 4, :3, 5:] = 99
    known = truth.masked_fill(torch.tensor([False, False, False, True])[:, None], torch.nan)
    clean = truth.clone()
    clean[1, 4, :, 5:] = truth[1, 4, :, :1]
    normed = pixel_targets(clean.flatten(2), 4, norm_pix=True)
    found = _Group("sentinel-2", [3], [0, 1, 2], [0, 1, 2]).scaled(normed, known, weights)
    spread = truth.std()
    assert (found - truth[:, :, 3:])[0, 1:].abs().max() < 0.1 * spread
    assert (found - truth[:, :, 3:])[1, 4, :, :5].abs().max() < 0.1 * spread
    torch.testing.assert_close(found[0, 0], truth[0, 0, 3:], rtol=0, atol=1e-3)


def test_the_scale_of_a_sensor_is_told_by_what_its_layers_see_of_the_image():
    rgb = assign([Band(name, layer=key) for name, key in (("red", "red_1"), ("green", "green_1"))], family="rgb")
    placed = assign([Band("red", 660.0, 630.0, 690.0, layer="red_1"), Band("VV", 5.55e7, polarisation="VV")])
    assert anchors("sentinel-2", rgb, "log") == []
    ((number, seen),) = anchors("sentinel-2", placed, "log")
    assert (number, seen.layer_keys) == (0, ("red_2",))
    assert [number for number, _ in anchors("radar", placed, "log")] == [1]
    assert [seen.layer_keys for _, seen in anchors("rgb", rgb, "log")] == [("red_1",), ("green_1",)]


def test_targets_are_bands_of_a_sensor_or_learnt_layers():
    l1c = load_sensor("sentinel-2-l1c")
    asked = ["near_infrared_1", "sentinel-2-l2a:b8a", "sentinel-1-grd:VH", "red_1"]
    targets = parse_targets(asked, [None, l1c], "log", False)
    assert [(target.sensor.name, target.name, target.family) for target in targets] == [
        ("sentinel-2-l1c", "B08", "sentinel-2"),
        ("sentinel-2-l2a", "B8A", "sentinel-2"),
        ("sentinel-1-grd", "VH", "radar"),
        ("maxar-rgb", "red", "rgb"),
    ]
    stats = sensor_statistics(l1c, ["B08"])
    assert stats is not None
    middle = stats.mean[0] * (stats.p99[0] - stats.p1[0]) + stats.p1[0]
    assert targets[0].values(np.array([0.0, 99.0])) == pytest.approx([middle, stats.p99[0]])


@pytest.mark.parametrize(
    ("target", "error", "said"),
    [
        ("nir", JobError, "“nir” names no band"),
        ("sentinel-2-l2a:B99", JobError, "has no band B99. It has B01"),
        ("naip:NIR", StatisticsError, "has no unit. Choose a band of maxar-rgb"),
    ],
)
def test_a_target_that_cannot_be_is_one_clear_sentence(visible, untrained, tmp_path, target, error, said):
    with pytest.raises(error, match=said):
        reconstruct(visible, untrained, tmp_path / "out.tif", targets=(target,))
    assert list(tmp_path.iterdir()) == []


def test_bands_without_anything_to_scale_them_by_say_so(visible, untrained, tmp_path):
    settings = {"extent": (400_000, 4_999_680, 400_320, 5_000_000), "targets": ("sentinel-1-grd:VV",)}
    notes = reconstruct(visible, untrained, tmp_path / "scaled.tif", **settings).notes
    plain = reconstruct(visible, untrained, tmp_path / "plain.tif", norm_pix=False, **settings).notes
    assert any("tells the brightness of VV" in note for note in notes)
    assert not any("tells the brightness" in note for note in plain)


def test_a_model_without_a_decoder_is_refused_with_a_way_out(visible, untrained, tmp_path):
    save_checkpoint(load_encoder(untrained), tmp_path / "encoder.safetensors")
    with pytest.raises(CheckpointError, match="without a decoder it reconstructs nothing"):
        reconstruct(visible, tmp_path / "encoder.safetensors", tmp_path / "out.tif")


def test_inputs_stay_and_a_cancelled_run_leaves_nothing(visible, untrained, tmp_path):
    with pytest.raises(OutputError, match="one of the images to read"):
        reconstruct(visible, untrained, visible, overwrite=True)
    asked = []

    def cancelled():
        asked.append(True)
        return len(asked) > 12

    job = ReconstructJob(
        inputs=(str(visible),),
        sensors=("sentinel-2-l2a",),
        model=str(untrained),
        chip=32,
        targets=("sentinel-2-l2a:B08",),
        output=str(tmp_path / "out.tif"),
        anomaly=str(tmp_path / "anomaly.tif"),
    )
    with pytest.raises(CancelledError):
        run(job, cancelled=cancelled)
    assert len(asked) > 12 and list(tmp_path.iterdir()) == []
