"""The ground two images share."""

from __future__ import annotations

import math

import pytest

from train.data.readers.footprint import Placed, shared_square, wkt_bounds


def test_the_envelope_of_a_footprint_is_read_and_nonsense_is_not():
    assert wkt_bounds("POLYGON ((10 50, 11 50, 11 52, 10 52, 10 50))") == (10, 50, 11, 52)
    assert wkt_bounds("MULTIPOLYGON (((10 50, 11 50, 11 52, 10 52, 10 50)))") == (10, 50, 11, 52)
    for text in ("", "POINT (1 2)", "POLYGON ((", "POLYGON ((500 50, 510 50, 510 52, 500 52, 500 50))"):
        assert wkt_bounds(text) is None


def test_a_turned_footprint_has_no_envelope_to_go_by():
    assert wkt_bounds("POLYGON ((10.5 50, 11 50.5, 10.5 51, 10 50.5, 10.5 50))") is None


def test_windows_show_the_same_ground():
    # The picture lies off the middle of the crop, at 60° north where a degree of longitude is half as long.
    coarse = Placed(100, 200, (10.0, 60.0, 10.02, 60.01))
    fine = Placed(800, 400, (10.003, 60.001, 10.013, 60.009))
    windows = shared_square(fine, coarse)
    assert windows is not None
    (row, col, height, width), (row_c, col_c, height_c, width_c) = windows
    assert all(float(value).is_integer() for value in (row_c, col_c, height_c, width_c))
    for fraction in (0.0, 1.0):
        latitude = 60.009 - (row + fraction * height) * 0.008 / 800
        assert latitude == pytest.approx(60.01 - (row_c + fraction * height_c) * 0.01 / 100, abs=1e-9)
        longitude = 10.003 + (col + fraction * width) * 0.01 / 400
        assert longitude == pytest.approx(10 + (col_c + fraction * width_c) * 0.02 / 200, abs=1e-9)
    # A square on the ground, but for the pixels cut off at its edges.
    assert width_c * math.cos(math.radians(60.005)) == pytest.approx(height_c, abs=2.5)
    assert min(row, col) >= -1e-6
    assert row + height <= 800 + 1e-6
    assert col + width <= 400 + 1e-6


def test_images_apart_share_nothing():
    assert shared_square(Placed(10, 10, (0, 0, 1, 1)), Placed(10, 10, (2, 0, 3, 1))) is None


def test_without_a_place_both_are_taken_for_the_same_ground():
    windows = shared_square(Placed(300, 600, None), Placed(30, 60, (0, 0, 1, 1)))
    assert windows is not None
    assert windows[0] == pytest.approx((0, 150, 300, 300))
    assert windows[1] == (0, 15, 30, 30)
