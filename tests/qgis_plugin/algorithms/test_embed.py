"""`smarties:embed` inside QGIS: runs, outputs, refusals, cancel, batch, models."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import processing
import pytest
from osgeo import gdal
from processing.gui.Postprocessing import handleAlgorithmResults
from qgis.core import (
    QgsApplication,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingParameterMultipleLayers,
    QgsRasterLayer,
)
from qgis_runs import LONG_S, pixels, run_qgis_process, succeeded
from qgis_runs import algorithm as algorithm_named
from qgis_runs import refusal as refusal_of
from smarties.engine.spectrum.table import parse_table
from smarties.qgis_plugin.engine_link.process import CANCEL_GRACE_S
from smarties.qgis_plugin.layer_bands import detect_layer, store_table
from smarties.qgis_plugin.picture_embedding import EMBEDDING_PROPERTY

ROOT = Path(__file__).resolve().parents[3]


def algorithm() -> Any:
    return algorithm_named("embed")


def refusal(parameters: dict[str, Any]) -> str:
    return refusal_of("embed", {"OUTPUT": "TEMPORARY_OUTPUT", **parameters})


def job_of(path: str | Path) -> dict[str, Any]:
    return dict(json.loads(gdal.Open(str(path)).GetMetadataItem("SMARTIES_JOB")))


@pytest.fixture
def pair(data_dir: Path) -> list[str]:
    """Sentinel-1 and Sentinel-2 of one place."""
    folder = data_dir / "terramesh_s1s2"
    name = sorted((folder / "S1RTC").glob("*.tif"))[0].name
    return [str(folder / "S1RTC" / name), str(folder / "S2L2A" / name)]


def embed_in_shell(inputs: list[str], output: Path, python: Path, *options: str) -> np.ndarray:
    """The same run by the command line."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("GDAL", "PROJ", "PYTHON"))}
    command = [str(python), "-m", "engine", "embed", *inputs, "--out", str(output), *options]
    subprocess.run(command, env={**environment, "PYTHONPATH": str(ROOT)}, check=True, capture_output=True)
    return pixels(output)


def test_pixels_are_those_of_the_command_line(pair: list[str], engine_python: Path, tmp_path: Path) -> None:
    output, picture = tmp_path / "embedding.tif", tmp_path / "picture.tif"
    results = processing.run("smarties:embed", {"INPUT": pair, "OUTPUT": str(output), "PICTURE": str(picture)})
    assert results["TILES"] == 9
    assert results["SECONDS"] > 0
    assert "CPU" in results["DEVICE"] or "NVIDIA" in results["DEVICE"]
    assert "backscatter in dB" in results["NOTES"]
    expected = embed_in_shell(pair, tmp_path / "shell.tif", engine_python)
    assert pixels(output).tobytes() == expected.tobytes()
    assert pixels(picture).shape == (4, *expected.shape[1:])
    # Styles beside the files, and nothing else.
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["embedding.qml", "embedding.tif", "picture.qml", "picture.tif", "shell.tif"]


def test_weights_that_were_never_trained_are_warned_of(scene: dict[str, Path], untrained: Path, tmp_path: Path) -> None:
    parameters = {"INPUT": [str(scene["s1"])], "MODEL_FILE": str(untrained), "OUTPUT": str(tmp_path / "e.tif")}
    results = processing.run("smarties:embed", parameters)
    assert "random weights" in results["NOTES"].split("\n")[0]
    assert algorithm().warnings({"output": results["OUTPUT"]}) == 1


def test_settings_reach_the_engine(scene: dict[str, Path], tmp_path: Path) -> None:
    output = tmp_path / "e.tif"
    parameters = {
        "INPUT": [str(scene["s2"])],
        "SENSORS": "sentinel-2-l2a",
        "CHIP": 56,
        "OVERLAP": 0.5,
        "DTYPE": "float16",
        "LEVEL": "chips",
        "MIN_VALID": 0.25,
        "STATISTICS": "estimate",
        "INTERPOLATION": "nearest",
        "ALLOW_OUTSIDE": True,
        "PRECISION": "fp32",
        "DEVICE": "cpu",
        "BATCH": 3,
        "REFERENCE": 1,
        "OUTPUT": str(output),
    }
    processing.run("smarties:embed", parameters)
    job = job_of(output)
    for name in ("CHIP", "OVERLAP", "DTYPE", "LEVEL", "MIN_VALID", "STATISTICS", "INTERPOLATION", "ALLOW_OUTSIDE"):
        assert job[name.lower()] == parameters[name]
    assert job["sensors"] == ["sentinel-2-l2a"]
    assert (job["batch"], job["reference"], job["precision"], job["device"]) == (3, 1, "fp32", "cpu")


def test_the_extent_goes_with_its_crs(scene: dict[str, Path], tmp_path: Path) -> None:
    layer = QgsRasterLayer(str(scene["s2"]), "S2")
    whole = layer.extent()
    half = f"{whole.xMinimum()},{whole.center().x()},{whole.yMinimum()},{whole.yMaximum()} [{layer.crs().authid()}]"
    output = tmp_path / "half.tif"
    processing.run("smarties:embed", {"INPUT": [layer.source()], "EXTENT": half, "OUTPUT": str(output)})
    assert job_of(output)["extent_crs"] == layer.crs().authid()
    assert QgsRasterLayer(str(output), "half").extent().width() < 0.7 * whole.width()


def test_the_table_of_the_layer_is_used(scene: dict[str, Path], new_project: Any, tmp_path: Path) -> None:
    layer = QgsRasterLayer(str(scene["s2"]), "S2")
    new_project.addMapLayer(layer)
    names = [band.name for band in detect_layer(layer).bands]
    table = parse_table(json.dumps({"bands": [{"name": names[0], "enabled": False}]}))
    store_table(layer, table)
    output = tmp_path / "e.tif"
    processing.run("smarties:embed", {"INPUT": [layer], "OUTPUT": str(output)})
    images = json.loads(gdal.Open(str(output)).GetMetadataItem("SMARTIES_IMAGES"))
    assert [band["name"] for band in images[0]["bands"]] == names[1:]


def test_the_matrix_speaks_for_bands_that_nothing_tells(tmp_path: Path) -> None:
    path = tmp_path / "unknown.tif"
    dataset = gdal.GetDriverByName("GTiff").Create(str(path), 64, 64, 2, gdal.GDT_UInt16)
    dataset.SetGeoTransform((0, 10, 0, 0, 0, -10))
    for number in (1, 2):
        values = np.random.default_rng(number).integers(100, 3000, (64, 64))
        dataset.GetRasterBand(number).WriteArray(values)
    dataset.FlushCache()
    with pytest.raises(QgsProcessingException, match="wavelength"):
        processing.run("smarties:embed", {"INPUT": [str(path)], "OUTPUT": str(tmp_path / "no.tif")})
    matrix = ["1", "1", "", "0.665", "", "", "µm", "", "", "", "2", "infrared", "", "780", "886", "nm", "", "yes"]
    output = tmp_path / "e.tif"
    processing.run("smarties:embed", {"INPUT": [str(path)], "BANDS": matrix, "OUTPUT": str(output)})
    bands = json.loads(gdal.Open(str(output)).GetMetadataItem("SMARTIES_IMAGES"))[0]["bands"]
    assert [round(band["centre_nm"]) for band in bands] == [665, 833]
    assert bands[1]["name"] == "infrared"


def test_band_files_become_one_image(data_dir: Path, tmp_path: Path) -> None:
    files = [data_dir / "landsat8_elkton" / f"L8-B{number}-Elkton-VA.tiff" for number in (10, 5, 2, 3, 4)]
    output = tmp_path / "e.tif"
    processing.run("smarties:embed", {"INPUT": [str(path) for path in files], "OUTPUT": str(output)})
    (image,) = json.loads(gdal.Open(str(output)).GetMetadataItem("SMARTIES_IMAGES"))
    assert [band["name"] for band in image["bands"]] == ["B2", "B3", "B4", "B5", "B10"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"INPUT": []}, "INPUT"),
        ({"INPUT": ["{s2}", "{s2}"]}, "given twice"),
        ({"INPUT": ["/nowhere/absent.tif"]}, "INPUT"),
        ({"OUTPUT": "{s2}"}, "one of the files to read"),
        ({"OUTPUT": "{folder}/out.png"}, "out.png"),
        ({"OUTPUT": "{folder}/a.tif", "PICTURE": "{folder}/a.tif"}, "same name"),
        ({"SENSORS": "sentinel-9"}, "no sensor named"),
        ({"MODEL_FILE": "/nowhere/weights.safetensors"}, "does not exist"),
        ({"MODEL": "smarties-huge"}, "MODEL"),
        ({"EXTENT": "5,1,5,5 [EPSG:32631]"}, "empty or turned around"),
        ({"OVERLAP": 0.95}, "OVERLAP"),
        ({"BAND_TABLES": "{{"}, "no JSON"),
        ({"BAND_TABLES": "[null, null]"}, "2 band tables for 1 images"),
        ({"BAND_TABLES": '[{{"bands": [{{"centre": -3}}]}}]'}, "-3"),
        ({"BANDS": ["1", "1", "x"]}, "no rows"),
        ({"BANDS": ["7", "1", "", "665", "", "", "nm", "", ""]}, "none of the 1 images"),
        ({"BANDS": ["1", "B99", "", "665", "", "", "nm", "", ""]}, "B99"),
        ({"BANDS": ["1", "1", "", "700", "600", "650", "nm", "", ""]}, "700"),
        ({"BANDS": ["1", "1", "", "", "", "", "", "", "perhaps"]}, "perhaps"),
    ],
)
def test_what_cannot_be_run_is_told_before(
    changes: dict[str, Any], expected: str, scene: dict[str, Path], tmp_path: Path
) -> None:
    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return [filled(each) for each in value]
        return value.format(**scene, folder=tmp_path) if isinstance(value, str) else value

    parameters = {"INPUT": [str(scene["s2"])], **{name: filled(value) for name, value in changes.items()}}
    assert expected in refusal(parameters)


def test_signed_bytes_need_a_newer_gdal(scene: dict[str, Path]) -> None:
    parameters = {"INPUT": [str(scene["s2"])], "DTYPE": "int8"}
    if tuple(int(part) for part in gdal.__version__.split(".")[:2]) < (3, 7):
        assert "GDAL 3.7" in refusal(parameters)
    else:
        assert algorithm().checkParameterValues({"OUTPUT": "TEMPORARY_OUTPUT", **parameters}, QgsProcessingContext())[0]


def test_a_refusal_of_the_engine_is_one_sentence(scene: dict[str, Path], tmp_path: Path) -> None:
    parameters = {
        "INPUT": [str(scene["s2"])], "EXTENT": "0,1,0,1 [EPSG:4326]", "OUTPUT": str(tmp_path / "e.tif"),
    }  # fmt: skip
    with pytest.raises(QgsProcessingException) as caught:
        processing.run("smarties:embed", parameters)
    assert "Traceback" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_results_arrive_named_styled_and_in_order(
    scene: dict[str, Path], new_project: Any, tmp_path: Path, qtbot: Any
) -> None:
    context, feedback = QgsProcessingContext(), QgsProcessingFeedback()
    context.setProject(new_project)
    parameters = {
        "INPUT": [str(scene["s1"]), str(scene["s2"])],
        "OUTPUT": QgsProcessingOutputLayerDefinition(str(tmp_path / "z.tif"), new_project),
        "PICTURE": QgsProcessingOutputLayerDefinition(str(tmp_path / "a.tif"), new_project),
    }
    run = algorithm()
    results, ok = run.run(parameters, context, feedback)
    assert ok
    handleAlgorithmResults(run, context, feedback, True, parameters)
    embedding, picture = (
        next(layer for layer in new_project.mapLayers().values() if Path(layer.source()) == Path(results[name]))
        for name in ("OUTPUT", "PICTURE")
    )
    root = new_project.layerTreeRoot()
    qtbot.waitUntil(lambda: not root.findLayer(embedding).itemVisibilityChecked(), timeout=3000)
    assert root.findLayer(picture).itemVisibilityChecked()
    order = [node.layerId() for node in root.findLayers()]
    assert order.index(picture.id()) < order.index(embedding.id())
    assert embedding.name().startswith("Embedding of ")
    assert " + " in embedding.name()
    assert picture.name().startswith("PCA picture of ")
    assert Path(picture.customProperty(EMBEDDING_PROPERTY)) == tmp_path / "z.tif"
    assert "SMARTIES ViT-Ti" in embedding.metadata().abstract()
    assert embedding.renderer().redContrastEnhancement().minimumValue() < 0


def test_without_a_picture_the_embedding_is_shown(scene: dict[str, Path], new_project: Any, tmp_path: Path) -> None:
    context, feedback = QgsProcessingContext(), QgsProcessingFeedback()
    context.setProject(new_project)
    output = QgsProcessingOutputLayerDefinition(str(tmp_path / "e.tif"), new_project)
    run = algorithm()
    parameters = {"INPUT": [str(scene["s2"])], "OUTPUT": output}
    _, ok = run.run(parameters, context, feedback)
    assert ok
    handleAlgorithmResults(run, context, feedback, True, parameters)
    QgsApplication.processEvents()
    layer = next(iter(new_project.mapLayers().values()))
    assert new_project.layerTreeRoot().findLayer(layer).itemVisibilityChecked()
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".xml") == ["e.qml", "e.tif"]


class Feedback(QgsProcessingFeedback):
    """Cancels when the first chips are done; remembers events and errors."""

    def __init__(self, cancel_on: str) -> None:
        super().__init__(False)
        self.cancel_on = cancel_on
        self.cancelled_at = 0.0
        self.events: list[Any] = []
        self.errors: list[str] = []
        self.threads: set[int] = set()

    def engine_progress(self, event: Any) -> None:
        self.events.append(event)
        self.threads.add(threading.get_ident())
        if event.message.startswith(self.cancel_on):
            self.cancelled_at = self.cancelled_at or time.monotonic()
            self.cancel()

    def reportError(self, error: str, fatalError: bool = False) -> None:  # noqa: N802
        self.errors.append(error)


def test_cancelled_in_the_background_nothing_is_left(scene: dict[str, Path], tmp_path: Path, qtbot: Any) -> None:
    # Not at a share of the work: how long the machine takes to get there, nobody knows.
    context, feedback = QgsProcessingContext(), Feedback(cancel_on="Embedding tile ")
    parameters = {
        "INPUT": [str(scene["s2"])], "CHIP": 28, "OVERLAP": 0.85, "BATCH": 4,
        "OUTPUT": str(tmp_path / "e.tif"), "PICTURE": str(tmp_path / "p.tif"),
    }  # fmt: skip
    task = QgsProcessingAlgRunnerTask(algorithm(), parameters, context, feedback)
    ended: list[bool] = []
    task.executed.connect(lambda ok, results: ended.append(ok))
    QgsApplication.taskManager().addTask(task)
    try:
        qtbot.waitUntil(lambda: bool(ended), timeout=LONG_S * 1000)
    finally:
        # Else the tests after this one would wait in line behind the run.
        feedback.cancel()
    waited = time.monotonic() - feedback.cancelled_at
    assert ended == [False]
    assert any("ancel" in error for error in feedback.errors), feedback.errors
    assert feedback.events[-1].message.startswith("Embedding tile ")
    assert feedback.events[-1].fraction < 0.5
    # A worker that did not heed it would have been killed by now.
    assert waited < CANCEL_GRACE_S + 5
    assert threading.get_ident() not in feedback.threads
    assert not list(tmp_path.iterdir())


def test_rows_of_a_batch(scene: dict[str, Path], engine_python: Path, tmp_path: Path) -> None:
    from processing.gui.AlgorithmExecutor import execute

    for name in ("s2", "rgb"):
        # As the batch dialog does: an algorithm and a context for each row.
        run, context = algorithm(), QgsProcessingContext()
        parameters = {"INPUT": [str(scene[name])], "OUTPUT": str(tmp_path / f"{name}.tif")}
        assert run.checkParameterValues(parameters, context) == (True, "")
        ok, results = execute(run, parameters, context, QgsProcessingFeedback())
        assert ok
        expected = embed_in_shell([str(scene[name])], tmp_path / f"{name} of the shell.tif", engine_python)
        assert pixels(results["OUTPUT"]).tobytes() == expected.tobytes()


def model_of_embed() -> QgsProcessingModelAlgorithm:
    model = QgsProcessingModelAlgorithm("embedding", "tests")
    model.addModelParameter(
        QgsProcessingParameterMultipleLayers("images", "Images", 3), QgsProcessingModelParameter("images")
    )
    child = QgsProcessingModelChildAlgorithm("smarties:embed")
    child.setChildId("embed")
    child.addParameterSources("INPUT", [QgsProcessingModelChildParameterSource.fromModelParameter("images")])
    child.addParameterSources("DTYPE", [QgsProcessingModelChildParameterSource.fromStaticValue("float32")])
    output = QgsProcessingModelOutput("result")
    output.setChildId("embed")
    output.setChildOutputName("OUTPUT")
    child.setModelOutputs({"result": output})
    model.addChildAlgorithm(child)
    return model


def test_in_a_model(pair: list[str], engine_python: Path, tmp_path: Path) -> None:
    output = tmp_path / "model.tif"
    results = processing.run(model_of_embed(), {"images": pair, "embed:result": str(output)})
    assert results["embed:result"] == str(output)
    expected = embed_in_shell(pair, tmp_path / "shell.tif", engine_python)
    assert pixels(output).tobytes() == expected.tobytes()


def test_in_qgis_process(pair: list[str], engine_python: Path, tmp_path: Path) -> None:
    folder, output = tmp_path / "config", tmp_path / "process.tif"
    inputs = [f"--INPUT={path}" for path in pair]
    ran = run_qgis_process(folder, "run", "smarties:embed", *inputs, f"--OUTPUT={output}")
    assert succeeded(ran)
    expected = embed_in_shell(pair, tmp_path / "shell.tif", engine_python)
    assert pixels(output).tobytes() == expected.tobytes()
    assert output.with_suffix(".qml").is_file()
    model = tmp_path / "embedding.model3"
    model_of_embed().toFile(str(model))
    by_model = tmp_path / "by_model.tif"
    inputs = [f"--images={path}" for path in pair]
    ran = run_qgis_process(folder, "run", str(model), *inputs, f"--embed:result={by_model}")
    assert succeeded(ran)
    assert pixels(by_model).tobytes() == expected.tobytes()
    ran = run_qgis_process(folder, "run", "smarties:embed", "--INPUT=/nowhere.tif", f"--OUTPUT={output}")
    assert not succeeded(ran)
    assert "Traceback" not in ran.stderr + ran.stdout
