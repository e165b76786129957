from __future__ import annotations

import numpy as np
import pytest

from engine.sample.spectra import INDEX, MATERIALS, WAVELENGTHS, backscatter, band_reflectance, temperatures

RED, NEAR_INFRARED, SHORT_WAVE = (650, 680), (780, 886), (1568, 1659)


@pytest.mark.parametrize("material", MATERIALS, ids=lambda material: material.name)
def test_every_curve_is_a_reflectance(material) -> None:  # type: ignore[no-untyped-def]
    assert material.reflectance.shape == WAVELENGTHS.shape
    assert np.isfinite(material.reflectance).all()
    assert material.reflectance.min() > 0
    assert material.reflectance.max() < 0.6


@pytest.mark.parametrize("name", ["bright crop", "dark crop", "grass", "broadleaf trees", "conifers"])
def test_plants_have_a_red_edge_and_leaf_water(name: str) -> None:
    red, near, short = (band_reflectance(*limits)[INDEX[name]] for limits in (RED, NEAR_INFRARED, SHORT_WAVE))
    assert (near - red) / (near + red) > 0.7
    assert short < 0.7 * near
    green = band_reflectance(545, 565)[INDEX[name]]
    assert green > red and green > band_reflectance(440, 460)[INDEX[name]]


@pytest.mark.parametrize("name", ["dark soil", "light soil", "straw", "tiled roof"])
def test_soil_straw_and_tiles_rise_towards_the_infrared(name: str) -> None:
    bands = [
        band_reflectance(*limits)[INDEX[name]] for limits in ((440, 460), (545, 565), RED, NEAR_INFRARED, SHORT_WAVE)
    ]
    assert bands == sorted(bands)


def test_water_is_dark_in_the_infrared_and_on_the_radar() -> None:
    water = [INDEX["lake"], INDEX["river"]]
    assert (band_reflectance(*SHORT_WAVE)[water] < 0.006).all()
    for polarisation in ("VV", "VH"):
        power = backscatter(polarisation)
        assert power[water].max() < np.delete(power, water).min()


def test_cross_polarisation_is_weaker_and_trees_are_its_strongest_plants() -> None:
    assert (backscatter("VH") < backscatter("VV")).all()
    plants = [INDEX[name] for name in ("broadleaf trees", "conifers", "bright crop", "dark crop", "grass")]
    assert set(np.argsort(backscatter("VH")[plants])[-2:]) == {0, 1}


def test_what_evaporates_is_cooler_than_what_is_dry() -> None:
    kelvin = temperatures()
    wet = [INDEX[name] for name in ("lake", "river", "broadleaf trees", "conifers", "dark crop", "grass")]
    dry = [INDEX[name] for name in ("light soil", "straw", "asphalt", "dark roof")]
    assert 285 < kelvin[wet].min() and kelvin[wet].max() < kelvin[dry].min() and kelvin[dry].max() < 325


def test_a_band_beyond_the_curves_is_refused() -> None:
    with pytest.raises(ValueError, match="no reflectance"):
        band_reflectance(10600, 11190)
