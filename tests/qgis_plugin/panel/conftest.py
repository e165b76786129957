"""The panel and the layers that its tests drive it with."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from qgis.core import QgsRasterLayer
from smarties.qgis_plugin.engine_link.engine import engine

#: A folder of real rasters, as in the conftest above.
DATA = Path(os.environ.get("SMARTIES_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))
PLACE = "433D_629L_3_1.tif"


@pytest.fixture
def panel(plugin, new_project, qtbot, iface):
    """The panel of the plugin, seen, with nothing in it."""
    plugin.dock.show()
    panel = plugin.panel
    panel.check_environment()
    yield panel
    panel.cancel()
    qtbot.waitUntil(lambda: not panel.run.running, timeout=30_000)
    panel.plan_query.stop()
    iface.messageBar().clearWidgets()
    # The plan and models calls may still be in line.
    qtbot.waitUntil(lambda: engine().state != "busy", timeout=30_000)


@pytest.fixture
def pair(request, new_project):
    """The Sentinel-1 and Sentinel-2 layers of one place: a real one, or the simulated one where no data are at hand."""
    folder = DATA / "terramesh_s1s2"
    paths = [folder / kind / PLACE for kind in ("S1RTC", "S2L2A")]
    if not folder.is_dir():
        scene = request.getfixturevalue("scene")
        paths = [scene["s1"], scene["s2"]]
    layers = [QgsRasterLayer(str(path), f"{kind} of the place") for path, kind in zip(paths, ("S1", "S2"), strict=True)]
    assert all(layer.isValid() for layer in layers)
    new_project.addMapLayers(layers)
    return layers


@pytest.fixture
def messages(iface) -> Callable[[], str]:
    """What the message bar shows now."""
    return lambda: "\n".join(item.text() for item in iface.messageBar().items())
