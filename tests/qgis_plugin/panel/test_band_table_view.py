"""The band table as a person drives it: keys, clicks, clipboard, files."""

from __future__ import annotations

import json

import pytest
from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtWidgets import QApplication, QComboBox, QLineEdit, QToolButton
from smarties.engine.spectrum import detect, read_table
from smarties.qgis_plugin.layer_bands import raster_metadata_of
from smarties.qgis_plugin.panel.band_columns import Column
from smarties.qgis_plugin.panel.band_table_view import BandTableView


@pytest.fixture
def metadata(scene):
    return raster_metadata_of(scene["s2"])


@pytest.fixture
def view(qtbot, metadata):
    view = BandTableView()
    qtbot.addWidget(view)
    view.set_layer("scene", detect(metadata))
    view.resize(320, 560)
    with qtbot.waitExposed(view):
        view.show()
    view.activateWindow()
    view.grid.setFocus()
    return view


def edit(view, qtbot, row, column):
    """Open the editor of a cell as F2 does."""
    view.grid.setCurrentIndex(view.model.index(row, column))
    qtbot.keyClick(view.grid, Qt.Key.Key_F2)
    kind = QComboBox if column in (Column.POLARISATION, Column.LAYER) else QLineEdit
    return next(each for each in view.grid.viewport().findChildren(kind) if each.isVisible())


def write(qtbot, editor, text, key=Qt.Key.Key_Return):
    editor.selectAll()
    qtbot.keyClicks(editor, text)
    qtbot.keyClick(editor, key)


def open_editors(view):
    QApplication.processEvents()
    return [each for each in view.grid.viewport().findChildren(QLineEdit) if each.isVisible()]


def test_typing_a_wavelength_changes_the_verdict(view, qtbot):
    with qtbot.waitSignal(view.table_changed) as caught:
        write(qtbot, edit(view, qtbot, 3, Column.CENTRE), "1375")
    assert view.model.statuses[3].verdict == "outside"
    assert caught.args[0].bands[3].centre_nm == 1375
    assert not open_editors(view)


def test_an_impossible_value_keeps_the_editor_open_until_it_is_mended(view, qtbot):
    editor = edit(view, qtbot, 3, Column.CENTRE)
    write(qtbot, editor, "12 nm")
    assert open_editors(view) == [editor]
    assert "no sensor" in editor.toolTip() and "border" in editor.styleSheet()
    assert "no sensor" in view.message.text()
    assert not view.model.is_changed
    write(qtbot, editor, "660 nm")
    assert not open_editors(view)
    assert view.model.bands[3].centre_nm == 660 and view.message.text() == ""


def test_a_click_elsewhere_does_not_take_an_impossible_value_nor_close_it(view, qtbot):
    editor = edit(view, qtbot, 3, Column.CENTRE)
    write(qtbot, editor, "-1", Qt.Key.Key_Tab)
    place = view.grid.visualRect(view.model.index(5, Column.NAME)).center()
    qtbot.mouseClick(view.grid.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert open_editors(view) == [editor] and not view.model.is_changed
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    assert not open_editors(view) and not view.model.is_changed and view.message.text() == ""


def test_another_layer_closes_an_editor_with_an_impossible_value(view, qtbot, metadata):
    write(qtbot, edit(view, qtbot, 3, Column.CENTRE), "12 nm")
    view.set_layer("other", detect(metadata))
    assert not open_editors(view)


def test_tab_goes_to_the_next_cell_that_can_be_edited_and_leaves_the_table(view, qtbot):
    qtbot.keyClick(edit(view, qtbot, 3, Column.CENTRE), Qt.Key.Key_Tab)
    assert view.grid.currentIndex().column() == Column.RANGE
    (editor,) = open_editors(view)
    qtbot.keyClick(editor, Qt.Key.Key_Backtab)
    assert view.grid.currentIndex().column() == Column.CENTRE
    qtbot.keyClick(open_editors(view)[0], Qt.Key.Key_Escape)
    view.grid.setFocus()
    qtbot.keyClick(view.grid, Qt.Key.Key_Tab)
    assert not view.grid.hasFocus()


def test_polarisation_is_shown_where_a_band_may_have_one(view, data_dir):
    column = int(Column.POLARISATION)
    assert view.grid.isColumnHidden(column)
    view.set_layer("radar", detect(raster_metadata_of(data_dir / "terramesh_s1s2/S1RTC/282D_485L_3_3.tif")))
    assert not view.grid.isColumnHidden(column)


def test_undo_and_redo_by_keys(view, qtbot):
    write(qtbot, edit(view, qtbot, 3, Column.CENTRE), "660")
    view.grid.setFocus()
    qtbot.waitUntil(view.grid.hasFocus)
    qtbot.keyClick(view.grid, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not view.model.is_changed
    qtbot.keyClick(view.grid, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert view.model.bands[3].centre_nm == 660


def test_space_switches_the_chosen_bands(view, qtbot):
    view.grid.selectRow(0)
    qtbot.keyClick(view.grid, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(view.grid, Qt.Key.Key_Space)
    assert [band.enabled for band in view.model.bands[:3]] == [False, False, True]
    assert view.summary.text() == "10/12 on"


def test_the_box_is_ticked_by_mouse(view, qtbot):
    box = view.grid.visualRect(view.model.index(0, Column.ON))
    qtbot.mouseClick(view.grid.viewport(), Qt.MouseButton.LeftButton, pos=box.topLeft() + QPoint(9, box.height() // 2))
    assert not view.model.bands[0].enabled


def test_a_layer_is_picked_from_a_list(view, qtbot):
    combo = edit(view, qtbot, 3, Column.LAYER)
    assert combo.count() == 18
    combo.setCurrentIndex(combo.findData("red_1"))
    combo.activated.emit(combo.currentIndex())
    assert view.model.bands[3].layer == "red_1"


def test_paste_copy_and_a_bad_paste(view, qtbot):
    clipboard = QApplication.clipboard()
    clipboard.setText("name\tcentre\nB02\t480\nB04\t670")
    qtbot.keyClick(view.grid, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert view.message.text() == "2 of 12 bands changed."
    clipboard.setText("name\tcentre\nB02\t-1")
    view.paste_action.trigger()
    assert view.message.text().startswith("Row 2:") and view.message.text().endswith("Nothing was changed.")
    assert view.model.undo_stack.count() == 1
    qtbot.keyClick(view.grid, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert "B04\t670" in clipboard.text()
    view.paste_action.trigger()
    assert view.message.text() == "The table says the same already."


def test_a_table_is_saved_and_loaded(view, tmp_path, metadata):
    view.model.setData(view.model.index(3, Column.CENTRE), "670 nm", Qt.ItemDataRole.EditRole)
    path = tmp_path / "bänder.json"
    view.save(str(path))
    assert view.message.text() == "Saved to bänder.json."
    assert detect(metadata, table=read_table(path)).bands[3].centre_nm == 670
    view.model.reset()
    view.load(str(path))
    assert view.model.bands[3].centre_nm == 670
    path.write_text(json.dumps({"bands": [{"name": "B04", "centre": -4}]}))
    view.load(str(path))
    assert "impossible" in view.message.text() and view.model.bands[3].centre_nm == 670
    view.load(str(tmp_path / "gone.csv"))
    assert "cannot be read" in view.message.text()
    view.save(str(tmp_path / "no" / "folder.json"))
    assert "cannot be written" in view.message.text()


def test_choosing_a_sensor_asks_for_it_and_keeps_what_the_person_said(view, qtbot, metadata):
    kept = []
    view.table_changed.connect(kept.append)

    def detect_again(sensor):
        view.set_layer("scene", detect(metadata, sensor), kept[-1])

    view.sensor_chosen.connect(detect_again)
    view.model.setData(view.model.index(3, Column.CENTRE), "670 nm", Qt.ItemDataRole.EditRole)
    combo = view.sensor_combo
    combo.setCurrentIndex(combo.findData("worldview-3"))
    combo.activated.emit(combo.currentIndex())
    assert combo.sensor == "worldview-3"
    assert view.model.bands[3].centre_nm == 670
    assert kept[-1].sensor == "worldview-3"
    combo.setCurrentIndex(0)
    combo.activated.emit(0)
    assert combo.sensor is None and combo.currentText() == "Automatic: Sentinel-2 L2A"
    assert [band.centre_nm for band in view.model.bands] == [
        670 if row == 3 else band.centre_nm for row, band in enumerate(detect(metadata).bands)
    ]


def test_a_sensor_is_found_by_part_of_its_name(view, qtbot):
    line = view.sensor_combo.lineEdit()
    with qtbot.waitSignal(view.sensor_chosen) as caught:
        line.selectAll()
        qtbot.keyClicks(line, "superdove")
        line.editingFinished.emit()
    assert caught.args == ["planetscope-8band"]
    line.setText("no such thing")
    line.editingFinished.emit()
    assert "SuperDove" in view.sensor_combo.currentText()


def test_answering_a_change_with_the_same_layer_keeps_undo(view, metadata):
    view.table_changed.connect(lambda table: view.set_layer("scene", detect(metadata), table))
    view.model.setData(view.model.index(3, Column.CENTRE), "670 nm", Qt.ItemDataRole.EditRole)
    view.model.setData(view.model.index(4, Column.CENTRE), "700 nm", Qt.ItemDataRole.EditRole)
    assert view.model.undo_stack.count() == 2


def test_selection_is_one_in_table_and_chart(view, qtbot):
    view.grid.selectRow(6)
    assert view.chart.selected == (6,)
    place = view.chart.places.mark_of(11).centre.toPoint()
    qtbot.mouseClick(view.chart, Qt.MouseButton.LeftButton, pos=place)
    assert view.grid.chosen_rows() == [11] and view.chart.selected == (11,)


def test_what_matters_is_visible_at_320_pixels(view):
    assert view.minimumSizeHint().width() <= 320
    header = view.grid.horizontalHeader()
    verdict = header.sectionViewportPosition(int(Column.VERDICT))
    assert verdict + view.grid.fontMetrics().horizontalAdvance("outside") < 320
    assert header.sectionSize(int(Column.CENTRE)) > view.grid.fontMetrics().horizontalAdvance("1613.7 nm")


def test_every_tool_has_a_name_and_is_reached_by_keyboard(view):
    buttons = [each for each in view.findChildren(QToolButton) if each.parent() is view]
    assert len(buttons) == 9
    for button in buttons:
        assert button.toolTip() and button.defaultAction().text() and not button.icon().isNull()
        assert button.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_an_empty_view_says_why(view):
    view.clear("The layer is gone.")
    assert not view.isEnabled() and view.model.rowCount() == 0 and view.message.text() == "The layer is gone."
