"""Chips with labels, of the images behind an embedding: each place spoken for once, with the pixels of then."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import rasterio
import torch
from training_scenes import MODEL, never, no_progress, opened

from engine.errors import CancelledError, JobError, SourceError
from engine.jobs.train_head import TrainHeadJob
from engine.tasks.label_chips import open_label_chips, spread


@pytest.fixture
def image(scene, tmp_path):
    """A part of the Sentinel-2 image in which a corner has no data."""
    path = tmp_path / scene["s2"].name
    with rasterio.open(scene["s2"]) as source:
        profile, tags = source.profile, source.tags()
        profile.update(width=110, height=100)
        values = source.read(window=((0, 100), (0, 110)))
        values[:, :20, :30] = 0
        with rasterio.open(path, "w", **profile) as target:
            target.write(values)
            target.update_tags(**tags)
            target.descriptions = source.descriptions
    return path


@pytest.fixture
def job(image, scene):
    return TrainHeadJob(inputs=(str(image),), labels=(str(scene["labels"]),), model=MODEL, chip=48)


def test_every_labelled_pixel_with_data_is_spoken_for_once(job, scene):
    with rasterio.open(scene["labels"]) as dataset:
        wanted = dataset.read(1)[:100, :110].astype(int)
    wanted[:20, :30] = 0
    with opened(job) as (scenes, labels), open_label_chips(scenes, job, no_progress, never) as chips:
        values = np.array([*(each.value for each in labels.table.classes), 0])
        found = np.zeros((100 + 48, 110 + 48), int)
        times = np.zeros_like(found)
        for number, (y, x) in enumerate(chips.corners):
            core = chips.core(number)
            here = tuple(slice(part.start + first, part.stop + first) for part, first in zip(core, (y, x), strict=True))
            found[here] += values[chips.classes[number][core]]
            times[here] += 1
        np.testing.assert_array_equal(found[:100, :110], wanted)
        assert (times[:100, :110] == 1).all() and not found[100:].any() and not found[:, 110:].any()
        assert sum(chips.strata.pixels) == (wanted > 0).sum()


def test_chips_are_those_that_were_embedded(job):
    with opened(job) as (scenes, _), open_label_chips(scenes, job, no_progress, never) as chips:
        inside = np.flatnonzero((chips.corners == 0).all(axis=1))
        with chips.extractor(0, never) as extractor:
            tokens = extractor(*chips.read(0, inside), "tokens")[0]
        # In its middle no other tile adds to the embedding; it is kept in half precision.
        embedded = scenes[0].raster.read(0, 6)[:, :, :6]
        np.testing.assert_allclose(tokens[:, 4, 4], embedded[:, 4, 4], atol=0.05)


def test_blocks_come_alike_in_batches_of_any_size_and_end_in_the_tokens(job):
    with opened(job) as (scenes, _), open_label_chips(scenes, job, no_progress, never) as chips:
        few = chips.read(0, np.arange(3))
        with chips.extractor(0, never) as extractor:
            whole = extractor.blocks(*few, [0, 1])
            tokens = extractor(*few, "tokens")
            extractor.batch = 2
            parts = extractor.blocks(*few, [0, 1])
        assert [tuple(block.shape) for block in whole] == [(3, 48, 6, 6)] * 2
        assert all(torch.allclose(a, b, atol=0.02) for a, b in zip(whole, parts, strict=True))
        normed = chips.encoder.norm(whole[1].to(chips.encoder.dtype).movedim(1, -1)).movedim(-1, 1).float()
        np.testing.assert_allclose(normed.detach(), tokens, atol=0.02)


def test_classes_that_are_not_kept_are_no_labels(job):
    with opened(job) as (scenes, labels), open_label_chips(scenes, job, no_progress, never) as chips:
        before = chips.strata.pixels_per_class
        kept = (labels.table.classes[1], labels.table.classes[3])
        chips.keep(labels.table.classes, kept)
        assert chips.strata.pixels_per_class == {0: before[1], 1: before[3]}
        assert set(np.unique(chips.classes)) == {-1, 0, 1}


def test_many_chips_are_thinned_with_every_class_among_them():
    held = [np.array([0])] * 50 + [np.array([0, 1])] * 3 + [np.array([2])]
    chosen = spread(held, 8, seed=0)
    assert len(chosen) == 8 and (np.diff(chosen) > 0).all()
    assert 53 in chosen and sum(50 <= number < 53 for number in chosen) >= 2
    assert list(spread(held, 99, seed=0)) == list(range(54))
    np.testing.assert_array_equal(spread(held, 8, seed=0), chosen)


def test_images_that_are_gone_or_changed_are_told(job, image, scene, tmp_path):
    with opened(job) as (scenes, _):
        moved = image.rename(tmp_path / "elsewhere.tif")
        with pytest.raises(SourceError, match="which is not there any more"):
            open_label_chips(scenes, job, no_progress, never)
        shutil.copy(scene["s2"], image)
        with pytest.raises(SourceError, match="have changed since"):
            open_label_chips(scenes, job, no_progress, never)
        shutil.copy(moved, image)
        with pytest.raises(CancelledError):
            open_label_chips(scenes, job, no_progress, lambda: True)


def test_labels_where_no_image_has_data_are_told(image, scene, tmp_path):
    path = tmp_path / "labels.tif"
    with rasterio.open(scene["labels"]) as source:
        values = source.read()
        values[:, 20:], values[:, :, 30:] = 0, 0
        with rasterio.open(path, "w", **source.profile) as target:
            target.write(values)
    job = TrainHeadJob(inputs=(str(image),), labels=(str(path),), model=MODEL, chip=48)
    with opened(job) as (scenes, _), pytest.raises(JobError, match="No labelled pixel has data"):
        open_label_chips(scenes, job, no_progress, never)
