"""The panel and the layers that its tests drive it with."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import processing
import pytest
from osgeo import gdal
from qgis.core import QgsProject, QgsRasterLayer, QgsVectorLayer
from smarties.qgis_plugin.engine_link.engine import engine
from smarties.qgis_plugin.engine_link.settings import EngineSettings

PLACE = "433D_629L_3_1.tif"


@pytest.fixture
def panel(plugin, new_project, qtbot, iface):
    """The panel of the plugin, seen, with nothing in it."""
    plugin.dock.show()
    panel = plugin.panel
    panel.check_environment()
    panel.tabs.setCurrentWidget(panel.embed)
    yield panel
    panel.cancel()
    qtbot.waitUntil(lambda: not panel.run.running, timeout=30_000)
    panel.plan_query.stop()
    for layer in new_project.mapLayers().values():
        # QGIS would ask, in a dialog, what is to become of edits.
        if isinstance(layer, QgsVectorLayer) and layer.isEditable():
            layer.rollBack()
    iface.messageBar().clearWidgets()
    # The plan and models calls may still be in line.
    qtbot.waitUntil(lambda: engine().state != "busy", timeout=30_000)


@pytest.fixture
def pair(request, real_data, new_project):
    """The Sentinel-1 and Sentinel-2 layers of one place: a real one, or the simulated one where no data are at hand."""
    if real_data is None:
        scene = request.getfixturevalue("scene")
        paths = [scene["s1"], scene["s2"]]
    else:
        paths = [real_data / "terramesh_s1s2" / kind / PLACE for kind in ("S1RTC", "S2L2A")]
    layers = [QgsRasterLayer(str(path), f"{kind} of the place") for path, kind in zip(paths, ("S1", "S2"), strict=True)]
    assert all(layer.isValid() for layer in layers)
    new_project.addMapLayers(layers)
    return layers


@pytest.fixture
def messages(iface) -> Callable[[], str]:
    """What the message bar shows now."""
    return lambda: "\n".join(item.text() for item in iface.messageBar().items())


@pytest.fixture(scope="session")
def embedding_files(scene: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The simulated Sentinel-2 image, embedded: the paths of "embedding" and "picture"."""
    python = os.environ.get("SMARTIES_TEST_ENGINE_PYTHON", "")
    EngineSettings(mode="interpreter", interpreter=python, build="cpu").save()
    folder = tmp_path_factory.mktemp("embedding")
    files = {"embedding": folder / "embedding.tif", "picture": folder / "picture.tif"}
    # The part that has data everywhere.
    image = folder / "S2A_MSIL2A_part.tif"
    gdal.Translate(str(image), str(scene["s2"]), srcWin=[0, 0, 192, 192])
    outputs = {"OUTPUT": str(files["embedding"]), "PICTURE": str(files["picture"])}
    processing.run("smarties:embed", {"INPUT": [str(image)], "OVERLAP": 0, **outputs})
    return files


@pytest.fixture
def embedding(embedding_files, new_project) -> QgsRasterLayer:
    """The layer of an embedding, in the project."""
    return add_raster(embedding_files["embedding"], "an embedding")


def add_raster(path: Path, name: str) -> QgsRasterLayer:
    layer = QgsRasterLayer(str(path), name)
    assert layer.isValid()
    QgsProject.instance().addMapLayer(layer)
    return layer
