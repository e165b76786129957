"""Which embedding a picture's layer stands for: its file's word within reach, and what was said when it was made."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from osgeo import gdal
from qgis.core import QgsProject, QgsRasterLayer
from smarties.qgis_plugin.engine_link.settings import EngineSettings
from smarties.qgis_plugin.panel.embedding_layers import EmbeddingLayers, read_embedding
from smarties.qgis_plugin.picture_embedding import EMBEDDING_PROPERTY, embedding_of, remember_embedding
from smarties.qgis_plugin.raster_tags import embedded_images, named_embedding
from smarties.qgis_plugin.styling_metadata import set_metadata
from tagged_rasters import TAGS, raster

RECORD = {**TAGS, "SMARTIES_LATTICE": "{}"}


def picture_of(folder: Path, named: str) -> QgsRasterLayer:
    folder.mkdir(exist_ok=True)
    tags = {**{key: TAGS[key] for key in ("SMARTIES_JOB", "SMARTIES_MODEL")}, "SMARTIES_EMBEDDING": named}
    layer = QgsRasterLayer(str(raster(folder / "p.tif", 4, gdal.GDT_Byte, tags)), "p")
    assert layer.isValid()
    return layer


@pytest.fixture
def embedding(tmp_path: Path) -> Path:
    (tmp_path / "elsewhere").mkdir()
    return raster(tmp_path / "elsewhere" / "e.tif", 6, gdal.GDT_Float32, RECORD)


@pytest.fixture
def stray(tmp_path: Path, embedding: Path) -> QgsRasterLayer:
    """A picture that names an embedding in another folder."""
    return picture_of(tmp_path / "pictures", "../elsewhere/e.tif")


def test_below_its_folder_a_picture_is_followed(tmp_path: Path, embedding: Path) -> None:
    layer = picture_of(tmp_path, "elsewhere/e.tif")
    assert embedding_of(layer) == str(embedding)
    entry = read_embedding(layer)
    assert entry is not None and entry.is_picture and entry.path == str(embedding)


@pytest.mark.parametrize("form", ["../elsewhere/e.tif", "{}", "../pictures/../elsewhere/e.tif", "link.tif"])
def test_elsewhere_it_is_as_if_it_named_none(tmp_path: Path, embedding: Path, form: str) -> None:
    layer = picture_of(tmp_path / "pictures", form.format(embedding))
    if form == "link.tif":
        (tmp_path / "pictures" / form).symlink_to(embedding)
    assert embedding_of(layer) == "" and read_embedding(layer) is None
    assert embedded_images(layer.source()) == ()
    set_metadata(layer)
    # The picture's own job still says what it was made of; the record elsewhere was not read.
    assert "S1.tif: bands" not in layer.metadata().abstract()
    replace(EngineSettings.stored(), allowed_folders=(str(embedding.parent),)).save()
    assert os.path.samefile(embedding_of(layer), embedding)
    assert embedded_images(layer.source()) == ("S1.tif", "S2.tif")


@pytest.mark.parametrize(
    "named", ["/vsicurl/http://127.0.0.1:9/e.tif", "/vsizip//a.zip/e.tif", "/dev/stdin", "e" * 5000]
)
def test_what_is_no_file_beside_it_leads_nowhere(tmp_path: Path, named: str) -> None:
    layer = picture_of(tmp_path, named)
    assert read_embedding(layer) is None
    if named.startswith("/"):
        assert named_embedding(layer.source(), {"SMARTIES_EMBEDDING": named}) == ""


def test_a_vrt_under_the_name_of_an_embedding_is_not_opened(tmp_path: Path, embedding: Path) -> None:
    layer = picture_of(tmp_path / "pictures", "e.tif")
    gdal.Translate(str(tmp_path / "pictures" / "e.tif"), str(embedding), format="VRT")
    assert embedded_images(layer.source()) == ("p",)


def test_what_the_user_named_is_remembered_with_the_layer_and_the_project(
    stray: QgsRasterLayer, embedding: Path, new_project: Any, tmp_path: Path
) -> None:
    remember_embedding(stray, str(embedding))
    assert embedding_of(stray) == str(embedding)
    new_project.addMapLayer(stray)
    assert new_project.write(str(tmp_path / "p.qgs"))
    new_project.clear()
    assert new_project.read(str(tmp_path / "p.qgs"))
    (again,) = new_project.mapLayers().values()
    assert embedding_of(again) == str(embedding)
    set_metadata(again)
    assert "S1.tif: bands" in again.metadata().abstract()
    # A file that took the picture's place is another one.
    raster(Path(again.source()), 4, gdal.GDT_Byte, {})
    assert embedding_of(again) == ""


def test_its_own_word_comes_first_so_that_both_can_move(tmp_path: Path, embedding: Path) -> None:
    layer = picture_of(tmp_path / "elsewhere", "e.tif")
    remember_embedding(layer, str(raster(tmp_path / "old.tif", 6, gdal.GDT_Float32, RECORD)))
    assert embedding_of(layer) == str(embedding)
    embedding.unlink()
    assert embedding_of(layer) == str(tmp_path / "old.tif")


def test_a_style_beside_the_file_makes_nobody_remember(stray: QgsRasterLayer, embedding: Path) -> None:
    remember_embedding(stray, str(embedding))
    stray.saveDefaultStyle()
    brought = QgsRasterLayer(stray.source(), "brought")
    # QGIS takes the property over with the style.
    assert brought.customProperty(EMBEDDING_PROPERTY) == str(embedding)
    assert embedding_of(brought) == ""


def test_the_list_of_embeddings_learns_of_it_after_the_layer_came(
    stray: QgsRasterLayer, embedding: Path, new_project: Any
) -> None:
    watched = EmbeddingLayers()
    try:
        new_project.addMapLayer(stray)
        assert watched.layers == []
        remember_embedding(stray, str(embedding))
        assert [each.path for each in watched.layers] == [str(embedding)]
        stray.removeCustomProperty(EMBEDDING_PROPERTY)
        stray.setName("renamed")
        assert watched.layers == []
        replace(EngineSettings.stored(), allowed_folders=(str(embedding.parent),)).save()
        watched.look_anew()
        assert [os.path.realpath(each.path) for each in watched.layers] == [str(embedding)]
    finally:
        watched.close()
    QgsProject.instance().removeMapLayer(stray.id())
