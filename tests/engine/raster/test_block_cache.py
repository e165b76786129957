"""GDAL's cache holds a row of blocks of every file while a raster is read in strips: each block is decoded once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from engine.raster import opening, reader
from engine.raster.reader import GridReader, block_cache
from engine.raster.sources import open_images
from engine.raster.strips import StripReader
from engine.raster.tiles import plan_tiles

SIDE, CHIP, TOKENS = 600, 64, 8


def bytes_read() -> int:
    """What this process has read from files: the packed bytes of a block once for every time it is decoded."""
    counters = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(counters["rchar"])


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="bytes read are counted by Linux")
@pytest.mark.parametrize("interleave", ["pixel", "band"])
@pytest.mark.parametrize("count", [1, 2])
def test_each_block_is_decoded_once_where_tiles_overlap_by_half(
    write_raster: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, interleave: str, count: int
) -> None:
    # Every other use of GDAL keeps less than a row of blocks, as it does where a raster is wide.
    monkeypatch.setattr(opening, "_CACHE_BYTES", 2**18)
    monkeypatch.setattr(reader, "_MIN_CACHE_BYTES", 2**18)
    noise = np.random.default_rng(0).integers(1, 9000, (4, SIDE, SIDE)).astype("uint16")
    layout = {"tiled": True, "blockxsize": 128, "blockysize": 128, "compress": "zstd", "interleave": interleave}
    paths = [write_raster(f"{number}.tif", noise, **layout) for number in range(count)]
    plan = plan_tiles(SIDE, SIDE, CHIP, TOKENS, 0.5)
    with ExitStack() as stack:
        images = [open_images([str(path)])[0] for path in paths]
        readers = [stack.enter_context(GridReader(image, image.grid, range(4))) for image in images]
        assert readers[0].block_row_bytes > 2**18
        stack.enter_context(block_cache(readers))
        before = bytes_read()
        with StripReader([each.read for each in readers], plan) as strips:
            assert sum(1 for _ in strips) == len(plan.row_starts) > 2 * SIDE / CHIP - 2
        decoded = bytes_read() - before
    assert decoded <= 1.05 * sum(path.stat().st_size for path in paths)
