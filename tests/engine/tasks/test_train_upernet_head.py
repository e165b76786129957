"""A UPerNet head from labels to map: measured on unseen blocks, saved, and used on the images of its kind."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from training_scenes import MODEL

from engine.errors import CancelledError, JobError
from engine.heads.files import load_head
from engine.jobs.segment import SegmentJob
from engine.jobs.train_head import TrainHeadJob
from engine.model.own_layers import read_own_layers
from engine.tasks import segment, train_head

EXTENT = (650000, 5358800, 651200, 5360000)


def job(folder, scene, *images, **settings):
    given = {"model": MODEL, "chip": 48, "epochs": 4, "folds": 2, "kind": "upernet", **settings}
    inputs = tuple(str(scene[image]) for image in images)
    return TrainHeadJob(inputs=inputs, labels=(str(scene["labels"]),), output=str(folder / "h.safetensors"), **given)


def mapped(head, scene, *images, **settings):
    """The class raster of the images, and what was said of it."""
    output = head.with_name("map.tif")
    inputs = tuple(str(scene[image]) for image in images)
    result = segment.run(SegmentJob(inputs=inputs, head=str(head), output=str(output), **settings))
    with rasterio.open(output) as dataset:
        return dataset.read(1), result


def test_two_sensors_are_learnt_measured_and_mapped(scene, tmp_path):
    result = train_head.run(job(tmp_path, scene, "s1", "s2", fusion="concat", extent=EXTENT))
    accuracy = result.accuracy
    assert accuracy["folds"] == 2 and accuracy["grouped_by"] == "block"
    # A class of one block alone is not tested.
    assert np.sum(accuracy["confusion"]) == accuracy["pixels"] > 0.95 * sum(each["pixels"] for each in result.classes)
    assert accuracy["overall"] > 1.5 / len(result.classes), "better than guessing after a few steps"
    head = load_head(tmp_path / "h.safetensors")
    assert head.info.dims == 96 and head.info.accuracy == accuracy
    classes, told = mapped(tmp_path / "h.safetensors", scene, "s1", "s2", extent=EXTENT)
    with rasterio.open(scene["labels"]) as dataset:
        truth = dataset.read(1)[:120, :120]
    assert classes.shape == truth.shape
    data = classes != 255
    assert (classes == truth)[data].mean() > 1.5 / len(result.classes)
    assert sum(each["pixels"] for each in told.classes) == data.sum()


def test_bands_are_learnt_with_it(scene, tmp_path):
    result = train_head.run(job(tmp_path, scene, "l8", learn_bands=True, epochs=1, chip=24))
    own = read_own_layers(tmp_path / "h.safetensors")
    assert [band.name for band in own.bands] == ["ST_B10"] and result.accuracy["folds"] == 2
    classes, told = mapped(tmp_path / "h.safetensors", scene, "l8")
    assert any("projections of your own" in note for note in told.notes)
    assert classes.shape == (88, 88)


def test_what_it_cannot_learn_from_is_said_before_anything_is_written(scene, tmp_path):
    with pytest.raises(JobError, match="mixup fusion"):
        train_head.run(job(tmp_path, scene, "s1", "s2", fusion="mixup"))
    with pytest.raises(JobError, match="needs tokens"):
        train_head.run(job(tmp_path, scene, "s1", level="chips"))
    said = []
    with pytest.raises(CancelledError):
        train_head.run(job(tmp_path, scene, "s1"), said.append, lambda: any("epoch" in each.message for each in said))
    assert not list(tmp_path.iterdir())
