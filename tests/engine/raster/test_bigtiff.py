"""Embeddings are tiled TIFFs, with places of 64 bits (BigTIFF) where they take more than 2 GB before packing."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS

from engine.options import DTYPES
from engine.raster import writers
from engine.raster.cog import write_cog
from engine.raster.writers import RasterWriter

TRANSFORM = Affine(80, 0, 399_960, 0, -80, 4_900_020)
UTM = CRS.from_epsg(32633)
CLASSIC, BIG = 42, 43
#: GDAL's limit for BIGTIFF=IF_SAFER, which counts before packing.
LIMIT = 2_000_000_000
TILE_WIDTH, TILE_LENGTH, STRIP_OFFSETS = 322, 323, 273


def head(path: Path) -> tuple[int, dict[int, int]]:
    """The magic number of a TIFF, and the tags of its first directory with the value or place in each: by hand."""
    with open(path, "rb") as file:
        order, magic = struct.unpack("<2sH", file.read(4))
        assert order == b"II"
        places, count_form, entry_form = ("<I", "<H", "<HHII") if magic == CLASSIC else ("<Q", "<Q", "<HHQQ")
        if magic == BIG:
            assert struct.unpack("<HH", file.read(4)) == (8, 0)
        (place,) = struct.unpack(places, file.read(struct.calcsize(places)))
        file.seek(place)
        (count,) = struct.unpack(count_form, file.read(struct.calcsize(count_form)))
        tags = {}
        for _ in range(count):
            tag, kind, length, value = struct.unpack(entry_form, file.read(struct.calcsize(entry_form)))
            tags[tag] = value & 0xFFFF if (kind, length) == (3, 1) else value
    return magic, tags


def opened(path: Path, rows: int, cols: int, dims: int, dtype: str, **more: bool) -> RasterWriter:
    scales = np.ones(dims) if dtype == "int8" else None
    names = [f"e{number}" for number in range(dims)]
    return RasterWriter(path, rows, cols, dims, TRANSFORM, UTM, dtype, band_names=names, tags={}, scales=scales, **more)


@pytest.mark.parametrize("cog", [False, True], ids=["plain", "cog"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_small_embedding_is_tiled_and_classic(tmp_path: Path, dtype: str, cog: bool) -> None:
    dims, rows, cols = 3, 150, 530
    with opened(tmp_path / "o.tif", rows, cols, dims, dtype, cog=cog) as out:
        out.write(0, np.ones((dims, rows, cols), np.float32))
    magic, tags = head(tmp_path / "o.tif")
    block = writers._block_shape(dims, cols)
    assert magic == CLASSIC
    assert (tags[TILE_LENGTH], tags[TILE_WIDTH]) == block and STRIP_OFFSETS not in tags
    with rasterio.open(tmp_path / "o.tif") as raster:
        assert raster.block_shapes == [block] * dims


@pytest.mark.parametrize(("more", "magic"), [(0, CLASSIC), (1, BIG)], ids=["at-the-limit", "a-row-more"])
@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_an_embedding_that_may_grow_large_is_a_bigtiff(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: str, more: int, magic: int
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=10**11))
    dims, cols = 4, 1024
    block = writers._block_shape(dims, cols)
    # GDAL counts in whole blocks.
    rows = LIMIT // (dims * cols * np.dtype(dtype).itemsize * block[0]) * block[0] + more
    out = opened(tmp_path / "o.tif", rows, cols, dims, dtype)
    try:
        # The kind is settled when the file is made; closed before its first row, it is a head and no more.
        out._dataset.close()
        found, tags = head(out._temporary)
    finally:
        out.abort()
    assert found == magic
    assert (tags[TILE_LENGTH], tags[TILE_WIDTH]) == block and STRIP_OFFSETS not in tags
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("rows", "magic"), [(1_000, CLASSIC), (LIMIT // 4_000 + 1, BIG)], ids=["small", "large"])
def test_a_cog_is_a_bigtiff_only_where_it_may_be_large(tmp_path: Path, rows: int, magic: int) -> None:
    source, target = tmp_path / "s.tif", tmp_path / "t.tif"
    # Without a single block on the disk: all of it reads as zero.
    with rasterio.open(source, "w", driver="GTiff", width=1000, height=rows, count=1, dtype="float32", tiled=True,
                       transform=TRANSFORM, crs=UTM, sparse_ok=True, bigtiff="YES"):  # fmt: skip
        pass
    assert source.stat().st_size < 10_000_000
    write_cog(source, target, (128, 256))
    found, tags = head(target)
    assert found == magic
    assert (tags[TILE_LENGTH], tags[TILE_WIDTH]) == (128, 256) and STRIP_OFFSETS not in tags
