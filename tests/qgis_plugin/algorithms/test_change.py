"""`smarties:change` inside QGIS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from qgis.core import QgsRasterLayer
from qgis_runs import algorithm, context_of_project, pixels, refusal, run_and_load
from smarties.engine.spectrum.table import parse_table
from smarties.qgis_plugin.layer_bands import detect_layer, store_table


def test_nothing_changed_between_an_embedding_and_itself(
    scene: dict[str, Path], embedding: Path, new_project: Any, tmp_path: Path
) -> None:
    picture = embedding.with_name("picture.tif")
    parameters = {"INPUT": [str(embedding)], "AFTER": [str(picture)], "OUTPUT": tmp_path / "change.tif"}
    layer = run_and_load("change", parameters, ("OUTPUT",))["OUTPUT"]
    assert np.nanmax(pixels(tmp_path / "change.tif")) < 1e-5
    assert layer.renderer().type() == "singlebandpseudocolor"
    stem = scene["s2"].stem
    assert layer.metadata().title() == f"Change from {stem} to {stem}"


def test_sensors_and_tables_of_the_second_date_are_its_own(scene: dict[str, Path], new_project: Any) -> None:
    after = QgsRasterLayer(str(scene["l8"]), "L8")
    new_project.addMapLayer(after)
    names = [band.name for band in detect_layer(after).bands]
    store_table(after, parse_table(json.dumps({"bands": [{"name": names[0], "enabled": False}]})))
    parameters = {
        "INPUT": [str(scene["s2"])], "SENSORS": "sentinel-2-l2a", "AFTER": [after], "OUTPUT": "TEMPORARY_OUTPUT",
    }  # fmt: skip
    job = algorithm("change").job(parameters, context_of_project())
    assert (job.inputs, job.after) == ((str(scene["s2"]),), (str(scene["l8"]),))
    assert (job.sensors, job.after_sensors, job.band_tables) == (("sentinel-2-l2a",), (), ())
    assert not json.loads(job.after_band_tables[0])["bands"][0]["enabled"]


def test_a_second_date_is_needed(scene: dict[str, Path]) -> None:
    assert "AFTER" in refusal("change", {"INPUT": [str(scene["s2"])], "AFTER": [], "OUTPUT": "TEMPORARY_OUTPUT"})
