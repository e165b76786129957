"""Sides of packed records for sensors whose statistics the catalogue has."""

from __future__ import annotations

from collections.abc import Sequence

from engine.errors import StatisticsError
from engine.raster.statistics import BandStatistics
from engine.spectrum.sensors import load_sensor, sensor_band, sensor_statistics
from train.data.shards import Side

#: Radar is packed in hundredths of a decibel: half of a float's size, far below the speckle; after the resize an image
#: is off by 6e-4 of its range at most.
DECIBEL_STEP = 0.01
#: What stands for an unmeasured pixel in radar records.
RADAR_NODATA = -32768


def catalogue_side(
    sensor: str,
    names: Sequence[str],
    dtype: str,
    size: int,
    gain: float = 1.0,
    bias: float = 0.0,
    nodata: int | None = None,
) -> Side:
    """The side of records of ``size`` × ``size`` px with the bands ``names`` of a ``sensor`` of the catalogue.

    StatisticsError for a band without a learnt layer or without statistics.
    """
    found = load_sensor(sensor)
    figures = sensor_statistics(found, names)
    layers = {name: band.layer for name in names if (band := sensor_band(found, name)) is not None and band.layer}
    if figures is None or len(layers) < len(names):
        wanting = [name for name in names if name not in layers] or list(names)
        raise StatisticsError(
            f"Band {', '.join(wanting)} of {sensor} has no learnt layer or no statistics of the pretraining.",
            "Name bands of a pretraining sensor, or give the side its statistics.",
        )
    statistics = BandStatistics(
        tuple(names), figures.p1, figures.p99, figures.mean, figures.std, f"pretraining, {found.title}"
    )
    return Side(sensor, tuple(layers.values()), dtype, size, size, statistics, gain, bias, nodata)
