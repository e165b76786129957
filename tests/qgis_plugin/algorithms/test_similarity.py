"""`smarties:similarity` inside QGIS: examples by points and layers, drawn or saved; see test_maps_walk.py, too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import processing
import pytest
from qgis.core import QgsProcessingUtils, QgsRasterLayer, QgsReferencedPointXY
from qgis_runs import algorithm, context_of_project, digitised, pixels, refusal, run_and_load


def test_a_click_and_layers_drawn_by_hand_are_examples(
    scene: dict[str, Path], embedding: Path, new_project: Any, tmp_path: Path
) -> None:
    water, town = digitised(scene["labels"], classes=(4,)), digitised(scene["labels"], classes=(5,))
    click = QgsReferencedPointXY(next(water.getFeatures()).geometry().centroid().asPoint(), water.crs())
    parameters = {
        "INPUT": [str(embedding)], "POINTS": click, "UNLIKE": town, "THRESHOLD": 0.7,
        "OUTPUT": tmp_path / "a.tif", "POLYGONS": tmp_path / "b.gpkg",
    }  # fmt: skip
    layers = run_and_load("similarity", parameters, ("OUTPUT", "POLYGONS"))
    clicked = pixels(tmp_path / "a.tif")
    assert np.nanmax(clicked) <= 1
    assert layers["OUTPUT"].renderer().classificationMax() == pytest.approx(np.nanmax(clicked), abs=0.01)
    value, found = layers["OUTPUT"].dataProvider().sample(click, 1)
    assert found and value > 0.7
    assert any(each.geometry().contains(click) for each in layers["POLYGONS"].getFeatures())
    assert layers["POLYGONS"].name() == f"Alike places in {scene['s2'].stem}"
    order = [node.layer() for node in new_project.layerTreeRoot().findLayers()]
    assert order.index(layers["POLYGONS"]) < order.index(layers["OUTPUT"])
    by_layer = tmp_path / "c.tif"
    processing.run("smarties:similarity", {"INPUT": [str(embedding)], "LIKE": water, "OUTPUT": str(by_layer)})
    layer = QgsRasterLayer(str(by_layer), "c")
    sampled, _ = layer.dataProvider().sample(click, 1)
    # Nothing against it, so it is more alike.
    assert sampled > value
    assert not [path for path in Path(QgsProcessingUtils.tempFolder()).iterdir() if path.name.startswith("labels")]


def test_points_reach_the_job_in_one_system(embedding: Path) -> None:
    parameters = {
        "INPUT": [str(embedding)], "POINTS": "1,2; 3,4 [EPSG:32632]", "UNLIKE_POINTS": "5,6 [EPSG:32632]",
        "CENTRED": False, "THRESHOLD": -0.5, "OUTPUT": "TEMPORARY_OUTPUT",
    }  # fmt: skip
    job = algorithm("similarity").job(parameters, context_of_project())
    assert (job.like, job.unlike, job.points_crs) == (("1.0,2.0", "3.0,4.0"), ("5.0,6.0",), "EPSG:32632")
    assert (job.centred, job.threshold) == (False, -0.5)
    del parameters["CENTRED"]
    assert algorithm("similarity").job(parameters, context_of_project()).centred


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "No example was given"),
        ({"POINTS": "here"}, "“here” is no point"),
        ({"POINTS": "1,2", "POLYGONS": "TEMPORARY_OUTPUT"}, "Polygons need a threshold"),
        ({"POINTS": "1,2", "THRESHOLD": 2}, "THRESHOLD"),
    ],
)
def test_what_cannot_be_run_is_told_before(changes: dict[str, Any], expected: str, embedding: Path) -> None:
    parameters = {"INPUT": [str(embedding)], "OUTPUT": "TEMPORARY_OUTPUT", **changes}
    assert expected in refusal("similarity", parameters)
