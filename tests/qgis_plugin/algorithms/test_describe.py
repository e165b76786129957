"""`smarties:describe` inside QGIS: the table of bands, the page, problems, refusals."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import processing
import pytest
from osgeo import gdal
from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingException, QgsVectorLayer

ROOT = Path(__file__).resolve().parents[3]
FIELDS = ["image", "band", "name", "centre_nm", "min_nm", "max_nm", "polarisation", "source", "layers", "verdict",
          "problem"]  # fmt: skip


def in_shell(python: Path, *inputs: Path) -> dict[str, Any]:
    """The description by the command line."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("GDAL", "PROJ", "PYTHON"))}
    command = [str(python), "-m", "engine", "describe", *map(str, inputs), "--json"]
    ran = subprocess.run(command, env={**environment, "PYTHONPATH": str(ROOT)}, check=True, capture_output=True)
    return dict(json.loads(ran.stdout))


def rows_of(layer: QgsVectorLayer) -> list[dict[str, Any]]:
    return [dict(zip(FIELDS, feature.attributes(), strict=True)) for feature in layer.getFeatures()]


@pytest.fixture
def unknown(tmp_path: Path) -> Path:
    """Two bands of which nothing is told."""
    path = tmp_path / "unknown.tif"
    dataset = gdal.GetDriverByName("GTiff").Create(str(path), 64, 64, 2, gdal.GDT_UInt16)
    dataset.SetGeoTransform((0, 10, 0, 0, 0, -10))
    for number in (1, 2):
        dataset.GetRasterBand(number).WriteArray(np.random.default_rng(number).integers(100, 3000, (64, 64)))
    dataset.FlushCache()
    return path


def test_the_table_has_a_row_per_band(scene: dict[str, Path], engine_python: Path, tmp_path: Path) -> None:
    inputs, page = [scene["s1"], scene["s2"]], tmp_path / "page.html"
    parameters = {"INPUT": [str(path) for path in inputs], "OUTPUT": "memory:", "OUTPUT_HTML": str(page)}
    results = processing.run("smarties:describe", parameters)
    table = results["OUTPUT"]
    assert [field.name() for field in table.fields()] == FIELDS
    assert not table.isSpatial()
    rows = rows_of(table)
    expected = in_shell(engine_python, *inputs)
    bands = [(image["name"], band) for image in expected["images"] for band in image["bands"]]
    assert len(rows) == len(bands) == 2 + 12
    for row, (image, band) in zip(rows, bands, strict=True):
        assert (row["image"], row["band"], row["name"]) == (image, band["number"], band["name"])
        for column in ("centre_nm", "min_nm", "max_nm"):
            assert row[column] == pytest.approx(band[column])
        assert row["layers"] == band["layers"]
        assert row["verdict"] == band["verdict"]
        assert row["source"] and row["problem"] == ""
    assert [row["polarisation"] for row in rows[:2]] == ["VV", "VH"]
    red = next(row for row in rows if row["name"] == "B04")
    assert red["min_nm"] < 665 < red["max_nm"]
    assert results["PROBLEMS"] == 0
    assert results["GRID"] == expected["grid"]["text"]
    assert results["OUTPUT_HTML"] == str(page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    for part in ("B8A", "VH", expected["grid"]["text"], *(image["name"] for image in expected["images"])):
        assert part in text


def test_the_table_can_be_a_file(scene: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "bands.csv"
    results = processing.run("smarties:describe", {"INPUT": [str(scene["rgb"])], "OUTPUT": str(path)})
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].replace('"', "").split(",") == FIELDS
    assert len(lines) == 1 + 3
    assert "OUTPUT_HTML" not in results or Path(results["OUTPUT_HTML"]).is_file()


def test_bands_of_which_nothing_is_known_are_shown_with_their_problem(unknown: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    parameters = {"INPUT": [str(unknown)], "OUTPUT": "memory:", "OUTPUT_HTML": str(page)}
    results = processing.run("smarties:describe", parameters)
    rows = rows_of(results["OUTPUT"])
    assert results["PROBLEMS"] == 2
    assert [row["verdict"] for row in rows] == ["unknown", "unknown"]
    assert all("wavelength" in row["problem"] for row in rows)
    assert all(feature["centre_nm"] in (None, "NULL") or not feature["centre_nm"] for feature in rows)
    assert page.read_text(encoding="utf-8").count('<td class="problem">') == 2


def test_the_matrix_is_heard_and_bands_that_are_off_are_no_problem(unknown: Path) -> None:
    matrix = ["1", "1", "red", "665", "", "", "nm", "", "", "1", "2", "", "", "", "", "", "", "no"]
    results = processing.run("smarties:describe", {"INPUT": [str(unknown)], "BANDS": matrix, "OUTPUT": "memory:"})
    red, other = rows_of(results["OUTPUT"])
    assert (red["name"], red["centre_nm"], red["problem"]) == ("red", 665, "")
    assert other["verdict"] == "off"
    assert results["PROBLEMS"] == 0


def test_text_from_files_is_text_in_the_page(unknown: Path, tmp_path: Path) -> None:
    matrix = ["1", "1", "<b>red</b>", "665", "", "", "nm", "", ""]
    page = tmp_path / "page.html"
    processing.run("smarties:describe", {"INPUT": [str(unknown)], "BANDS": matrix, "OUTPUT_HTML": str(page)})
    text = page.read_text(encoding="utf-8")
    assert "<b>red" not in text and "&lt;b&gt;red&lt;/b&gt;" in text


def test_images_without_a_common_grid_are_described_all_the_same(scene: dict[str, Path], unknown: Path) -> None:
    results = processing.run("smarties:describe", {"INPUT": [str(scene["s2"]), str(unknown)], "OUTPUT": "memory:"})
    assert len(rows_of(results["OUTPUT"])) == 12 + 2
    assert "unknown" in results["GRID"] or "CRS" in results["GRID"]


def test_a_file_that_is_not_there_is_refused_in_a_sentence(tmp_path: Path) -> None:
    parameters = {"INPUT": [str(tmp_path / "absent.tif")], "OUTPUT": "memory:"}
    run = QgsApplication.processingRegistry().algorithmById("smarties:describe").create()
    ok, reason = run.checkParameterValues(parameters, QgsProcessingContext())
    assert not ok and "Traceback" not in reason and reason
    with pytest.raises(QgsProcessingException) as caught:
        processing.run("smarties:describe", parameters)
    assert "Traceback" not in str(caught.value)


def test_a_layer_whose_file_is_gone_is_refused_in_a_sentence(unknown: Path, new_project: Any) -> None:
    from qgis.core import QgsRasterLayer

    layer = QgsRasterLayer(str(unknown), "lost")
    new_project.addMapLayer(layer)
    unknown.unlink()
    with pytest.raises(QgsProcessingException, match="The file of lost is gone"):
        processing.run("smarties:describe", {"INPUT": [layer], "OUTPUT": "memory:"})


def test_a_page_that_cannot_be_written_is_told(unknown: Path, tmp_path: Path) -> None:
    page = tmp_path / "folder.html"
    page.mkdir()
    with pytest.raises(QgsProcessingException, match="cannot be written"):
        processing.run("smarties:describe", {"INPUT": [str(unknown)], "OUTPUT_HTML": str(page)})
