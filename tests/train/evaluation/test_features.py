from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.errors import GridError, JobError
from engine.model.fusion import checkerboard, fused_features, mixup_features
from train.evaluation.dataset import Modality, Sample
from train.evaluation.features import FeatureMaker, FeatureSettings, mixup_masks
from train.evaluation.inputs import InputMaker
from train.evaluation.reading import ChosenModalities, SampleReader


def maker(encoder, dataset, **settings) -> FeatureMaker:
    return FeatureMaker(encoder, SampleReader(dataset), FeatureSettings(**settings))


def test_features_are_those_of_the_engine_and_do_not_depend_on_the_batch(tiny_encoder, toy):
    dataset = toy("single-label", ("s1", "s2"))
    ids = dataset.ids("test")[:5]
    found = maker(tiny_encoder, dataset, fusion="concat", batch=2).pooled(ids)
    whole = maker(tiny_encoder, dataset, fusion="concat", batch=5)
    images = whole.inputs([dataset.read(each) for each in ids])
    assert [image.shape for image in images] == [(5, 2, 16, 16), (5, 3, 16, 16)]
    expected = fused_features(tiny_encoder, images, whole.bands, "concat")
    torch.testing.assert_close(found.cls, expected.cls, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found.mean, expected.tokens.mean((2, 3)), rtol=1e-4, atol=1e-5)
    assert found.cls.shape == (5, 96) and found.ids == ids
    assert found.labels.tolist() == [int(dataset.read(each).label) for each in ids]


def test_mixup_draws_come_from_seed_and_id_alone(tiny_encoder, toy):
    masks = mixup_masks("a", 0, 3, 16)
    assert masks.sum(1).tolist() == [8, 8, 8] and not torch.equal(masks[0], masks[1])
    assert torch.equal(mixup_masks("a", 0, 3, 16), masks) and not torch.equal(mixup_masks("a", 1, 3, 16), masks)
    assert not torch.equal(mixup_masks("b", 0, 3, 16), masks)
    dataset = toy("single-label", ("s1", "s2"))
    ids = dataset.ids("test")[:3]
    drawn = maker(tiny_encoder, dataset, fusion="mixup", mixup_draws=2, batch=2)
    together, alone = drawn.pooled(ids), drawn.pooled(ids[2:])
    torch.testing.assert_close(together.cls[2:], alone.cls, rtol=1e-4, atol=1e-5)
    images = drawn.inputs([dataset.read(each) for each in ids])
    board = checkerboard(4, 4)[None].expand(3, -1, -1)
    mine = mixup_features(tiny_encoder, images, drawn.bands, board)
    engine = fused_features(tiny_encoder, images, drawn.bands, "mixup")
    torch.testing.assert_close(mine.cls, engine.cls)
    torch.testing.assert_close(mine.tokens, engine.tokens)


@pytest.mark.parametrize("resize", ["exact", "bicubic"])
def test_inputs_of_any_sizes_are_harmonised_and_resized(toy, resize):
    (modality,) = toy("single-label").modalities
    make = InputMaker(modality, 16, resize, torch.device("cpu"))
    images = [np.full((3, side, side + 1), 51, np.uint8) for side in (16, 40, 8)]
    hidden = np.zeros((8, 9), bool)
    made = make(images, [None, None, hidden])
    # (51/255 − 0.4) / 0.3; what is not valid is the mean.
    torch.testing.assert_close(made[:2], torch.full((2, 3, 16, 16), -2 / 3), rtol=1e-4, atol=1e-4)
    assert made[2].abs().max() == 0
    stripes = (np.indices((3, 64, 64))[1] // 8 % 2 * 255).astype(np.uint8)
    sharp, shrunk = (make([stripes], [None], shrink).std() for shrink in (1.0, 0.0625))
    assert shrunk < 0.2 * sharp
    with pytest.raises(GridError, match="3 bands"):
        make([np.zeros((2, 8, 8), np.uint8)], [None])


def test_settings_that_do_not_exist_are_refused(tiny_encoder, toy):
    with pytest.raises(JobError, match="resize"):
        maker(tiny_encoder, toy("single-label"), resize="nearest")
    with pytest.raises(JobError, match="blend"):
        maker(tiny_encoder, ChosenModalities(toy("single-label", ("s1", "s2")), ["s1", "s2"]), fusion="blend")
    with pytest.raises(JobError, match="s3"):
        ChosenModalities(toy("single-label"), ["s3"])


def test_modalities_are_chosen_in_the_order_asked_for(toy):
    dataset = toy("single-label", ("s1", "s2"))
    chosen = ChosenModalities(dataset, ["s2", "s1"])
    sample, original = chosen.read("image-01"), dataset.read("image-01")
    assert [each.name for each in chosen.modalities] == ["s2", "s1"]
    assert sample.images[0].shape == (3, 20, 20) and np.array_equal(sample.images[1], original.images[0])
    assert [each.name for each in ChosenModalities(dataset, ["s1"]).modalities] == ["s1"]


class Counting:
    name, task, classes, statistics_source = "counting", "single-label", ("a",), ""
    modalities: tuple[Modality, ...] = ()

    def __init__(self) -> None:
        self.reads = 0

    def ids(self, split):
        return ("0", "1", "2", "3", "4")

    def read(self, sample_id):
        self.reads += 1
        return Sample((np.zeros((1, 10, 10), np.uint8),), (None,), np.array(int(sample_id)))


def test_samples_are_kept_while_they_fit_and_workers_give_the_same_order():
    dataset = Counting()
    reader = SampleReader(dataset, kept_bytes=3 * 108)
    for _ in range(2):
        labels = [[int(each.label) for each in part] for part in reader.batches(dataset.ids(""), 2)]
        assert labels == [[0, 1], [2, 3], [4]]
    assert dataset.reads == 5 + 2
    parts = SampleReader(dataset, workers=1).batches(("3", "1", "0"), 2)
    assert [[int(each.label) for each in part] for part in parts] == [[3, 1], [0]]
    assert dataset.reads == 7
