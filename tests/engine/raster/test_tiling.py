"""The promises of tiling, with reader and blender together: what comes out does not depend on where tiles lie."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.raster.blend import StripBlender
from engine.raster.strips import StripReader
from engine.raster.tiles import TilePlan, plan_tiles

Model = Callable[[np.ndarray], np.ndarray]
"""A chip (C, chip, chip) → features (D, t, t)."""

sizes = st.tuples(st.integers(1, 100), st.integers(1, 100))
overlaps = st.floats(0, 0.9)


def run(plan: TilePlan, values: np.ndarray, valid: np.ndarray, model: Model, dims: int) -> np.ndarray:
    """Embed a raster as a job does; the output (dims, rows, cols). Pixels without data are 0, as sources give them."""
    values = np.where(valid, values, 0)
    blender = StripBlender(plan, dims)
    parts = []
    with StripReader([lambda row0, row1: (values[:, row0:row1], valid[row0:row1])], plan) as reader:
        for strip in reader:
            for tile in blender.begin(strip.row, strip.valid_in_all):
                [(chip, _)] = strip.cut(tile)
                blender.add(tile, model(chip))
            parts += [rows for _, rows in blender.finished()]
    out = np.concatenate(parts, axis=1)
    assert out.shape == (dims, plan.rows, plan.cols)
    return out


def token_sums(tokens: int) -> Model:
    """A token-local model: mean and sum of squares of each token's own area, pixels shared out by area."""

    def model(chip: np.ndarray) -> np.ndarray:
        size = chip.shape[-1]
        edges = np.arange(tokens + 1)[:, None] * size / tokens
        pixel = np.arange(size)
        share = np.clip(np.minimum(edges[1:], pixel + 1) - np.maximum(edges[:-1], pixel), 0, 1) * tokens / size
        chip = chip.astype(np.float64)
        return np.concatenate([share @ chip @ share.T, share @ chip**2 @ share.T]).astype(np.float32)

    return model


def whole(values: np.ndarray, chip: int, tokens: int) -> np.ndarray:
    """The token-local model on the whole raster at once, mirrored out to whole chips."""
    down, across = (-size % chip for size in values.shape[1:])
    padded = np.pad(values, ((0, 0), (0, down), (0, across)), mode="symmetric")
    rows, cols = (size // chip for size in padded.shape[1:])
    model = token_sums(tokens)
    blocks = [
        [model(padded[:, r * chip : (r + 1) * chip, c * chip : (c + 1) * chip]) for c in range(cols)]
        for r in range(rows)
    ]
    return np.concatenate([np.concatenate(row, axis=2) for row in blocks], axis=1)


@given(
    size=sizes,
    chip=st.integers(1, 70),
    tokens=st.sampled_from([1, 2, 7, 14]),
    overlap=overlaps,
    level=st.sampled_from(["tokens", "chips"]),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=150, deadline=None)
def test_a_constant_model_gives_a_constant_raster(
    size: tuple[int, int], chip: int, tokens: int, overlap: float, level: str, seed: int
) -> None:
    plan = plan_tiles(*size, chip, tokens, overlap, level)
    constant = np.random.default_rng(seed).standard_normal(3).astype(np.float32) * 100
    features = np.broadcast_to(constant[:, None, None], (3, plan.cells, plan.cells))
    out = run(plan, np.zeros((1, *size), np.uint8), np.ones(size, np.bool_), lambda chip: features, 3)
    assert np.isfinite(out).all()
    assert np.abs(out / constant[:, None, None] - 1).max() < 1e-6


@given(size=sizes, chip=st.integers(2, 60), tokens=st.sampled_from([2, 4, 14]), overlap=overlaps)
@settings(max_examples=50, deadline=None)
def test_a_token_local_model_gives_the_same_raster_tiled_or_whole_edges_included(
    size: tuple[int, int], chip: int, tokens: int, overlap: float
) -> None:
    values = np.random.default_rng(size[0]).integers(1, 1000, (2, *size)).astype(np.uint16)
    plan = plan_tiles(*size, chip, tokens, overlap)
    out = run(plan, values, np.ones(size, np.bool_), token_sums(tokens), 4)
    expected = whole(values, chip, tokens)[:, : plan.rows, : plan.cols]
    np.testing.assert_allclose(out, expected, rtol=2e-6)


@given(size=sizes, chip=st.sampled_from([7, 14, 28, 42]), overlap=overlaps, seed=st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_nodata_in_is_nodata_out_and_leaves_other_cells_alone(
    size: tuple[int, int], chip: int, overlap: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    values = rng.integers(1, 1000, (1, *size)).astype(np.uint16)
    valid = np.kron(rng.random((7, 7)) < 0.6, np.ones((15, 15)))[: size[0], : size[1]] > 0
    plan = plan_tiles(*size, chip, 7, overlap)
    out = run(plan, values, valid, token_sums(7), 2)
    clean = run(plan, values, np.ones(size, np.bool_), token_sums(7), 2)
    cell = max(1, int(plan.token_px))
    for row in range(plan.rows):
        for col in range(plan.cols):
            y, x = int(row * plan.token_px), int(col * plan.token_px)
            area = valid[y : y + cell, x : x + cell]
            if not area.any():
                assert np.isnan(out[:, row, col]).all()
            elif area.all() and y + cell <= size[0] and x + cell <= size[1]:
                np.testing.assert_allclose(out[:, row, col], clean[:, row, col], rtol=2e-6)


@given(
    size=st.tuples(st.integers(20, 90), st.integers(20, 90)),
    down=st.integers(0, 6),
    across=st.integers(0, 6),
    overlap=overlaps,
)
@settings(max_examples=60, deadline=None)
def test_a_crop_at_whole_tokens_gives_the_crop_of_the_raster(
    size: tuple[int, int], down: int, across: int, overlap: float
) -> None:
    values = np.random.default_rng(0).integers(0, 1000, (1, *size)).astype(np.uint16)
    crop = values[:, 3 * down :, 3 * across :]
    outs = []
    for part in (values, crop):
        _, height, width = part.shape
        plan = plan_tiles(height, width, 21, 7, overlap)
        outs.append(run(plan, part, np.ones((height, width), np.bool_), token_sums(7), 2))
    np.testing.assert_allclose(outs[1], outs[0][:, down:, across:], rtol=2e-6)


def test_chip_vectors_stand_at_their_chips() -> None:
    values = np.random.default_rng(0).integers(0, 1000, (1, 50, 70)).astype(np.uint16)
    plan = plan_tiles(50, 70, chip=20, tokens=14, overlap=0.5, level="chips")
    out = run(
        plan, values, np.ones((50, 70), np.bool_), lambda chip: chip.mean(axis=(1, 2), dtype="f4")[:, None, None], 1
    )
    assert out.shape == (1, 4, 6)
    for row in range(4):
        for col in range(6):
            assert np.isclose(out[0, row, col], values[0, 10 * row : 10 * row + 20, 10 * col : 10 * col + 20].mean())
