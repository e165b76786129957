"""`smarties:reconstruct` inside QGIS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import QgsRasterLayer
from qgis_runs import pixels, refusal, run_and_load


def test_near_infrared_and_anomaly_of_a_photograph(scene: dict[str, Path], new_project: Any, tmp_path: Path) -> None:
    image = QgsRasterLayer(str(scene["rgb"]), "photograph")
    centre, crs = image.extent().center(), image.crs().authid()
    extent = f"{centre.x() - 300},{centre.x() + 300},{centre.y() - 300},{centre.y() + 300} [{crs}]"
    parameters = {
        "INPUT": [str(scene["rgb"])], "EXTENT": extent, "OVERLAP": 0, "OUTPUT": tmp_path / "a.tif",
        "ANOMALY": tmp_path / "b.tif",
    }  # fmt: skip
    layers = run_and_load("reconstruct", parameters, ("OUTPUT", "ANOMALY"))
    assert layers["OUTPUT"].bandCount() == 1
    assert layers["OUTPUT"].renderer().type() == "singlebandgray"
    assert layers["ANOMALY"].renderer().type() == "singlebandpseudocolor"
    assert pixels(tmp_path / "a.tif").shape[0] > pixels(tmp_path / "b.tif").shape[0]
    order = [node.layer() for node in new_project.layerTreeRoot().findLayers()]
    assert order.index(layers["OUTPUT"]) < order.index(layers["ANOMALY"])
    assert layers["OUTPUT"].name() == f"Bands predicted from {scene['rgb'].stem}"


def test_something_is_to_be_written(scene: dict[str, Path], tmp_path: Path) -> None:
    parameters = {"INPUT": [str(scene["rgb"])], "TARGETS": ""}
    assert "Nothing to write" in refusal("reconstruct", parameters)
    assert "belong together" in refusal("reconstruct", {**parameters, "OUTPUT": str(tmp_path / "a.tif")})
