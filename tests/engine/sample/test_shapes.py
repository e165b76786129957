from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sample.shapes import Axes, Rect, noise


@given(
    st.integers(0, 2**32), st.floats(30, 2000), st.floats(30, 2000), st.floats(500, 5000), st.sampled_from([0.5, 1, 2])
)
def test_the_pieces_of_a_cut_rectangle_fill_it_without_overlap(
    seed: int, wide: float, long: float, area: float, strips: float
) -> None:
    whole = Rect(5, 5 + wide, -7, long - 7)
    pieces = list(whole.cut(np.random.default_rng(seed), (area, 2 * area), strips))
    assert sum(piece.area for piece in pieces) == pytest.approx(whole.area)
    assert all(piece.area < 2 * area for piece in pieces)
    u, v = np.random.default_rng(1).uniform((5, -7), (5 + wide, long - 7), (50, 2)).T.astype(np.float32)
    inside = np.stack([piece.edge_distance(u, v) > 0 for piece in pieces])
    assert (inside.sum(axis=0) <= 1).all()


def test_the_distance_to_the_edge_is_negative_outside() -> None:
    u, v = np.array([5, 1, 12], np.float32), np.array([5, 3, 5], np.float32)
    assert Rect(0, 10, 0, 20).edge_distance(u, v).tolist() == [5, 1, -2]


@given(st.floats(-10, 10), st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_turned_axes_lead_there_and_back(angle: float, u: float, v: float) -> None:
    axes = Axes(angle)
    x, y = axes.to_xy(u, v)
    assert math.hypot(x, y) == pytest.approx(math.hypot(u, v), abs=1e-6)
    back = axes.to_uv(np.array([x], np.float32), np.array([y], np.float32))
    assert [float(axis[0]) for axis in back] == pytest.approx([u, v], abs=1e-3)


def test_the_box_around_a_turned_rectangle_holds_its_corners() -> None:
    x0, x1, y0, y1 = Axes(math.pi / 4).bounds(Rect(-1, 1, -1, 1))
    assert (x0, x1, y0, y1) == pytest.approx((-math.sqrt(2), math.sqrt(2), -math.sqrt(2), math.sqrt(2)))


@pytest.mark.parametrize("scale", [10.0, 25.0])
def test_noise_has_the_asked_scale_and_unit_deviation(scale: float) -> None:
    relief = noise(np.random.default_rng(0), (600, 500), scale)
    assert relief.shape == (600, 500) and relief.dtype == np.float32
    assert abs(relief.mean()) < 0.15
    assert relief.std() == pytest.approx(1, abs=0.2)

    def alike(step: int) -> float:
        return float(np.corrcoef(relief[:-step].ravel(), relief[step:].ravel())[0, 1])

    assert alike(round(scale / 10)) > 0.9
    assert abs(alike(round(3 * scale))) < 0.2
