"""Colours for groups that have an order: neighbours alike in hue, the further apart the less, and no two the same."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

#: Hues in degrees (OKLCH) from the first group to the last: blue, green, yellow, red, magenta. Less than a full
#: circle, for the first and the last are the least alike.
_FIRST_HUE, _LAST_HUE = 262.0, -22.0
#: So many groups are told apart by hue alone; more of them also by lightness, in turns.
_BY_HUE = 9
_LIGHTNESS = (0.70, 0.52, 0.84)
_CHROMA = 0.145


def ordered_colours(gaps: Sequence[float]) -> list[str]:
    """Colours "#rrggbb" of ``len(gaps) + 1`` groups in a row; ``gaps`` are how unlike each is to the next (0 or more).

    Half of the way between two hues follows the gap, the other half is the same for all.
    """
    count = len(gaps) + 1
    steps = np.full(count - 1, 1 / max(count - 1, 1))
    if sum(gaps) > 0:
        steps = 0.5 * steps + 0.5 * np.asarray(gaps, float) / sum(gaps)
    places = np.concatenate([[0.0], np.cumsum(steps)])
    colours: list[str] = []
    for number, place in enumerate(places):
        lightness = _LIGHTNESS[number % len(_LIGHTNESS)] if count > _BY_HUE else _LIGHTNESS[0]
        hue = _FIRST_HUE + place * (_LAST_HUE - _FIRST_HUE)
        colour = oklch(lightness, _CHROMA, hue)
        while colour in colours:
            lightness -= 0.005
            colour = oklch(lightness, _CHROMA, hue)
        colours.append(colour)
    return colours


def oklch(lightness: float, chroma: float, hue: float) -> str:
    """A colour of Ottosson's OKLCH as "#rrggbb", as colourful as a screen shows it at that lightness and hue."""
    angle = math.radians(hue)
    for _ in range(32):
        linear = _linear(lightness, chroma * math.cos(angle), chroma * math.sin(angle))
        if all(-1e-3 <= part <= 1 + 1e-3 for part in linear):
            break
        chroma *= 0.92
    parts = [12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055 for part in linear]
    return "#" + "".join(f"{round(255 * min(max(part, 0.0), 1.0)):02x}" for part in parts)


def _linear(lightness: float, a: float, b: float) -> tuple[float, float, float]:
    """Linear red, green and blue of a colour in Oklab; below 0 or above 1 where no screen shows it."""
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )
