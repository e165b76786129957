"""Maps with a UPerNet head, whose blocks no embedding holds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import rasterio
import torch

from engine.heads.files import save_head
from engine.heads.upernet import UPerNet, UPerNetHead, block_numbers, decoder_channels
from engine.jobs.embed import EmbedJob
from engine.jobs.segment import SegmentJob
from engine.raster.tiles import plan_tiles
from engine.tasks import embed
from engine.tasks.embed_setup import set_up
from engine.tasks.features import FeatureExtractor
from engine.tasks.inputs import prepare_images
from engine.tasks.segment import run
from engine.tasks.segment_tiles import pixel_plan
from tests.engine.tasks.test_segment import head_info, read


@pytest.fixture(scope="module")
def upernet(scene, tmp_path_factory):
    """An embedding of a corner of the radar image, 150 × 112 px, and a head of random weights for it."""
    folder = tmp_path_factory.mktemp("upernet")
    with rasterio.open(scene["s1"]) as source:
        left, top = source.transform @ (90, 0)
    job = EmbedJob(
        inputs=(str(scene["s1"]),), output=str(folder / "embedding.tif"), extent=(left, top - 1120, left + 1500, top)
    )
    embed.run(job)
    info = head_info(job.output, "upernet")
    torch.manual_seed(0)
    network = UPerNet(info.dims, len(info.classes), decoder_channels(info.dims)).eval()
    head = UPerNetHead(info, network)
    save_head(folder / "head.safetensors", folder / "head.json", head)
    return {"job": job, "head": head, "path": folder / "head.safetensors"}


def test_probabilities_are_those_of_the_tiles_blended_at_pixels(upernet, tmp_path):
    job, head = upernet["job"], upernet["head"]
    parts = tmp_path / "parts.tif"
    segment = SegmentJob(
        inputs=job.inputs, extent=job.extent, head=str(upernet["path"]), output=str(tmp_path / "out.tif"),
        probabilities=str(parts),
    )  # fmt: skip
    run(segment)
    found = read(parts)
    with rasterio.open(job.inputs[0]) as source:
        empty = np.isnan(source.read(window=((0, 112), (90, 240)))).any(axis=0)
    np.testing.assert_array_equal(np.isnan(found), np.broadcast_to(empty, found.shape))
    np.testing.assert_allclose(found[:, ~empty].sum(axis=0), 1, atol=1e-5)
    # The corner that only the first tile sees, encoded here.
    setup = set_up(dataclasses.replace(job, output=""))
    images = prepare_images(
        setup.job, setup.detected, setup.assignments, setup.statistics, setup.grid, lambda _: None, lambda: False
    )
    encoder = setup.load_encoder()
    with setup.detected[0].reader(setup.grid) as reader:
        values, valid = reader.read(0, 112, 0, 112)
    with FeatureExtractor(encoder, images, "stack", setup.device, 1, lambda: False) as extractor:
        blocks = extractor.blocks([values[None]], [valid[None]], block_numbers(encoder.depth))
    wanted = torch.softmax(head.logits(blocks, 112)[0], dim=0).numpy()
    mine = ~empty[:30, :30]
    np.testing.assert_allclose(found[:, :30, :30][:, mine], wanted[:, :30, :30][:, mine], atol=2e-3)


def test_the_embedding_stands_for_its_images(upernet, tmp_path):
    job = SegmentJob(inputs=(upernet["job"].output,), head=str(upernet["path"]), output=str(tmp_path / "a.tif"))
    run(job)
    run(dataclasses.replace(
        job, inputs=upernet["job"].inputs, extent=upernet["job"].extent, output=str(tmp_path / "b.tif")
    ))  # fmt: skip
    np.testing.assert_array_equal(read(tmp_path / "a.tif"), read(tmp_path / "b.tif"))


def test_tiles_stand_where_those_of_the_embedding_do():
    plan = plan_tiles(300, 430, 112, 14, 0.3)
    pixels = pixel_plan(plan)
    assert (pixels.row_starts, pixels.col_starts) == (plan.row_starts, plan.col_starts)
    assert (pixels.rows, pixels.cols, pixels.cells) == (300, 430, 112)
