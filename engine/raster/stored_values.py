"""Features as an output stores them: float32, float16, or int8 with a scale per dimension."""

from __future__ import annotations

import numpy as np

from engine.errors import JobError
from engine.options import DTYPES

INT8_NODATA = -128
INT8_LIMIT = 127
HALF_LIMIT = 65504.0  # IEEE 754-2008: the largest finite binary16


def int8_scales(features: np.ndarray) -> np.ndarray:
    """Scale of each band for int8, from a sample of features (D, …) float: max |f| × 1.25 / 127, shape (D,) float64.

    NaN and infinities are left out; a band that is zero throughout gets 1 / 127. Values are stored as
    round(f / scale), clipped to ±127, so a quarter of headroom is left for what the sample did not show.
    """
    sample = np.abs(features.reshape(len(features), -1))
    largest = np.where(np.isfinite(sample), sample, 0).max(axis=1, initial=0).astype(np.float64)
    return np.where(largest > 0, largest * 1.25, 1.0) / INT8_LIMIT


class StoredValues:
    """From features to what is stored and back; counts what the type could not hold.

    ``dtype`` is one of ``DTYPES``; ``scales`` (D,) belongs to "int8" alone, whose nodata is −128; that of the others
    is NaN. ``clipped`` and ``stored`` count values, those without data left out. Raises JobError for another type,
    ValueError for scales that do not fit it.
    """

    def __init__(self, dtype: str, dims: int, scales: np.ndarray | None = None) -> None:
        if dtype not in DTYPES:
            raise JobError(f"There is no output type “{dtype}”.", f"Choose one of: {', '.join(DTYPES)}.")
        if (scales is not None) != (dtype == "int8") or (scales is not None and scales.shape != (dims,)):
            raise ValueError("scales (dims,) belong to int8, and only to int8")
        self.dtype = np.dtype(dtype)
        self.scales = scales
        self.clipped = 0
        self.stored = 0
        self._limit = INT8_LIMIT if scales is not None else HALF_LIMIT
        self._factors = None if scales is None else (1.0 / scales).astype(np.float32)
        self._back = None if scales is None else scales.astype(np.float32)

    @property
    def clipped_share(self) -> float:
        """Share of the values encoded so far that the type could not hold and that were clipped."""
        return self.clipped / self.stored if self.stored else 0.0

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Stored values, in ``dtype``, of features (D, n) float32 with NaN for no data; ``values`` is overwritten."""
        if self.dtype == np.float32:
            return values
        stored, count, clipped = self._encoded(values)
        self.stored += count
        self.clipped += clipped
        return stored

    def decode(self, stored: np.ndarray) -> np.ndarray:
        """Features (D, n) float32 of stored values, NaN for no data."""
        values = stored.astype(np.float32)
        if self._back is not None:
            values *= self._back[:, None]
            values[stored == INT8_NODATA] = np.nan
        return values

    def as_stored(self, features: np.ndarray) -> np.ndarray:
        """Features (D, n) as they will be read again; counts nothing, and leaves ``features`` as they are."""
        return features if self.dtype == np.float32 else self.decode(self._encoded(features.copy())[0])

    def _encoded(self, values: np.ndarray) -> tuple[np.ndarray, int, int]:
        """Stored values, how many of them have data, and how many of these were clipped."""
        if self._factors is not None:
            values *= self._factors[:, None]
        # One look at the extremes tells whether there is anything to clip or to mark: NaN spreads to both.
        lowest = values.min(initial=0)
        ordinary = bool(lowest >= -self._limit and values.max(initial=0) <= self._limit)
        missing = np.isnan(values) if np.isnan(lowest) else None
        if self._factors is not None:
            np.rint(values, out=values)
        clipped = 0
        if not ordinary:
            clipped = int(np.count_nonzero(np.abs(values) > self._limit))
            np.clip(values, -self._limit, self._limit, out=values)
            if missing is not None and self._factors is not None:
                values[missing] = INT8_NODATA
        count = values.size - (0 if missing is None else int(np.count_nonzero(missing)))
        return values.astype(self.dtype), count, clipped
