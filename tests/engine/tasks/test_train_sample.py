"""The sample a head is trained on: evenly drawn, with the vectors that a map would have there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio

from engine.errors import CancelledError, JobError
from engine.heads.folds import Strata
from engine.jobs.embed import EmbedJob
from engine.raster.feature_raster import FeatureRaster
from engine.raster.upsample import Upsampler
from engine.tasks import embed, train_sample
from engine.tasks.train_sample import draw_sample, evenly, quotas
from engine.tasks.train_scenes import scenes_of
from engine.vector.labels import open_labels


@pytest.fixture(scope="module")
def embedding(scene, tmp_path_factory) -> Path:
    """The simulated Sentinel-2 scene, part of which is nodata; 256 px, 32 × 32 tokens."""
    out = tmp_path_factory.mktemp("sample") / "e.tif"
    embed.run(EmbedJob(inputs=(str(scene["s2"]),), output=str(out), overlap=0.0))
    return out


def draw(embedding, labels, limit=2000, seed=0, cancelled=lambda: False):
    with FeatureRaster(embedding) as raster:
        opened = open_labels([str(labels)], [raster.source_grid], block_px=64)
        return draw_sample(scenes_of([raster], opened, True), limit, seed, lambda _: None, cancelled)


def test_shares_are_as_equal_as_what_is_there_allows():
    generator = np.random.default_rng(0)
    for total in (0, 1, 7, 40, 200, 10_000):
        available = generator.integers(0, 30, 12)
        shares = evenly(available, total, seed=1)
        assert shares.sum() == min(total, available.sum()) and (shares <= available).all()
        # Who got less than another had no more to give.
        cut = shares < available
        assert not cut.any() or shares.max() <= shares[cut].min() + 1


def test_a_small_class_gives_all_and_a_large_polygon_no_more_than_its_neighbours():
    strata = Strata(np.array([0, 0, 0, 1]), np.array([0, 1, 2, 3]), np.array([100_000, 50, 60, 9]))
    wanted = quotas(strata, 109, seed=0)
    assert wanted[3] == 9 and wanted[:3].sum() == 100 and wanted[:3].max() - wanted[:3].min() <= 1


def test_pixels_have_their_labels_and_the_vectors_a_map_has_there(embedding, scene):
    sample, strata = draw(embedding, scene["labels"])
    with rasterio.open(scene["labels"]) as dataset, FeatureRaster(embedding) as raster:
        labels = dataset.read(1)
        cells = raster.read(0, raster.rows)
        whole = (0, raster.rows, 0, raster.cols)
        maps = Upsampler(raster.grid, raster.source_grid)(cells, whole, (0, 256, 0, 256))
    rows, cols = sample.places[:, 1], sample.places[:, 2]
    np.testing.assert_array_equal(labels[rows, cols] - 1, sample.classes)
    np.testing.assert_array_equal(rows // 64 * 4 + cols // 64, sample.groups)
    np.testing.assert_allclose(sample.features(), maps[:, rows, cols].T, atol=2e-4)
    assert len(np.unique(rows * 256 + cols)) == len(sample) == 2000
    # Only pixels with data, and each stands for its share of them.
    with_data = np.isfinite(maps[0])
    assert not with_data.all()
    counts = np.bincount(labels[with_data] - 1)
    assert [strata.pixels_per_class[number] for number in range(len(counts))] == counts.tolist()
    np.testing.assert_allclose(np.bincount(sample.classes, sample.stands_for), counts)
    drawn = np.bincount(sample.classes)
    assert drawn.max() - drawn.min() <= 1


def test_the_same_seed_draws_the_same_pixels_however_they_are_read(embedding, scene, monkeypatch):
    one, _ = draw(embedding, scene["labels"], 500)
    other, _ = draw(embedding, scene["labels"], 500, seed=1)
    monkeypatch.setattr(train_sample, "READ_BYTES", 4 * 192 * 20)
    same, _ = draw(embedding, scene["labels"], 500)
    order, order_same = (np.lexsort(each.places.T) for each in (one, same))
    np.testing.assert_array_equal(one.places[order], same.places[order_same])
    np.testing.assert_array_equal(one.features()[order], same.features()[order_same])
    assert set(map(tuple, one.places)) != set(map(tuple, other.places))


def test_labels_where_there_is_no_data_are_an_error_in_words(embedding, scene, tmp_path):
    with FeatureRaster(embedding) as raster:
        missing = ~raster.has_data(0, raster.rows, 0, raster.cols)
    with rasterio.open(scene["labels"]) as dataset:
        profile, labels = dataset.profile, dataset.read(1)
    labels[~missing.repeat(8, axis=0).repeat(8, axis=1)] = 0
    with rasterio.open(tmp_path / "l.tif", "w", **profile | {"nodata": 0}) as dataset:
        dataset.write(labels, 1)
    with pytest.raises(JobError, match="No labelled pixel has data"):
        draw(embedding, tmp_path / "l.tif")
    with pytest.raises(CancelledError):
        draw(embedding, scene["labels"], cancelled=lambda: True)


def test_a_chip_has_the_class_of_most_of_its_labelled_pixels(scene, tmp_path):
    out = tmp_path / "chips.tif"
    embed.run(EmbedJob(inputs=(str(scene["s2"]),), output=str(out), level="chips", chip=64, overlap=0.25))
    sample, _ = draw(out, scene["labels"])
    with rasterio.open(scene["labels"]) as dataset:
        labels = dataset.read(1) - 1
    with FeatureRaster(out) as raster:
        vectors, data = raster.read(0, raster.rows), raster.has_data(0, raster.rows, 0, raster.cols)
    assert len(sample) == data.sum() == 25
    for (_, row, col), number in zip(sample.places, sample.classes, strict=True):
        chip = labels[row * 48 : row * 48 + 64, col * 48 : col * 48 + 64]
        assert number == np.bincount(chip.ravel()).argmax()
    np.testing.assert_allclose(sample.features(), vectors[:, sample.places[:, 1], sample.places[:, 2]].T, rtol=1e-6)
