"""Several threads on one image: the same pixels, each block unpacked by one of them, errors as of one reader."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_rasters import ramp

from engine.errors import SourceError
from engine.raster.reader import GridReader
from engine.raster.side_by_side import SideBySideReader, column_edges, read_windows
from engine.raster.sources import open_images

TILED = {"tiled": True, "blockxsize": 16, "blockysize": 16}


@given(width=st.integers(1, 400), block=st.integers(1, 500), parts=st.integers(1, 9))
def test_columns_are_divided_between_whole_blocks(width: int, block: int, parts: int) -> None:
    edges = column_edges(width, block, parts)
    assert (edges[0], edges[-1]) == (0, width) and edges == sorted(set(edges))
    assert all(edge % block == 0 for edge in edges[:-1])
    blocks = -(-width // block)
    assert len(edges) == 1 + min(parts, blocks)
    counts = [-(-(end - start) // block) for start, end in itertools.pairwise(edges)]
    assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize("threads", [1, 3])
def test_rows_are_those_of_one_reader(write_raster: Callable[..., Path], threads: int) -> None:
    values = ramp(40, 70, count=2)
    values[:, 20:30, 33:50] = 0
    (image,) = open_images([write_raster("a.tif", values, nodata=0, **TILED)])
    with GridReader(image, image.grid, (0, 1)) as reader:
        wanted = [reader.read(0, 17), reader.read(17, 40)]
    made: list[GridReader] = []

    def make() -> GridReader:
        made.append(GridReader(image, image.grid, (0, 1)))
        return made[-1]

    with SideBySideReader(make, image.grid.width, threads) as reader:
        found = [reader.read(0, 17), reader.read(17, 40)]
        assert len(made) == threads
        assert reader.first is made[0] and reader.first.block_columns == 16
    for (values, valid), (wanted_values, wanted_valid) in zip(found, wanted, strict=True):
        assert values.dtype == wanted_values.dtype
        np.testing.assert_array_equal(values, wanted_values)
        np.testing.assert_array_equal(valid, wanted_valid)


def test_an_image_whose_blocks_are_whole_rows_has_one_reader(write_raster: Callable[..., Path]) -> None:
    (image,) = open_images([write_raster("a.tif", ramp(40, 70))])
    made: list[int] = []

    def make() -> GridReader:
        made.append(1)
        return GridReader(image, image.grid, (0,))

    with SideBySideReader(make, image.grid.width, 4) as reader:
        assert reader.read(0, 40)[0].shape == (1, 40, 70)
    assert len(made) == 1


def test_a_damaged_block_is_the_error_of_one_reader(write_raster: Callable[..., Path]) -> None:
    path = write_raster("a.tif", ramp(64, 64), compress="ZSTD", **TILED)
    (image,) = open_images([path])
    with SideBySideReader(lambda: GridReader(image, image.grid, (0,)), image.grid.width, 4) as reader:
        content = bytearray(path.read_bytes())
        content[-200:] = bytes(200)
        path.write_bytes(content)
        with pytest.raises(SourceError, match="cannot be read"):
            for row in range(0, 64, 16):
                reader.read(row, row + 16)


@pytest.mark.parametrize("threads", [1, 3])
def test_windows_come_in_their_order_whoever_reads_them(write_raster: Callable[..., Path], threads: int) -> None:
    (image,) = open_images([write_raster("a.tif", ramp(40, 70), **TILED)])
    windows = [(row, row + 5, col, col + 9) for row in range(0, 40, 5) for col in range(0, 54, 9)]
    found = [*read_windows(lambda: GridReader(image, image.grid, (0,)), windows, threads)]
    assert len(found) == len(windows)
    for (values, valid), (row0, row1, col0, col1) in zip(found, windows, strict=True):
        np.testing.assert_array_equal(values, ramp(40, 70)[:, row0:row1, col0:col1])
        assert valid.all()
