"""Names and colours of classes, taken from the style of a layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from osgeo import gdal
from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsFeature,
    QgsFillSymbol,
    QgsInvertedPolygonRenderer,
    QgsPalettedRasterRenderer,
    QgsRasterLayer,
    QgsRendererCategory,
    QgsVectorLayer,
)
from qgis.PyQt.QtGui import QColor
from smarties.qgis_plugin.layer_classes import LayerClasses, classes_shown


def category(value: Any, label: str, colour: str) -> QgsRendererCategory:
    return QgsRendererCategory(value, QgsFillSymbol.createSimple({"color": colour}), label)


def labels(*values: Any, kind: str = "integer") -> QgsVectorLayer:
    layer = QgsVectorLayer(f"Polygon?field=kind:{kind}&field=other:string", "labels", "memory")
    layer.startEditing()
    for value in values:
        feature = QgsFeature(layer.fields())
        feature.setAttributes([value, "x"])
        layer.addFeature(feature)
    return layer


def test_categories_give_field_names_and_colours() -> None:
    layer = labels(1, 2)
    shown = [category(1, "Wasser = nass", "#0000ff"), category(2, "2", "#00ff00"), category(None, "", "#888888")]
    layer.setRenderer(QgsCategorizedSymbolRenderer("kind", shown))
    assert classes_shown(layer) == LayerClasses("kind", ("1=Wasser = nass",), ("1=#0000ff", "2=#00ff00"))
    assert classes_shown(layer, "other") == LayerClasses()


def test_entries_without_a_feature_are_left_out_and_unsaved_features_count() -> None:
    layer = labels("a", kind="string")
    layer.setRenderer(
        QgsCategorizedSymbolRenderer('"kind"', [category("a", "A", "#0000ff"), category("b", "B", "#111111")])
    )
    assert classes_shown(layer).names == ("a=A",)


def test_one_entry_for_several_classes_colours_them_but_names_none() -> None:
    layer = labels(1, 2.0, kind="double")
    layer.setRenderer(QgsCategorizedSymbolRenderer("kind", [category([1.0, 2.0], "both", "#123456")]))
    assert classes_shown(layer) == LayerClasses("kind", (), ("1=#123456", "2=#123456"))


def test_categories_inside_another_renderer_are_found_and_expressions_are_not_taken_for_a_field() -> None:
    layer = labels(1)
    layer.setRenderer(QgsInvertedPolygonRenderer(QgsCategorizedSymbolRenderer("kind", [category(1, "w", "#0000ff")])))
    assert classes_shown(layer).names == ("1=w",)
    layer.setRenderer(QgsCategorizedSymbolRenderer("kind + 1", [category(2, "w", "#0000ff")]))
    assert classes_shown(layer) == LayerClasses()


def test_a_layer_in_one_colour_says_nothing() -> None:
    assert classes_shown(labels(1)) == LayerClasses()


def test_of_a_raster_only_what_its_file_does_not_say_is_given(tmp_path: Path) -> None:
    path = tmp_path / "labels.tif"
    dataset = gdal.GetDriverByName("GTiff").Create(str(path), 2, 2, 1, gdal.GDT_Byte)
    dataset.GetRasterBand(1).WriteArray(np.array([[1, 2], [3, 1]]))
    table = gdal.ColorTable()
    for value, colour in ((1, (0, 0, 255)), (2, (0, 255, 0)), (3, (255, 0, 0))):
        table.SetColorEntry(value, colour)
    dataset.GetRasterBand(1).SetColorTable(table)
    dataset = None
    layer = QgsRasterLayer(str(path), "labels")
    assert classes_shown(layer) == LayerClasses()
    shown = layer.renderer().classes()
    shown[1].label, shown[2].color = "Wasser", QColor("#abcdef")
    layer.setRenderer(QgsPalettedRasterRenderer(layer.dataProvider(), 1, shown))
    assert classes_shown(layer) == LayerClasses("", (f"{shown[1].value:g}=Wasser",), (f"{shown[2].value:g}=#abcdef",))
