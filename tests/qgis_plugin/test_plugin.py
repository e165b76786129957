"""The plugin comes and goes without leaving anything behind."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

import pytest
import qgis.utils
from qgis.core import QgsApplication
from qgis.PyQt.QtWidgets import QDockWidget

FORBIDDEN = ("torch", "rasterio", "timm", "sklearn", "torchvision", "safetensors")


def processes() -> list[str]:
    """The command lines of this process's children."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        # A process may end between the listing and the look at it.
        with contextlib.suppress(OSError):
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if parent == str(os.getpid()) and "engine worker" in line:
                found.append(line)
    return found


def traces(iface) -> dict[str, int]:
    """What a loaded plugin shows of itself in QGIS, counted."""
    window = iface.mainWindow()
    QgsApplication.sendPostedEvents(None, 52)  # QEvent.DeferredDelete: what deleteLater asked for
    return {
        "docks": sum(dock.objectName() == "SmartiesDock" for dock in window.findChildren(QDockWidget)),
        "menu": sum(action.text() == "SMARTIES" for action in iface.rasterMenu().actions()),
        "buttons": sum(action.objectName() == "SmartiesAction" for action in iface.pluginToolBar().actions()),
        "providers": sum(each.id() == "smarties" for each in QgsApplication.processingRegistry().providers()),
        "workers": len(processes()),
    }


def test_what_it_adds(plugin, iface, qtbot):
    found = traces(iface)
    assert (found["docks"], found["buttons"], found["providers"]) == (1, 1, 1)
    assert found["menu"] == 1
    names = {each.id() for each in QgsApplication.processingRegistry().providerById("smarties").algorithms()}
    assert names >= {"smarties:embed", "smarties:describe", "smarties:fetchmodel", "smarties:checkengine"}


def test_the_action_shows_and_hides_the_dock(plugin, qtbot):
    plugin.dock.hide()
    assert not plugin.action.isChecked()
    plugin.action.trigger()
    qtbot.waitUntil(plugin.dock.isVisible)
    assert plugin.action.isChecked()
    plugin.dock.close()
    assert not plugin.action.isChecked()


def test_unloaded_and_loaded_again_twice(plugin, iface, qtbot, new_project):
    before = traces(iface)
    for _ in range(2):
        # QGIS forgets the modules of a plugin that it unloads.
        from smarties.qgis_plugin.engine_link.engine import engine

        # With a warm worker, to see that it goes too.
        engine().call("models", {}, lambda _event: None, lambda: False)
        assert processes()
        qgis.utils.unloadPlugin("smarties")
        qtbot.wait(300)
        assert traces(iface) == dict.fromkeys(before, 0)
        assert "smarties" not in qgis.utils.plugins
        assert qgis.utils.loadPlugin("smarties") and qgis.utils.startPlugin("smarties")
        assert traces(iface) == {**before, "workers": 0}


def test_nothing_heavy_is_imported_in_qgis(plugin):
    assert [name for name in FORBIDDEN if name in sys.modules] == []
    assert "engine" not in sys.modules


def test_without_a_window_there_are_only_algorithms():
    from smarties.qgis_plugin.plugin import SmartiesPlugin

    headless = SmartiesPlugin(None)
    assert headless.panel is None and headless.provider is None
    code = Path(sys.modules[SmartiesPlugin.__module__].__file__).read_text(encoding="utf-8")
    assert "from .panel" not in code.split("class SmartiesPlugin")[0]


@pytest.mark.parametrize("name", ["SmartiesDock", "SmartiesAction"])
def test_names_by_which_qgis_remembers_places(plugin, name):
    assert name in (plugin.dock.objectName(), plugin.action.objectName())
