"""Which pixels hold a measurement: declared nodata, NaN and infinity, as masks of a block of values."""

from __future__ import annotations

import numpy as np


def equals_nodata(values: np.ndarray, nodata: float | None) -> np.ndarray | None:
    """Where values are the declared nodata; None when no value of this type can be.

    A nodata slightly outside of float32, as some programs write -3.4028234663852886e38, is
    taken as the type's own limit.
    """
    if nodata is None:
        return None
    if np.isnan(nodata):
        return np.isnan(values) if values.dtype.kind == "f" else None
    if values.dtype.kind == "f":
        limits = np.finfo(values.dtype)
        exact = (
            values.dtype.type(min(max(nodata, float(limits.min)), float(limits.max)))
            if np.isfinite(nodata)
            else (values.dtype.type(nodata))
        )
        return values == exact
    integers = np.iinfo(values.dtype)
    if float(nodata).is_integer() and integers.min <= int(nodata) <= integers.max:
        return values == values.dtype.type(int(nodata))
    return None


def all_measured(values: np.ndarray, nodata: float | None) -> np.ndarray:
    """Pixels of a block (C, h, w) at which every band holds a finite number other than the nodata; bool (h, w)."""
    valid = np.ones(values.shape[1:], dtype=bool)
    absent = equals_nodata(values, nodata)
    if absent is not None:
        valid &= ~absent.any(axis=0)
    if values.dtype.kind == "f":
        valid &= np.isfinite(values).all(axis=0)
    return valid


def all_equal(values: np.ndarray, value: float) -> np.ndarray:
    """Pixels of a block (C, h, w) at which every band holds ``value``; bool (h, w)."""
    same: np.ndarray = (values == value).all(axis=0)
    return same
