"""The PCA picture: structure becomes colour, nodata becomes transparent."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from engine.errors import SourceError
from engine.picture import write_pca_picture


def write_embedding(path, values, **profile):
    with rasterio.open(
        path, "w", driver="GTiff", count=values.shape[0], height=values.shape[1], width=values.shape[2],
        dtype=values.dtype, crs="EPSG:32631", transform=from_origin(0, 0, 80, 80), nodata=np.nan, **profile,
    ) as target:  # fmt: skip
        target.write(values)
    return path


def test_halves_of_different_features_get_different_colours(tmp_path):
    rng = np.random.default_rng(0)
    values = rng.normal(0, 0.1, (16, 20, 30)).astype(np.float32)
    values[:8, :, 15:] += 3
    values[:, 0, 0] = np.nan
    picture = write_pca_picture(write_embedding(tmp_path / "e.tif", values), tmp_path / "p.png", enlarge=2)
    with rasterio.open(picture) as dataset:
        image = dataset.read()
    assert image.shape == (4, 40, 60)
    assert (image[3, :2, :2] == 0).all() and (image[3, 2:, 2:] == 255).all()
    left, right = image[0, 2:, 2:30].astype(float), image[0, 2:, 30:].astype(float)
    assert abs(left.mean() - right.mean()) > 150
    assert sorted(path.name for path in tmp_path.iterdir()) == ["e.tif", "p.png"]


@pytest.mark.parametrize("features", [1, 2])
def test_fewer_than_three_features_still_make_a_picture(tmp_path, features):
    values = np.random.default_rng(0).normal(size=(features, 5, 5)).astype(np.float32)
    write_pca_picture(write_embedding(tmp_path / "e.tif", values), tmp_path / "p.png")


def test_nothing_to_draw_is_said(tmp_path):
    empty = write_embedding(tmp_path / "e.tif", np.full((3, 4, 4), np.nan, np.float32))
    with pytest.raises(SourceError, match="no token"):
        write_pca_picture(empty, tmp_path / "p.png")
