"""Learning projections of bands: through a frozen encoder, from the labels one may see, told to whoever uses them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from training_scenes import MODEL, never, no_progress, opened

from engine.errors import CancelledError, JobError
from engine.heads.folds import plan_folds
from engine.heads.linear import fit_linear
from engine.heads.sample import pixel_probabilities
from engine.jobs.train_head import TrainHeadJob
from engine.raster.feature_raster import FeatureRaster
from engine.tasks.learn_bands import BandLearner
from engine.tasks.train_head_info import head_info
from engine.tasks.train_sample import draw_sample


def job(scene, image="l8", epochs=2, **settings):
    return TrainHeadJob(
        inputs=(str(scene[image]),), labels=(str(scene["labels"]),), model=MODEL, chip=24, epochs=epochs, **settings
    )


@pytest.fixture(scope="module")
def training(scene):
    """A learner on Landsat 8, whose thermal band has no layer, its scenes, and a sample of their labels."""
    asked = job(scene, epochs=12)
    with opened(asked) as (scenes, labels), BandLearner(asked, scenes, no_progress, never) as learner:
        sample, strata = draw_sample(scenes, 1500, 0, no_progress, never)
        yield learner, scenes, sample, strata, head_info(asked, scenes[0].raster, labels.table.classes)


def loss(info, sample) -> float:
    """Of a linear head on the pixels that it was trained on."""
    found = pixel_probabilities(fit_linear(info, sample, True, never), sample)
    return float(-np.log(found[np.arange(len(sample)), sample.classes]).mean())


def test_what_it_starts_from_is_what_the_embedding_was_made_with(training):
    learner, _, sample, _, _ = training
    learner.use(learner.start)
    assert learner.covered(sample).all()
    again = learner.sample_of(sample)
    np.testing.assert_array_equal(again.classes, sample.classes)
    # Tiles are blended where they overlap, and the embedding is in half precision.
    assert np.corrcoef(again.features().ravel(), sample.features().ravel())[0, 1] > 0.99


def test_learnt_projections_tell_the_classes_better_and_leave_the_rest_of_the_model_alone(training):
    learner, _, sample, _, info = training
    learner.use(learner.start)
    before = loss(info, learner.sample_of(sample))
    frozen = {name: each.clone() for name, each in learner.chips.encoder.named_parameters() if "embeds.17" not in name}
    own = learner.learn(len(info.classes), None, no_progress)
    assert [band.name for band in own.bands] == ["ST_B10"]
    assert loss(info, learner.sample_of(sample)) < before - 0.01
    now = dict(learner.chips.encoder.named_parameters())
    assert all(torch.equal(now[name], each) for name, each in frozen.items())
    assert not any(each.requires_grad for each in now.values())
    (made,) = learner.embed(no_progress)
    with FeatureRaster(made.path) as raster:
        assert raster.record.model["projections"] == own.sha256
    (again,) = learner.embed(no_progress)
    assert again.reused and again.path == made.path


def test_a_fold_learns_nothing_of_what_it_is_tested_on(training):
    learner, _, _, strata, info = training
    learner.job = replace(learner.job, epochs=1)
    plan = plan_folds(strata, 2, 0)
    first = learner.learn_fold(len(info.classes), plan, 0, no_progress)
    classes, groups = learner.chips.classes, learner.chips.groups
    held_out = np.isin(groups, strata.groups[plan.fold == 0])
    # Whatever is said of these places, the projections stay the same.
    learner.chips.classes = np.where(held_out, 0, classes).astype(np.int32)
    hidden = learner.learn(len(info.classes), held_out, no_progress)
    learner.chips.classes = classes
    assert hidden.sha256 == first.sha256
    assert learner.learn_fold(len(info.classes), plan, 1, no_progress).sha256 != first.sha256


def test_one_vector_per_chip_can_be_learnt_for_too(scene):
    asked = job(scene, level="chips", overlap=0.0)
    with opened(asked) as (scenes, labels), BandLearner(asked, scenes, no_progress, never) as learner:
        sample, _ = draw_sample(scenes, 100, 0, no_progress, never)
        before = learner.sample_of(sample).features()
        assert np.corrcoef(before.ravel(), sample.features().ravel())[0, 1] > 0.99
        learner.learn(len(labels.table.classes), None, no_progress)
        assert np.abs(learner.sample_of(sample).features() - before).max() > 1e-3


def test_images_whose_bands_all_have_layers_and_a_cancel_are_told(scene):
    asked = job(scene, "s1")
    with opened(asked) as (scenes, _), pytest.raises(JobError, match="has a layer for every band"):
        BandLearner(asked, scenes, no_progress, never)
    told = []
    asked = job(scene)
    with opened(asked) as (scenes, labels), BandLearner(asked, scenes, no_progress, lambda: len(told) > 2) as learner:
        with pytest.raises(CancelledError):
            learner.learn(len(labels.table.classes), None, told.append)
