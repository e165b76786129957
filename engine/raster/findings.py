"""What was recognised in the values of one kind of bands, and how it is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.raster.histograms import BandValues


@dataclass(frozen=True)
class Finding:
    """The unit that the values of one kind of bands were found in, and the way to the sensor's unit.

    A stored value becomes value·scale + offset by its band's tags (each only if ``apply_scale``,
    ``apply_offset``), then ``gain``·that + ``bias``, then 10·log10 of it if ``log10``.
    ``found`` and ``action`` are sentences; ``doubt``, where not empty, is one a user should read.
    """

    found: str
    action: str = "used as they are"
    gain: float = 1.0
    bias: float = 0.0
    log10: bool = False
    apply_scale: bool = True
    apply_offset: bool = True
    doubt: str = ""


def figure(value: float) -> str:
    """A figure for a message, four digits long."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def span(values: Sequence[BandValues]) -> str:
    """Where the values of some bands lie, as part of a sentence: lowest p1, highest p99, middle median."""
    low = min(band.p1 for band in values)
    high = max(band.p99 for band in values)
    medians = sorted(band.p50 for band in values)
    middle = medians[len(medians) // 2]
    return f"98 % of the values lie between {figure(low)} and {figure(high)}, the median at {figure(middle)}"
