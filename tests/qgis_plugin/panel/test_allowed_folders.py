"""The list of allowed folders in the set-up dialog, driven as a person would."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QFileDialog, QScrollArea
from smarties.engine.reach import ALLOWED_FOLDERS
from smarties.qgis_plugin.engine_link.settings import EngineSettings
from smarties.qgis_plugin.panel import embedding_layers
from smarties.qgis_plugin.panel.section import Section
from smarties.qgis_plugin.panel.setup_dialog import SetupDialog


@pytest.fixture
def dialog(qtbot, monkeypatch):
    monkeypatch.delenv(ALLOWED_FOLDERS, raising=False)
    dialog = SetupDialog()
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.findChild(Section).set_unfolded(True)
    qtbot.waitUntil(lambda: dialog.gpu_label.property("usable") is not None, timeout=20_000)
    return dialog


def shown(folders) -> list[str]:
    return [folders.view.item(row).text() for row in range(folders.view.count())]


def stored() -> tuple[str, ...]:
    return EngineSettings.stored().allowed_folders


def test_folders_are_added_and_removed_and_the_other_settings_stay(dialog, qtbot, monkeypatch, tmp_path):
    before = EngineSettings.stored()
    folders = dialog.folders
    assert not folders.view.isVisible() and not folders.remove_button.isVisible() and folders.about.isVisible()
    for name in ("a", "é b"):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_, name=name: str(tmp_path / name))
        with qtbot.waitSignal(folders.changed, timeout=1000):
            qtbot.mouseClick(folders.add_button, Qt.MouseButton.LeftButton)
    assert shown(folders) == [str(tmp_path / "a"), str(tmp_path / "é b")] == list(stored())
    # Once more, or none at all: nothing changes.
    with qtbot.assertNotEmitted(folders.changed):
        qtbot.mouseClick(folders.add_button, Qt.MouseButton.LeftButton)
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
        qtbot.mouseClick(folders.add_button, Qt.MouseButton.LeftButton)
    assert len(stored()) == 2 and not folders.remove_button.isEnabled()
    folders.view.setCurrentRow(0)
    qtbot.mouseClick(folders.remove_button, Qt.MouseButton.LeftButton)
    assert shown(folders) == [str(tmp_path / "é b")]
    folders.view.setCurrentRow(0)
    qtbot.keyClick(folders.view, Qt.Key.Key_Delete)
    assert stored() == () and not folders.view.isVisible()
    assert EngineSettings.stored() == before


@pytest.mark.skipif(os.name == "nt", reason="another sign stands between folders there")
def test_a_folder_that_a_list_cannot_name_is_refused_where_one_sees_it(dialog):
    dialog.folders.add("/data/a:b")
    assert stored() == () and "/data/a:b cannot be allowed" in dialog.step_label.text()
    assert dialog.step_label.isVisible()


def test_what_the_environment_names_is_shown_and_stays(dialog, qtbot, monkeypatch):
    replace(EngineSettings.stored(), allowed_folders=("/data",)).save()
    monkeypatch.setenv(ALLOWED_FOLDERS, os.pathsep.join(["/archive", ""]))
    dialog.refresh()
    folders = dialog.folders
    assert shown(folders) == ["/archive", "/data"]
    assert ALLOWED_FOLDERS in folders.view.item(0).toolTip()
    folders.view.selectAll()
    qtbot.keyClick(folders.view, Qt.Key.Key_Delete)
    assert shown(folders) == ["/archive"] and stored() == ()


def test_it_is_unfolded_where_there_are_some_and_fits_into_320_pixels(dialog, qtbot):
    assert not SetupDialog().findChild(Section).unfolded
    dialog.folders.add("/data/" + "a long name/" * 12)
    assert SetupDialog().findChild(Section).unfolded
    dialog.resize(320, 480)
    qtbot.wait(50)
    area = dialog.findChild(QScrollArea)
    assert dialog.width() == 320 and area.widget().width() <= area.viewport().width()


def test_its_buttons_come_into_sight_when_it_is_unfolded_and_when_it_grows(dialog, qtbot):
    section, button = dialog.findChild(Section), dialog.folders.add_button
    section.set_unfolded(False)
    dialog.resize(400, 480)
    dialog.findChild(QScrollArea).verticalScrollBar().setValue(0)
    qtbot.wait(50)

    def seen() -> bool:
        return button.visibleRegion().boundingRect().height() == button.height()

    assert not seen()
    section.set_unfolded(True)
    qtbot.waitUntil(seen, timeout=1000)
    for number in range(4):
        dialog.folders.add(f"/data/{number}")
    qtbot.waitUntil(seen, timeout=1000)


def test_the_panel_plans_anew_and_looks_at_pictures_again(panel, pair, monkeypatch, tmp_path):
    monkeypatch.delenv(ALLOWED_FOLDERS, raising=False)
    panel.embed.layers.add_layers(pair)
    panel.set_up_engine()
    dialog = panel._setup_dialog
    panel.plan_query.stop()
    looked = []
    monkeypatch.setattr(embedding_layers, "read_embedding", looked.append)
    dialog.folders.add(str(tmp_path))
    assert panel.plan_query.busy and set(pair) <= set(looked)
    panel.plan_query.stop()
    dialog.close()
