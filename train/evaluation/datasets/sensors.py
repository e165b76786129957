"""Bands of sensors that the model was not pretrained on, brought to learnt layers by their wavelengths."""

from __future__ import annotations

from collections.abc import Sequence

from engine.spectrum.assign import Assignment, assign
from engine.spectrum.bands import Band
from engine.spectrum.sensors import load_sensor, sensor_band


def bands_of(sensor: str, names: Sequence[str], mode: str, family: str | None = None) -> tuple[Assignment, ...]:
    """The bands ``names`` of a sensor of the engine's catalogue, brought to learnt layers by wavelength.

    ``mode`` is one of ``engine.spectrum.assign.MODES``; ``family`` is the sensor's own without.
    """
    catalogued = load_sensor(sensor)
    bands = []
    for name in names:
        band = sensor_band(catalogued, name)
        assert band is not None, f"{sensor} has no band {name}"
        bands.append(Band(band.name, band.centre_nm, band.min_nm, band.max_nm, band.polarisation, band.layer))
    return assign(bands, mode, family=family or catalogued.family)
