"""Features are made once and kept, until anything they depend on changes."""

from __future__ import annotations

import json
import os
import shutil

import numpy as np
import pytest
import rasterio

from engine.errors import JobError
from engine.jobs.cluster import ClusterJob
from engine.tasks import feature_cache
from engine.tasks.feature_source import feature_sources

EXTENT = (650000, 5358900, 651100, 5360000)


@pytest.fixture
def image(scene, tmp_path, monkeypatch):
    monkeypatch.setenv("SMARTIES_CACHE", str(tmp_path / "kept"))
    return shutil.copy(scene["s2"], tmp_path / scene["s2"].name)


def features(*inputs, **settings):
    job = ClusterJob(inputs=tuple(map(str, inputs)), output="unused.tif", extent=EXTENT, **settings)
    (source,) = feature_sources(job, lambda _: None, lambda: False)
    return source


def test_the_second_time_they_are_there(image, untrained):
    first, second = (features(image, model=str(untrained), **settings) for settings in ({}, {"clusters": 3, "seed": 5}))
    assert (first.reused, second.reused) == (False, True)
    assert first.path == second.path and second.path.is_file()
    assert any("random" in note for note in second.notes), "what the user should know is not said only once"


def test_whatever_they_depend_on_makes_others(image, tmp_path):
    first = features(image)
    table = tmp_path / "bands.json"
    bands = [{"name": f"b{n}", "centre": 440 + 38 * n} for n in range(12)]
    table.write_text(json.dumps({"units": "nm", "bands": bands}))
    others = [features(image, chip=56), features(image, band_tables=(str(table),)), features(image, overlap=0.0)]
    with rasterio.open(image, "r+") as dataset:
        dataset.write(dataset.read(1) + 1, 1)
    others.append(features(image))
    assert not any(other.reused for other in others)
    assert len({str(each.path) for each in (first, *others)}) == 5


def test_embeddings_given_are_taken_as_they_are(image):
    made = features(image)
    given = features(made.path)
    assert given.path == made.path and given.reused
    with pytest.raises(JobError, match="is an image, others of the inputs are embeddings"):
        features(made.path, image)


def test_those_unused_for_longest_go_first(image, monkeypatch):
    old, new = features(image), features(image, overlap=0.0)
    os.utime(old.path, (1, 1))
    monkeypatch.setenv("SMARTIES_CACHE_GB", str(1.5 * new.path.stat().st_size / 1e9))
    feature_cache.prune()
    assert not old.path.exists() and new.path.exists()
    monkeypatch.setenv("SMARTIES_CACHE_GB", "0")
    feature_cache.prune(keep=new.path)
    assert new.path.exists(), "what is in use stays"
    count, size = feature_cache.usage()
    assert (count, size) == (1, new.path.stat().st_size)
    assert feature_cache.clear() == (count, size) and feature_cache.usage() == (0, 0)


def test_half_precision_is_near_enough(image, tmp_path):
    from engine.jobs.embed import EmbedJob
    from engine.tasks.embed import run

    out = tmp_path / "whole.tif"
    run(EmbedJob(inputs=(str(image),), output=str(out), extent=EXTENT))
    with rasterio.open(out) as whole, rasterio.open(features(image).path) as half:
        a, b = whole.read().reshape(192, -1), half.read().reshape(192, -1)
    cosine = (a * b).sum(0) / np.linalg.norm(a, axis=0) / np.linalg.norm(b, axis=0)
    assert cosine.min() > 0.99999
