"""Small regions dissolve into what lies around them, whatever the strips."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from skimage.measure import label

from engine.raster.sieve import sieve, sieve_strips


def patches(rows: int, cols: int, smooth: float) -> np.ndarray:
    rng = np.random.default_rng(1)
    return (
        np.stack([ndimage.gaussian_filter(rng.standard_normal((rows, cols)), smooth) for _ in range(4)])
        .argmax(axis=0)
        .astype(np.int32)
        - 1
    )


def sizes(values: np.ndarray) -> np.ndarray:
    """The size (h, w) of the region that each pixel belongs to."""
    regions = label(values, background=-1, connectivity=1)
    return np.bincount(regions.ravel())[regions]


def stripped(values: np.ndarray, least_px: int, strip_rows: int) -> np.ndarray:
    strips = list(sieve_strips(lambda row0, row1: values[row0:row1], *values.shape, least_px, strip_rows))
    assert [row for row, _ in strips] == list(range(0, len(values), strip_rows))
    return np.concatenate([strip for _, strip in strips])


def test_a_small_region_takes_the_class_of_its_longest_border() -> None:
    values = np.array([[0, 0, 0, 0, 1], [0, 2, 2, 0, 1], [1, 1, 1, 1, 1]], np.int32)
    expected = [[0, 0, 0, 0, 1], [0, 0, 0, 0, 1], [1, 1, 1, 1, 1]]
    assert sieve(values, 3).tolist() == expected
    assert sieve(values, 2).tolist() == values.tolist()


def test_small_regions_within_small_ones_follow_them() -> None:
    values = np.array([[0, 0, 0, 0, 0], [0, 1, 1, 1, 0], [0, 1, 2, 1, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 0]], np.int32)
    assert (sieve(values, 9) == 0).all()
    assert (sieve(values, 2)[2] == [0, 1, 1, 1, 0]).all()


def test_nothing_neither_grows_nor_shrinks_and_islands_in_it_stay() -> None:
    values = np.array([[-1, 1, -1, 0, 0], [-1, -1, -1, 2, 0]], np.int32)
    assert sieve(values, 3).tolist() == [[-1, 1, -1, 0, 0], [-1, -1, -1, 0, 0]]


@pytest.mark.parametrize("least_px", [1, 2, 6, 25])
@pytest.mark.parametrize("smooth", [0.8, 2])
def test_strips_give_what_the_whole_raster_gives(smooth: float, least_px: int) -> None:
    values = patches(120, 60, smooth)
    whole = sieve(values, least_px)
    for strip_rows in (1, 7, 50, 120):
        assert (stripped(values, least_px, strip_rows) == whole).all()
    assert ((whole < 0) == (values < 0)).all()
    large = sizes(values) >= least_px
    assert (whole[large] == values[large]).all()
    # What is small still has no large neighbour: it is cut off by nothing.
    left = label((whole >= 0) & (sizes(whole) < least_px), connectivity=1)
    for number in range(1, left.max() + 1):
        around = ndimage.binary_dilation(left == number) & (left != number)
        assert (whole[around] < 0).all()


def test_every_row_is_asked_for_once() -> None:
    values = patches(40, 10, 1)
    asked: list[int] = []

    def read(row0: int, row1: int) -> np.ndarray:
        asked.extend(range(row0, row1))
        return values[row0:row1]

    list(sieve_strips(read, 40, 10, 3, 8))
    assert asked == list(range(40))
