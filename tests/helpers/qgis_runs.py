"""What tests of algorithms inside QGIS share: runs as the dialog and `qgis_process` do them, labels drawn by hand."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from osgeo import gdal
from processing.gui.Postprocessing import handleAlgorithmResults
from qgis.core import (
    QgsApplication,
    QgsFeature,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputLayerDefinition,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
)

ROOT = Path(__file__).resolve().parents[2]
#: A start of QGIS and of the engine takes seconds, on a busy machine a minute or two; this is a hang.
LONG_S = 300
#: The classes of the simulated scene, by value.
SCENE_CLASSES = ("", "Green crop", "Bare or ripe field", "Forest", "Water", "Town and roads", "Grassland")


def algorithm(name: str) -> Any:
    return QgsApplication.processingRegistry().algorithmById(f"smarties:{name}").create()


def context_of_project() -> QgsProcessingContext:
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    return context


def refusal(name: str, parameters: dict[str, Any]) -> str:
    """Why the algorithm does not even start."""
    ok, reason = algorithm(name).checkParameterValues(parameters, context_of_project())
    assert not ok
    return str(reason)


def pixels(path: str | Path) -> np.ndarray:
    return gdal.Open(str(path)).ReadAsArray()


def run_and_load(name: str, parameters: dict[str, Any], layers: tuple[str, ...]) -> dict[str, Any]:
    """Run as the toolbox does, and load the outputs named by ``layers`` into the project; the layers by output."""
    project = QgsProject.instance()
    given = {
        key: QgsProcessingOutputLayerDefinition(str(value), project) if key in layers else value
        for key, value in parameters.items()
    }
    run, context, feedback = algorithm(name), context_of_project(), QgsProcessingFeedback()
    ok, reason = run.checkParameterValues(given, context)
    assert ok, reason
    results, ok = run.run(given, context, feedback)
    assert ok, feedback.textLog()
    handleAlgorithmResults(run, context, feedback, True, given)
    # Layers are put in order once the results are in.
    QgsApplication.processEvents()
    loaded = list(project.mapLayers().values())
    return {
        key: next(layer for layer in loaded if Path(layer.source().split("|")[0]) == Path(results[key]))
        for key in layers
    }


def digitised(labels: Path, per_class: int = 3, side: int = 12, classes: tuple[int, ...] = (1, 2, 3, 4, 5)) -> Any:
    """A layer in memory with squares drawn where the scene's truth is one class, in an edit that nobody saved."""
    dataset = gdal.Open(str(labels))
    truth, (left, width, _, top, _, height) = dataset.ReadAsArray(), dataset.GetGeoTransform()
    crs = QgsRasterLayer(str(labels), "truth").crs().authid()
    layer = QgsVectorLayer(f"Polygon?crs={crs}&field=fid:integer&field=kind:integer", "drawn by hand", "memory")
    assert layer.startEditing()
    for value in classes:
        places = [
            (row, col)
            for row in range(0, truth.shape[0] - side, side)
            for col in range(0, truth.shape[1] - side, side)
            if (truth[row : row + side, col : col + side] == value).all()
        ]
        # Spread over the scene, not side by side.
        for row, col in places[:: max(1, len(places) // per_class)][:per_class]:
            x, y = left + col * width, top + row * height
            shape = QgsGeometry.fromRect(QgsRectangle(x, y + side * height, x + side * width, y))
            add_label(layer, shape, value)
    return layer


def add_label(layer: QgsVectorLayer, shape: QgsGeometry, value: int) -> None:
    feature = QgsFeature(layer.fields())
    feature.setGeometry(shape)
    # Numbers that occur twice, as in a layer that was copied and pasted.
    feature.setAttributes([1, value])
    assert layer.addFeature(feature)


def run_qgis_process(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``qgis_process`` in a profile under ``folder`` that has the working tree as its plugin, enabled."""
    profile = folder / "profiles" / "default"
    plugins = profile / "python" / "plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    if not (plugins / "smarties").exists():
        (plugins / "smarties").symlink_to(ROOT)
        (profile / "QGIS").mkdir()
        (profile / "QGIS" / "QGIS3.ini").write_text("[PythonPlugins]\nsmarties=true\n")
    program = shutil.which("qgis_process.bin") or shutil.which("qgis_process")
    assert program, "QGIS comes with qgis_process"
    environment = {
        **os.environ,
        "QGIS_CUSTOM_CONFIG_PATH": str(folder),
        "SMARTIES_ENGINE_PYTHON": os.environ["SMARTIES_TEST_ENGINE_PYTHON"],
    }
    try:
        return subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, timeout=LONG_S)
    except subprocess.TimeoutExpired as error:
        said = b"\n".join(part for part in (error.stdout, error.stderr) if part).decode(errors="replace")
        pytest.fail(f"qgis_process {' '.join(arguments)} took more than {LONG_S} s:\n{said}")


def succeeded(ran: subprocess.CompletedProcess[str]) -> bool:
    """Whether it ended well; prints, for the report of a failure, what it said."""
    print(f"{ran.args} ended with {ran.returncode}\n{ran.stdout}\n{ran.stderr}")
    return ran.returncode == 0
