"""Which values count as a measurement."""

from __future__ import annotations

import numpy as np
import pytest

from engine.raster.validity import all_equal, all_measured, equals_nodata


def found(values: np.ndarray, nodata: float) -> list[bool]:
    absent = equals_nodata(values, nodata)
    assert absent is not None
    return list(absent.ravel().tolist())


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_the_declared_nodata_is_found(dtype: str) -> None:
    assert found(np.array([[0, 1, 7]], dtype), 7) == [False, False, True]


@pytest.mark.parametrize("nodata", [-9999, 70000, 0.5, np.nan, np.inf, -1e30])
def test_a_nodata_that_the_type_cannot_hold_is_nowhere(nodata: float) -> None:
    assert equals_nodata(np.zeros((2, 2), np.uint16), nodata) is None


def test_nan_as_nodata_is_found_although_it_equals_nothing() -> None:
    assert found(np.array([np.nan, 1], np.float32), np.nan) == [True, False]


def test_a_nodata_rounded_to_float32_is_found() -> None:
    values = np.array([0.1, np.finfo(np.float32).min], np.float32)
    assert found(values, 0.1) == [True, False]
    # Written with 17 digits, slightly beyond what float32 can hold.
    assert found(values, -3.4028234663852889e38) == [False, True]
    assert found(values, -3.4028235e38) == [False, True]


def test_large_integers_are_compared_exactly() -> None:
    values = np.array([2**63 - 1, 2**53 + 1], np.int64)
    assert found(values, 2**53) == [False, False]


def test_a_pixel_needs_every_band() -> None:
    values = np.ones((2, 1, 4), np.float32)
    values[0, 0, 0], values[1, 0, 1], values[1, 0, 2] = -9999, np.nan, np.inf
    assert (all_measured(values, -9999) == [[False, False, False, True]]).all()


def test_the_sensors_nodata_has_to_be_in_all_bands() -> None:
    values = np.array([[[0, 0, 3]], [[0, 5, 0]]], np.uint16)
    assert (all_equal(values, 0) == [[True, False, False]]).all()
