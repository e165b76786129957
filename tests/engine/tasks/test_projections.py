"""Embeddings by way of projections of one's own: said in them, told from others, refused where they do not fit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from training_scenes import MODEL, never, no_progress

from engine.errors import CheckpointError, JobError
from engine.jobs.cluster import ClusterJob
from engine.jobs.embed import EmbedJob
from engine.model import load_encoder
from engine.model.own_layers import OwnLayers, save_own_layers
from engine.raster.feature_raster import FeatureRaster
from engine.spectrum.bands import Band
from engine.tasks import embed, plan
from engine.tasks.feature_source import feature_sources


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Projections of Landsat 8's thermal band, in a file."""
    info = load_encoder(MODEL).info
    weight = torch.randn(1, 48, 256, generator=torch.Generator().manual_seed(0))
    layers = OwnLayers((Band("ST_B10", 10895.0),), weight, torch.zeros(1, 48), info.sha256, info.title)
    path = tmp_path_factory.mktemp("own") / "own.safetensors"
    save_own_layers(layers, path)
    return path, layers


def job(scene, path="", image="l8", **settings):
    return EmbedJob(inputs=(str(scene[image]),), model=MODEL, chip=48, projections=str(path), **settings)


def test_an_embedding_made_with_them_says_so_and_speaks_another_language(scene, own, tmp_path):
    path, layers = own
    with_own, without = tmp_path / "own.tif", tmp_path / "plain.tif"
    result = embed.run(job(scene, path, output=str(with_own)))
    plain = embed.run(job(scene, output=str(without)))
    assert any("ST_B10 runs on projections of your own" in note for note in result.notes)
    assert any("no layer was learnt for ST_B10" in note for note in plain.notes)
    assert not any("no layer was learnt" in note for note in result.notes)
    with FeatureRaster(with_own) as a, FeatureRaster(without) as b:
        assert a.record.model["projections"] == layers.sha256 and not b.record.model["projections"]
        assert [band["name"] for band in a.record.images[0]["bands"] if band.get("own_layer")] == ["ST_B10"]
        assert a.record.fingerprint != b.record.fingerprint
        assert np.nanmax(np.abs(a.read(0, a.rows) - b.read(0, b.rows))) > 0.1


def test_they_are_planned_with_too(scene, own):
    found = plan.run(job(scene, own[0]), never)
    assert any("ST_B10 runs on projections of your own" in note for note in found["notes"])


def test_kept_embeddings_are_told_apart_by_their_values_not_by_their_file(scene, own, tmp_path):
    path, layers = own
    elsewhere, others = tmp_path / "copy.safetensors", tmp_path / "others.safetensors"
    save_own_layers(layers, elsewhere)
    save_own_layers(
        OwnLayers(layers.bands, layers.weight + 1, layers.bias, layers.model_sha256, layers.model_title), others
    )

    def kept(projections):
        settings = {"inputs": (str(scene["l8"]),), "model": MODEL, "chip": 48, "projections": str(projections)}
        (source,) = feature_sources(ClusterJob(output="unused.tif", **settings), no_progress, never)
        return source

    first, same, other = kept(path), kept(elsewhere), kept(others)
    assert same.reused and same.path == first.path and other.path != first.path


def test_they_are_refused_for_images_without_such_a_band_and_for_other_models(scene, own, tmp_path):
    with pytest.raises(JobError, match=r"are for ST_B10 \(10895 nm\): no image has such a band"):
        embed.run(job(scene, own[0], "s1", output=str(tmp_path / "out.tif")))
    other = EmbedJob(inputs=(str(scene["l8"]),), projections=str(own[0]), output=str(tmp_path / "out.tif"))
    with pytest.raises(CheckpointError, match="The projections were learnt with"):
        embed.run(other)
    with pytest.raises(CheckpointError, match="There is no"):
        embed.run(job(scene, tmp_path / "absent.safetensors", output=str(tmp_path / "out.tif")))
    assert not list(tmp_path.iterdir())
