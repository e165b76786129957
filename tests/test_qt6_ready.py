"""The plugin's code is written for QGIS 3.22 with Qt 5 and for QGIS 4 with Qt 6 (enums: tests/qgis_plugin)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from qt6_rules import problems

ROOT = Path(__file__).resolve().parents[1]
PLUGIN = [ROOT / "__init__.py", *sorted((ROOT / "qgis_plugin").rglob("*.py"))]
FUTURE = "from __future__ import annotations\n"


@pytest.mark.parametrize("path", PLUGIN, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_plugin_keeps_to_what_qt5_and_qt6_share(path):
    # check_libraries.py is run by the engine's Python, to see what that has
    source, in_child = path.read_text(encoding="utf-8"), path.name == "check_libraries.py"
    assert problems(source, is_compat=path.name == "compat.py", in_child=in_child) == []


def test_the_plugin_needs_no_python_newer_than_3_9():
    names = ("__init__", "errors", "options", "partial", "progress", "protocol")
    shared = [ROOT / "engine" / f"{name}.py" for name in names]
    paths = [*PLUGIN, *shared, *(ROOT / "engine/spectrum").glob("*.py"), *(ROOT / "engine/jobs").glob("*.py")]
    command = [
        Path(sys.executable).with_name("vermin"),
        "-t=3.9-",
        "--no-tips",
        "--violations",
        "--no-parse-comments",
        *paths,
    ]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("from PyQt5.QtCore import Qt", "only qgis.PyQt"),
        ("import PyQt6.QtGui", "only qgis.PyQt"),
        ("from PySide6 import QtGui", "only qgis.PyQt"),
        ("from qgis.PyQt.QtCore import QRegExp", "gone in Qt 6"),
        ("from qgis.PyQt.QtWidgets import QDesktopWidget", "gone in Qt 6"),
        ("from qgis.PyQt.QtWidgets import QAction", "import it from compat"),
        ("from qgis.PyQt.QtWidgets import *", "star import"),
        ("dialog.exec_()", "use exec()"),
        ("layout.setMargin(3)", "setContentsMargins"),
        ("x = Qt.MidButton", "gone in Qt 6"),
        ("field = QgsField('a', QVariant.Int)", "no types in Qt 6"),
        ("combo.activated[str].connect(print)", "no such overload"),
        ("def dropEvent(self, event):\n    return event.pos()", "position()"),
        ("def mouseMoveEvent(self, event):\n    return event.globalPos()", "gone in Qt 6"),
        ("import torch", "engine's process"),
        ("from rasterio.io import MemoryFile", "engine's process"),
        ("from engine.errors import SmartiesError", "relatively"),
        ("import qgis_plugin.plugin", "relatively"),
        ("match x:\n    case 1: pass", "not Python 3.9"),
    ],
)
def test_the_checker_finds_what_it_is_there_for(code, complaint):
    assert any(complaint in text for text in problems(FUTURE + code)), problems(FUTURE + code)


def test_the_checker_asks_for_annotations_that_are_not_evaluated():
    assert "annotations" in problems("def f(x: int | None): ...")[0]


def test_the_checker_lets_good_code_pass():
    code = (
        "from qgis.PyQt.QtCore import Qt\nfrom ..compat import QAction\nfrom ...engine.errors import SmartiesError\n"
        "def contextMenuEvent(self, event) -> int | None:\n    self.menu.exec(event.globalPos())\n"
        "    return Qt.AlignmentFlag.AlignLeft\n"
    )
    assert problems(FUTURE + code) == []
