"""The bands a reconstruction predicts: which learnt layers speak for them, and the unit their values come back in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.errors import JobError, SmartiesError, StatisticsError
from engine.spectrum.assign import Assignment, assign, family_of, verdict_of
from engine.spectrum.bands import Band
from engine.spectrum.layers import LAYER_BY_KEY, LAYERS
from engine.spectrum.sensors import (
    Sensor,
    Statistics,
    load_sensor,
    sensor_band,
    sensor_names,
    sensor_statistics,
)

#: The sensors of the catalogue that the learnt layers come from; for Sentinel-2 that of an input comes first.
_SENSORS = {"Sentinel-2": "sentinel-2-l2a", "Sentinel-1": "sentinel-1-grd", "RGB": "maxar-rgb"}
#: What an image's bands are called in the layers of each family.
_LAYER_SENSORS = {"sentinel-2": "Sentinel-2", "rgb": "RGB"}


@dataclass(frozen=True)
class Target:
    """A band to predict: its layers, its ``sensor`` and the statistics (of one band) that give values their unit."""

    assignment: Assignment
    sensor: Sensor
    statistics: Statistics

    @property
    def name(self) -> str:
        """The band's name at its sensor."""
        return self.assignment.band.name

    @property
    def family(self) -> str:
        """The family of bands that the model was trained to predict together: "radar", "rgb" or "sentinel-2"."""
        if self.assignment.band.is_radar:
            return "radar"
        return family_of([self.assignment.band], self.sensor.family)

    def values(self, standardised: np.ndarray) -> np.ndarray:
        """Values in the unit of the sensor from standardised ones, within those that the model was trained on."""
        p1, p99 = self.statistics.p1[0], self.statistics.p99[0]
        share = standardised * self.statistics.std[0] + self.statistics.mean[0]
        return np.clip(share * (p99 - p1) + p1, p1, p99)


def parse_targets(
    names: Sequence[str], input_sensors: Sequence[Sensor | None], interpolation: str, allow_outside: bool
) -> list[Target]:
    """The bands that ``names`` ask for: "SENSOR:BAND", or the key of a learnt layer.

    A layer of Sentinel-2 is in the unit of the product among ``input_sensors``, else of L2A. Raises
    UnknownSensorError, StatisticsError for a sensor of which the catalogue has no statistics, JobError for a band it
    does not have or one that is asked for twice, and what ``assign`` raises.
    """
    targets = [_target(name.strip(), input_sensors, interpolation, allow_outside) for name in names]
    for place, target in enumerate(targets):
        if any((target.sensor, target.name) == (other.sensor, other.name) for other in targets[:place]):
            raise JobError(f"{target.sensor.title} {target.name} is asked for twice.", "Name each band once.")
    return targets


def _target(name: str, input_sensors: Sequence[Sensor | None], interpolation: str, allow_outside: bool) -> Target:
    layer = LAYER_BY_KEY.get(name)
    if layer is not None:
        sensor = next(
            (each for each in input_sensors if each is not None and _is_product_of(each, layer.sensor)),
            load_sensor(_SENSORS[layer.sensor]),
        )
        band_name = layer.sensor_band
    elif ":" in name:
        sensor_name, band_name = name.split(":", 1)
        sensor = load_sensor(sensor_name)
    else:
        raise JobError(
            f"“{name}” names no band.",
            f"Give SENSOR:BAND, as sentinel-2-l2a:B08, or one of the layers {', '.join(LAYER_BY_KEY)}.",
        )
    found = sensor_band(sensor, band_name)
    if found is None:
        bands = ", ".join(band.name for band in sensor.bands)
        raise JobError(f"{sensor.title} has no band {band_name}.", f"It has {bands}.")
    statistics = sensor_statistics(sensor, [found.name])
    if statistics is None:
        known = ", ".join(each for each in sensor_names() if load_sensor(each).statistics is not None)
        raise StatisticsError(
            f"The catalogue has no statistics of {sensor.title} {found.name}, so its prediction has no unit.",
            f"Choose a band of {known}.",
        )
    band = Band(found.name, found.centre_nm, found.min_nm, found.max_nm, found.polarisation, found.layer)
    (assignment,) = assign([band], interpolation, allow_outside, sensor.family)
    return Target(assignment, sensor, statistics)


def _is_product_of(sensor: Sensor, name: str) -> bool:
    """Whether a sensor with statistics is a product of the satellites called ``name`` in the layers."""
    return sensor.statistics is not None and load_sensor(_SENSORS[name]).family == sensor.family


def anchors(family: str, bands: Sequence[Assignment], interpolation: str) -> list[tuple[int, Assignment]]:
    """The input bands that tell the scale of predictions of a ``family``: number and layers in that family.

    The model normalises what it predicts per token, over the bands of one sensor at once: where it predicts bands
    that are known together with those that are not, the known ones give brightness and contrast back. Radar tells
    nothing of light, nor light of radar, nor do bands without a layer of their own.
    """
    found = []
    for number, assignment in enumerate(bands):
        band = assignment.band
        if band.is_radar != (family == "radar"):
            continue
        own = {LAYERS[index].sensor for index, _ in assignment.weights}
        if family != "radar" and own != {_LAYER_SENSORS[family]}:
            try:
                # By its wavelength: the layer that its own sensor names is of the other family.
                assignment = verdict_of(replace(band, layer=None), interpolation, family)
            except SmartiesError:
                continue
        if assignment.verdict in ("seen", "near"):
            found.append((number, assignment))
    return found
