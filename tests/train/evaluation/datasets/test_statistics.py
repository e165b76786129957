from __future__ import annotations

import numpy as np
import pytest

from engine.errors import SourceError
from engine.spectrum.layers import LAYER_BY_KEY
from train.evaluation.datasets.sensors import bands_of
from train.evaluation.datasets.statistics import (
    ESTIMATE_IMAGES,
    FOLDER,
    estimate_from,
    estimate_statistics,
    published_statistics,
)


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.json")))
def test_published_figures_are_of_learnt_layers(name):
    statistics = published_statistics(name)
    assert set(statistics.names) - {"short_wave_infrared_2"} <= set(LAYER_BY_KEY)
    assert all(0 < mean < 1 for mean in statistics.mean)


def test_there_are_figures_of_seven_datasets():
    assert len(list(FOLDER.glob("*.json"))) == 7
    assert published_statistics("eurosat", ["near_infrared_3", "aerosol"]).p99 == (5312, 2084)


def test_at_most_so_many_images_are_looked_at_evenly_spread():
    ids = [f"{number:05d}" for number in range(10 * ESTIMATE_IMAGES)]
    chosen = estimate_from(ids, "x")
    assert len(set(chosen)) == ESTIMATE_IMAGES
    assert (chosen[0], chosen[-1]) == (ids[0], ids[-1])
    assert estimate_from(ids[:3], "x") == tuple(ids[:3])
    with pytest.raises(SourceError, match="x has no training samples"):
        estimate_from([], "x")


def test_an_estimate_is_of_the_valid_pixels():
    valid = np.zeros((10, 10), bool)
    valid[:5] = True
    image = np.where(valid, np.arange(100).reshape(10, 10), 30000)[None].astype(np.uint16)
    statistics = estimate_statistics(["a", "b"], lambda _: (image, valid), ["red"], "x")
    assert statistics.count == (100,) and statistics.p99[0] < 50
    assert statistics.source == "estimated from 2 training images"


def test_bands_of_a_sensor_keep_its_wavelengths():
    (band,) = bands_of("landsat-8-l2", ("ST_B10",), "linear")
    assert (band.band.centre_nm, band.verdict, band.mode) == (10895, "interpolated", "linear")
