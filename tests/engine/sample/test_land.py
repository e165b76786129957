from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from engine.sample.land import CLASSES, FOREST, TOWN, WATER, Land, draw_land
from engine.sample.spectra import INDEX, MATERIALS


@pytest.fixture(scope="module")
def land() -> Land:
    return draw_land(700, 0)


def test_every_pixel_is_a_mixture_of_known_materials(land: Land) -> None:
    for field in dataclasses.fields(land):
        assert getattr(land, field.name).shape == (700, 700)
    assert max(land.base.max(), land.cover.max()) < len(MATERIALS)
    assert land.share.min() >= 0 and land.share.max() <= 1
    assert 0 < land.light.min() and land.light.max() < 2.5
    assert land.echo.min() > 0
    assert land.height.min() >= 0 and land.height.max() < 30


@pytest.mark.parametrize("seed", range(3))
def test_every_class_has_its_place_in_every_landscape(seed: int) -> None:
    label = draw_land(700, seed).label
    shares = {name: float((label == value).mean()) for value, (name, _) in CLASSES.items()}
    assert sum(shares.values()) == pytest.approx(1)
    assert min(shares.values()) > 0.01, shares


def test_the_same_seed_gives_the_same_ground_and_another_seed_another(land: Land) -> None:
    again, other = draw_land(700, 0), draw_land(700, 1)
    for field in dataclasses.fields(land):
        assert np.array_equal(getattr(land, field.name), getattr(again, field.name))
    assert (land.label != other.label).mean() > 0.3


def test_woods_are_high_and_closed_water_is_flat_and_nothing_but_water(land: Land) -> None:
    wood, water = land.label == FOREST, land.label == WATER
    trees = [INDEX["broadleaf trees"], INDEX["conifers"]]
    assert np.isin(land.cover[wood], trees).mean() > 0.8
    assert np.median(land.height[wood]) > 8
    assert (land.height[water] == 0).all()
    assert np.isin(land.base[water], [INDEX["lake"], INDEX["river"]]).all()
    assert (land.share[water] == 0).all()


def test_the_town_has_roofs_streets_and_gardens(land: Land) -> None:
    town = land.label == TOWN
    roofs = np.isin(land.base, [INDEX[name] for name in ("tiled roof", "dark roof", "light roof")])
    assert 0.08 < roofs[town].mean() < 0.5
    assert not roofs[~town].any()
    assert (land.base[town] == INDEX["asphalt"]).mean() > 0.1
    assert (land.cover[town] == INDEX["grass"]).mean() > 0.1


def test_shade_falls_away_from_the_sun(land: Land) -> None:
    # The sun is in the south-east: north-west of a house lies its shadow, south-east of it none.
    walls = land.height > 6
    roofs = walls & np.isin(land.base, [INDEX[name] for name in ("tiled roof", "dark roof", "light roof")])
    behind = np.roll(roofs, (-3, -3), (0, 1)) & (land.height < 1)
    before = np.roll(roofs, (3, 3), (0, 1)) & (land.height < 1)
    assert np.median(land.light[behind]) < 0.6 * np.median(land.light[before])
