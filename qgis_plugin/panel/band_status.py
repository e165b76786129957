"""How well the model knows a band, as the table and the chart tell it. Nothing here knows of windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from ...engine.errors import SmartiesError
from ...engine.spectrum.assign import verdict_of
from ...engine.spectrum.bands import Band

#: Verdicts, the best first, and the two states a band has without one.
SEEN, NEAR, INTERPOLATED, OUTSIDE = "seen", "near", "interpolated", "outside"
UNKNOWN, OFF = "unknown", "off"
STATUSES = (SEEN, NEAR, INTERPOLATED, OUTSIDE, UNKNOWN, OFF)


@dataclass(frozen=True)
class BandStatus:
    """A band's verdict, or `unknown`, or `off`; the layers that speak for it, and why it cannot run ("" where it can).

    ``fit`` is the verdict of a band that is off, were it on. ``distance_nm`` is to the nearest learnt range.
    """

    verdict: str
    fit: str
    layers: str = ""
    layer_keys: Tuple[str, ...] = ()
    distance_nm: float = 0.0
    problem: str = ""


def status_of(band: Band, mode: str = "log", family: Optional[str] = None) -> BandStatus:
    """The status of a band for an interpolation ``mode`` and the sensor's ``family``; never raises for a band."""
    try:
        found = verdict_of(band, mode, family)
    except SmartiesError as error:
        return BandStatus(UNKNOWN if band.enabled else OFF, UNKNOWN, problem=error.message)
    verdict = found.verdict if band.enabled else OFF
    layers = found.summary if found.weights else ""
    return BandStatus(verdict, found.verdict, layers, found.layer_keys, found.distance_nm)


def worst(verdicts: Tuple[str, ...]) -> str:
    """The worst of verdicts of bands that are on; `off` where none is."""
    on = [verdict for verdict in verdicts if verdict != OFF]
    return max(on, key=STATUSES.index) if on else OFF
