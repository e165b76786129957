"""`smarties:cluster` inside QGIS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from qgis_runs import pixels, refusal, run_and_load


def test_clusters_arrive_in_their_colours(
    scene: dict[str, Path], embedding: Path, new_project: Any, tmp_path: Path
) -> None:
    parameters = {"INPUT": [str(embedding)], "CLUSTERS": 5, "SEED": 1, "OUTPUT": tmp_path / "clusters.tif"}
    layer = run_and_load("cluster", parameters, ("OUTPUT",))["OUTPUT"]
    values = np.unique(pixels(tmp_path / "clusters.tif"))
    shown = layer.renderer().classes()
    assert {int(each.value) for each in shown} == set(values) - {255}
    assert len({each.color.name() for each in shown}) == len(shown) == 5
    assert layer.name() == f"Clusters of {scene['s2'].stem}"
    job = next(line for line in layer.metadata().history() if line.startswith("Job: "))
    settings = json.loads(job[len("Job: ") :])
    assert (settings["clusters"], settings["seed"]) == (5, 1)


def test_the_number_of_clusters_has_limits(embedding: Path) -> None:
    parameters = {"INPUT": [str(embedding)], "CLUSTERS": 1, "OUTPUT": "TEMPORARY_OUTPUT"}
    assert "CLUSTERS" in refusal("cluster", parameters)
