"""The axis of the spectrum chart: logarithmic in pieces, so that bands have room and empty spectrum has little.

From 0.38 to 2.5 µm, where nearly all bands lie, it is one even logarithmic axis. The
thermal infrared follows narrower, then a break up to the microwaves, then C band. It
never runs backwards, and every wavelength has a place: those beyond its ends stand at them.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import Iterable, List, Sequence, Tuple

#: Wavelength in nm, and the share of the width to its left.
_KNOTS: Tuple[Tuple[float, float], ...] = ((380.0, 0.0), (2500.0, 0.69), (15_000.0, 0.82), (5.2e7, 0.85), (5.75e7, 1.0))
START_NM, END_NM = _KNOTS[0][0], _KNOTS[-1][0]
#: Between these two the axis is broken.
BREAK = (15_000.0, 5.2e7)

#: Ticks with their labels, the most useful first: where there is little room the later ones go without label.
TICKS: Tuple[Tuple[float, str], ...] = (
    (500.0, "0.5"), (1000.0, "1 µm"), (5.5e7, "5.5 cm"), (10_000.0, "10"), (2000.0, "2"), (700.0, "0.7"),
    (400.0, "0.4"), (1500.0, "1.5"), (600.0, "0.6"), (5000.0, "5"), (2500.0, "2.5"), (800.0, "0.8"), (900.0, "0.9"),
)  # fmt: skip

#: Parts of the spectrum, by where they start and end in nm.
REGIONS: Tuple[Tuple[str, float, float], ...] = (
    ("visible", 380.0, 700.0), ("near infrared", 700.0, 1100.0), ("short-wave", 1100.0, 2500.0),
    ("thermal", 2500.0, 15_000.0), ("radar", 5.2e7, 5.75e7),
)  # fmt: skip


def share(wavelength_nm: float) -> float:
    """Where a wavelength stands on the axis: 0 at its left end, 1 at its right."""
    if wavelength_nm <= START_NM:
        return 0.0
    if wavelength_nm >= END_NM:
        return 1.0
    piece = bisect_right([knot for knot, _ in _KNOTS], wavelength_nm) - 1
    (low, left), (high, right) = _KNOTS[piece], _KNOTS[piece + 1]
    return left + (right - left) * math.log(wavelength_nm / low) / math.log(high / low)


def is_beyond(wavelength_nm: float) -> bool:
    """True for wavelengths the axis does not reach, or leaves out."""
    return not START_NM <= wavelength_nm <= END_NM or BREAK[0] < wavelength_nm < BREAK[1]


def lanes(spans: Sequence[Tuple[float, float]], most: int, gap: float = 0.0) -> List[int]:
    """For each (left, right) span the lane, from 0, in which it overlaps none before it; the last lane may.

    Spans are laid from left to right, each into the first lane with room.
    """
    ends = [-math.inf] * most
    found = [0] * len(spans)
    for index in sorted(range(len(spans)), key=lambda each: spans[each]):
        left, right = spans[index]
        lane = next((each for each, end in enumerate(ends) if left >= end + gap), most - 1)
        ends[lane] = max(ends[lane], right)
        found[index] = lane
    return found


def free_places(spans: Iterable[Tuple[float, float]], gap: float) -> List[bool]:
    """For each (left, right) span, in order of importance, whether it overlaps none that was placed before."""
    placed: List[Tuple[float, float]] = []
    free = []
    for left, right in spans:
        fits = all(right + gap <= other_left or left >= other_right + gap for other_left, other_right in placed)
        if fits:
            placed.append((left, right))
        free.append(fits)
    return free
