"""A first use with nothing but mouse and keyboard, in the real window of QGIS and on the real engine."""

from __future__ import annotations

import zipfile
from pathlib import Path

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QPoint, Qt, QTimer
from qgis.PyQt.QtWidgets import QApplication, QLineEdit, QMenu, QToolButton
from smarties.qgis_plugin.layer_bands import stored_table
from smarties.qgis_plugin.panel.band_columns import Column

LEFT = Qt.MouseButton.LeftButton
RUN_MS = 120_000


def click(qtbot, widget) -> None:
    assert widget.isVisible() and widget.isEnabled()
    qtbot.mouseClick(widget, LEFT, pos=widget.rect().center())


def add_by_menu(qtbot, panel, name: str) -> None:
    """Open the menu of «Add» and take the entry of that name."""
    images = len(panel.embed.images)

    def choose() -> None:
        menu = QApplication.activePopupWidget()
        if isinstance(menu, QMenu):
            entry = next(action for action in menu.actions() if action.text() == name)
            qtbot.mouseClick(menu, LEFT, pos=menu.actionGeometry(entry).center())

    # On a busy machine a menu may be closed by what another window does; a person would click once more.
    for _ in range(5):
        QTimer.singleShot(300, choose)
        click(qtbot, panel.embed.layers.add_button)
        qtbot.wait(400)
        if len(panel.embed.images) > images:
            return
    raise AssertionError(f"{name} could not be added")


def type_into_cell(qtbot, view, index, text: str) -> None:
    """Double-click a cell, type, and press Enter."""
    view.scrollTo(index)
    centre: QPoint = view.visualRect(index).center()
    # Qt takes a double click for one only on the cell that a first press has chosen.
    qtbot.mouseClick(view.viewport(), LEFT, pos=centre)
    qtbot.mouseDClick(view.viewport(), LEFT, pos=centre)
    editor = open_editor(view)
    assert editor is not None, "the cell did not open"
    editor.selectAll()
    qtbot.keyClicks(editor, text)
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    QApplication.processEvents()


def open_editor(view) -> QLineEdit | None:
    return next((each for each in view.viewport().findChildren(QLineEdit) if each.isVisible()), None)


def test_from_two_layers_to_a_map_and_back_from_the_saved_project(
    plugin, panel, pair, qtbot, tmp_path, iface, messages
):
    # The button of the toolbar opens the panel.
    plugin.dock.hide()
    button = next(
        each for each in iface.pluginToolBar().findChildren(QToolButton) if each.defaultAction() is plugin.action
    )
    click(qtbot, button)
    qtbot.waitUntil(panel.isVisible)

    # Two layers from the menu.
    for layer in pair:
        add_by_menu(qtbot, panel, layer.name())
    assert [image.name for image in panel.embed.images] == [layer.name() for layer in pair]
    qtbot.waitUntil(lambda: "tiles" in panel.run_bar.plan.text(), timeout=60_000)

    # A wavelength is corrected in its cell; an impossible one stays there, refused.
    bands = panel.embed.bands
    table, model = bands.grid, bands.model
    panel.embed.ensureWidgetVisible(table)
    row = 3
    centre, verdict = model.index(row, Column.CENTRE), model.index(row, Column.VERDICT)
    before = verdict.data()
    type_into_cell(qtbot, table, centre, "-5")
    editor = open_editor(table)
    assert editor is not None and "-5" in editor.toolTip(), "an impossible value must stay open and say why"
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    assert verdict.data() == before
    type_into_cell(qtbot, table, centre, "1000 nm")
    assert verdict.data() != before
    assert stored_table(pair[1]).bands[row].centre_nm == 1000
    # A virtual screen has no window manager that would give the window the keyboard.
    iface.mainWindow().activateWindow()
    table.setFocus()
    qtbot.waitUntil(table.hasFocus)
    qtbot.keyClick(table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert verdict.data() == before
    qtbot.keyClick(table, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert verdict.data() != before
    qtbot.waitUntil(lambda: "tiles" in panel.run_bar.plan.text(), timeout=60_000)

    # A run that is cancelled half-way leaves nothing.
    folder = tmp_path / "results"
    folder.mkdir()
    panel.embed.output.output.setFilePath(str(folder / "embedding.tif"))
    panel.embed.output.picture.setFilePath(str(folder / "picture.tif"))
    panel.embed.settings.chip.setValue(28)
    panel.embed.settings.overlap.setValue(60)
    click(qtbot, panel.run_bar.run_button)
    qtbot.waitUntil(lambda: panel.run_bar.progress.value() > 300, timeout=RUN_MS)
    with qtbot.waitSignal(panel.run.cancelled, timeout=15_000):
        click(qtbot, panel.run_bar.cancel_button)
    assert list(folder.iterdir()) == [] and "Cancelled" in messages()

    # Again, to the end: two layers more, the picture on top.
    panel.embed.settings.chip.setValue(0)
    panel.embed.settings.overlap.setValue(25)
    layers = len(QgsProject.instance().mapLayers())
    with qtbot.waitSignal(panel.run.finished, timeout=RUN_MS):
        qtbot.keyClick(panel.embed, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: len(QgsProject.instance().mapLayers()) == layers + 2, timeout=10_000)
    top = QgsProject.instance().layerTreeRoot().children()[0]
    qtbot.waitUntil(lambda: QgsProject.instance().layerTreeRoot().children()[0].name().startswith("PCA picture"))
    assert top is not None
    assert {path.name for path in folder.iterdir()} == {
        "embedding.tif", "embedding.qml", "picture.tif", "picture.qml",
    }  # fmt: skip

    # The project is saved, closed and opened: the corrected table is back.
    file = tmp_path / "project.qgz"
    project = QgsProject.instance()
    assert project.write(str(file)) and zipfile.is_zipfile(file)
    iface.newProject(False)
    assert panel.embed.images == []
    assert iface.addProject(str(file))
    assert len(panel.embed.images) == 2
    reopened = next(
        layer for layer in QgsProject.instance().mapLayers().values() if layer.name() == pair_name(project, "S2")
    )
    assert stored_table(reopened).bands[row].centre_nm == 1000
    panel.embed.layers.view.setCurrentRow(1)
    assert panel.embed.bands.model.index(row, Column.CENTRE).data() == "1000 nm"
    assert Path(project.fileName()) == file


def pair_name(project: QgsProject, start: str) -> str:
    return next(layer.name() for layer in project.mapLayers().values() if layer.name().startswith(start))
