"""Components are those of a principal component analysis; kept ones give other scenes the same colours, or refuse."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
import rasterio
from made_embeddings import CELLS, made_embedding
from safetensors.numpy import load_file, save_file
from sklearn.decomposition import PCA

from engine.errors import CancelledError, CheckpointError, JobError, OutputError, SourceError
from engine.jobs.reduce import ReduceJob
from engine.tasks.reduce import call, run


def values_of(seed, rows=40, cols=30, dims=9):
    """Cells that vary along three hidden directions; the first column has no data."""
    hidden = np.random.default_rng(5).normal(size=(3, dims)) * [[9], [5], [2]]
    rng = np.random.default_rng(seed)
    tokens = rng.normal(size=(rows * cols, 3)) @ hidden + 20 + rng.normal(0, 0.1, (rows * cols, dims))
    values = tokens.T.reshape(dims, rows, cols)
    values[:, :, 0] = np.nan
    return values


@pytest.fixture
def source(tmp_path):
    return made_embedding(tmp_path / "e.tif", values_of(0))


def strips(*_):
    """Rows of the raster in pieces of many sizes."""
    return iter([(0, 1), (1, 2), (2, 17), (17, 40)])


def reduced(source, output, **settings):
    return run(ReduceJob(inputs=(str(source),), output=str(output), **settings))


def read(path):
    with rasterio.open(path) as dataset:
        return dataset.read()


def test_components_are_those_of_a_principal_component_analysis(source, tmp_path, monkeypatch):
    monkeypatch.setattr("engine.raster.feature_raster.FeatureRaster.strips", strips)
    result = reduced(source, tmp_path / "r.tif")
    tokens = read(source)[:, :, 1:].reshape(9, -1).T.astype(float)
    expected = PCA(3).fit(tokens)
    with rasterio.open(tmp_path / "r.tif") as dataset:
        found = dataset.read()
        assert dataset.transform == CELLS and dataset.dtypes == ("float32",) * 3
        first = f"component 1 ({expected.explained_variance_ratio_[0]:.1%} of variance)"
        assert dataset.descriptions[0] == first
        assert dataset.tags()["SMARTIES_TASK"] == "reduce"
    assert np.isnan(found[:, :, 0]).all()
    assert np.abs(found[:, :, 1:].reshape(3, -1).T) == pytest.approx(np.abs(expected.transform(tokens)), abs=2e-3)
    assert result.shares == pytest.approx(tuple(expected.explained_variance_ratio_), abs=1e-5)
    assert result.rgb_bands == (1, 2, 3)
    assert result.rgb_ranges[1] == pytest.approx(np.nanpercentile(found[1], [2, 98]), abs=1e-3)


def test_half_precision_is_rounded_and_not_cut(source, tmp_path):
    reduced(source, tmp_path / "whole.tif")
    reduced(source, tmp_path / "half.tif", dtype="float16")
    whole, half = read(tmp_path / "whole.tif"), read(tmp_path / "half.tif")
    np.testing.assert_array_equal(half, whole.astype(np.float16).astype(np.float32))
    with rasterio.open(tmp_path / "half.tif") as dataset:
        assert dataset.tags(1, ns="IMAGE_STRUCTURE")["NBITS"] == "16"


def test_a_kept_basis_gives_another_scene_the_same_components_and_colours(source, tmp_path):
    basis = tmp_path / "basis.safetensors"
    settings = {"picture": str(tmp_path / "p.tif"), "save_basis": str(basis), "components": 4}
    made = reduced(source, tmp_path / "r.tif", **settings)
    assert (made.picture, made.basis) == (settings["picture"], str(basis))
    # Another scene: the same cells twice as far apart in value, so that a stretch of its own would differ.
    other = made_embedding(tmp_path / "e2.tif", 2 * read(source).astype(float) - 20)
    again = reduced(other, tmp_path / "r2.tif", basis=str(basis), picture=str(tmp_path / "p2.tif"))
    kept = load_file(basis)
    tokens = read(other)[:, :, 1:].reshape(9, -1).T
    expected = (tokens - kept["mean"]) @ kept["directions"][:3].T
    found = read(tmp_path / "r2.tif")
    assert found[:, :, 1:].reshape(3, -1).T == pytest.approx(expected, abs=1e-2)
    share = (expected - kept["low"][:3]) / (kept["high"] - kept["low"])[:3]
    colours = read(tmp_path / "p2.tif")
    assert colours[:3, :, 1:].reshape(3, -1).T.astype(int) == pytest.approx(np.clip(share, 0, 1) * 255, abs=1)
    assert (colours[3, :, 0] == 0).all() and (colours[3, :, 1:] == 255).all()
    assert again.rgb_ranges == made.rgb_ranges
    assert any("of this scene's variance" in note for note in again.notes)
    with rasterio.open(tmp_path / "p2.tif") as picture:
        assert picture.tags()["SMARTIES_EMBEDDING"] == "e2.tif"


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({"model": {"sha256": "1" * 64}}, "different models"),
        ({"job": {"chip": 224}}, "chips of 112 px and of 224 px"),
        ({"statistics": {"mean": [0.5]}}, "the statistics differ"),
    ],
)
def test_a_basis_of_another_kind_of_embedding_is_refused(source, tmp_path, changes, reason):
    basis = tmp_path / "basis.safetensors"
    reduced(source, tmp_path / "r.tif", save_basis=str(basis))
    other = made_embedding(tmp_path / "e2.tif", values_of(1), **changes)
    with pytest.raises(CheckpointError, match=reason):
        reduced(other, tmp_path / "r2.tif", basis=str(basis))
    assert not (tmp_path / "r2.tif").exists()


def test_images_take_the_statistics_of_the_basis(scene, tmp_path):
    basis = tmp_path / "basis.safetensors"
    settings = {"overlap": 0.0, "chip": 112, "extent": (650000, 5358900, 651100, 5360000)}
    estimated = {**settings, "statistics": "estimate", "save_basis": str(basis)}
    reduced(scene["s2"], tmp_path / "r.tif", **estimated)
    reduced(scene["s2"], tmp_path / "same.tif", basis=str(basis), **settings)
    np.testing.assert_allclose(read(tmp_path / "same.tif"), read(tmp_path / "r.tif"), atol=1e-3)
    with pytest.raises(CheckpointError, match="12 bands and 2"):
        reduced(scene["s1"], tmp_path / "s1.tif", basis=str(basis), **settings)
    with pytest.raises(CheckpointError, match="statistics differ"):
        reduced(scene["s2"], tmp_path / "s2.tif", basis=str(basis), **{**settings, "statistics": "sensor"})


def test_a_file_that_is_no_basis_is_refused(source, tmp_path):
    basis, tensors = tmp_path / "b.safetensors", tmp_path / "t.safetensors"
    reduced(source, tmp_path / "r.tif", save_basis=str(basis))
    save_file({"mean": np.zeros(3, np.float32)}, tensors)
    for file, reason in ((tensors, "no basis"), (tmp_path / "none.safetensors", "There is no basis")):
        with pytest.raises(CheckpointError, match=reason):
            reduced(source, tmp_path / "r2.tif", basis=str(file))
    basis.write_bytes(basis.read_bytes()[:-10])
    with pytest.raises(CheckpointError, match="truncated"):
        reduced(source, tmp_path / "r2.tif", basis=str(basis))


def test_what_cannot_be_is_said_and_leaves_nothing(source, tmp_path, monkeypatch):
    empty = made_embedding(tmp_path / "empty.tif", np.full((4, 6, 6), np.nan))
    files = {"picture": str(tmp_path / "p.tif"), "save_basis": str(tmp_path / "b.safetensors")}
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(JobError, match="at most 9"):
        reduced(source, tmp_path / "r.tif", components=10, **files)
    with pytest.raises(SourceError, match="no cell with data"):
        reduced(empty, tmp_path / "r.tif", **files)
    with pytest.raises(OutputError, match="one of the files to read"):
        reduced(source, tmp_path / "r.tif", picture=str(source), overwrite=True)
    with pytest.raises(OutputError, match="not the name of a basis"):
        reduced(source, tmp_path / "r.tif", save_basis=str(tmp_path / "b.pickle"))
    # Asked once for each of four strips, twice over: the sixth answer stops it while it writes.
    monkeypatch.setattr("engine.raster.feature_raster.FeatureRaster.strips", strips)
    stop = iter([False] * 5 + [True])
    with pytest.raises(CancelledError):
        run(ReduceJob(inputs=(str(source),), output=str(tmp_path / "r.tif"), **files), cancelled=lambda: next(stop))
    assert sorted(os.listdir(tmp_path)) == before


def test_the_worker_gets_plain_values(source, tmp_path):
    job = {"inputs": [str(source)], "output": str(tmp_path / "r.tif"), "components": 2}
    result = call(job, lambda event: None, lambda: False)
    assert json.loads(json.dumps(result))["rgb_bands"] == [1, 2, 2]
