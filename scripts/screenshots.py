"""Run inside QGIS by `make screenshots`: five states of the panel on the simulated scene, as pictures in docs/pictures.

Every picture is of the real window after a real run; nothing is painted in.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from qgis.core import QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QCoreApplication, QEvent, QSize
from qgis.PyQt.QtWidgets import QApplication, QDockWidget
from qgis.utils import iface, plugins
from smarties.qgis_plugin.engine_link.settings import EngineSettings

ROOT = Path(os.environ["SMARTIES_ROOT"])
PICTURES = Path(os.environ.get("SMARTIES_PICTURES", ROOT / "docs" / "pictures"))
WINDOW = QSize(1500, 940)
PANEL_WIDTH = 470
#: The band whose wavelength is corrected for the second picture, and its column in the table.
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
    """The simulated Sentinel-1 and Sentinel-2 images as layers."""
    command = [os.environ["SMARTIES_TEST_ENGINE_PYTHON"], "-m", "engine", "sample", "--out", str(folder)]
    subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True, capture_output=True)
    paths = [next(folder.glob("S2*.tif")), next(folder.glob("S1*.tif"))]
    return [QgsRasterLayer(str(path), path.stem) for path in paths]


def main() -> None:
    """Walk through a first use of the plugin."""
    plugin = plugins["smarties"]
    panel = plugin.panel
    window = iface.mainWindow()
    window.showNormal()
    window.resize(WINDOW)
    for dock in window.findChildren(QDockWidget):
        if dock.objectName() in ("Browser", "Browser2", "LayerStyling", "MessageLog", "AdvancedDigitizingTools"):
            dock.hide()
    for bar in iface.mainWindow().findChildren(QDockWidget, "UserInput"):
        bar.hide()
    plugin.dock.show()
    window.resizeDocks([plugin.dock], [PANEL_WIDTH], _horizontal())
    folder = Path(tempfile.mkdtemp(prefix="smarties-screenshots-"))

    # 1. Nothing is set up yet.
    EngineSettings(mode="managed", interpreter="", build="cpu").save()
    panel.check_environment()
    save("1-first-use")

    # 2. Two images, their bands, and what a run would take.
    EngineSettings(mode="interpreter", interpreter=os.environ["SMARTIES_TEST_ENGINE_PYTHON"], build="cpu").save()
    panel.check_environment()
    layers = sample_layers(folder)
    QgsProject.instance().addMapLayers(layers)
    iface.setActiveLayer(layers[0])
    iface.zoomToActiveLayer()
    panel.embed.layers.add_layers(layers)
    panel.embed.layers.view.setCurrentRow(0)
    wait_until(lambda: "tiles" in panel.run_bar.plan.text(), "the plan")
    save("2-bands")

    # 3. A wavelength that lies far from everything learnt.
    model = panel.embed.bands.model
    column = next(
        number for number in range(model.columnCount()) if model.headerData(number, _across()).startswith("Centre")
    )
    model.setData(model.index(CORRECTED, column), "1250 nm")
    wait_until(lambda: panel.run_bar.plan.text().startswith("⚠"), "the refusal")
    save("3-outside")
    model.undo_stack.undo()
    wait_until(lambda: "tiles" in panel.run_bar.plan.text(), "the plan")

    # 4. Under way.
    panel.embed.settings.overlap.setValue(75)
    panel.run_bar.run_button.click()
    wait_until(lambda: panel.run_bar.progress.value() > 400, "the run")
    save("4-running")

    # 5. Done: the embedding on the map.
    wait_until(lambda: not panel.run.running, "the end of the run")
    save("5-result")


def _horizontal() -> object:
    from qgis.PyQt.QtCore import Qt

    return Qt.Orientation.Horizontal


def _across() -> object:
    return _horizontal()


main()
QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
