"""`smarties:reduce` inside QGIS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import processing
from qgis_runs import pixels, refusal, run_and_load


def test_components_come_with_a_picture_and_a_basis_that_gives_the_same_again(
    embedding: Path, new_project: Any, tmp_path: Path
) -> None:
    basis = tmp_path / "basis.safetensors"
    parameters = {
        "INPUT": [str(embedding)], "COMPONENTS": 4, "SAVE_BASIS": str(basis),
        "OUTPUT": tmp_path / "a.tif", "PICTURE": tmp_path / "b.tif",
    }  # fmt: skip
    layers = run_and_load("reduce", parameters, ("OUTPUT", "PICTURE"))
    components = pixels(tmp_path / "a.tif")
    assert components.shape[0] == 4
    root = new_project.layerTreeRoot()
    assert not root.findLayer(layers["OUTPUT"]).itemVisibilityChecked()
    order = [node.layerId() for node in root.findLayers()]
    assert order.index(layers["PICTURE"].id()) < order.index(layers["OUTPUT"].id())
    assert layers["PICTURE"].renderer().alphaBand() == 4
    assert layers["OUTPUT"].renderer().redContrastEnhancement().minimumValue() < 0
    again = tmp_path / "again.tif"
    parameters = {"INPUT": [str(embedding)], "COMPONENTS": 4, "BASIS": str(basis), "OUTPUT": str(again)}
    processing.run("smarties:reduce", parameters)
    assert pixels(again).tobytes() == components.tobytes()


def test_a_basis_that_is_not_there_is_told_before(embedding: Path) -> None:
    parameters = {"INPUT": [str(embedding)], "BASIS": "/nowhere.safetensors", "OUTPUT": "TEMPORARY_OUTPUT"}
    assert "does not exist" in refusal("reduce", parameters)
