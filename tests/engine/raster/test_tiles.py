from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import JobError
from engine.raster.tiles import TilePlan, plan_tiles

plans = st.builds(
    plan_tiles,
    height=st.integers(1, 400),
    width=st.integers(1, 400),
    chip=st.integers(1, 130),
    tokens=st.sampled_from([1, 4, 14, 16]),
    overlap=st.floats(0, 0.9),
    level=st.sampled_from(["tokens", "chips"]),
)


def test_sentinel2_default_is_eight_pixels_a_token_and_half_a_chip_a_step() -> None:
    plan = plan_tiles(1068, 1000, chip=112, tokens=14, overlap=0.5)
    assert plan.token_px == 8
    assert (plan.rows, plan.cols) == (134, 125)  # ceil(1068 / 8), 1000 / 8
    assert plan.stride_px == 56
    assert plan.row_cells == (*range(0, 120, 7), 120)  # 120 + 14 = 134: the last tile ends with the raster
    assert plan.col_starts[-1] + 112 == 1000
    assert plan.overlap_effective == 0.5
    assert plan.note == ""
    assert plan.tile_count == len(plan.row_cells) * len(plan.col_cells) == 19 * 17


def test_a_chip_with_few_common_factors_rounds_the_step_and_says_so() -> None:
    plan = plan_tiles(1000, 1000, chip=100, tokens=14, overlap=0.3)
    assert plan.token_px == Fraction(50, 7)
    assert plan.stride_px == 50  # 7 tokens: the only step below 14 on whole pixels; 9.8 tokens is nearer to it
    assert plan.overlap_effective == 0.5
    assert "50% instead of 30%" in plan.note
    assert "7 tokens" in plan.note


def test_a_chip_without_common_factor_cannot_overlap_and_says_so() -> None:
    plan = plan_tiles(1000, 1000, chip=99, tokens=14, overlap=0.5)
    assert plan.stride_px == 99
    assert plan.overlap_effective == 0
    assert "0% instead of 50%" in plan.note
    assert plan_tiles(99, 40, chip=99, tokens=14, overlap=0.5).note == ""  # one tile: nothing to overlap


@pytest.mark.parametrize(("overlap", "stride"), [(0, 112), (0.25, 80), (0.5, 56), (0.75, 24), (0.9, 8)])
def test_the_step_is_the_nearest_whole_number_of_tokens_and_a_tie_overlaps_more(overlap: float, stride: int) -> None:
    assert plan_tiles(900, 900, chip=112, tokens=14, overlap=overlap).stride_px == stride


def test_a_raster_smaller_than_a_chip_is_one_tile() -> None:
    plan = plan_tiles(5, 1, chip=112, tokens=14, overlap=0.5)
    assert plan.tile_count == 1
    assert (plan.rows, plan.cols) == (1, 1)
    assert plan.padded_width == 112


def test_tiles_of_a_row_name_their_pixels_and_cells() -> None:
    plan = plan_tiles(224, 200, chip=112, tokens=14, overlap=0)
    tiles = list(plan.tiles(1))
    assert [(tile.row, tile.col, tile.y, tile.x, tile.cell_row, tile.cell_col) for tile in tiles] == [
        (1, 0, 112, 0, 14, 0),
        (1, 1, 112, 88, 14, 11),  # 25 tokens: the last tile begins at token 11
    ]


def test_token_raster_lies_on_the_source_grid_scaled_by_the_token() -> None:
    source = Affine(10, 0, 500_000, 0, -10, 5_000_000)
    transform = plan_tiles(300, 300, chip=112, tokens=14, overlap=0.5).transform(source)
    assert transform == Affine(80, 0, 500_000, 0, -80, 5_000_000)


def test_chip_raster_has_its_pixel_centres_at_the_chip_centres() -> None:
    source = Affine(10, 0, 500_000, 0, -10, 5_000_000)
    plan = plan_tiles(300, 300, chip=112, tokens=14, overlap=0.5, level="chips")
    transform = plan.transform(source)
    assert (transform.a, transform.e) == (560, -560)
    tile = list(plan.tiles(2))[3]
    centre = source @ (tile.x + 56, tile.y + 56)
    assert transform @ (tile.cell_col + 0.5, tile.cell_row + 0.5) == centre


def test_chips_step_by_whole_pixels_and_cover_the_raster() -> None:
    plan = plan_tiles(300, 112, chip=112, tokens=14, overlap=0.3, level="chips")
    assert plan.stride_px == 78  # 78.4
    assert (plan.rows, plan.cols) == (math.ceil((300 - 112) / 78) + 1, 1)
    assert plan_tiles(9, 9, chip=3, tokens=14, overlap=0.9, level="chips").stride_px == 1


@given(plans)
@settings(max_examples=300, deadline=None)
def test_tiles_start_on_whole_pixels_and_cover_every_pixel_with_the_least_overhang(plan: TilePlan) -> None:
    for size, count, cells, starts in (
        (plan.height, plan.rows, plan.row_cells, plan.row_starts),
        (plan.width, plan.cols, plan.col_cells, plan.col_starts),
    ):
        assert cells[0] == starts[0] == 0
        assert all(start == cell * plan.cell_px for cell, start in zip(cells, starts, strict=True))
        steps = [b - a for a, b in itertools.pairwise(starts)]
        assert all(0 < step <= plan.stride_px for step in steps)
        assert all(step == plan.stride_px for step in steps[:-1])
        assert starts[-1] < size <= starts[-1] + plan.chip
        assert count <= cells[-1] + plan.cells
        if len(starts) > 1:
            unit = math.lcm(plan.tokens, plan.chip) // plan.tokens if plan.level == "tokens" else plan.stride_px
            assert starts[-1] - unit + plan.chip < size or cells[-1] - 1 + plan.cells < count
        assert (count - 1) * plan.cell_px < size
    assert plan.stride_px <= plan.chip
    assert 0 <= plan.overlap_effective < 1


@given(plans)
@settings(max_examples=100, deadline=None)
def test_output_pixels_stand_for_the_source_pixels_the_georeferencing_says(plan: TilePlan) -> None:
    for axis, count in ((0, plan.rows), (1, plan.cols)):
        first, end = plan.cell_spans(axis)
        assert len(first) == len(end) == count
        middle = (first[-1] + end[-1]) / 2
        assert (plan.transform(Affine.identity()) @ (count - 0.5, count - 0.5))[0] == pytest.approx(middle, rel=1e-12)


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"chip": 0}, "0 px"),
        ({"chip": -8}, "-8 px"),
        ({"tokens": 0}, "0 tokens"),
        ({"overlap": 0.95}, "0.95"),
        ({"overlap": -0.1}, "-0.1"),
        ({"overlap": float("nan")}, "nan"),
        ({"height": 0}, "200×0"),
        ({"level": "pixels"}, "pixels"),
    ],
)
def test_settings_out_of_range_are_refused_with_their_value(change: dict[str, Any], shown: str) -> None:
    settings = {"height": 100, "width": 200, "chip": 112, "tokens": 14, "overlap": 0.5} | change
    with pytest.raises(JobError, match=shown) as caught:
        plan_tiles(**settings)
    assert caught.value.hint


def test_every_source_row_is_read_once_and_in_time():
    for height, overlap in ((50, 0.5), (56, 0.0), (300, 0.75), (301, 0.25)):
        plan = plan_tiles(height, 90, 56, 14, overlap)
        assert [row for first, end in plan.row_reads() for row in range(first, end)] == list(range(height))
        for start, (_, end) in zip(plan.row_starts, plan.row_reads(), strict=True):
            assert end >= min(start + plan.chip, height)
