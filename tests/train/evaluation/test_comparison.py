from __future__ import annotations

import numpy as np
import pytest

from train.evaluation.baselines import channel_means, colour_histogram, pixel_statistics
from train.evaluation.comparison import compare, fresh_encoder, margins, markdown
from train.evaluation.features import FeatureSettings
from train.evaluation.logistic import fit_logistic, logistic_accuracy, standardised
from train.evaluation.reading import SampleReader


def test_features_without_a_model_by_hand():
    image = np.stack([np.full((4, 4), 10), np.arange(16).reshape(4, 4) * 16, np.full((4, 4), 255)]).astype(np.uint8)
    assert channel_means([image, image]).tolist() == [[10, 120, 255]] * 2
    statistics = pixel_statistics([image])[0].reshape(7, 3)
    assert statistics[:, 0].tolist() == [10, 0, 10, 10, 10, 10, 10]
    assert statistics[[0, 4], 1].tolist() == [120, 120] and statistics[1, 1] == pytest.approx(np.std(image[1]))
    histogram = colour_histogram([image], np.zeros(3), np.full(3, 255.0))[0]
    joint, bands = histogram[:64] ** 2, (histogram[64:] ** 2).reshape(3, 16)
    assert joint.sum() == pytest.approx(1) and bands.sum(1) == pytest.approx([1, 1, 1])
    assert joint.reshape(4, 4, 4)[0, :, 3].sum() == pytest.approx(1) and bands[0, 0] == bands[2, 15] == 1
    assert colour_histogram([image[:2]], np.zeros(2), np.full(2, 255.0)).shape == (1, 32)


def test_the_regression_chooses_its_strength_on_the_training_split():
    rng = np.random.default_rng(0)
    labels = np.arange(150) % 3
    features = np.eye(3)[labels] * 2 + rng.normal(size=(150, 3))
    clean, _ = logistic_accuracy(features[:90], labels[:90], features[90:], labels[90:], 0)
    assert clean > 0.7
    # Of noise alone, the strongest regularisation of equally good ones.
    noise = standardised(rng.normal(size=(60, 30)))[0]
    assert fit_logistic(noise, labels[:60], 0)[1] <= 0.1
    assert fit_logistic(noise[:2], np.array([0, 1]), 0)[1] == 1.0
    groups = np.arange(60) // 15
    assert fit_logistic(noise, labels[:60], 0, groups)[0].classes_.tolist() == [0, 1, 2]
    constant = standardised(np.ones((4, 2)), np.zeros((1, 2)))
    assert not constant[0].any() and not constant[1].any()


def test_all_rows_are_measured_on_one_split(tiny_encoder, toy):
    dataset = toy("single-label")
    rows = compare(tiny_encoder, SampleReader(dataset), FeatureSettings(), (1, 2), seed=0)
    assert [row.features for row in rows] == [
        "model, CLS", "model, mean of tokens", "random encoder, CLS (mean of 2 seeds)",
        "random encoder, mean of tokens (mean of 2 seeds)", "channel means", "pixel statistics", "colour histogram",
    ]  # fmt: skip
    assert [row.is_baseline for row in rows] == [False] * 2 + [True] * 5
    by_name = {row.features: row for row in rows}
    # Brightness tells nothing of the classes, textures do.
    assert by_name["channel means"].regression < 0.6 < by_name["model, CLS"].regression
    assert by_name["pixel statistics"].dims == 21
    found = margins(rows)
    assert found["regression"] == pytest.approx(
        100 * max(row.regression for row in rows[:2]) - 100 * max(row.regression for row in rows[2:])
    )
    page = markdown(rows, {"title": "Tiny on toy", "Model": "tiny"})
    assert page.count("\n| ") == 8 and f"regression {found['regression']:+.1f}" in page


def test_a_fresh_encoder_has_the_sizes_of_the_model_and_weights_of_its_seed(tiny_encoder):
    one, two = fresh_encoder(tiny_encoder, 1), fresh_encoder(tiny_encoder, 2)
    assert (one.width, one.depth, one.num_heads) == (48, 2, 3)
    assert one.info.sha256 not in (two.info.sha256, tiny_encoder.info.sha256) and one.info.random
