"""Styles of embeddings and their pictures, on rasters with the tags the engine writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from osgeo import gdal
from qgis.core import QgsMultiBandColorRenderer, QgsRasterLayer
from smarties.qgis_plugin.picture_embedding import EMBEDDING_PROPERTY
from smarties.qgis_plugin.styling import style_embedding, style_picture, write_style
from tagged_rasters import TAGS, raster


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
    style_picture(picture, str(tmp_path / "e.tif"))
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
