"""The set-up dialog, driven as a person would."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from time import monotonic

import pytest
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtGui import QGuiApplication
from qgis.PyQt.QtWidgets import QScrollArea
from smarties.qgis_plugin.engine_link.environment import environment_state, find_environment
from smarties.qgis_plugin.engine_link.settings import EngineSettings
from smarties.qgis_plugin.panel import setup_dialog
from smarties.qgis_plugin.panel.setup_dialog import SetupDialog


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("SMARTIES_HOME", str(tmp_path / "Zoé home"))
    monkeypatch.delenv("SMARTIES_ENGINE_PYTHON", raising=False)
    EngineSettings().save()
    return tmp_path


@pytest.fixture
def dialog(home, qtbot):
    dialog = SetupDialog()
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.gpu_label.property("usable") is not None, timeout=20_000)
    yield dialog
    setup_dialog.stop_setup()
    qtbot.waitUntil(lambda: setup_dialog.running_setup() is None, timeout=20_000)


def click(qtbot, button) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def wait_for_the_end(qtbot, timeout: int = 120_000) -> None:
    qtbot.waitUntil(lambda: setup_dialog.running_setup() is None, timeout=timeout)


def test_it_opens_with_the_recommended_choice_and_says_what_is_needed(dialog):
    assert dialog.choice() == "cpu" and "not set up yet" in dialog.state_label.text()
    assert "Needs 2.5 GB of disk space" in dialog.space_label.text()
    assert dialog.start_button.isVisible() and not dialog.stop_button.isVisible()
    assert not dialog.progress_bar.isVisible() and not dialog.remove_button.isVisible()
    assert not dialog.interpreter_file.isVisible() and not dialog.wheels_folder.isVisible()


def test_an_interpreter_of_one_s_own_is_checked_and_used(dialog, qtbot, engine_python):
    dialog.choose("interpreter")
    assert dialog.interpreter_file.isVisible()
    dialog.interpreter_file.setFilePath(str(engine_python))
    with qtbot.waitSignal(dialog.environment_ready, timeout=120_000):
        click(qtbot, dialog.start_button)
        assert dialog.stop_button.isVisible() and dialog.progress_bar.isVisible()
    assert find_environment().python == engine_python
    assert "ready" in dialog.step_label.text() and dialog.start_button.isVisible()


@pytest.mark.parametrize(
    ("choice", "value", "sentence"),
    [
        ("interpreter", "", "does not exist"),
        ("interpreter", "/usr/bin/python3", "The library torch cannot be loaded"),
        ("interpreter", "/bin/true", "is not a Python that starts"),
        ("wheels", "/nowhere/at/all", "does not exist"),
        ("wheels", "/etc", "holds no wheels"),
    ],
)
def test_a_wrong_choice_ends_in_a_sentence(dialog, qtbot, choice, value, sentence):
    dialog.choose(choice)
    (dialog.interpreter_file if choice == "interpreter" else dialog.wheels_folder).setFilePath(value)
    click(qtbot, dialog.start_button)
    wait_for_the_end(qtbot)
    assert sentence in dialog.step_label.text()
    assert environment_state().kind == "missing" and dialog.start_button.isVisible()


@pytest.fixture
def many_wheels(tmp_path) -> Path:
    """A folder that pip takes a moment to look through."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for number in range(3):
        (folder / f"nothing-{number}-py3-none-any.whl").write_bytes(b"")
    return folder


def test_stop_ends_it_soon_and_says_that_it_goes_on_later(dialog, qtbot, many_wheels):
    dialog.choose("wheels")
    dialog.wheels_folder.setFilePath(str(many_wheels))
    click(qtbot, dialog.start_button)
    qtbot.waitUntil(lambda: "Making an environment" in dialog.step_label.text(), timeout=30_000)
    click(qtbot, dialog.stop_button)
    wait_for_the_end(qtbot, 3_000)
    assert "goes on from there" in dialog.step_label.text()
    assert environment_state().kind == "missing"


def test_closed_during_the_set_up_another_dialog_follows_it(dialog, qtbot, many_wheels):
    dialog.choose("wheels")
    dialog.wheels_folder.setFilePath(str(many_wheels))
    click(qtbot, dialog.start_button)
    qtbot.waitUntil(lambda: "Making an environment" in dialog.step_label.text(), timeout=30_000)
    dialog.close()
    other = SetupDialog()
    qtbot.addWidget(other)
    other.show()
    assert other.stop_button.isVisible() and other.progress_bar.isVisible() and not other.start_button.isVisible()
    assert "Making an environment" in other.step_label.text()
    wait_for_the_end(qtbot)
    # The folder held no PyTorch: both were told.
    # Which of PyTorch's two packages pip misses first is its own affair.
    missing = re.compile("no torch(vision)?==")
    assert missing.search(other.step_label.text()) and missing.search(dialog.step_label.text())
    assert setup_dialog.setup_log().is_file() and other.log_button.isEnabled()


def test_it_opens_with_what_was_chosen_before(home, qtbot):
    EngineSettings("interpreter", "/opt/python").save()
    dialog = SetupDialog()
    qtbot.addWidget(dialog)
    assert dialog.choice() == "interpreter" and dialog.interpreter_file.filePath() == "/opt/python"
    assert "/opt/python, does not exist" in dialog.state_label.text()
    # Without a GPU that works, the GPU does not stay chosen.
    EngineSettings(build="cuda").save()
    other = SetupDialog()
    qtbot.addWidget(other)
    qtbot.waitUntil(lambda: other.gpu_label.property("usable") is not None, timeout=20_000)
    assert other.choice() == ("cuda" if other.gpu_label.property("usable") else "cpu")


def test_diagnostics_go_to_the_clipboard(dialog, qtbot):
    QGuiApplication.clipboard().setText("")
    click(qtbot, dialog.diagnostics_button)
    qtbot.waitUntil(lambda: "clipboard" in dialog.step_label.text(), timeout=30_000)
    assert "SMARTIES plugin" in QGuiApplication.clipboard().text()


def test_old_environments_are_offered_for_deletion(home, qtbot):
    old = home / "Zoé home" / "environments" / "0123456789ab-cpu"
    old.mkdir(parents=True)
    (old / "library.so").write_bytes(bytes(30_000_000))
    dialog = SetupDialog()
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(dialog.remove_button.isVisible, timeout=20_000)
    assert dialog.remove_button.text() == "Delete old environments (30 MB)"
    click(qtbot, dialog.remove_button)
    qtbot.waitUntil(lambda: not old.exists(), timeout=20_000)
    qtbot.waitUntil(lambda: not dialog.remove_button.isVisible(), timeout=20_000)


def test_it_fits_into_320_pixels(dialog, qtbot):
    for choice in ("cpu", "cuda", "interpreter", "wheels"):
        dialog.choose(choice)
        dialog.step_label.setText("The disk is full. Free some space, also in the folder for temporary files.")
        dialog.resize(320, 480)
        qtbot.wait(50)
        assert dialog.width() == 320
        area = dialog.findChild(QScrollArea)
        assert area.widget().width() <= area.viewport().width()


def test_the_main_thread_stays_free(dialog, qtbot, engine_python):
    beats: list[float] = []
    timer = QTimer()
    timer.timeout.connect(lambda: beats.append(monotonic()))
    dialog.choose("interpreter")
    dialog.interpreter_file.setFilePath(str(engine_python))
    timer.start(50)
    click(qtbot, dialog.start_button)
    wait_for_the_end(qtbot)
    timer.stop()
    gaps = [later - earlier for earlier, later in pairwise(beats)]
    assert len(gaps) > 5 and max(gaps) < 0.3


def test_the_place_of_the_environments_is_shown(dialog, tmp_path):
    shown = dialog.space_label.text().replace("\u200b", "")
    assert str(tmp_path / "Zoé home" / "environments") in shown
