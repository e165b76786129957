"""The whole walk: draw labels, train, look, add a polygon, train again, segment, find alike places, export polygons."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import processing
import pytest
from osgeo import gdal
from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsFillSymbol,
    QgsGeometry,
    QgsProcessingUtils,
    QgsRectangle,
    QgsRendererCategory,
    QgsVectorLayer,
)
from qgis_runs import SCENE_CLASSES, add_label, digitised, pixels

_CLASSES = (1, 2, 3, 4, 5)


def styled(layer: QgsVectorLayer) -> None:
    categories = [
        QgsRendererCategory(value, QgsFillSymbol.createSimple({"color": f"#0000{value:02x}"}), SCENE_CLASSES[value])
        for value in _CLASSES
    ]
    layer.setRenderer(QgsCategorizedSymbolRenderer("kind", categories))


@pytest.fixture
def labels(scene: dict[str, Path], new_project: Any) -> Iterator[QgsVectorLayer]:
    """A layer of the project that somebody draws on."""
    layer = digitised(scene["labels"], classes=_CLASSES)
    styled(layer)
    new_project.addMapLayer(layer)
    yield layer
    # Else QGIS asks, in a dialog that nobody closes, whether to save it.
    layer.rollBack()


def test_from_labels_drawn_by_hand_to_polygons(scene: dict[str, Path], labels: QgsVectorLayer, tmp_path: Path) -> None:
    images = [str(scene["s1"]), str(scene["s2"])]
    before = labels.featureCount()
    head = tmp_path / "head.safetensors"

    def train() -> dict[str, Any]:
        parameters = {"INPUT": images, "LABELS": labels.id(), "FOLDS": 3, "OVERLAP": 0, "OUTPUT": str(head)}
        return processing.run("smarties:trainhead", parameters)

    first = train()
    # Nothing was saved, the drawing goes on, and the copy that the engine read is gone.
    assert labels.isEditable() and labels.isModified()
    assert labels.dataProvider().featureCount() == 0
    assert not [name for name in os.listdir(QgsProcessingUtils.tempFolder()) if name.startswith("labels")]
    classes = {each["value"]: each for each in json.loads(first["CLASSES"])}
    assert [classes[value]["name"] for value in _CLASSES] == list(SCENE_CLASSES[1:6])
    assert classes[4]["colour"] == "#000004"
    assert sum(each["groups"] for each in classes.values()) == before
    assert first["OVERALL"] > 0.8

    corner = next(labels.getFeatures()).geometry().boundingBox()
    shape = QgsRectangle(corner.xMinimum(), corner.yMinimum(), corner.xMinimum() + 30, corner.yMinimum() + 30)
    add_label(labels, QgsGeometry.fromRect(shape), 1)
    again = train()
    assert sum(each["groups"] for each in json.loads(again["CLASSES"])) == before + 1
    # The features were there.
    assert again["SECONDS"] < first["SECONDS"] or again["SECONDS"] < 3

    parameters = {
        "INPUT": images, "HEAD": str(head), "SIEVE": 8,
        "OUTPUT": str(tmp_path / "map.tif"), "POLYGONS": str(tmp_path / "map.gpkg"),
    }  # fmt: skip
    segmented = processing.run("smarties:segment", parameters)
    found, truth = pixels(segmented["OUTPUT"]), pixels(scene["labels"])
    known = (found != 255) & np.isin(truth, _CLASSES)
    assert (found[known] == truth[known]).mean() > 0.7
    areas = dict.fromkeys(_CLASSES, 0.0)
    for feature in QgsVectorLayer(segmented["POLYGONS"], "map", "ogr").getFeatures():
        assert feature["class"] == SCENE_CLASSES[feature["value"]]
        areas[feature["value"]] += feature.geometry().area()
    assert areas == {value: 100.0 * (found == value).sum() for value in _CLASSES}

    row, col = np.argwhere(truth == 4)[truth[truth == 4].size // 2]
    left, width, _, top, _, height = gdal.Open(str(scene["labels"])).GetGeoTransform()
    point = f"{left + (col + 0.5) * width},{top + (row + 0.5) * height} [{labels.crs().authid()}]"
    parameters = {
        "INPUT": images, "OVERLAP": 0, "POINTS": point, "THRESHOLD": 0.9,
        "OUTPUT": str(tmp_path / "alike.tif"), "POLYGONS": str(tmp_path / "alike.gpkg"),
    }  # fmt: skip
    alike = processing.run("smarties:similarity", parameters)
    water = sum(
        feature.geometry().area() for feature in QgsVectorLayer(alike["POLYGONS"], "alike", "ogr").getFeatures()
    )
    assert 0 < water < 2 * 100.0 * (truth == 4).sum()
