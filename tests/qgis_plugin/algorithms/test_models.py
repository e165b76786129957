"""The names of models in QGIS are those of the engine, which QGIS cannot import."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from smarties.qgis_plugin.algorithms.models import DEFAULT_MODEL, DOWNLOADED, MODELS

ROOT = Path(__file__).resolve().parents[3]


def test_models_are_those_that_the_engine_lists(engine_python: Path) -> None:
    command = [str(engine_python), "-m", "engine", "models", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    listed = json.loads(subprocess.run(command, env=environment, check=True, capture_output=True).stdout)
    assert tuple(model["name"] for model in listed) == MODELS
    assert tuple(model["name"] for model in listed if model["kind"] == "released") == DOWNLOADED
    # What runs when nothing was chosen needs no download.
    assert {model["name"]: model["state"] for model in listed}[DEFAULT_MODEL] == "built in"
