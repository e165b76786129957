"""Colours of ordered groups: no two the same, and the more alike the groups, the more alike the hue."""

from __future__ import annotations

import colorsys

import pytest

from engine.raster.cluster_colours import oklch, ordered_colours


def hue(colour: str) -> float:
    return colorsys.rgb_to_hsv(*(int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)))[0]


@pytest.mark.parametrize("count", [1, 2, 9, 10, 255])
def test_every_group_has_its_own_colour(count):
    colours = ordered_colours([0.0] * (count - 1))
    assert len(set(colours)) == count and all(len(colour) == 7 for colour in colours)


def test_alike_groups_have_closer_hues_than_unlike_ones():
    first, second, third = (hue(colour) for colour in ordered_colours([0.1, 5.0]))
    assert abs(first - second) < abs(second - third)


@pytest.mark.parametrize(
    "parts, colour", [((1, 0, 0), "#ffffff"), ((0, 0, 0), "#000000"), ((0.628, 0.2577, 29.23), "#ff0000")]
)
def test_known_colours_of_oklch(parts, colour):
    assert oklch(*parts) == colour
