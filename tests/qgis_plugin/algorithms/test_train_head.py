"""`smarties:trainhead` inside QGIS: labels of every kind, the table, what is refused; see test_maps_walk.py, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import processing
import pytest
from osgeo import gdal
from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsFillSymbol,
    QgsProcessingException,
    QgsProcessingUtils,
    QgsRasterLayer,
    QgsRendererCategory,
    QgsVectorFileWriter,
    QgsVectorLayer,
)
from qgis_runs import (
    SCENE_CLASSES,
    algorithm,
    context_of_project,
    digitised,
    pixels,
    refusal,
    run_qgis_process,
    succeeded,
)


def test_a_raster_of_labels_and_the_picture_of_an_embedding(
    scene: dict[str, Path], embedding: Path, tmp_path: Path
) -> None:
    table, report = tmp_path / "table.csv", tmp_path / "report.html"
    parameters = {
        "INPUT": [str(embedding.with_name("picture.tif"))], "LABELS": str(scene["labels"]), "IGNORE": "6, 5",
        "FOLDS": 2, "OUTPUT": str(tmp_path / "head.safetensors"), "REPORT": str(report), "TABLE": str(table),
    }  # fmt: skip
    results = processing.run("smarties:trainhead", parameters)
    rows = list(QgsVectorLayer(str(table), "table", "ogr").getFeatures())
    assert [row["class"] for row in rows] == ["all classes", *SCENE_CLASSES[1:5]]
    assert float(rows[0]["f1"]) == pytest.approx(results["MEAN_F1"], abs=1e-4)
    assert float(rows[0]["recall"]) == pytest.approx(results["OVERALL"], abs=1e-4)
    assert float(rows[0]["iou"]) == pytest.approx(results["MEAN_IOU"], abs=1e-4)
    colours = {each["name"]: each["colour"] for each in json.loads(results["CLASSES"])}
    assert {row["class"]: row["colour"] for row in rows[1:]} == colours
    # Those of the raster's own colour table.
    truth = gdal.Open(str(scene["labels"]))
    red, green, blue, _ = truth.GetRasterBand(1).GetColorTable().GetColorEntry(4)
    assert colours["Water"] == f"#{red:02x}{green:02x}{blue:02x}"
    assert "<html" in report.read_text(encoding="utf-8")
    assert json.loads((tmp_path / "head.json").read_text(encoding="utf-8"))["kind"] == "linear"


def test_a_head_on_weights_that_were_never_trained_is_warned_of(
    scene: dict[str, Path], untrained: Path, tmp_path: Path
) -> None:
    parameters = {
        "INPUT": [str(scene["s2"])], "LABELS": str(scene["labels"]), "MODEL_FILE": str(untrained), "FOLDS": 0,
        "OUTPUT": str(tmp_path / "head.safetensors"),
    }  # fmt: skip
    results = processing.run("smarties:trainhead", parameters)
    assert "random weights" in results["NOTES"].split("\n")[0]
    assert algorithm("trainhead").warnings({"output": results["OUTPUT"]}) == 1


def test_settings_and_the_style_of_the_labels_reach_the_job(scene: dict[str, Path]) -> None:
    labels = digitised(scene["labels"], per_class=1)
    labels.setRenderer(
        QgsCategorizedSymbolRenderer(
            "kind", [QgsRendererCategory(4, QgsFillSymbol.createSimple({"color": "#0000ff"}), "Wasser")]
        )
    )
    parameters = {
        "INPUT": [str(scene["s2"])], "LABELS": labels, "KIND": "knn", "IGNORE": "1, 2", "FOLDS": 4, "BALANCE": False,
        "BLOCK_PX": 30, "EPOCHS": 7, "LEARN_BANDS": True, "SEED": 3, "CHIP": 56, "OUTPUT": "TEMPORARY_OUTPUT",
    }  # fmt: skip
    job = algorithm("trainhead").job(parameters, context_of_project())
    assert (job.class_field, job.class_names, job.class_colours) == ("kind", ("4=Wasser",), ("4=#0000ff",))
    assert (job.kind, job.ignore, job.folds, job.balance) == ("knn", ("1", "2"), 4, False)
    assert (job.block_px, job.epochs, job.learn_bands, job.seed, job.chip) == (30, 7, True, 3, 56)
    # Another field than the one that the style shows.
    job = algorithm("trainhead").job({**parameters, "CLASS_FIELD": "fid"}, context_of_project())
    assert (job.class_field, job.class_names) == ("fid", ())
    # Only to look: no copy is made.
    assert job.labels == ("drawn by hand.gpkg",)


def test_the_dialog_offers_the_fields_of_the_labels_and_takes_rasters(
    scene: dict[str, Path], new_project: Any, qtbot: Any
) -> None:
    # A name that comes before the vector layer's: the dialog opens with the raster chosen.
    raster, vector = QgsRasterLayer(str(scene["labels"]), "a raster"), digitised(scene["labels"], per_class=1)
    vector.commitChanges()
    new_project.addMapLayers([raster, vector])
    dialog = processing.createAlgorithmDialog("smarties:trainhead", {"LABELS": raster.id()})
    dialog.show()
    try:
        wrappers = dialog.mainWidget().wrappers
        field, labels = wrappers["CLASS_FIELD"], wrappers["LABELS"]

        def offered() -> list[str]:
            return [field.widget.itemText(number) for number in range(field.widget.count())]

        assert offered() == []
        labels.setParameterValue(vector.id(), context_of_project())
        assert offered() == ["fid", "kind"]
        assert field.value() is None
        field.widget.setCurrentIndex(1)
        assert field.parameterValue() == "kind"
        labels.setParameterValue(raster.id(), context_of_project())
        assert (offered(), field.value()) == ([], None)
    finally:
        dialog.close()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"LABELS": None}, "LABELS"),
        ({"CLASS_FIELD": "colour"}, "no field “colour”"),
        ({"OUTPUT": "{folder}/head.tif"}, "not the name of a .safetensors file"),
        ({"REPORT": "{folder}/report.pdf"}, "not the name of a .html file"),
        ({"FOLDS": 1}, "cross-validation of 1"),
        ({"KIND": "forest"}, "KIND"),
        ({"LEVEL": "chips", "KIND": "conv"}, "needs tokens"),
        ({"PROJECTIONS": "/nowhere.safetensors"}, "does not exist"),
    ],
)
def test_what_cannot_be_run_is_told_before(
    changes: dict[str, Any], expected: str, scene: dict[str, Path], tmp_path: Path
) -> None:
    labels = digitised(scene["labels"], per_class=1)
    changes = {
        name: value.format(folder=tmp_path) if isinstance(value, str) else value for name, value in changes.items()
    }
    parameters = {"INPUT": [str(scene["s2"])], "LABELS": labels, "OUTPUT": "TEMPORARY_OUTPUT", **changes}
    assert expected in refusal("trainhead", parameters)


def test_what_the_engine_refuses_leaves_nothing(embedding: Path, scene: dict[str, Path], tmp_path: Path) -> None:
    one_class = digitised(scene["labels"], classes=(4,))
    parameters = {
        "INPUT": [str(embedding)], "LABELS": one_class, "CLASS_FIELD": "kind",
        "OUTPUT": str(tmp_path / "head.safetensors"),
    }  # fmt: skip
    with pytest.raises(QgsProcessingException, match="second class") as caught:
        processing.run("smarties:trainhead", parameters)
    assert "Traceback" not in str(caught.value)
    assert not list(tmp_path.iterdir())
    assert not [path for path in Path(QgsProcessingUtils.tempFolder()).iterdir() if path.name.startswith("labels")]


def test_in_qgis_process_with_the_map_that_follows(scene: dict[str, Path], embedding: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.gpkg"
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.layerName, options.attributes = "drawn", [1]
    context = context_of_project().transformContext()
    QgsVectorFileWriter.writeAsVectorFormatV3(digitised(scene["labels"]), str(labels), context, options)
    config, head, output = tmp_path / "config", tmp_path / "head.safetensors", tmp_path / "map.tif"
    ran = run_qgis_process(
        config, "run", "smarties:trainhead", f"--INPUT={embedding}", f"--LABELS={labels}|layername=drawn",
        "--CLASS_FIELD=kind", "--FOLDS=0", f"--OUTPUT={head}",
    )  # fmt: skip
    assert succeeded(ran)
    ran = run_qgis_process(
        config, "run", "smarties:segment", f"--INPUT={embedding}", f"--HEAD={head}", f"--OUTPUT={output}"
    )
    assert succeeded(ran)
    found, truth = pixels(output), pixels(scene["labels"])
    assert (found == truth)[found != 255].mean() > 0.5
    assert output.with_suffix(".qml").is_file()
