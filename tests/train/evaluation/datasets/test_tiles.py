from __future__ import annotations

import numpy as np
import pytest
from evaluation_layouts import noise, write_raster

from engine.errors import GridError, SourceError
from train.evaluation.datasets.tiles import Tile, Tiling


@pytest.mark.parametrize(
    ("tiling", "starts"),
    [
        (Tiling(256, 256, 1024, 512), ([0, 256, 512, 768], [0, 256])),
        (Tiling(256, 256, 1023, 1025), ([0, 256, 512, 768], [0, 256, 512, 768, 1024])),
        (Tiling(96, 80, 256, 256), ([0, 80, 160], [0, 80, 160])),  # the nine tiles of DFC2020
        (Tiling(96, 80, 20, 97), ([0], [0, 80])),
    ],
)
def test_tiles_cover_a_scene(tiling, starts):
    rows, cols = starts
    assert tiling.ids("a/b") == tuple(f"a/b:{row}-{col}" for row in rows for col in cols)
    assert rows[-1] + tiling.size >= tiling.height and cols[-1] + tiling.size >= tiling.width


def test_an_id_leads_back_to_its_tile():
    tiling = Tiling(16, 16, 64, 64)
    assert tiling.split_id("train/a:b.v1:32-48") == ("train/a:b.v1", Tile(32, 48, 16))
    for wrong in ("a", "a:3", ":0-0", "a:x-0"):
        with pytest.raises(SourceError, match="no sample"):
            tiling.split_id(wrong)


def test_a_tile_is_padded_beyond_its_scene(tmp_path):
    scene = noise((3, 20, 30), "int16")
    path = write_raster(tmp_path / "a.tif", scene)
    assert np.array_equal(Tile(0, 8, 16).read(path, 3, (2, 3)), scene[1:, :16, 8:24])
    part = Tile(16, 16, 16).read(path, 3, (1, 2, 3), fill=-7)
    assert np.array_equal(part[:, :4, :14], scene[:, 16:, 16:])
    assert (part[:, 4:] == -7).all() and (part[:, :, 14:] == -7).all()
    assert np.array_equal(Tile(16, 16, 16).cut(scene, fill=-7), part)


def test_a_smaller_or_other_scene_is_refused(tmp_path):
    path = write_raster(tmp_path / "a.tif", noise((3, 20, 30), "int16"))
    with pytest.raises(GridError, match="20 × 30"):
        Tile(32, 0, 16).read(path, 3, (1,))
    with pytest.raises(GridError, match="3 bands"):
        Tile(0, 0, 16).read(path, 4, (1,))
