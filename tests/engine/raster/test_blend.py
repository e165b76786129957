from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import JobError
from engine.raster.blend import StripBlender
from engine.raster.tiles import TilePlan, plan_tiles


def strip_masks(plan: TilePlan, valid: np.ndarray) -> list[np.ndarray]:
    """The validity (chip, padded width) of every tile row; what hangs over is set True, to be ignored."""
    padded = np.ones((plan.row_starts[-1] + plan.chip, plan.padded_width), np.bool_)
    padded[: plan.height, : plan.width] = valid
    return [padded[start : start + plan.chip] for start in plan.row_starts]


def blend(plan: TilePlan, valid: np.ndarray, min_valid: float = 0.5, dims: int = 2) -> np.ndarray:
    """The output (dims, rows, cols) where every tile gives its row and column numbers as features."""
    out = np.full((dims, plan.rows, plan.cols), -99, np.float32)
    blender = StripBlender(plan, dims, min_valid)
    done = 0
    for row, mask in enumerate(strip_masks(plan, valid)):
        for tile in blender.begin(row, mask):
            features = np.empty((dims, plan.cells, plan.cells), np.float32)
            features[0], features[1:] = tile.row, tile.col
            blender.add(tile, features)
        for row0, rows in blender.finished():
            assert row0 == done
            assert rows.dtype == np.float32
            done += rows.shape[1]
            out[:, row0:done] = rows
    assert done == plan.rows
    assert blender.complete
    return out


def exact_share(plan: TilePlan, valid: np.ndarray, row: int, col: int) -> float:
    """Valid share of the source area of one cell inside the grid, by adding up pixel by pixel."""

    def lengths(axis: int, index: int, size: int) -> np.ndarray:
        first, end = (edges[index] for edges in plan.cell_spans(axis))
        pixel = np.arange(size)
        return np.clip(np.minimum(end, pixel + 1) - np.maximum(first, pixel), 0, 1)

    area = np.outer(lengths(0, row, plan.height), lengths(1, col, plan.width))
    return float((area * valid).sum() / area.sum())


def test_without_overlap_every_cell_is_its_tiles_value_exactly() -> None:
    plan = plan_tiles(40, 60, chip=20, tokens=4, overlap=0)
    out = blend(plan, np.ones((40, 60), np.bool_))
    assert np.array_equal(out[0], np.repeat([0, 1], 4)[:, None] * np.ones(12))
    assert np.array_equal(out[1], np.repeat([0, 1, 2], 4) * np.ones((8, 1)))


def test_neighbouring_tiles_pass_into_each_other_without_a_seam() -> None:
    plan = plan_tiles(112, 1120, chip=112, tokens=14, overlap=0.5)
    across = blend(plan, np.ones((112, 1120), np.bool_))[1, 0]
    steps = np.diff(across)
    assert (steps > -1e-6).all()
    assert steps.max() < 0.25  # a hard seam would step by 1 every 7 cells


@given(
    size=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    chip=st.integers(1, 40),
    tokens=st.sampled_from([1, 4, 14]),
    overlap=st.floats(0, 0.9),
    level=st.sampled_from(["tokens", "chips"]),
    min_valid=st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0]),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=120, deadline=None)
def test_a_cell_is_filled_exactly_where_enough_of_its_area_is_valid(
    size: tuple[int, int], chip: int, tokens: int, overlap: float, level: str, min_valid: float, seed: int
) -> None:
    plan = plan_tiles(*size, chip, tokens, overlap, level)
    rng = np.random.default_rng(seed)
    # Blotches, so that whole tiles are empty, and single pixels.
    valid = np.kron(rng.random((8, 8)) < 0.5, np.ones((8, 8)))[: size[0], : size[1]] > 0
    valid ^= rng.random(size) < 0.05
    out = blend(plan, valid, min_valid)
    assert np.array_equal(np.isnan(out[0]), np.isnan(out[1]))
    for row, col in rng.integers(0, (plan.rows, plan.cols), (40, 2)):
        share = exact_share(plan, valid, row, col)
        if abs(share - min_valid) > 1e-5 or share == min_valid:
            assert np.isfinite(out[0, row, col]) == (share >= min_valid and share > 0), (row, col, share)


def test_cells_over_the_edge_count_only_what_lies_inside() -> None:
    plan = plan_tiles(9, 9, chip=16, tokens=4, overlap=0)  # tokens of 4 px: the last row and column hold 1 px
    valid = np.ones((9, 9), np.bool_)
    assert np.isfinite(blend(plan, valid, min_valid=1.0)).all()
    valid[8, 8] = False
    assert np.argwhere(np.isnan(blend(plan, valid, min_valid=0.0)[0])).tolist() == [[2, 2]]


def test_tiles_without_a_valid_cell_are_not_asked_for() -> None:
    plan = plan_tiles(224, 448, chip=112, tokens=14, overlap=0)
    valid = np.zeros((224, 448), np.bool_)
    valid[:, 120:200] = True
    valid[0, 230] = True  # one pixel: less than half a token
    blender = StripBlender(plan, 1)
    assert [tile.col for tile in blender.begin(0, strip_masks(plan, valid)[0])] == [1]


def test_a_raster_without_data_needs_no_tile_and_is_all_nodata() -> None:
    plan = plan_tiles(300, 300, chip=112, tokens=14, overlap=0.5)
    assert np.isnan(blend(plan, np.zeros((300, 300), np.bool_))).all()


def test_batches_may_span_strips() -> None:
    plan = plan_tiles(90, 30, chip=28, tokens=14, overlap=0.5)
    valid = np.ones((90, 30), np.bool_)
    blender = StripBlender(plan, 1)
    tiles = [tile for row, mask in enumerate(strip_masks(plan, valid)) for tile in blender.begin(row, mask)]
    for tile in tiles:
        blender.add(tile, np.full((1, 14, 14), tile.row, np.float32))
    out = np.concatenate([rows for _, rows in blender.finished()], axis=1)
    assert np.allclose(out[0], blend(plan, valid)[0])


def test_memory_layout_and_type_of_the_features_do_not_matter() -> None:
    plan = plan_tiles(28, 28, chip=28, tokens=14, overlap=0)
    mask = np.ones((28, 28), np.bool_)
    features = np.random.default_rng(0).standard_normal((5, 14, 14)).astype(np.float16)
    tokens_last = np.ascontiguousarray(features.transpose(1, 2, 0)).transpose(2, 0, 1)
    for given_features in (features, tokens_last, features.astype(np.float64)):
        blender = StripBlender(plan, 5)
        [tile] = blender.begin(0, mask)
        blender.add(tile, given_features)
        [(_, rows)] = blender.finished()
        assert np.array_equal(rows, features.astype(np.float32))


def test_tiles_out_of_order_and_features_of_another_size_are_errors() -> None:
    plan = plan_tiles(60, 60, chip=28, tokens=14, overlap=0)
    masks = strip_masks(plan, np.ones((60, 60), np.bool_))
    blender = StripBlender(plan, 3)
    first, second, *_ = blender.begin(0, masks[0])
    with pytest.raises(ValueError, match="unexpected"):
        blender.add(second, np.zeros((3, 14, 14), np.float32))
    with pytest.raises(ValueError, match="features"):
        blender.add(first, np.zeros((3, 13, 14), np.float32))
    with pytest.raises(ValueError, match="strip 2"):
        blender.begin(2, masks[2])
    with pytest.raises(ValueError, match="validity"):
        blender.begin(1, masks[1][:, 1:])
    assert not blender.complete


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_least_share_out_of_range_is_refused(share: float) -> None:
    with pytest.raises(JobError, match="share of valid pixels"):
        StripBlender(plan_tiles(9, 9, 4, 4, 0), 1, share)
