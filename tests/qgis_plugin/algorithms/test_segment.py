"""`smarties:segment` inside QGIS: results styled and in order, and what is refused; see test_maps_walk.py, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import processing
import pytest
from osgeo import gdal
from qgis.core import QgsProcessingException, QgsVectorLayer
from qgis_runs import SCENE_CLASSES, pixels, refusal, run_and_load

_LAYERS = ("OUTPUT", "CONFIDENCE", "PROBABILITIES", "POLYGONS")


def test_results_arrive_named_styled_and_in_order(
    scene: dict[str, Path], embedding: Path, head: Path, new_project: Any, tmp_path: Path
) -> None:
    # Names that would sort the wrong way round.
    parameters = {
        "INPUT": [str(embedding)], "HEAD": str(head), "SIEVE": 4, "CONFIDENCE_KIND": "entropy",
        "OUTPUT": tmp_path / "z.tif", "CONFIDENCE": tmp_path / "a.tif", "PROBABILITIES": tmp_path / "b.tif",
        "POLYGONS": tmp_path / "c.gpkg",
    }  # fmt: skip
    layers = run_and_load("segment", parameters, _LAYERS)
    output, confidence, probabilities, polygons = (layers[name] for name in _LAYERS)
    root = new_project.layerTreeRoot()
    order = [node.layerId() for node in root.findLayers()]
    assert order[:2] == [polygons.id(), output.id()]
    assert [root.findLayer(each).itemVisibilityChecked() for each in (output, polygons)] == [True, True]
    assert [root.findLayer(each).itemVisibilityChecked() for each in (confidence, probabilities)] == [False, False]
    stem = scene["s2"].stem
    assert output.name() == f"Map of {stem}"
    assert confidence.name() == f"Confidence in {stem}"
    assert "Made by SMARTIES" in output.metadata().abstract()
    assert polygons.metadata().title() == f"Polygons of {stem}"

    found = pixels(tmp_path / "z.tif")
    shown = {int(each.value): (each.label, each.color.name()) for each in output.renderer().classes()}
    assert set(shown) == set(np.unique(found)) - {255}
    assert {value: name for value, (name, _) in shown.items()} == {value: SCENE_CLASSES[value] for value in shown}
    drawn = {each.value(): (each.label(), each.symbol().color().name()) for each in polygons.renderer().categories()}
    assert drawn == shown
    assert confidence.renderer().classificationMin() == 0
    assert confidence.renderer().classificationMax() == 1
    assert json.loads(gdal.Open(str(tmp_path / "z.tif")).GetMetadataItem("SMARTIES_JOB"))["sieve_px"] == 4
    # Each with its style beside it, for a QGIS that opens the file again.
    for layer in layers.values():
        assert Path(layer.source().split("|")[0]).with_suffix(".qml").is_file()
    again = QgsVectorLayer(str(tmp_path / "c.gpkg"), "again", "ogr")
    assert [each.label() for each in again.renderer().categories()] == [name for name, _ in shown.values()]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"HEAD": "/nowhere.safetensors"}, "does not exist"),
        ({"HEAD": ""}, "HEAD"),
        ({"OUTPUT": "{embedding}"}, "one of the files to read"),
        ({"POLYGONS": "{folder}/map.shp"}, "map.shp"),
        ({"CONFIDENCE": "{folder}/a.tif", "OUTPUT": "{folder}/a.tif"}, "have the same name"),
        ({"SIEVE": -1}, "SIEVE"),
    ],
)
def test_what_cannot_be_run_is_told_before(
    changes: dict[str, Any], expected: str, embedding: Path, head: Path, tmp_path: Path
) -> None:
    changes = {
        name: value.format(folder=tmp_path, embedding=embedding) if isinstance(value, str) else value
        for name, value in changes.items()
    }
    parameters = {"INPUT": [str(embedding)], "HEAD": str(head), "OUTPUT": "TEMPORARY_OUTPUT", **changes}
    assert expected in refusal("segment", parameters)


def test_a_head_on_other_bands_fails_in_a_sentence(scene: dict[str, Path], head: Path, tmp_path: Path) -> None:
    parameters = {"INPUT": [str(scene["rgb"])], "HEAD": str(head), "OUTPUT": str(tmp_path / "no.tif")}
    with pytest.raises(QgsProcessingException, match="does not fit") as caught:
        processing.run("smarties:segment", parameters)
    assert "Traceback" not in str(caught.value)
    assert not list(tmp_path.iterdir())
