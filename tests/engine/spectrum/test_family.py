"""Which family's layers are preferred is one answer for describe, for a run and for the panel."""

from __future__ import annotations

from engine.spectrum.assign import assign, family_of, verdict_of
from engine.spectrum.bands import Band

PICTURE = [Band("r", 660.0), Band("g", 560.0), Band("b", 480.0)]


def test_a_sensors_own_family_comes_first():
    assert family_of(PICTURE, "sentinel-2") == "sentinel-2"
    assert family_of([Band("nir", 842.0)], "rgb") == "rgb"


def test_three_visible_bands_are_a_picture_and_a_fourth_ends_it():
    assert family_of(PICTURE) == "rgb"
    assert family_of([*PICTURE, Band("nir", 842.0)]) == "sentinel-2"
    assert family_of([*PICTURE, Band("nir", 842.0, enabled=False)]) == "rgb"
    assert family_of(PICTURE, "sentinel-1") == "rgb"


def test_a_band_alone_is_judged_as_in_the_run():
    family = family_of(PICTURE)
    assert [verdict_of(band, family=family) for band in PICTURE] == list(assign(PICTURE))
