"""The panel and the layers that its tests drive it with."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from qgis.core import QgsRasterLayer
from smarties.qgis_plugin.engine_link.engine import engine

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
