"""Physical values as the native integers of packed records."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.raster.radiometry import Radiometry
from engine.raster.statistics import BandStatistics
from train.data.sides import DECIBEL_STEP, RADAR_NODATA

#: Whole numbers are exact enough where the narrowest band spans at least so many between its p1 and p99.
_FINE_ENOUGH = 1000.0


@dataclass(frozen=True)
class Encoding:
    """How values are stored: physical = ``gain`` · stored + ``bias``; ``nodata`` in all bands is an unmeasured pixel.

    Values beyond the type are stored as its limits.
    """

    dtype: str
    gain: float = 1.0
    bias: float = 0.0
    nodata: int | None = 0

    def encode(self, values: np.ndarray, valid: np.ndarray) -> np.ndarray:
        """``values`` (C, h, w) in physical units, ``valid`` (h, w) bool → the stored integers (C, h, w)."""
        limits = np.iinfo(self.dtype)
        low, high = int(limits.min), int(limits.max)
        if values.dtype == np.dtype(self.dtype) and (self.gain, self.bias) == (1.0, 0.0):
            stored = values.copy()
        else:
            scaled = (np.nan_to_num(values.astype(np.float64)) - self.bias) / self.gain
            stored = np.clip(np.rint(scaled), low, high).astype(self.dtype)
        if self.nodata is not None:
            # A measured pixel that looks unmeasured moves by one step in one band.
            taken = (stored == self.nodata).all(axis=0) & valid
            stored[0, taken] = self.nodata + 1
            stored[:, ~valid] = self.nodata
        return stored


#: Pictures of 8 bit.
BYTES = Encoding("uint8")
#: The digital numbers of Sentinel-2 and its like.
DIGITAL_NUMBERS = Encoding("uint16")
#: Backscatter in dB.
DECIBELS = Encoding("int16", DECIBEL_STEP, 0.0, RADAR_NODATA)


def choose_encoding(
    dtypes: tuple[str, ...], radar: bool, radiometry: Radiometry, statistics: BandStatistics
) -> Encoding:
    """The encoding for images stored in ``dtypes``, one per band, whose values ``radiometry`` converts.

    Values without a common integer form are spread over 16 bits between the lowest p1 and the highest p99: beyond
    them nothing reaches the model.
    """
    if radar:
        return DECIBELS
    unchanged = all(gain == 1 for gain in radiometry.gain) and not any(radiometry.bias)
    if unchanged and set(dtypes) == {"uint8"}:
        return BYTES
    lowest, highest = min(statistics.p1), max(statistics.p99)
    narrowest = min(p99 - p1 for p1, p99 in zip(statistics.p1, statistics.p99, strict=True))
    limit = np.iinfo(np.uint16).max
    if lowest >= 0 and highest <= limit and narrowest >= _FINE_ENOUGH:
        return DIGITAL_NUMBERS
    gain = (highest - lowest) / (limit - 1)
    return Encoding("uint16", gain, lowest - gain, 0)


def physical(values: np.ndarray, radiometry: Radiometry) -> np.ndarray:
    """Raw ``values`` (C, h, w) in the unit of the statistics; untouched where nothing is to be converted."""
    if all(gain == 1 for gain in radiometry.gain) and not any(radiometry.bias) and not any(radiometry.log10):
        return values
    column = (-1, 1, 1)
    converted = values * np.reshape(radiometry.gain, column) + np.reshape(radiometry.bias, column)
    for band, log10 in enumerate(radiometry.log10):
        if log10:
            # A power of 0 has no logarithm: the least there is, which the clip to p1 takes in.
            converted[band] = 10 * np.log10(np.maximum(converted[band], np.finfo(np.float32).tiny))
    return converted
