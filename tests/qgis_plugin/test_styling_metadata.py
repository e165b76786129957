"""What the metadata of results say, and what their layers are called."""

from __future__ import annotations

from pathlib import Path

import pytest
from osgeo import gdal
from qgis.core import QgsRasterLayer
from smarties.qgis_plugin.styling_metadata import embedding_name, picture_name, set_metadata
from tagged_rasters import TAGS, raster


@pytest.fixture
def embedding(tmp_path: Path) -> QgsRasterLayer:
    return QgsRasterLayer(str(raster(tmp_path / "e.tif", 6, gdal.GDT_Float32, TAGS)), "e")


@pytest.fixture
def picture(tmp_path: Path, embedding: QgsRasterLayer) -> QgsRasterLayer:
    tags = {key: TAGS[key] for key in ("SMARTIES_JOB", "SMARTIES_MODEL")}
    tags["SMARTIES_EMBEDDING"] = "e.tif"
    return QgsRasterLayer(str(raster(tmp_path / "p.tif", 4, gdal.GDT_Byte, tags)), "p")


def test_metadata_say_in_plain_words_what_it_is(embedding: QgsRasterLayer) -> None:
    set_metadata(embedding)
    metadata = embedding.metadata()
    assert metadata.title() == "Embedding of S1 + S2"
    assert "My ViT-Ti" in metadata.abstract()
    assert "random" in metadata.abstract()
    assert "S1.tif: bands VV; dB." in metadata.abstract()
    assert any("/data/S2.tif" in line for line in metadata.history())
    assert "sentinel-1-grd" in metadata.keywords()["SMARTIES"]


def test_metadata_of_a_picture_name_the_images_of_its_embedding(picture: QgsRasterLayer) -> None:
    set_metadata(picture)
    assert picture.metadata().title() == "PCA picture of S1 + S2"
    assert "main components" in picture.metadata().abstract()


@pytest.mark.parametrize("model", ["", "{", "[]", "3", "null", '"x"'])
def test_metadata_of_other_rasters_and_damaged_tags_are_left_alone(model: str, tmp_path: Path) -> None:
    layer = QgsRasterLayer(str(raster(tmp_path / "x.tif", 3, gdal.GDT_Byte, {"SMARTIES_MODEL": model})), "x")
    set_metadata(layer)
    assert layer.metadata().title() == ""


def test_names_of_layers() -> None:
    assert embedding_name(["S1_x.tif", "S2_y"]) == "Embedding of S1_x + S2_y"
    assert picture_name(["a"]) == "PCA picture of a"
    assert len(embedding_name(["x" * 200])) < 80


def test_a_map_says_what_it_shows_and_by_which_model(embedding: QgsRasterLayer) -> None:
    set_metadata(embedding, title="Map of S1 + S2", what="The class of every pixel.")
    metadata = embedding.metadata()
    assert metadata.title() == "Map of S1 + S2"
    assert metadata.abstract().startswith("The class of every pixel.\nMade by My ViT-Ti.")
    assert "map" in metadata.keywords()["SMARTIES"]
