from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors import safe_open

from engine.errors import JobError
from engine.model import load_encoder
from train.evaluation.dataset import EvaluationDataset
from train.evaluation.features import FeatureMaker, FeatureSettings
from train.evaluation.finetuning import (
    FinetuneSettings,
    TaskModel,
    finetune,
    save_task,
    settings_for,
    task_scores,
    trainable_copy,
    turned,
)
from train.evaluation.reading import SampleReader

QUICK = FinetuneSettings(2e-3, 6, 2)


def trained(encoder, dataset: EvaluationDataset, settings=QUICK, fusion="stack") -> tuple[TaskModel, FeatureMaker]:
    maker = FeatureMaker(trainable_copy(encoder), SampleReader(dataset), FeatureSettings(fusion))
    return finetune(maker, dataset.ids("train")[:11], len(dataset.classes), settings, "cls", seed=0), maker


def test_the_rate_warms_up_and_falls_to_nothing_as_a_cosine():
    settings = FinetuneSettings(2e-4, 256, 100)
    rates = [settings.rate(step, 1000, 256) for step in range(1001)]
    assert rates[0] == pytest.approx(2e-4 / 50) and max(rates) == rates[50] == pytest.approx(2e-4)
    assert rates[525] == pytest.approx(1e-4) and rates[1000] == pytest.approx(0, abs=1e-12)
    assert settings.rate(50, 1000, 64) == pytest.approx(5e-5)


def test_settings_are_those_of_the_paper(toy):
    named = toy("single-label")
    for name, expected in (
        ("eurosat", FinetuneSettings(2e-4, 256, 150, 5, 0.05, 0.8, 1.0)),
        ("resisc45", FinetuneSettings(6.25e-5, 64, 200)),
        ("bigearthnet-s2", FinetuneSettings(5e-5, 256, 100)),
    ):
        named.name = name
        assert settings_for(named) == expected
    assert settings_for(toy("multi-label")).base_rate == 5e-5
    with pytest.raises(JobError, match="segmentation"):
        settings_for(toy("segmentation"))


def test_the_task_file_is_read_back_as_an_encoder(tiny_encoder, toy, tmp_path):
    before = {name: value.clone() for name, value in tiny_encoder.state_dict().items()}
    dataset = toy("single-label", ("s1", "s2"))
    model, maker = trained(tiny_encoder, dataset, fusion="concat")
    save_task(model, tmp_path / "task.safetensors", dataset)
    loaded = load_encoder(tmp_path / "task.safetensors")
    assert set(loaded.extra) == {"head.weight", "head.bias"} and loaded.extra["head.weight"].shape == (3, 96)
    scores, truth = task_scores(model, maker, dataset.ids("test"))
    again = FeatureMaker(loaded, SampleReader(dataset), FeatureSettings("concat")).pooled(dataset.ids("test"))
    expected = again.cls @ loaded.extra["head.weight"].T + loaded.extra["head.bias"]
    torch.testing.assert_close(scores, expected, rtol=1e-4, atol=1e-5)
    assert truth.tolist() == again.labels.tolist()
    with safe_open(tmp_path / "task.safetensors", "pt") as file:
        task = json.loads(file.metadata()["smarties_task"])
    assert (task["dataset"], task["fusion"], task["from"]["sha256"]) == ("toy", "concat", tiny_encoder.info.sha256)
    assert not loaded.info.random and "fine-tuned on toy" in loaded.info.title
    # The frozen encoder is as it was; the copy has learnt, but for bands that were not seen.
    assert all(torch.equal(value, before[name]) for name, value in tiny_encoder.state_dict().items())
    learnt = loaded.state_dict()
    assert not torch.equal(learnt["blocks.0.attn.qkv.weight"], before["blocks.0.attn.qkv.weight"])
    unseen = "spectrum_projection.spectrum_embeds.0.proj.weight"
    assert torch.equal(learnt[unseen], before[unseen])


def test_mixup_draws_are_seeded_and_leave_numpys_generator_as_it_was(tiny_encoder, toy):
    settings = replace(QUICK, mixup=0.8, cutmix=1.0)
    np.random.seed(1)
    first = trained(tiny_encoder, toy("single-label"), settings)[0]
    np.random.seed(2)
    state = np.random.get_state()[1].copy()
    second = trained(tiny_encoder, toy("single-label"), settings)[0]
    assert torch.equal(first.head.weight, second.head.weight)
    assert np.array_equal(np.random.get_state()[1], state)
    assert not torch.equal(first.head.weight, trained(tiny_encoder, toy("single-label"))[0].head.weight)


def test_images_are_turned_into_all_eight_positions_alike():
    image = torch.arange(9.0).reshape(1, 1, 3, 3).expand(200, -1, -1, -1)
    first, second = turned([image, image + 100], torch.Generator().manual_seed(0))
    assert len({tuple(each.flatten().tolist()) for each in first}) == 8
    torch.testing.assert_close(first + 100, second)


def test_one_sample_is_too_few(tiny_encoder, toy):
    maker = FeatureMaker(trainable_copy(tiny_encoder), SampleReader(toy("single-label")), FeatureSettings())
    with pytest.raises(JobError, match="too few"):
        finetune(maker, ("image-00",), 3, QUICK, "cls", 0)
