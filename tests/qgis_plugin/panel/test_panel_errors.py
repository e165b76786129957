"""What can go wrong around a run: each time a sentence in the message bar, and QGIS and the panel go on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from osgeo import gdal
from qgis.core import QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtWidgets import QApplication, QDialog
from smarties.qgis_plugin.engine_link.engine import engine
from smarties.qgis_plugin.engine_link.settings import EngineSettings

RUN_MS = 120_000


@pytest.fixture
def ready(panel, pair, qtbot):
    """The panel with two images and a plan."""
    with qtbot.waitSignal(panel.plan_query.answered, timeout=60_000):
        panel.embed.layers.add_layers(pair)
    return panel


def fails(panel, qtbot) -> str:
    """Press Run and give the reason why it failed."""
    with qtbot.waitSignal(panel.run.failed, timeout=RUN_MS) as caught:
        panel.run_bar.run_button.click()
    assert not panel.run.running and panel.run_bar.run_button.isVisible()
    # No box stands in the way: a sentence in the bar is all.
    assert not [box for box in QApplication.topLevelWidgets() if isinstance(box, QDialog) and box.isVisible()]
    return caught.args[0]


def works_again(panel, qtbot, output: Path) -> None:
    panel.embed.output.output.setFilePath(str(output))
    with qtbot.waitSignal(panel.run.finished, timeout=RUN_MS):
        panel.run_bar.run_button.click()
    assert output.is_file()


def test_a_model_file_that_is_corrupt(ready, qtbot, tmp_path, messages):
    file = tmp_path / "weights.safetensors"
    file.write_bytes(b"\x40\x00\x00\x00\x00\x00\x00\x00" + b"not a header" * 20)
    choice = ready.embed.model.choice
    choice.setCurrentIndex(choice.count() - 1)
    with qtbot.waitSignal(ready.plan_query.refused, timeout=60_000):
        ready.embed.model.file.setFilePath(str(file))
    assert "weights.safetensors" in ready.run_bar.plan.text()
    reason = fails(ready, qtbot)
    assert "weights.safetensors" in reason and reason in messages()
    choice.setCurrentIndex(0)
    works_again(ready, qtbot, tmp_path / "again.tif")


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A file system with room for next to nothing."""
    folder = tmp_path / "small disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here: that needs root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_disk_that_is_full(ready, qtbot, small_disk, tmp_path, messages):
    ready.embed.output.output.setFilePath(str(small_disk / "embedding.tif"))
    ready.embed.output.with_picture.setChecked(False)
    reason = fails(ready, qtbot)
    assert "disk" in reason.lower() or "space" in reason.lower()
    assert reason in messages()
    assert list(small_disk.iterdir()) == []
    works_again(ready, qtbot, tmp_path / "again.tif")


def test_an_engine_of_another_version(ready, qtbot, tmp_path, messages):
    """The engine's answer comes from a program that speaks the next protocol."""
    hello = {"hello": {"protocol": 2, "engine": "9.0.0", "anything": "else"}}
    libraries = {"python": "3.11.2", "missing": {}, "versions": {}}
    program = tmp_path / "python"
    answer = f"case \"$*\" in *worker*) echo '{json.dumps(hello)}'; sleep 5;; *) echo '{json.dumps(libraries)}';; esac"
    program.write_text(f"#!/bin/sh\n{answer}\n")
    program.chmod(0o755)
    EngineSettings(mode="interpreter", interpreter=str(program), build="cpu").save()
    reason = fails(ready, qtbot)
    assert "protocol 2" in reason and reason in messages()
    EngineSettings(mode="interpreter", interpreter=os.environ["SMARTIES_TEST_ENGINE_PYTHON"], build="cpu").save()
    ready.check_environment()
    works_again(ready, qtbot, tmp_path / "again.tif")


def test_images_without_a_crs(panel, pair, qtbot, tmp_path, new_project, messages):
    """One alone runs on its own pixels; beside another its place is unknown."""
    bare = tmp_path / "S2A_MSIL2A_bare.tif"
    gdal.Translate(str(bare), gdal.Open(pair[1].source()), options=gdal.TranslateOptions(nogcp=True))
    dataset = gdal.Open(str(bare), gdal.GA_Update)
    dataset.SetProjection("")
    dataset.SetGeoTransform((0, 1, 0, 0, 0, 1))
    del dataset
    layer = QgsRasterLayer(str(bare), "bare")
    new_project.addMapLayer(layer)
    panel.embed.layers.add_layers([pair[0], layer])
    reason = fails(panel, qtbot)
    assert "no CRS" in reason and reason in messages()
    panel.embed.layers.remove_layers([pair[0].id()])
    works_again(panel, qtbot, tmp_path / "alone.tif")


def test_layers_of_other_providers(panel, pair, qtbot, new_project, messages):
    """A web map and a layer in memory are refused with the way out, in the panel and by a run."""
    web = QgsRasterLayer("type=xyz&url=http://127.0.0.1:9/{z}/{x}/{y}.png&zmax=3", "web map", "wms")
    memory = QgsVectorLayer("Polygon?crs=EPSG:4326", "drawn polygons", "memory")
    new_project.addMapLayers([web, memory])
    panel.embed.layers.add_layers([memory])
    assert "drawn polygons" in messages() and panel.embed.images == []
    panel.embed.layers.add_layers([web])
    assert "web map" in fails(panel, qtbot)
    assert "web map" in messages()


def test_a_file_that_is_gone(ready, pair, qtbot, tmp_path, new_project, messages):
    copied = tmp_path / "copy.tif"
    shutil.copy(pair[1].source(), copied)
    layer = QgsRasterLayer(str(copied), "copy")
    new_project.addMapLayer(layer)
    ready.embed.layers.remove_layers([each.id() for each in pair])
    ready.embed.layers.add_layers([layer])
    copied.unlink()
    reason = fails(ready, qtbot)
    assert "copy" in reason and reason in messages()


def test_an_output_folder_that_cannot_be_written(ready, qtbot, messages):
    ready.embed.output.output.setFilePath("/proc/embedding.tif")
    reason = fails(ready, qtbot)
    assert "/proc" in reason and reason in messages()


def test_nothing_of_the_engine_is_in_this_process():
    assert engine().pid != os.getpid()
    heavy = ("torch", "rasterio", "timm", "sklearn", "skimage", "safetensors")
    assert [name for name in heavy if name in sys.modules] == []
