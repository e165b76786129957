"""Embeddings that are kept: found again by what they are made of, removed when they take too much."""

from __future__ import annotations

import dataclasses
import json
import os

import pytest
import rasterio

from engine.jobs.embed import EmbedJob
from engine.tasks import feature_cache
from engine.tasks.embed_setup import set_up
from engine.tasks.feature_cache import cached_path, prune
from engine.tasks.inputs import statistics_text


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SMARTIES_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


def test_one_embedding_has_one_name_however_it_is_asked_for(scene, folder):
    job = EmbedJob(inputs=(str(scene["s1"]),))
    setup = set_up(job)
    path = cached_path(setup)
    with rasterio.open(scene["s1"]) as source:
        bounds = source.bounds
    (known,) = setup.statistics
    for same in (
        {"chip": setup.chip, "dtype": "float16", "precision": setup.precision, "batch": 3},
        {"extent": tuple(bounds), "extent_crs": str(setup.grid.crs)},
        {"grid_like": str(scene["s2"])},
        {"statistics": statistics_text([json.loads(known.to_json()) | {"source": "a head"}])},
    ):
        assert cached_path(set_up(dataclasses.replace(job, **same))) == path, same
    figures = json.loads(known.to_json())
    for other in (
        {"overlap": 0.5},
        {"chip": 56},
        {"level": "chips"},
        {"min_valid": 0.1},
        {"statistics": statistics_text([figures | {"p99": [value + 1 for value in figures["p99"]]}])},
        {"statistics": "estimate"},
        {"extent": (bounds.left, bounds.bottom, bounds.right - 500, bounds.top)},
    ):
        assert cached_path(set_up(dataclasses.replace(job, **other))) != path, other


def test_a_file_that_was_changed_is_another_one(scene, folder, tmp_path):
    copy = tmp_path / scene["s1"].name
    copy.write_bytes(scene["s1"].read_bytes())
    job = EmbedJob(inputs=(str(copy),))
    before = cached_path(set_up(job))
    os.utime(copy, ns=(1, 1))
    assert cached_path(set_up(job)) != before


def test_the_least_used_go_first_and_never_the_one_in_use(folder, monkeypatch):
    for age, name in enumerate(("new.tif", "old.tif", "oldest.tif")):
        (folder / name).write_bytes(bytes(1000))
        os.utime(folder / name, (1000 - age, 1000 - age))
    monkeypatch.setenv("SMARTIES_CACHE_GB", "0.0000015")
    prune(keep=folder / "oldest.tif")
    assert sorted(path.name for path in folder.iterdir()) == ["new.tif", "oldest.tif"]
    assert feature_cache.usage() == (2, 2000)
    assert feature_cache.clear() == (2, 2000) and feature_cache.usage() == (0, 0)
