"""Layers the engine reads from their file, and layers it gets a copy of."""

from __future__ import annotations

from pathlib import Path

import pytest
from osgeo import ogr
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransformContext,
    QgsFeature,
    QgsField,
    QgsGeometry,
    QgsPointXY,
    QgsVectorFileWriter,
    QgsVectorLayer,
)
from smarties.engine.errors import OutputError, SourceError
from smarties.qgis_plugin.vector_source import copy_of, vector_file


def in_memory(name: str = "drawn / by hand") -> QgsVectorLayer:
    layer = QgsVectorLayer("Point?crs=EPSG:32631&field=fid:integer&field=kind:string", name, "memory")
    layer.startEditing()
    for kind in ("水", "b"):
        feature = QgsFeature(layer.fields())
        feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(500000, 5000000)))
        feature.setAttributes([1, kind])
        layer.addFeature(feature)
    return layer


def saved(path: Path, driver: str = "GPKG", layer_name: str = "places") -> None:
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName, options.layerName, options.layerOptions = driver, layer_name, []
    options.attributes = [1]
    if path.exists():
        options.actionOnExistingFile = QgsVectorFileWriter.ActionOnExistingFile.CreateOrOverwriteLayer

    result = QgsVectorFileWriter.writeAsVectorFormatV3(in_memory(), str(path), QgsCoordinateTransformContext(), options)
    assert result[0] == QgsVectorFileWriter.WriterError.NoError, result[1]


def kinds(path: str) -> list[str]:
    dataset = ogr.Open(path)
    layer = dataset.GetLayer(0)
    return [feature.GetField("kind") for feature in layer]


def test_a_saved_layer_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "a b.gpkg"
    saved(path)
    assert vector_file(QgsVectorLayer(f"{path}|layername=places", "x", "ogr")) == f"{path}|layername=places"
    assert vector_file(QgsVectorLayer(str(path), "x", "ogr")) == str(path)


def test_unsaved_edits_filters_computed_fields_and_a_crs_of_its_own_are_not_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    saved(path)

    def opened() -> QgsVectorLayer:
        return QgsVectorLayer(f"{path}|layername=places", "x", "ogr")

    edited, filtered, computed, placed = opened(), opened(), opened(), opened()
    edited.startEditing()
    assert vector_file(edited) is not None
    edited.deleteFeature(next(edited.getFeatures()).id())
    filtered.setSubsetString("\"kind\" = 'b'")
    field = QgsField(computed.fields().field("kind"))
    field.setName("upper")
    computed.addExpressionField("upper(kind)", field)
    placed.setCrs(QgsCoordinateReferenceSystem("EPSG:4326"))
    for layer in (edited, filtered, computed, placed, in_memory()):
        assert vector_file(layer) is None
    assert kinds(copy_of(edited, tmp_path)) == ["b"]
    (tmp_path / "x.gpkg").unlink()
    assert kinds(copy_of(filtered, tmp_path)) == ["b"]


def test_a_layer_that_is_one_of_several_in_a_file_is_named_or_copied(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    saved(path)
    saved(path, layer_name="others")
    assert vector_file(QgsVectorLayer(f"{path}|layername=others", "x", "ogr")) == f"{path}|layername=others"
    assert vector_file(QgsVectorLayer(str(path), "x", "ogr")) is None


def test_a_shapefile_that_does_not_say_how_its_texts_are_written_is_copied(tmp_path: Path) -> None:
    path = tmp_path / "a.shp"
    saved(path, "ESRI Shapefile")
    path.with_suffix(".cpg").write_text("UTF-8")
    assert vector_file(QgsVectorLayer(str(path), "x", "ogr")) == str(path)
    path.with_suffix(".cpg").unlink()
    layer = QgsVectorLayer(str(path), "x", "ogr")
    layer.setProviderEncoding("UTF-8")
    assert vector_file(layer) is None
    assert kinds(copy_of(layer, tmp_path)) == ["水", "b"]


def test_the_copy_holds_edits_that_nobody_saved_under_the_name_of_the_layer(tmp_path: Path) -> None:
    layer = in_memory()
    path = copy_of(layer, tmp_path)
    assert Path(path).name == "drawn _ by hand.gpkg"
    assert kinds(path) == ["水", "b"]
    assert layer.isModified()
    copied = QgsVectorLayer(path, "x", "ogr")
    assert copied.crs().authid() == "EPSG:32631"
    # Numbers of features are no classes.
    assert "fid" not in [field.name() for field in copied.fields()][1:]


def test_only_the_fields_asked_for_are_copied(tmp_path: Path) -> None:
    layer = in_memory("no fields")
    copied = QgsVectorLayer(copy_of(layer, tmp_path, []), "x", "ogr")
    assert copied.featureCount() == 2
    assert len(copied.fields()) == 1


def test_what_cannot_be_copied_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be copied"):
        copy_of(in_memory(), tmp_path / "absent")
    with pytest.raises(SourceError, match="cannot be read"):
        copy_of(QgsVectorLayer("/nowhere.gpkg", "gone", "ogr"), tmp_path)
