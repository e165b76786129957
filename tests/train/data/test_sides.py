"""Sides of the sensors that the model was made for."""

from __future__ import annotations

import pytest

from engine.errors import StatisticsError, UnknownSensorError
from engine.spectrum.sensors import load_sensor, sensor_statistics
from train.data.sides import DECIBEL_STEP, RADAR_NODATA, catalogue_side


def test_layers_and_statistics_are_the_catalogues():
    side = catalogue_side("sentinel-2-l2a", ("B04", "B8A", "B02"), "uint16", 60, nodata=0)
    assert side.bands == ("red_2", "near_infrared_3", "blue_1")
    assert (side.shape, side.bytes, side.nodata, side.gain) == ((3, 60, 60), 21_600, 0, 1.0)
    figures = sensor_statistics(load_sensor("sentinel-2-l2a"), ("B04", "B8A", "B02"))
    assert figures is not None
    assert (side.statistics.p99, side.statistics.mean) == (figures.p99, figures.mean)
    assert side.statistics.source.startswith("pretraining, ")
    radar = catalogue_side("sentinel-1-grd", ("VH",), "int16", 60, DECIBEL_STEP, nodata=RADAR_NODATA)
    assert (radar.bands, radar.gain, radar.statistics.names) == (("microwave_2",), 0.01, ("VH",))


def test_what_was_not_pretrained_on_is_refused():
    with pytest.raises(StatisticsError, match=r"Band B10 of sentinel-2-l1c.*no learnt layer or no statistics"):
        catalogue_side("sentinel-2-l1c", ("B10",), "uint16", 60)
    with pytest.raises(StatisticsError, match="Band B99"):
        catalogue_side("sentinel-2-l1c", ("B99",), "uint16", 60)
    with pytest.raises(UnknownSensorError):
        catalogue_side("sentinel-9", ("B01",), "uint16", 60)
