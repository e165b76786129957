"""The whole panel, driven as a person would, on the real engine."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from osgeo import gdal
from qgis.core import QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QApplication, QPushButton
from smarties.qgis_plugin.engine_link.engine import engine
from smarties.qgis_plugin.engine_link.settings import EngineSettings
from smarties.qgis_plugin.layer_bands import stored_table

RUN_MS = 120_000


def run_to_end(panel, qtbot) -> dict:
    with qtbot.waitSignal(panel.run.finished, timeout=RUN_MS) as caught:
        panel.run_bar.run_button.click()
        assert panel.run.running
    return caught.args[0]


def plan(panel, qtbot) -> dict:
    with qtbot.waitSignal(panel.plan_query.answered, timeout=60_000) as caught:
        panel.embed.changed.emit()
    return caught.args[0]


def slow_down(panel) -> None:
    """Settings that make hundreds of tiles of a small image: time enough to act."""
    panel.embed.settings.chip.setValue(28)
    panel.embed.settings.overlap.setValue(60)


def pixels(path) -> bytes:
    return gdal.Open(str(path)).ReadAsArray().tobytes()


def test_empty(panel):
    assert panel.embed.images == []
    assert not panel.run_bar.run_button.isEnabled()
    assert panel.run_bar.plan.text() == "Add an image first."
    assert not panel.embed.bands_section.isVisible()


def test_a_plan_before_the_run(panel, pair, qtbot):
    with qtbot.waitSignal(panel.plan_query.answered, timeout=60_000):
        panel.embed.layers.add_layers(pair)
    assert panel.embed.grid.text.count("\n") == 2
    assert "EPSG:32" in panel.embed.grid.text
    assert f"{pair[1].width()} × {pair[1].height()} px at 10 m" in panel.run_bar.plan.text()
    assert "tiles" in panel.run_bar.plan.text() and "memory" in panel.run_bar.plan.text()
    qtbot.waitUntil(lambda: panel.embed.model.known, timeout=30_000)
    assert "·" in panel.run_bar.badge.text()


def test_correct_a_wavelength_run_save_and_reopen(panel, pair, qtbot, tmp_path, iface, messages):
    """The story of a user: two layers, a wrong wavelength, a run cancelled, a run, the project opened again."""
    embed = panel.embed
    embed.layers.add_layers(pair)
    assert embed.layers.view.count() == 2
    assert embed.layers.chosen_image.name == pair[1].name()
    model = embed.bands.model
    row, column = 3, 3
    verdict = embed.layers.chosen_image.worst
    with qtbot.waitSignal(embed.changed, timeout=5000):
        assert model.setData(model.index(row, column), "1000 nm")
    assert stored_table(pair[1]).bands[row].centre_nm == 1000
    assert embed.layers.chosen_image.worst != verdict
    # Cancelled half-way, it leaves nothing.
    output = tmp_path / "out" / "embedding.tif"
    output.parent.mkdir()
    embed.output.output.setFilePath(str(output))
    embed.output.picture.setFilePath(str(output.with_name("picture.tif")))
    chip, overlap = embed.settings.chip.value(), embed.settings.overlap.value()
    slow_down(panel)
    panel.run_bar.run_button.click()
    qtbot.waitUntil(lambda: panel.run_bar.progress.value() > 150, timeout=RUN_MS)
    assert "left" in panel.run_bar.step.text() or "tile" in panel.run_bar.step.text()
    with qtbot.waitSignal(panel.run.cancelled, timeout=15_000):
        panel.run_bar.cancel_button.click()
        assert not panel.run_bar.cancel_button.isEnabled()
    assert list(output.parent.iterdir()) == []
    assert "Cancelled" in messages()
    # And again, to its end.
    embed.settings.chip.setValue(chip)
    embed.settings.overlap.setValue(overlap)
    before = len(QgsProject.instance().mapLayers())
    results = run_to_end(panel, qtbot)
    assert Path(results["OUTPUT"]) == output and output.is_file()
    qtbot.waitUntil(lambda: len(QgsProject.instance().mapLayers()) == before + 2, timeout=10_000)
    assert panel.run_bar.run_button.isVisible()
    # Saved and opened again: images, table and settings are there.
    embed.settings.overlap.setValue(30)
    state = embed.state()
    project = QgsProject.instance()
    assert project.write(str(tmp_path / "project.qgz"))
    project.clear()
    assert embed.images == [] and embed.settings.overlap.value() == 25
    assert project.read(str(tmp_path / "project.qgz"))
    assert embed.state() == state
    assert [image.name for image in embed.images] == [layer.name() for layer in pair_names(project)]
    assert embed.images[1].table.bands[row].centre_nm == 1000


def pair_names(project):
    layers = project.mapLayers().values()
    names = ("S1 of the place", "S2 of the place")
    return sorted((each for each in layers if each.name() in names), key=lambda layer: layer.name())


def test_the_window_stays_awake_during_a_run(panel, pair, qtbot):
    panel.embed.layers.add_layers(pair)
    qtbot.waitUntil(lambda: not panel.plan_query.busy, timeout=60_000)
    run_to_end(panel, qtbot)  # warm
    gaps, last = [], [time.monotonic()]

    def tick():
        now = time.monotonic()
        gaps.append(now - last[0] - 0.05)
        last[0] = now

    timer = QTimer()
    timer.setInterval(50)
    timer.timeout.connect(tick)
    timer.start()
    last[0] = time.monotonic()
    panel.embed.settings.overlap.setValue(75)
    run_to_end(panel, qtbot)
    timer.stop()
    assert max(gaps) < 0.25, f"slipped by {max(gaps) * 1000:.0f} ms"


def test_a_worker_killed_during_a_run(panel, pair, qtbot, iface, tmp_path, messages):
    panel.embed.layers.add_layers(pair)
    output = tmp_path / "embedding.tif"
    panel.embed.output.output.setFilePath(str(output))
    slow_down(panel)
    panel.run_bar.run_button.click()
    qtbot.waitUntil(lambda: panel.run_bar.progress.value() > 150, timeout=RUN_MS)
    with qtbot.waitSignal(panel.run.failed, timeout=15_000) as caught:
        os.kill(engine().pid, signal.SIGKILL)
    assert caught.args[0] in messages()
    assert not output.exists()
    buttons = [each for item in iface.messageBar().items() for each in item.findChildren(QPushButton)]
    next(button for button in buttons if button.text() == "Show log").click()
    assert panel.tabs.currentWidget() is panel.log
    assert caught.args[0] in panel.log.text.toPlainText()
    # The next run starts a new worker.
    panel.tabs.setCurrentWidget(panel.embed)
    panel.embed.settings.chip.setValue(0)
    panel.embed.settings.overlap.setValue(25)
    assert run_to_end(panel, qtbot)["OUTPUT"] == str(output)


def test_layers_removed_during_a_run(panel, pair, qtbot, new_project):
    panel.embed.layers.add_layers(pair)
    slow_down(panel)
    panel.embed.settings.overlap.setValue(30)
    panel.run_bar.run_button.click()
    qtbot.waitUntil(lambda: panel.run_bar.progress.value() > 120, timeout=RUN_MS)
    new_project.removeMapLayers([layer.id() for layer in pair])
    assert panel.embed.images == []
    ended = []
    panel.run.finished.connect(ended.append)
    panel.run.failed.connect(ended.append)
    qtbot.waitUntil(lambda: ended != [], timeout=RUN_MS)
    panel.run.finished.disconnect(ended.append)
    panel.run.failed.disconnect(ended.append)
    assert not panel.run.running and panel.run_bar.run_button.isVisible()


def test_a_problem_of_the_plan_is_shown_and_a_run_says_it_in_the_bar(
    panel, data_dir, new_project, qtbot, iface, messages
):
    far = [
        QgsRasterLayer(str(data_dir / "terramesh_s1s2" / "S2L2A" / name), name)
        for name in ("433D_629L_3_1.tif", "282D_485L_3_3.tif")
    ]
    new_project.addMapLayers(far)
    with qtbot.waitSignal(panel.plan_query.refused, timeout=60_000) as caught:
        panel.embed.layers.add_layers(far)
    assert str(caught.args[0]) in panel.run_bar.plan.text()
    with qtbot.waitSignal(panel.run.failed, timeout=RUN_MS):
        panel.run_bar.run_button.click()
    assert caught.args[0].message in messages()


def test_no_engine(panel, pair, qtbot, tmp_path, monkeypatch):
    panel.embed.layers.add_layers(pair)
    monkeypatch.delenv("SMARTIES_ENGINE_PYTHON", raising=False)
    EngineSettings(mode="managed", interpreter="", build="cpu").save()
    panel.check_environment()
    assert panel.card.isVisible() and "not set up" in panel.card.text.text()
    assert not panel.run_bar.run_button.isEnabled()
    panel.card.button.click()
    qtbot.waitUntil(lambda: panel._setup_dialog.isVisible())
    panel._setup_dialog.close()


def test_a_broken_engine(panel, pair, qtbot, tmp_path, iface, messages):
    panel.embed.layers.add_layers(pair)
    qtbot.waitUntil(lambda: not panel.plan_query.busy, timeout=60_000)
    EngineSettings(mode="interpreter", interpreter=str(tmp_path / "no-python"), build="cpu").save()
    with qtbot.waitSignal(panel.run.failed, timeout=RUN_MS) as caught:
        panel.run_bar.run_button.click()
    assert "no-python" in caught.args[0] and caught.args[0] in messages()
    assert panel.card.isVisible()


def test_layers_that_cannot_be_read(panel, new_project, qtbot):
    wms = QgsRasterLayer("url=http://localhost/wms&layers=a&styles=&format=image/png&crs=EPSG:4326", "web", "wms")
    new_project.addMapLayer(wms)
    panel.embed.layers.add_layers([wms])
    assert panel.embed.bands_problem.isVisible()
    assert panel.embed.images[0].problem.message in panel.embed.bands_problem.text()
    qtbot.waitUntil(lambda: panel.run_bar.plan.text().startswith("⚠"), timeout=20_000)


def test_copied_python_gives_the_same_pixels(panel, pair, qtbot, tmp_path):
    embed = panel.embed
    embed.layers.add_layers(pair)
    embed.output.with_picture.setChecked(False)
    embed.output.output.setFilePath(str(tmp_path / "panel.tif"))
    model = embed.bands.model
    model.setData(model.index(3, 3), "655 nm")
    run_to_end(panel, qtbot)
    embed.output.output.setFilePath(str(tmp_path / "python.tif"))
    panel._copy(__import__("smarties.qgis_plugin.panel.copy_as", fromlist=["python_call"]).python_call)
    text = QApplication.clipboard().text()
    assert "655" in text and "python.tif" in text
    exec(text, {})
    assert pixels(tmp_path / "panel.tif") == pixels(tmp_path / "python.tif")


def test_a_renamed_layer(panel, pair):
    panel.embed.layers.add_layers(pair)
    pair[0].setName("radar")
    assert panel.embed.images[0].name == "radar"
    assert panel.embed.layers.view.item(0).text().startswith("radar")


def test_a_damaged_state_and_a_damaged_table(panel, pair, new_project):
    new_project.writeEntry("smarties", "panel/embed", '{"images": [{"layer": 7}, 3], "settings": [], "extent": {"a"')
    panel._restore()
    assert panel.embed.images == []
    new_project.writeEntry(
        "smarties", "panel/embed", '{"images": [{"layer": 7}, 3], "settings": [], "model": {"model": 3}}'
    )
    panel._restore()
    assert panel.embed.images == [] and panel.embed.model.parameters() == {"MODEL": "smarties-tiny"}
    pair[1].setCustomProperty("smarties/band_table", '{"bands": [{"name": "x", "centre": 600}]}')
    panel.embed.layers.add_layers([pair[1]])
    assert panel.embed.forget_button.isVisible()
    panel.embed.forget_button.click()
    assert panel.embed.images[0].detection is not None and not panel.embed.forget_button.isVisible()
    assert stored_table(pair[1]) is None
