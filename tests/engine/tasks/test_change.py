"""Change is the cosine distance of the same places, on one grid, whatever lattices the images came on."""

from __future__ import annotations

import os

import numpy as np
import pytest
import rasterio
from made_embeddings import CELLS, made_embedding
from rasterio.enums import Resampling

from engine.errors import CancelledError, GridError, JobError, OutputError, SourceError
from engine.jobs.change import ChangeJob
from engine.tasks.change import call, run


def changed(before, after, output, **settings):
    return run(ChangeJob(inputs=(str(before),), after=(str(after),), output=str(output), **settings))


def read(path):
    with rasterio.open(path) as dataset:
        return dataset.read(1), dataset.transform


def test_it_is_one_minus_the_cosine_and_nodata_on_either_side_is_nodata(tmp_path):
    rng = np.random.default_rng(0)
    own, other = rng.normal(size=(2, 16, 20, 25))
    other[:, :, 10:] = 3 * own[:, :, 10:]
    other[:, :, 20:] = -own[:, :, 20:]
    own[:, 0], other[:, 5] = np.nan, np.nan
    result = changed(
        made_embedding(tmp_path / "a.tif", own), made_embedding(tmp_path / "b.tif", other), tmp_path / "c.tif"
    )
    found, transform = read(tmp_path / "c.tif")
    cosine = (own * other).sum(0) / np.linalg.norm(own, axis=0) / np.linalg.norm(other, axis=0)
    np.testing.assert_allclose(found, 1 - cosine, atol=1e-5)
    assert np.isnan(found[[0, 5]]).all() and np.isfinite(found[[1, 4, 6]]).all()
    assert found[1:5, 10:20].max() < 1e-6 and found[1:5, 20:].min() == pytest.approx(2)
    assert transform == CELLS and (result.rows, result.cols) == (20, 25)
    assert (result.low, result.median, result.high) == pytest.approx(np.nanpercentile(found, [2, 50, 98]), abs=1e-6)


def test_embeddings_of_one_lattice_are_compared_where_they_overlap(tmp_path, monkeypatch):
    values = np.random.default_rng(0).normal(size=(4, 40, 30))
    moved = CELLS @ CELLS.translation(7, 12)
    before = made_embedding(tmp_path / "a.tif", values)
    after = made_embedding(tmp_path / "b.tif", np.pad(values[:, 12:, 7:], ((0, 0), (0, 5), (0, 0))), transform=moved)
    pieces = [(0, 5), (5, 14), (14, 15), (15, 40)]
    monkeypatch.setattr(
        "engine.raster.feature_raster.FeatureRaster.strips",
        lambda raster, *_: ((row0, min(row1, raster.rows)) for row0, row1 in pieces if row0 < raster.rows),
    )
    for sides in ((before, after), (after, before)):
        changed(*sides, tmp_path / "c.tif", overwrite=True)
        found, transform = read(tmp_path / "c.tif")
        assert found.shape == (28, 23) and transform.almost_equals(moved)
        assert np.abs(found).max() < 1e-6


@pytest.mark.parametrize(
    "changes, error, reason",
    [
        ({"model": {"sha256": "1" * 64}}, JobError, "different models"),
        ({"job": {"level": "chips"}}, JobError, "per chip"),
        ({"transform": CELLS @ CELLS.translation(0.5, 0)}, GridError, "not the same places"),
        ({"transform": CELLS @ CELLS.translation(500, 0)}, GridError, "do not overlap"),
    ],
)
def test_what_does_not_compare_is_refused(tmp_path, changes, error, reason):
    values = np.random.default_rng(0).normal(size=(4, 10, 10))
    before = made_embedding(tmp_path / "a.tif", values)
    after = made_embedding(tmp_path / "b.tif", values, **changes)
    with pytest.raises(error, match=reason):
        changed(before, after, tmp_path / "c.tif")
    assert sorted(os.listdir(tmp_path)) == ["a.tif", "b.tif"]


def test_nothing_is_left_by_what_fails(scene, tmp_path):
    values = np.random.default_rng(0).normal(size=(4, 10, 10))
    before = made_embedding(tmp_path / "a.tif", values)
    empty = made_embedding(tmp_path / "b.tif", values * np.nan)
    with pytest.raises(SourceError, match="data on both sides"):
        changed(before, empty, tmp_path / "c.tif")
    with pytest.raises(JobError, match="the other one images"):
        changed(before, scene["s1"], tmp_path / "c.tif")
    with pytest.raises(OutputError, match="one of the files to read"):
        changed(before, empty, empty, overwrite=True)
    with pytest.raises(CancelledError):
        run(
            ChangeJob(inputs=(str(before),), after=(str(before),), output=str(tmp_path / "c.tif")),
            cancelled=lambda: True,
        )
    assert sorted(os.listdir(tmp_path)) == ["a.tif", "b.tif"]


def test_statistics_of_its_own_on_each_side_are_said(tmp_path):
    values = np.random.default_rng(0).normal(size=(4, 10, 10))
    before = made_embedding(tmp_path / "a.tif", values)
    after = made_embedding(tmp_path / "b.tif", values, statistics={"mean": [0.6]})
    assert any("evened out" in note for note in changed(before, after, tmp_path / "c.tif").notes)


def shifted(source, path, side_px, pixel, offset):
    """A part of an image resampled to other pixels that begin elsewhere."""
    with rasterio.open(source) as dataset:
        window = rasterio.windows.Window(*offset, side_px, side_px)
        rows = round(side_px * 10 / pixel)
        values = dataset.read(window=window, out_shape=(dataset.count, rows, rows), resampling=Resampling.average)
        profile = {**dataset.profile, "width": rows, "height": rows}
        profile["transform"] = dataset.window_transform(window) @ dataset.transform.scale(pixel / 10)
        with rasterio.open(path, "w", **profile) as target:
            target.write(values)
            target.descriptions = dataset.descriptions
    return path


def test_images_of_two_lattices_are_compared_on_the_grid_they_share(scene, tmp_path):
    """The finer image gives the pixels; a part that one of them lacks is left out."""
    coarse = shifted(scene["s2"], tmp_path / "S2B_MSIL2A_coarse.tif", 150, 20, (60, 40))
    job = {
        "inputs": [str(coarse)], "after": [str(scene["s2"])], "output": str(tmp_path / "c.tif"), "overlap": 0.0
    }  # fmt: skip
    result = call(job, lambda event: None, lambda: False)
    found, transform = read(tmp_path / "c.tif")
    with rasterio.open(scene["s2"]) as dataset, rasterio.open(coarse) as other:
        assert (transform.c, transform.f) == pytest.approx((other.transform.c, other.transform.f))
        assert transform.a == pytest.approx(8 * dataset.transform.a)
    assert found.shape == (19, 19) == (result["rows"], result["cols"])
    assert np.isfinite(found).mean() > 0.9
    # Turned round, both sides are there already, and the distance is the same.
    turned = {**job, "inputs": job["after"], "after": job["inputs"], "output": str(tmp_path / "d.tif")}
    again = call(turned, lambda event: None, lambda: False)
    np.testing.assert_allclose(read(tmp_path / "d.tif")[0], found, atol=1e-6)
    assert result["device"] and again["device"] == ""


def test_sides_that_would_give_vectors_of_two_lengths_are_refused_before_anything_is_computed(scene, tmp_path):
    job = ChangeJob(
        inputs=(str(scene["s2"]), str(scene["s1"])), after=(str(scene["s2"]),), fusion="concat",
        output=str(tmp_path / "c.tif"),
    )  # fmt: skip
    seen = []
    with pytest.raises(JobError, match=r"2 image\(s\) on one side"):
        run(job, lambda event: seen.append(event.message))
    assert not any("Embedding" in message for message in seen)
