from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from engine.errors import CheckpointError
from engine.model.position import PositionEncoding, grid_side, sincos_table


def _plain(width: int, row: int, col: int) -> list[float]:
    """METHOD, section 2, word by word: first half x, second y, omega = 10000^(-k/(D/4)), [sin|cos]."""
    omega = [10000 ** (-k / (width / 4)) for k in range(width // 4)]
    values: list[float] = []
    for position in (col, row):
        values += [np.sin(position * w) for w in omega] + [np.cos(position * w) for w in omega]
    return values


@settings(max_examples=25, deadline=None)
@given(width=st.integers(1, 12).map(lambda n: 4 * n), rows=st.integers(1, 5), cols=st.integers(1, 5))
def test_the_table_is_the_formula_for_any_grid(width: int, rows: int, cols: int):
    table = sincos_table(width, rows, cols)
    assert table.dtype == torch.float32
    assert not table[0].any()
    expected = np.array([_plain(width, row, col) for row in range(rows) for col in range(cols)])
    np.testing.assert_allclose(table[1:].numpy(), expected, atol=1e-7)


def test_a_width_that_is_no_multiple_of_four_is_refused():
    with pytest.raises(ValueError, match="multiple of 4"):
        sincos_table(6, 2, 2)


def test_the_stored_table_is_used_as_it_is_at_its_own_size():
    stored = torch.rand(1, 17, 8)
    assert PositionEncoding()(stored, 4, 4) is stored


@pytest.mark.parametrize(("rows", "cols"), [(3, 5), (2, 8), (16, 1)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_stored_sincos_table_is_computed_anew_for_other_grids(dtype: torch.dtype, rows: int, cols: int):
    stored = sincos_table(8, 4, 4)[None].to(dtype)
    resized = PositionEncoding()(stored, rows, cols)
    assert resized.dtype == dtype
    assert torch.equal(resized, sincos_table(8, rows, cols)[None].to(dtype))


def test_a_learnt_table_is_resampled_bicubically_for_other_sizes():
    torch.manual_seed(0)
    stored = sincos_table(8, 4, 4)[None]
    stored[0, 1:] += 0.01 * torch.randn(16, 8)
    resized = PositionEncoding()(stored, 8, 6)
    grid = stored[:, 1:].transpose(1, 2).reshape(1, 8, 4, 4)
    expected = functional.interpolate(grid, (8, 6), mode="bicubic", align_corners=False)
    assert torch.equal(resized[0, 0], stored[0, 0])
    torch.testing.assert_close(resized[:, 1:], expected.flatten(2).transpose(1, 2))


def test_a_resized_table_follows_the_stored_one():
    stored = torch.rand(1, 17, 8)
    encoding = PositionEncoding()
    first = encoding(stored, 2, 2)
    assert encoding(stored, 2, 2) is first
    stored += 1
    assert not torch.equal(encoding(stored, 2, 2), first)


@pytest.mark.parametrize("tokens", [0, 1, 3, 18])
def test_a_table_that_is_no_square_and_one_is_an_error(tokens: int):
    with pytest.raises(CheckpointError, match=f"{tokens} rows"):
        grid_side(tokens)
