"""Statistics of bands: p1 and p99, and the mean and std between them; streamed from a raster, kept as JSON.

Mean and std are those of clip((x − p1)/(p99 − p1), 0, 1), as in METHOD, section 4. All are
in converted units: dB for radar, the digital numbers of the sensor for its bands.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.errors import StatisticsError
from engine.raster.histograms import BandValues, Bins, make_histogram
from engine.raster.radiometry import Radiometry

_FIGURES = ("p1", "p99", "mean", "std")

#: A std of values between 0 and 1 below this is rounding: the band is constant.
_CONSTANT_STD = 1e-6


@dataclass(frozen=True)
class BandStatistics:
    """Statistics of C bands, in their order.

    ``p1`` and ``p99`` are in the unit of the converted values; ``mean`` and ``std`` are without
    dimension, of the values after clip((x − p1)/(p99 − p1), 0, 1). ``count`` is the number of
    valid pixels behind them (0 where not known). ``source`` says where they come from, ``notes``
    what is odd about a band. Raises StatisticsError for impossible figures.
    """

    names: tuple[str, ...]
    p1: tuple[float, ...]
    p99: tuple[float, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    source: str
    count: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for field in _FIGURES:
            if len(getattr(self, field)) != len(self.names):
                raise _wrong(f"{len(getattr(self, field))} values of {field} for {len(self.names)} bands")
        if self.count and len(self.count) != len(self.names):
            raise _wrong(f"{len(self.count)} values of count for {len(self.names)} bands")
        for name, p1, p99, mean, std in zip(self.names, self.p1, self.p99, self.mean, self.std, strict=True):
            for field, value in zip(_FIGURES, (p1, p99, mean, std), strict=True):
                if not math.isfinite(value):
                    raise _wrong(f"{field} of band {name} is {value}")
            if p99 <= p1:
                raise _wrong(f"p99 of band {name} is {p99:g}, which is not above its p1 of {p1:g}")
            if std <= 0:
                raise _wrong(f"std of band {name} is {std:g}, which is not above 0")

    def select(self, names: Sequence[str]) -> BandStatistics:
        """The statistics of the bands ``names``, in that order, any case; StatisticsError names those missing."""
        if [name.casefold() for name in names] == [name.casefold() for name in self.names]:
            return self
        places = {name.casefold(): place for place, name in enumerate(self.names)}
        missing = [name for name in names if name.casefold() not in places]
        if missing:
            raise StatisticsError(
                f"The statistics ({self.source}) have no band {', '.join(missing)}; they have {', '.join(self.names)}.",
                "Make them from this raster with `smarties stats`, or use --statistics estimate.",
            )
        order = [places[name.casefold()] for name in names]
        p1, p99, mean, std = (tuple(getattr(self, field)[place] for place in order) for field in _FIGURES)
        count = tuple(self.count[place] for place in order) if self.count else ()
        return BandStatistics(tuple(names), p1, p99, mean, std, self.source, count, self.notes)

    def to_json(self) -> str:
        """The statistics as JSON text."""
        content: dict[str, Any] = {"bands": list(self.names)}
        content |= {field: list(getattr(self, field)) for field in _FIGURES}
        content |= {"count": list(self.count), "source": self.source, "notes": list(self.notes)}
        return json.dumps(content, indent=1, ensure_ascii=False) + "\n"

    @staticmethod
    def from_json(text: str) -> BandStatistics:
        """Statistics from JSON text; StatisticsError names what is missing or impossible."""
        try:
            content = json.loads(text)
        except json.JSONDecodeError as error:
            raise _wrong(f"no JSON: {error}") from error
        if not isinstance(content, dict):
            raise _wrong("an object with bands, p1, p99, mean and std is expected")
        names = _texts(content, "bands")
        if not names:
            raise _wrong("bands names none")
        p1, p99, mean, std = (_numbers(content, field) for field in _FIGURES)
        count = tuple(int(value) for value in _numbers(content, "count")) if content.get("count") else ()
        source = content.get("source", "")
        if not isinstance(source, str):
            raise _wrong(f"source {source!r} is not a text")
        notes = _texts(content, "notes") if "notes" in content else ()
        return BandStatistics(names, p1, p99, mean, std, source, count, notes)


def far_off(statistics: BandStatistics, radiometry: Radiometry, values: Sequence[BandValues | None]) -> str:
    """A sentence where most bands' values, of another raster than the statistics, lie beyond what these expect.

    ``values`` are those of the bands of ``statistics``, raw, in brief; None for a band that was not sampled. Empty
    where the median of at least half of them is between p1 and p99.
    """
    far, counted = [], 0
    for band, sampled in enumerate(values):
        if sampled is None or sampled.count == 0:
            continue
        counted += 1
        median = radiometry.gain[band] * sampled.p50 + radiometry.bias[band]
        if radiometry.log10[band]:
            median = 10 * math.log10(median) if median > 0 else -math.inf
        if not statistics.p1[band] <= median <= statistics.p99[band]:
            far.append((statistics.names[band], median, statistics.p1[band], statistics.p99[band]))
    if 2 * len(far) <= counted:
        return ""
    name, median, p1, p99 = far[0]
    return (
        f"The values are not those that the statistics ({statistics.source}) are of: in {len(far)} of {counted} bands"
        f" the median lies outside, in {name} {median:.4g} of {p1:.4g} to {p99:.4g}. Check the unit of the values."
    )


def _wrong(reason: str) -> StatisticsError:
    return StatisticsError(f"These band statistics cannot be used: {reason}.", "Make them again with `smarties stats`.")


def _texts(content: dict[str, Any], field: str) -> tuple[str, ...]:
    value = content.get(field)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _wrong(f"{field} is not a list of texts")
    return tuple(value)


def _numbers(content: dict[str, Any], field: str) -> tuple[float, ...]:
    value = content.get(field)
    if not isinstance(value, list):
        raise _wrong(f"{field} is missing or not a list")
    for item in value:
        if isinstance(item, bool) or not isinstance(item, int | float):
            raise _wrong(f"{field} holds {item!r}, which is not a number")
    return tuple(float(item) for item in value)


class StreamingStatistics:
    """Statistics of a raster of ``band_count`` bands of ``dtype``, in one pass and bounded memory.

    Exact for 8- and 16-bit integers; p1 and p99 of other types are within 2.5e-4 of their value.
    """

    def __init__(self, band_count: int, dtype: np.dtype | str) -> None:
        dtype = np.dtype(dtype)
        if dtype.kind not in "iuf":
            raise StatisticsError(
                f"Values of type {dtype} have no percentiles.", "Convert them to integers or floats first."
            )
        self._histograms = [make_histogram(dtype) for _ in range(band_count)]

    def update(self, values: np.ndarray, valid: np.ndarray) -> None:
        """Count the pixels of ``values`` (C, h, w) that are ``valid`` (h, w) and finite."""
        if len(values) != len(self._histograms):
            raise ValueError(f"{len(values)} bands given, {len(self._histograms)} expected")
        whole = bool(valid.all())
        for band, histogram in zip(values, self._histograms, strict=True):
            histogram.add(band.ravel() if whole else band[valid])

    def percentile(self, q: float) -> tuple[float, ...]:
        """The ``q``-th percentile (0–100) of each band's raw values; NaN for a band without valid pixels."""
        return tuple(histogram.bins().percentile(q) for histogram in self._histograms)

    def values(self) -> tuple[BandValues, ...]:
        """Each band's raw values in brief, as `recognise` takes them."""
        return tuple(histogram.bins().summary() for histogram in self._histograms)

    def result(self, names: Sequence[str], source: str, radiometry: Radiometry | None = None) -> BandStatistics:
        """The statistics of all bands, in the units of ``radiometry`` (raw without one).

        A band that is constant between its 1st and 99th percentile gets p1 = that value, a p99
        above it, mean 0 and std 1, so that the constant becomes 0, and a note. Raises
        StatisticsError for a band without valid pixels.
        """
        rows = []
        notes = []
        for index, (name, histogram) in enumerate(zip(names, self._histograms, strict=True)):
            bins = histogram.bins()
            counted = bins.total
            if radiometry is not None:
                bins = bins.converted(radiometry.gain[index], radiometry.bias[index], radiometry.log10[index])
            if bins.total == 0:
                reason = "no value above 0 to take the logarithm of" if counted else "no valid pixel"
                raise StatisticsError(
                    f"Band {name} has {reason}, so it has no statistics.",
                    "Choose an extent that holds data, or leave this band out of the band table.",
                )
            figures = _figures(bins)
            if figures is None:
                value = bins.percentile(50)
                notes.append(f"Band {name} is constant ({value:g}): it contributes nothing.")
                figures = (value, value + max(1.0, 1e-3 * abs(value)), 0.0, 1.0)
            rows.append((*figures, bins.total))
        p1, p99, mean, std, count = zip(*rows, strict=True)
        return BandStatistics(tuple(names), p1, p99, mean, std, source, count, tuple(notes))


def _figures(bins: Bins) -> tuple[float, float, float, float] | None:
    """p1, p99, mean and std of a band; None for one that is constant between its p1 and p99."""
    p1, p99 = bins.percentile(1), bins.percentile(99)
    if p99 <= p1:
        return None
    clipped = np.clip((bins.centres - p1) / (p99 - p1), 0.0, 1.0)
    mean = float(np.average(clipped, weights=bins.counts))
    std = float(np.sqrt(np.average((clipped - mean) ** 2, weights=bins.counts)))
    return None if std < _CONSTANT_STD else (p1, p99, mean, std)
