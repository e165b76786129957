"""What the engine wrote into rasters, read back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from osgeo import gdal
from smarties.qgis_plugin.raster_tags import embedded_images, is_random
from tagged_rasters import TAGS, raster

LATTICE = {"SMARTIES_LATTICE": json.dumps({"width": 8})}


def test_random_weights_are_known_from_the_file(tmp_path: Path) -> None:
    assert is_random(str(raster(tmp_path / "e.tif", 1, gdal.GDT_Byte, TAGS)))
    assert not is_random(str(tmp_path / "absent.tif"))


@pytest.mark.parametrize("model", ["", "{", "[]", "3", "null", '"x"'])
def test_damaged_tags_say_nothing(model: str, tmp_path: Path) -> None:
    assert not is_random(str(raster(tmp_path / "x.tif", 3, gdal.GDT_Byte, {"SMARTIES_MODEL": model})))


def test_an_embedding_and_its_picture_name_the_images_in_them(tmp_path: Path) -> None:
    embedding = raster(tmp_path / "e.tif", 6, gdal.GDT_Float32, {**TAGS, **LATTICE})
    picture = raster(tmp_path / "p.tif", 4, gdal.GDT_Byte, {"SMARTIES_EMBEDDING": "e.tif"})
    assert embedded_images(str(embedding)) == embedded_images(str(picture)) == ("S1.tif", "S2.tif")
    embedding.unlink()
    assert embedded_images(str(picture)) == ("p",)


def test_an_image_and_a_map_are_no_embeddings(tmp_path: Path) -> None:
    assert embedded_images(str(raster(tmp_path / "i.tif", 3, gdal.GDT_Byte, {}))) == ()
    # A map carries the model and the job too.
    assert (
        embedded_images(str(raster(tmp_path / "m.tif", 1, gdal.GDT_Byte, {**TAGS, "SMARTIES_TASK": "segment"}))) == ()
    )
