"""Clusters without labels: what is alike gets one number, nodata stays, and the same seed gives the same map."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
import rasterio
from made_embeddings import CELLS, made_embedding

from engine.errors import CancelledError, JobError, OutputError, SourceError
from engine.jobs.cluster import ClusterJob
from engine.tasks.cluster import call, run

EXTENT = (650000, 5358900, 651100, 5360000)
SIZES = (400, 300, 150, 50)


def fields(path, dtype="float32", noise=0.05):
    """Four fields side by side, each of its own kind of cell; the first row has no data."""
    rng = np.random.default_rng(0)
    kinds = rng.normal(size=(4, 12))
    truth = np.repeat(np.arange(4), SIZES).reshape(30, 30)
    # Two of the kinds are alike.
    kinds[2] = kinds[0] + 0.4 * rng.normal(size=12)
    values = kinds[truth].transpose(2, 0, 1) + rng.normal(0, noise, (12, 30, 30))
    values *= rng.uniform(0.5, 2, (30, 30))
    values[:, 0] = np.nan
    return made_embedding(path, values, dtype), truth


def clustered(source, output, **settings):
    return run(ClusterJob(inputs=(str(source),), output=str(output), **settings))


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_like_cells_get_one_number_and_alike_ones_a_neighbouring_one(tmp_path, dtype):
    source, truth = fields(tmp_path / "e.tif", dtype)
    result = clustered(source, tmp_path / "map.tif", clusters=4)
    with rasterio.open(tmp_path / "map.tif") as dataset:
        values = dataset.read(1)
        assert dataset.transform == CELLS and dataset.nodata == 255 and dataset.dtypes == ("uint8",)
        palette, tags = dataset.colormap(1), dataset.tags()
    assert (values[0] == 255).all()
    numbers = [np.unique(values[1:][truth[1:] == each]) for each in range(4)]
    assert all(len(each) == 1 for each in numbers)
    assert sorted(int(each[0]) for each in numbers) == [1, 2, 3, 4]
    assert abs(int(numbers[0][0]) - int(numbers[2][0])) == 1
    shares = {each["value"]: each["share"] for each in result.clusters}
    assert sum(shares.values()) == pytest.approx(1)
    assert shares[int(numbers[3][0])] == pytest.approx(50 / 870)
    assert [each["name"] for each in result.clusters] == [f"cluster {value}" for value in (1, 2, 3, 4)]
    for each in result.clusters:
        assert "#{:02x}{:02x}{:02x}".format(*palette[each["value"]][:3]) == each["colour"]
    assert "<Category>cluster 2</Category>" in (tmp_path / "map.tif.aux.xml").read_text()
    assert tags["SMARTIES_TASK"] == "cluster" and json.loads(tags["SMARTIES_JOB"])["clusters"] == 4


def test_it_repeats_and_strips_change_nothing(tmp_path, monkeypatch):
    source, _ = fields(tmp_path / "e.tif", noise=0.5)
    clustered(source, tmp_path / "a.tif", clusters=5, seed=7)
    clustered(source, tmp_path / "b.tif", clusters=5, seed=7)
    monkeypatch.setattr("engine.raster.feature_raster.FeatureRaster.strips", lambda *_: ((r, r + 1) for r in range(30)))
    clustered(source, tmp_path / "c.tif", clusters=5, seed=7)
    maps = [rasterio.open(tmp_path / name).read() for name in ("a.tif", "b.tif", "c.tif")]
    assert (maps[0] == maps[1]).all() and (maps[0] == maps[2]).all()


def test_255_clusters_leave_room_for_nodata(tmp_path):
    values = np.random.default_rng(0).normal(size=(8, 40, 40))
    values[:, :2] = np.nan
    result = clustered(made_embedding(tmp_path / "e.tif", values), tmp_path / "map.tif", clusters=255)
    with rasterio.open(tmp_path / "map.tif") as dataset:
        found = dataset.read(1)
        assert dataset.dtypes == ("uint16",) and dataset.nodata == 65535
    assert (found[:2] == 65535).all() and found[2:].max() == 255
    assert len({each["colour"] for each in result.clusters}) == 255


def test_fewer_kinds_than_clusters_are_said(tmp_path):
    values = np.ones((4, 6, 6))
    values[0, :, 3:] = 7
    result = clustered(made_embedding(tmp_path / "e.tif", values), tmp_path / "map.tif", clusters=5)
    assert len(result.clusters) == 2 and any("no 5 clusters" in note for note in result.notes)


def test_what_cannot_be_is_said_and_leaves_nothing(tmp_path):
    source, _ = fields(tmp_path / "e.tif")
    other, _ = fields(tmp_path / "e2.tif")
    empty = made_embedding(tmp_path / "empty.tif", np.full((4, 6, 6), np.nan))
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(SourceError, match="no cell with data"):
        clustered(empty, tmp_path / "map.tif")
    with pytest.raises(OutputError, match="one of the files to read"):
        clustered(source, source, overwrite=True)
    with pytest.raises(JobError, match="2 embeddings"):
        run(ClusterJob(inputs=(str(source), str(other)), output=str(tmp_path / "map.tif")))
    with pytest.raises(CancelledError):
        run(ClusterJob(inputs=(str(source),), output=str(tmp_path / "map.tif")), cancelled=lambda: True)
    assert sorted(os.listdir(tmp_path)) == before


def test_images_are_embedded_on_the_way(scene, tmp_path):
    job = {"inputs": [str(scene["s1"])], "output": str(tmp_path / "map.tif"), "overlap": 0.0, "extent": EXTENT}
    messages = []
    result = call(job, lambda event: messages.append(event.message), lambda: False)
    assert (result["rows"], result["cols"], len(result["clusters"])) == (14, 14, 8)
    assert result["device"] and any("backscatter in dB" in note for note in result["notes"]), result["notes"]
    assert any("Embedding" in message for message in messages)
    again = call({**job, "overwrite": True}, lambda event: None, lambda: False)
    assert again["device"] == "" and again["clusters"] == result["clusters"]
