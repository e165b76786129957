"""Enum members are named with their enum, as PyQt 6 demands; looked up in the QGIS that runs the tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from qt6_rules import enum_problems

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "qgis_plugin").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_enums_are_scoped(path):
    assert enum_problems(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("from qgis.PyQt.QtCore import Qt\nx = Qt.AlignLeft", "Qt.AlignmentFlag"),
        ("from qgis.PyQt import QtCore\nx = QtCore.Qt.AlignLeft | 1", "Qt.AlignmentFlag"),
        ("from qgis.PyQt.QtCore import Qt as Q\nx = Q.AlignLeft", "Qt.AlignmentFlag"),
        ("from qgis.PyQt.QtCore import Qt\nx = Qt.Alignment()", "flags classes are gone"),
        ("from qgis.PyQt.QtWidgets import QMessageBox\nx = QMessageBox.Ok", "QMessageBox.StandardButton"),
        ("from qgis.core import Qgis\nx = Qgis.Info", "Qgis.MessageLevel"),
        ("from qgis.core import QgsProcessing\nx = [QgsProcessing.TypeRaster]", "QgsProcessing.SourceType"),
        ("from qgis.core import QgsTask\nx = f(flags=QgsTask.CanCancel)", "QgsTask.Flag"),
        ("from qgis.core import QgsMapLayer\nx = QgsMapLayer.RasterLayer", "QgsMapLayerType"),
        ("from qgis.core import Qgis\nx = Qgis.ProcessingSourceType.Raster", "does not exist"),
        ("def f(self):\n    return self.Accepted", "needs its enum's name"),
    ],
)
def test_the_checker_finds_unscoped_enums(code, complaint):
    assert any(complaint in text for text in enum_problems(code)), enum_problems(code)


@pytest.mark.parametrize(
    "code",
    [
        "from qgis.PyQt.QtCore import Qt\nx = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop",
        "from qgis.core import Qgis\nx = Qgis.MessageLevel.Info",
        "from qgis.core import QgsMapLayerType\nx = QgsMapLayerType.RasterLayer",
        "from qgis.core import QgsProject\nx = QgsProject.instance().mapLayers().values()",
        "from qgis.PyQt.QtCore import QObject, pyqtSignal\nx = QObject.objectName",
    ],
)
def test_the_checker_lets_scoped_enums_pass(code):
    assert enum_problems(code) == []
