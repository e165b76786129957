"""Run inside QGIS by `make screenshots`: states of the panel on the simulated scene, as pictures in docs/pictures.

Every picture is of the real window after a real run; nothing is painted in.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import processing
from qgis.core import QgsCoordinateTransform, QgsPointXY, QgsProject
from qgis.PyQt.QtCore import QCoreApplication, QPoint, QSize, Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QDockWidget
from qgis.utils import iface, plugins
from smarties.qgis_plugin.engine_link.settings import EngineSettings
from smarties.qgis_plugin.panel.band_columns import Column

ROOT = Path(os.environ["SMARTIES_ROOT"])
PICTURES = Path(os.environ.get("SMARTIES_PICTURES", ROOT / "docs" / "pictures"))
WINDOW = QSize(1500, 940)
PANEL_WIDTH = 470
#: The row of the band whose wavelength is corrected for the third picture.
CORRECTED = 3


def wait_until(true: Callable[[], bool], what: str, seconds: float = 180) -> None:
    """Let QGIS work until something holds; SystemExit naming it otherwise."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            sys.exit(f"screenshots: waited in vain for {what}")
        QCoreApplication.processEvents()
        time.sleep(0.01)


def settle(seconds: float = 0.6) -> None:
    """Let everything be laid out and painted."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QCoreApplication.processEvents()
        time.sleep(0.01)


def save(name: str) -> None:
    """The whole window as PICTURES/name.png."""
    settle()
    wait_until(lambda: not iface.mapCanvas().isDrawing(), "the map")
    settle()
    PICTURES.mkdir(parents=True, exist_ok=True)
    path = PICTURES / f"{name}.png"
    if not iface.mainWindow().grab().save(str(path)):
        sys.exit(f"screenshots: {path} cannot be written")
    print(f"wrote {path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}")


def sample_layers(folder: Path) -> list:
    """The simulated Sentinel-2 and Sentinel-1 images, brought onto the map as the tutorial does."""
    processing.runAndLoadResults("smarties:samplescene", {"FOLDER": str(folder)})
    layers = {layer.name()[:2]: layer for layer in QgsProject.instance().mapLayers().values()}
    return [layers["S2"], layers["S1"]]


def tab(panel: object, name: str) -> object:
    """Bring the tab of a task to the front."""
    found = next(each for each in panel.task_tabs if each.NAME == name)
    panel.tabs.setCurrentWidget(found)
    settle()
    return found


def run_through(panel: object, what: str) -> None:
    """Press Run and wait for the end."""
    wait_until(panel.run_bar.run_button.isEnabled, f"leave to {what}")
    panel.run_bar.run_button.click()
    wait_until(lambda: panel.run.running, f"the start to {what}")
    wait_until(lambda: not panel.run.running, f"the end to {what}")
    settle()


def click_map(place: QgsPointXY, shift: bool = False) -> None:
    """A click on the map."""
    canvas = iface.mapCanvas()
    pixel = canvas.mapSettings().mapToPixel().transform(place)
    modifier = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
    point = QPoint(round(pixel.x()), round(pixel.y()))
    QTest.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, modifier, point)


def training_places(name: str) -> list[QgsPointXY]:
    """Places inside the training polygons of a class, in the project's CRS."""
    (layer,) = [each for each in QgsProject.instance().mapLayers().values() if each.name().startswith("Training")]
    transform = QgsCoordinateTransform(layer.crs(), QgsProject.instance().crs(), QgsProject.instance())
    features = [feature for feature in layer.getFeatures() if feature["class"] == name]
    return [transform.transform(feature.geometry().centroid().asPoint()) for feature in features]


def main() -> None:
    """Walk through a first use of the plugin."""
    plugin = plugins["smarties"]
    panel = plugin.panel
    window = iface.mainWindow()
    window.showNormal()
    window.resize(WINDOW)
    for dock in window.findChildren(QDockWidget):
        if dock.objectName() not in ("Layers", plugin.dock.objectName()):
            dock.hide()
    plugin.dock.show()
    window.resizeDocks([plugin.dock], [PANEL_WIDTH], Qt.Orientation.Horizontal)
    # An empty map instead of the welcome page.
    iface.newProject(False)
    folder = Path(tempfile.mkdtemp(prefix="smarties-screenshots-"))

    # 1. Nothing is set up yet.
    EngineSettings(mode="managed", interpreter="", build="cpu").save()
    panel.check_environment()
    save("1-first-use")

    # 2. Two images, their bands, and what a run would take.
    EngineSettings(mode="interpreter", interpreter=os.environ["SMARTIES_TEST_ENGINE_PYTHON"], build="cpu").save()
    panel.check_environment()
    layers = sample_layers(folder)
    iface.setActiveLayer(layers[0])
    iface.zoomToActiveLayer()
    panel.embed.layers.add_layers(layers)
    panel.embed.layers.view.setCurrentRow(0)
    wait_until(lambda: not panel.plan_query.busy, "the plan")
    save("2-bands")

    # 3. A wavelength that lies far from everything learnt.
    model = panel.embed.bands.model
    model.setData(model.index(CORRECTED, Column.CENTRE), "1250 nm")
    wait_until(lambda: not panel.plan_query.busy, "the refusal")
    save("3-outside")
    model.undo_stack.undo()
    wait_until(lambda: not panel.plan_query.busy, "the plan")

    # 4. Under way.
    panel.embed.settings.overlap.setValue(80)
    settle()
    wait_until(lambda: not panel.plan_query.busy, "the plan of a longer run")
    panel.run_bar.run_button.click()
    wait_until(lambda: panel.run_bar.progress.value() > 300, "the run")
    save("4-running")

    # 5. Done: the embedding on the map.
    wait_until(lambda: not panel.run.running, "the end of the run")
    settle()
    if "Task complete" in iface.messageBar().currentItem().text() + iface.messageBar().currentItem().title():
        # QGIS before 3.26 tells of the end of long runs, too, and hides what the panel says.
        iface.messageBar().popWidget()
    save("5-result")

    # 6. A head trained on the scene's polygons, with its accuracy; the map comes at once.
    tab(panel, "train")
    run_through(panel, "train")
    wait_until(lambda: not panel.run.running, "the map")
    save("6-train")

    # 7. The map, with its legend.
    training = next(each for each in QgsProject.instance().mapLayers().values() if each.name().startswith("Training"))
    QgsProject.instance().layerTreeRoot().findLayer(training.id()).setItemVisibilityChecked(False)
    tab(panel, "segment")
    iface.messageBar().clearWidgets()
    save("7-map")

    # 8. Places like those clicked.
    similar = tab(panel, "similar")
    iface.messageBar().clearWidgets()
    similar.examples.pick_button.click()
    for place, shift in ((training_places("Forest")[0], False), (training_places("Grassland")[0], True)):
        click_map(place, shift)
        wait_until(lambda: panel.run.running, "the search", 20)
        wait_until(lambda: not panel.run.running, "what is alike")
    save("8-similar")


main()
