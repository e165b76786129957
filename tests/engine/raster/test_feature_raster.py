"""An embedding made before is found, read and told from other rasters."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest
import rasterio

from engine.errors import SourceError
from engine.jobs.embed import EmbedJob
from engine.raster.feature_raster import FeatureRaster, embedding_behind
from engine.reach import ALLOWED_FOLDERS
from engine.tasks.embed import run


@pytest.fixture(scope="module")
def made(scene, tmp_path_factory):
    folder = tmp_path_factory.mktemp("embeddings")
    paths = {"float32": folder / "e.tif", "int8": folder / "i.tif", "picture": folder / "p.tif"}
    image = (str(scene["s2"]),)
    run(EmbedJob(inputs=image, output=str(paths["float32"]), picture=str(paths["picture"])))
    run(EmbedJob(inputs=image, output=str(paths["int8"]), dtype="int8", extent=(650000, 5359000, 651000, 5360000)))
    return paths


def test_it_tells_what_it_was_made_of(made, scene):
    with FeatureRaster(made["float32"]) as raster, rasterio.open(scene["s2"]) as image:
        assert (raster.dims, raster.rows, raster.cols) == (192, 32, 32)
        assert raster.source_grid.transform == image.transform
        assert (raster.source_grid.width, raster.source_grid.height) == (image.width, image.height)
        assert raster.grid.transform.almost_equals(image.transform @ image.transform.scale(8))
        assert (raster.record.chip, raster.record.fusion, raster.record.level) == (112, "stack", "tokens")
        fingerprint = raster.record.fingerprint
        assert fingerprint["bands"][0][0] == {"aerosol": 1.0} and len(fingerprint["statistics"][0]["p1"]) == 12


def test_windows_cover_it_once_and_stay_small(made):
    with FeatureRaster(made["float32"]) as raster, rasterio.open(made["float32"]) as dataset:
        whole = dataset.read()
        seen = np.zeros((32, 32), int)
        for row0, row1, col0, col1 in raster.windows(most_bytes=1):
            seen[row0:row1, col0:col1] += 1
            np.testing.assert_array_equal(raster.read(row0, row1, col0, col1), whole[:, row0:row1, col0:col1])
        assert (seen == 1).all()
        assert [row for strip in raster.strips() for row in range(*strip)] == list(range(32))


def test_bytes_come_back_in_their_scale(made):
    with FeatureRaster(made["int8"]) as small, FeatureRaster(made["float32"]) as large:
        values, expected = small.read(0, small.rows), large.read(0, large.rows)
        assert values.dtype == np.float32 and np.isfinite(values).all()
        inner = (slice(None), slice(0, 6), slice(0, 6))
        assert np.abs(values[inner] - expected[inner]).mean() < 0.2 * np.abs(expected[inner]).mean()


def test_a_picture_stands_for_its_embedding_and_an_image_for_none(made, scene, tmp_path):
    assert embedding_behind(made["picture"]) == made["float32"]
    assert embedding_behind(made["float32"]) == made["float32"]
    assert embedding_behind(scene["s2"]) is None and embedding_behind(tmp_path) is None
    moved = tmp_path / "p.tif"
    moved.write_bytes(made["picture"].read_bytes())
    with pytest.raises(SourceError, match=r"picture of e\.tif, which is not there"):
        embedding_behind(moved)


@pytest.mark.parametrize("absolute", [False, True])
def test_a_picture_leads_to_an_embedding_elsewhere_only_where_that_is_allowed(made, tmp_path, monkeypatch, absolute):
    picture = tmp_path / "picture.tif"
    picture.write_bytes(made["picture"].read_bytes())
    embedding = made["float32"]
    with rasterio.open(picture, "r+") as dataset:
        dataset.update_tags(SMARTIES_EMBEDDING=str(embedding) if absolute else os.path.relpath(embedding, tmp_path))
    with pytest.raises(SourceError, match=r"leads to .*outside its own folder"):
        embedding_behind(picture)
    monkeypatch.setenv(ALLOWED_FOLDERS, str(embedding.parent))
    assert embedding_behind(picture).samefile(embedding)


def test_the_name_of_an_embedding_may_be_too_long_for_any_file(made, tmp_path):
    picture = tmp_path / "picture.tif"
    picture.write_bytes(made["picture"].read_bytes())
    with rasterio.open(picture, "r+") as dataset:
        dataset.update_tags(SMARTIES_EMBEDDING="e" * 5000)
    with pytest.raises(SourceError, match="which is not there") as caught:
        embedding_behind(picture)
    assert len(caught.value.message) < 300


@pytest.mark.parametrize("named", ["../secret/e.tif", "{folder}/secret/e.tif", "link/e.tif", "/vsizip/{folder}/z.zip"])
def test_a_picture_leads_to_no_embedding_outside_its_folder(made, tmp_path, named):
    (tmp_path / "secret").mkdir()
    shutil.copy(made["float32"], tmp_path / "secret" / "e.tif")
    own = tmp_path / "own"
    own.mkdir()
    (own / "link").symlink_to(tmp_path / "secret")
    picture = shutil.copy(made["picture"], own / "p.tif")
    with rasterio.open(picture, "r+") as raster:
        raster.update_tags(SMARTIES_EMBEDDING=named.format(folder=tmp_path))
    with pytest.raises(SourceError, match=r"p\.tif leads to .*, outside its own folder"):
        embedding_behind(picture)
    (own / "below").mkdir()
    shutil.copy(made["float32"], own / "below" / "e.tif")
    with rasterio.open(picture, "r+") as raster:
        raster.update_tags(SMARTIES_EMBEDDING="below/e.tif")
    assert embedding_behind(picture) == own / "below" / "e.tif"


def test_another_raster_is_refused(scene):
    with pytest.raises(SourceError, match="not an embedding"):
        FeatureRaster(scene["s2"])
