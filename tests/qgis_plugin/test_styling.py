"""Styles and metadata of results, on rasters with the tags the engine writes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal
from qgis.core import QgsMultiBandColorRenderer, QgsRasterLayer
from smarties.qgis_plugin.styling import (
    EMBEDDING_PROPERTY,
    embedding_name,
    is_random,
    picture_name,
    set_metadata,
    style_embedding,
    style_picture,
    write_style,
)

TAGS = {
    "TIFFTAG_SOFTWARE": "SMARTIES for QGIS 0.1.0",
    "SMARTIES_JOB": json.dumps({"inputs": ["/data/S1.tif", "/data/S2.tif"], "chip": 112}),
    "SMARTIES_MODEL": json.dumps({"name": "smarties-tiny", "title": "SMARTIES ViT-Ti", "sha256": "ab", "random": True}),
    "SMARTIES_IMAGES": json.dumps(
        [
            {"name": "S1.tif", "sensor": "sentinel-1-grd", "bands": [{"name": "VV"}], "radiometry": {"found": "dB"}},
            {"name": "S2.tif", "sensor": None, "bands": [{"name": "B04"}], "radiometry": {"found": "digital numbers"}},
        ]
    ),
    "SMARTIES_GRID": "8×8 px, 10 m",
    "SMARTIES_DEVICE": "CPU",
}


def raster(path: Path, bands: int, kind: int, tags: dict[str, str]) -> Path:
    dataset = gdal.GetDriverByName("GTiff").Create(str(path), 8, 8, bands, kind)
    dataset.SetGeoTransform((500000, 10, 0, 5000000, 0, -10))
    dataset.SetMetadata(tags)
    for number in range(bands):
        dataset.GetRasterBand(number + 1).WriteArray(np.arange(64).reshape(8, 8) + number)
    dataset.FlushCache()
    return path


@pytest.fixture
def embedding(tmp_path: Path) -> QgsRasterLayer:
    return QgsRasterLayer(str(raster(tmp_path / "e.tif", 6, gdal.GDT_Float32, TAGS)), "e")


@pytest.fixture
def picture(tmp_path: Path, embedding: QgsRasterLayer) -> QgsRasterLayer:
    tags = {key: TAGS[key] for key in ("SMARTIES_JOB", "SMARTIES_MODEL")}
    tags["SMARTIES_EMBEDDING"] = "e.tif"
    return QgsRasterLayer(str(raster(tmp_path / "p.tif", 4, gdal.GDT_Byte, tags)), "p")


def test_an_embedding_shows_three_features(embedding: QgsRasterLayer) -> None:
    style_embedding(embedding, (4, 2, 6), ((0.0, 10.0), (1.0, 20.0), (-3.0, 5.0)))
    renderer = embedding.renderer()
    assert isinstance(renderer, QgsMultiBandColorRenderer)
    assert (renderer.redBand(), renderer.greenBand(), renderer.blueBand()) == (4, 2, 6)
    assert renderer.greenContrastEnhancement().minimumValue() == 1
    assert renderer.greenContrastEnhancement().maximumValue() == 20


@pytest.mark.parametrize(
    ("bands", "ranges"), [((), ()), ((1, 2, 7), ((0, 1),) * 3), ((0, 1, 2), ((0, 1),) * 3), ((1, 2, 3), ((0, 1),) * 2)]
)
def test_bands_that_are_not_there_change_nothing(
    embedding: QgsRasterLayer, bands: tuple[int, ...], ranges: tuple[tuple[float, float], ...]
) -> None:
    before = embedding.renderer().usesBands()
    style_embedding(embedding, bands, ranges)
    assert embedding.renderer().usesBands() == before


def test_a_picture_shows_its_bytes_and_knows_its_embedding(picture: QgsRasterLayer, tmp_path: Path) -> None:
    style_picture(picture)
    renderer = picture.renderer()
    assert (renderer.redBand(), renderer.greenBand(), renderer.blueBand(), renderer.alphaBand()) == (1, 2, 3, 4)
    assert renderer.redContrastEnhancement() is None
    assert picture.customProperty(EMBEDDING_PROPERTY) == str(tmp_path / "e.tif")


def test_the_style_is_found_when_the_file_is_opened_again(embedding: QgsRasterLayer) -> None:
    style_embedding(embedding, (4, 2, 6), ((0.0, 10.0), (1.0, 20.0), (-3.0, 5.0)))
    assert write_style(embedding.source(), embedding).name == "e.qml"
    again = QgsRasterLayer(embedding.source(), "again")
    assert again.renderer().redBand() == 4
    assert again.renderer().blueContrastEnhancement().minimumValue() == -3


def test_metadata_say_in_plain_words_what_it_is(embedding: QgsRasterLayer) -> None:
    set_metadata(embedding)
    metadata = embedding.metadata()
    assert metadata.title() == "Embedding of S1 + S2"
    assert "SMARTIES ViT-Ti" in metadata.abstract()
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
    assert not is_random(layer.source())


def test_random_weights_are_known_from_the_file(embedding: QgsRasterLayer, tmp_path: Path) -> None:
    assert is_random(embedding.source())
    assert not is_random(str(tmp_path / "absent.tif"))


def test_names_of_layers() -> None:
    assert embedding_name(["S1_x.tif", "S2_y"]) == "Embedding of S1_x + S2_y"
    assert picture_name(["a"]) == "PCA picture of a"
    assert len(embedding_name(["x" * 200])) < 80
