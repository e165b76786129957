from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.errors import JobError, SourceError
from train.evaluation.dataset import EvaluationDataset
from train.evaluation.features import FeatureSettings
from train.evaluation.finetuning import FinetuneSettings
from train.evaluation.protocols import SCALES, Evaluation, EvaluationSettings
from train.evaluation.segmentation import SETTINGS
from train.evaluation.splits import split_hash

#: The published settings need thousands of images.
FAST = FinetuneSettings(2e-2, 16, 15, warmup_epochs=1)


def evaluation(encoder, dataset: EvaluationDataset, **settings) -> Evaluation:
    return Evaluation(encoder, dataset, EvaluationSettings(finetuning=FAST, **settings))


@pytest.mark.parametrize("protocol", ["knn", "linear", "finetune"])
@pytest.mark.parametrize("task", ["single-label", "multi-label"])
def test_each_protocol_learns_what_can_be_told_and_fails_on_shuffled_labels(tiny_encoder, toy, protocol, task):
    row = evaluation(tiny_encoder, toy(task)).run(protocol)
    assert row.figures[row.metric] > 0.85
    shuffled = evaluation(tiny_encoder, toy(task, shuffled=True)).run(protocol)
    assert shuffled.figures[shuffled.metric] < 0.65
    assert (row.metric, row.protocol) == ("accuracy" if task == "single-label" else "map_micro", protocol)


@pytest.mark.parametrize(("protocol", "rate", "epochs"), [("conv", 0.5, 25), ("upernet", 3e-3, 3)])
def test_segmentation_learns_what_can_be_told_and_fails_on_shuffled_labels(
    tiny_encoder, toy, protocol, rate, epochs, monkeypatch
):
    monkeypatch.setitem(SETTINGS, protocol, replace(SETTINGS[protocol], rate=rate, batch=8))
    row = evaluation(tiny_encoder, toy("segmentation"), epochs=epochs).run(protocol)
    shuffled = evaluation(tiny_encoder, toy("segmentation", shuffled=True), epochs=epochs).run(protocol)
    assert row.figures["miou"] > 0.6 and shuffled.figures["miou"] < 0.4
    assert set(row.figures) == {"miou", "f1", "accuracy"} and (row.pooling, row.epochs) == ("tokens", epochs)


@pytest.mark.parametrize("fusion", ["stack", "concat", "mixup"])
def test_two_modalities_by_every_fusion(tiny_encoder, toy, fusion):
    both = toy("single-label", ("s1", "s2"))
    run = evaluation(tiny_encoder, both, features=FeatureSettings(fusion, mixup_draws=2), pooling="mean")
    row = run.run("linear")
    assert row.figures["accuracy"] > 0.75
    assert (row.inputs, row.fusion, row.mixup_draws) == (("s1", "s2"), fusion, 2 if fusion == "mixup" else 0)
    assert evaluation(tiny_encoder, toy("segmentation", ("s1", "s2")), features=FeatureSettings(fusion), epochs=1).run(
        "conv"
    )
    if fusion == "mixup":
        with pytest.raises(JobError, match="mixup"):
            evaluation(tiny_encoder, toy("segmentation", ("s1", "s2")), features=FeatureSettings(fusion)).run("upernet")


def test_a_row_tells_all_that_it_depends_on(tiny_encoder, toy):
    dataset = toy("single-label")
    run = evaluation(tiny_encoder, dataset, share=0.25, seed=5)
    row = run.run("knn")
    assert (
        row.counts == {"train": 12, "test": 30}
        and np.bincount([int(each[-2:]) % 3 for each in run.train]).tolist() == [4] * 3
    )
    assert row.splits == {"train": split_hash(run.train), "test": split_hash(dataset.ids("test"))}
    assert (row.model, row.model_sha256, row.random) == ("tiny", tiny_encoder.info.sha256, True)
    assert (row.statistics, row.split_source, row.resize, row.seed) == ("made up", "by number", "exact", 5)
    assert (row.train_share, row.epochs, row.inputs, row.fusion) == (0.25, 0, ("s2",), "")


def test_multiscale_is_the_mean_of_the_scales_and_encodes_the_whole_size_once(tiny_encoder, toy):
    run = evaluation(tiny_encoder, toy("single-label"))
    alone = run.run("knn").figures["accuracy"]
    figures = run.run("multiscale-knn").figures
    each = [figures[f"at {100 * scale:g} %"] for scale in SCALES]
    assert figures["accuracy"] == pytest.approx(np.mean(each)) and each[-1] == alone and each[0] < alone
    assert len(run._pooled) == 2 * len(SCALES)


def test_what_does_not_go_together_is_refused(tiny_encoder, toy):
    run = evaluation(tiny_encoder, toy("single-label"))
    for protocol in ("conv", "magic"):
        with pytest.raises(JobError, match=protocol):
            run.check(protocol)
    with pytest.raises(JobError, match="does not fit"):
        evaluation(tiny_encoder, toy("segmentation")).check("finetune")
    empty = toy("single-label")
    empty.ids = lambda split: ()
    with pytest.raises(SourceError, match="0 samples"):
        evaluation(tiny_encoder, empty)
