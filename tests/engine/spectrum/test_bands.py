"""A band knows whether it is radar."""

from __future__ import annotations

import dataclasses

import pytest

from engine.spectrum.bands import Band


@pytest.mark.parametrize(
    ("band", "radar"),
    [
        (Band("B04", 665), False),
        (Band("thermal", 12005), False),
        (Band("C", 5.5e7), True),
        (Band("VV", polarisation="VV"), True),
        (Band("?"), False),
    ],
)
def test_a_band_is_radar_by_wavelength_or_polarisation(band, radar):
    assert band.is_radar is radar


def test_a_band_is_a_value():
    assert Band("B04", 665) == Band("B04", 665)
    with pytest.raises(dataclasses.FrozenInstanceError):
        Band("B04").name = "B05"  # type: ignore[misc]
