"""Histograms of a band's values in one pass and bounded memory, exact for 8- and 16-bit integers.

Floats and wider integers are counted in bins of equal relative width: the leading bits of
a float32, read as an integer, order numbers as the numbers themselves are ordered.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

#: Mantissa bits of a float32 that pick the bin: bins are 2^-12 = 2.4e-4 of their value wide.
MANTISSA_BITS = 12
_DROPPED_BITS = 23 - MANTISSA_BITS
_PAGE = 1 << MANTISSA_BITS  # bins of one sign and exponent
_PAGES = 512  # every sign and exponent


@dataclass(frozen=True)
class BandValues:
    """A band's values in brief: percentiles in the unit of the values, ``count`` of valid pixels."""

    minimum: float
    p1: float
    p50: float
    p99: float
    maximum: float
    count: int

    def converted(self, gain: float, bias: float) -> BandValues:
        """The same after ``gain * value + bias``; ``gain`` must be above 0."""
        return replace(
            self,
            minimum=gain * self.minimum + bias,
            p1=gain * self.p1 + bias,
            p50=gain * self.p50 + bias,
            p99=gain * self.p99 + bias,
            maximum=gain * self.maximum + bias,
        )


@dataclass(frozen=True)
class Bins:
    """Counted values in ascending bins without overlap: ``lows``, ``highs``, ``counts`` (K,), no count zero."""

    lows: np.ndarray
    highs: np.ndarray
    counts: np.ndarray

    @property
    def total(self) -> int:
        """Number of values."""
        return int(self.counts.sum())

    @property
    def centres(self) -> np.ndarray:
        """The middle of each bin (K,)."""
        return (self.lows + self.highs) / 2

    def percentile(self, q: float) -> float:
        """The ``q``-th percentile (0–100), linear between neighbours as numpy's default; NaN without values."""
        total = self.total
        if total == 0:
            return float("nan")
        rank = q / 100 * (total - 1)
        below = int(np.floor(rank))
        above = min(below + 1, total - 1)
        cumulated = np.cumsum(self.counts)
        low, high = (self._ordered(place, cumulated) for place in (below, above))
        return low + (high - low) * (rank - below)

    def _ordered(self, place: int, cumulated: np.ndarray) -> float:
        """The value at ``place`` (from 0) of all values in order; values fill their bin evenly."""
        index = int(np.searchsorted(cumulated, place, side="right"))
        count = int(self.counts[index])
        within = (place - (int(cumulated[index]) - count) + 0.5) / count
        return float(self.lows[index] + (self.highs[index] - self.lows[index]) * within)

    def converted(self, gain: float, bias: float, log10: bool) -> Bins:
        """The bins of ``gain * value + bias``, then 10·log10 if ``log10``, where values ≤ 0 drop out."""
        lows, highs, counts = gain * self.lows + bias, gain * self.highs + bias, self.counts
        if log10:
            positive = lows > 0
            lows, highs, counts = (10 * np.log10(lows[positive]), 10 * np.log10(highs[positive]), counts[positive])
        return Bins(lows, highs, counts)

    def summary(self) -> BandValues:
        """The percentiles that radiometry is recognised from; all NaN without values."""
        p1, p50, p99 = (self.percentile(q) for q in (1, 50, 99))
        if self.total == 0:
            return BandValues(p1, p1, p50, p99, p99, 0)
        return BandValues(float(self.lows[0]), p1, p50, p99, float(self.highs[-1]), self.total)


class IntegerHistogram:
    """Every value of an 8- or 16-bit integer counted on its own."""

    def __init__(self, dtype: np.dtype) -> None:
        limits = np.iinfo(dtype)
        self._first = int(limits.min)
        self._counts = np.zeros(int(limits.max) - self._first + 1, dtype=np.int64)

    def add(self, values: np.ndarray) -> None:
        """Count ``values`` (N,) of the histogram's dtype."""
        places = values if self._first == 0 else values.astype(np.intp) - self._first
        self._counts += np.bincount(places, minlength=self._counts.size)

    def bins(self) -> Bins:
        """The values that occur, each a bin without width."""
        filled = np.flatnonzero(self._counts)
        values = (filled + self._first).astype(np.float64)
        return Bins(values, values, self._counts[filled])


class FloatHistogram:
    """Bins of 2.4e-4 relative width over all finite float32; pages are made for exponents that occur.

    A page is 32 KiB, and real bands fill about twenty; a band that fills all 512 takes 16 MiB.
    """

    def __init__(self) -> None:
        self._slots = np.full(_PAGES, -1, dtype=np.int64)
        self._counts = np.zeros((0, _PAGE), dtype=np.int64)
        self._minimum, self._maximum = np.inf, -np.inf

    def add(self, values: np.ndarray) -> None:
        """Count the finite ones of ``values`` (N,) of any real dtype, rounded to float32."""
        with np.errstate(over="ignore"):  # beyond float32 is infinite, and so not counted
            single = values.astype(np.float32)
        single = single[np.isfinite(single)]
        if single.size == 0:
            return
        self._minimum = min(self._minimum, float(single.min()))
        self._maximum = max(self._maximum, float(single.max()))
        keys = _ordered_keys(single)
        pages = keys >> MANTISSA_BITS
        self._make_pages(np.flatnonzero(np.bincount(pages, minlength=_PAGES)))
        places = self._slots[pages] * _PAGE + (keys & (_PAGE - 1))
        self._counts += np.bincount(places, minlength=self._counts.size).reshape(self._counts.shape)

    def _make_pages(self, pages: np.ndarray) -> None:
        new = pages[self._slots[pages] < 0]
        self._slots[new] = np.arange(len(new)) + len(self._counts)
        self._counts = np.concatenate([self._counts, np.zeros((len(new), _PAGE), dtype=np.int64)])

    def bins(self) -> Bins:
        """The bins that hold values; the outermost end at the smallest and largest value."""
        pages = np.flatnonzero(self._slots >= 0)
        counts = self._counts[self._slots[pages]]
        page, place = np.nonzero(counts)
        keys = (pages[page] << MANTISSA_BITS) + place
        lows = np.maximum(_key_edges(keys), self._minimum)
        highs = np.minimum(_key_edges(keys + 1), self._maximum)
        return Bins(lows, highs, counts[page, place])


def _ordered_keys(single: np.ndarray) -> np.ndarray:
    """Integers of 1 + 8 + MANTISSA_BITS bits (N,) that order as the finite float32 ``single`` do."""
    bits = (single + np.float32(0)).view(np.uint32)  # adding zero turns −0 into 0
    flip = np.where(bits >> 31, np.uint32(0xFFFFFFFF), np.uint32(0x80000000))
    return ((bits ^ flip) >> _DROPPED_BITS).astype(np.int64)


def _key_edges(keys: np.ndarray) -> np.ndarray:
    """The smallest number (float64) whose ordered key is ``keys``: the lower edge of that bin.

    Numbers below the normal range of float32 (1.2e-38) are taken for 0, which so has a bin of its own.
    """
    ordered = (keys.astype(np.uint64) << np.uint64(_DROPPED_BITS)).astype(np.uint32)
    flip = np.where(ordered >> 31, np.uint32(0x80000000), np.uint32(0xFFFFFFFF))
    edges = (ordered ^ flip).view(np.float32).astype(np.float64)
    edges[np.abs(edges) < np.finfo(np.float32).tiny] = 0.0
    return edges


def make_histogram(dtype: np.dtype) -> IntegerHistogram | FloatHistogram:
    """The histogram for values of ``dtype``: exact for 8- and 16-bit integers, else by relative width."""
    if dtype.kind in "iu" and dtype.itemsize <= 2:
        return IntegerHistogram(dtype)
    return FloatHistogram()
