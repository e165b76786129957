"""The dialog that sets up the engine's Python environment."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Dict, Optional, Tuple

from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import Qt, QTimer, QUrl, pyqtSignal
from qgis.PyQt.QtGui import QDesktopServices, QGuiApplication
from qgis.PyQt.QtWidgets import (
    QButtonGroup,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...engine.errors import CancelledError, SmartiesError
from ..engine_link.diagnostics import diagnostics
from ..engine_link.environment import InstallOptions, environment_state, remove_old
from ..engine_link.install_log import setup_log
from ..engine_link.installer import NEEDED_BYTES
from ..engine_link.network import network
from ..engine_link.paths import environments_folder
from ..engine_link.settings import INTERPRETER_VARIABLE, EngineSettings
from ..translation import tr
from .allowed_folders import AllowedFolders
from .section import Section
from .setup_task import SetupTask
from .setup_work import Found, build_of, install_work, interpreter_work, look_up

#: The set-up at work, whichever dialog began it: closing a dialog does not stop it.
_running: Optional[SetupTask] = None


def running_setup() -> Optional[SetupTask]:
    """The set-up at work, if any."""
    return _running


def stop_setup() -> None:
    """Stop the set-up at work, for the end of the plugin; what is done stays done."""
    if _running is not None:
        _running.cancel()


class SetupDialog(QDialog):
    """Choose how the engine runs, make it so, and see what happens. ``environment_ready``: it can be used now."""

    environment_ready = pyqtSignal()

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.setObjectName("SmartiesSetupDialog")
        self.setWindowTitle(tr("Set up the SMARTIES engine"))
        self.state_label = _text("")
        self.choices = QButtonGroup(self)
        self.interpreter_file = QgsFileWidget()
        self.wheels_folder = QgsFileWidget()
        self.gpu_label = _text(tr("Looking for a GPU…"))
        self.space_label = _text("")
        self.folders = AllowedFolders()
        self.progress_bar = QProgressBar()
        self.step_label = _text("")
        self.log_button = _link(tr("Show the log"))
        self.diagnostics_button = _link(tr("Copy diagnostics"))
        self.remove_button = _link("")
        self.buttons = QDialogButtonBox()
        self.start_button = QPushButton(tr("Set up"))
        self.stop_button = QPushButton(tr("Stop"))
        self._options: Dict[str, Tuple[QRadioButton, QWidget]] = {}
        self._build()
        self._choose_as_stored()
        self._connect()
        self.refresh()
        self._look_up()
        if _running is not None:
            self._follow(_running)

    # Making ---------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.interpreter_file.setStorageMode(QgsFileWidget.StorageMode.GetFile)
        self.interpreter_file.setDialogTitle(tr("Choose a Python interpreter"))
        self.wheels_folder.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.wheels_folder.setDialogTitle(tr("Choose the folder of wheels"))
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        font = self.state_label.font()
        font.setBold(True)
        self.state_label.setFont(font)
        column.addWidget(self.state_label)
        column.addWidget(
            _text(
                tr(
                    "The engine runs in a Python of its own, apart from QGIS. Setting it up takes a few minutes, once; "
                    "it stays when the plugin is upgraded."
                )
            )
        )
        about_cpu = _text(tr("Works on every computer."))
        about_own = _text(tr("A Python 3.11 or newer that has the libraries of requirements.txt."))
        about_wheels = _text(tr("Files that end in .whl, fetched on a computer of the same kind. No internet needed."))
        self._add(column, "cpu", tr("Processor (recommended)"), about_cpu)
        self._add(column, "cuda", tr("NVIDIA GPU"), self.gpu_label)
        self._add(column, "interpreter", tr("A Python of my own"), about_own, self.interpreter_file)
        self._add(column, "wheels", tr("A folder of wheels"), about_wheels, self.wheels_folder)
        column.addSpacing(self.fontMetrics().height() // 2)
        column.addWidget(self.space_label)
        column.addSpacing(self.fontMetrics().height() // 2)
        section = Section(tr("Allowed folders"), self.folders, unfolded=bool(self.folders.folders))
        column.addWidget(section)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        # Once it is laid out: what was unfolded, or grew, is to be seen down to its buttons.
        reveal = QTimer(self)
        reveal.setSingleShot(True)
        reveal.timeout.connect(lambda: area.ensureWidgetVisible(self.folders.add_button, 0, 4))
        section.toggled.connect(lambda unfolded: reveal.start() if unfolded else None)
        self.folders.changed.connect(reveal.start)
        links = QHBoxLayout()
        for button in (self.log_button, self.diagnostics_button):
            links.addWidget(button)
        links.addStretch(1)
        self.buttons.addButton(self.start_button, QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.addButton(self.stop_button, QDialogButtonBox.ButtonRole.ResetRole)
        self.buttons.addButton(QDialogButtonBox.StandardButton.Close)
        outer = QVBoxLayout(self)
        outer.addWidget(area, 1)
        # Below what scrolls: always in sight.
        outer.addWidget(self.progress_bar)
        outer.addWidget(self.step_label)
        outer.addWidget(self.remove_button)
        outer.addLayout(links)
        outer.addWidget(self.buttons)
        self.start_button.setDefault(True)
        self.progress_bar.setAccessibleName(tr("Progress of the set-up"))
        self.progress_bar.setRange(0, 1000)
        self.progress_bar.hide()
        self.step_label.hide()
        self.remove_button.hide()
        self.resize(30 * self.fontMetrics().height(), 34 * self.fontMetrics().height())
        self.setMinimumWidth(300)

    def _add(self, column: QVBoxLayout, name: str, title: str, about: QLabel, field: Optional[QWidget] = None) -> None:
        button = QRadioButton(title)
        button.setAccessibleDescription(about.text())
        self.choices.addButton(button)
        column.addSpacing(self.fontMetrics().height() // 2)
        column.addWidget(button)
        box = QWidget()
        lines = QVBoxLayout(box)
        # Under the text of the button, not under its circle.
        lines.setContentsMargins(self.fontMetrics().height() * 3 // 2, 0, 0, 0)
        lines.addWidget(about)
        if field is not None:
            field.setAccessibleName(title)
            lines.addWidget(field)
        column.addWidget(box)
        self._options[name] = (button, field or box)

    def _connect(self) -> None:
        self.start_button.clicked.connect(self.start)
        self.stop_button.clicked.connect(self.stop)
        self.buttons.rejected.connect(self.reject)
        self.choices.buttonToggled.connect(self._choice_changed)
        self.log_button.clicked.connect(self._show_log)
        self.diagnostics_button.clicked.connect(self._copy_diagnostics)
        self.remove_button.clicked.connect(self._remove_old)
        self.folders.refused.connect(self._say)

    # What is shown --------------------------------------------------------------------------------------------------

    def choice(self) -> str:
        """The choice made: "cpu", "cuda", "interpreter" or "wheels"."""
        return next((name for name, (button, _) in self._options.items() if button.isChecked()), "cpu")

    def choose(self, name: str) -> None:
        """Make a choice as a click would."""
        self._options[name][0].setChecked(True)

    def _choose_as_stored(self) -> None:
        stored = EngineSettings.stored()
        own = stored.mode == "interpreter" and bool(stored.interpreter)
        if own:
            self.interpreter_file.setFilePath(stored.interpreter)
        self.choose("interpreter" if own else stored.build)

    def refresh(self) -> None:
        """Show the state of the environment and what can be done about it."""
        state = environment_state()
        settings = EngineSettings.load()
        # Its remedy is this dialog.
        bare = state.kind == "missing" and settings.mode == "managed"
        texts = [tr("The engine is not set up yet.") if bare else state.text]
        if settings != EngineSettings.stored():
            texts.append(tr("The variable {name} names this interpreter.").format(name=INTERPRETER_VARIABLE))
        self.state_label.setText(" ".join(texts))
        self.folders.refresh()
        self.start_button.setText(tr("Update") if state.kind == "outdated" else tr("Set up"))
        self._choice_changed()

    def _choice_changed(self, *_: Any) -> None:
        busy = _running is not None
        choice = self.choice()
        for name, (button, field) in self._options.items():
            button.setEnabled(not busy and (name != "cuda" or self.gpu_label.property("usable") is not False))
            if isinstance(field, QgsFileWidget):
                field.setVisible(name == choice)
                field.setEnabled(not busy)
        self.start_button.setVisible(not busy)
        self.stop_button.setVisible(busy)
        self.remove_button.setEnabled(not busy)
        self.log_button.setEnabled(setup_log().is_file())
        self.space_label.setText(self._space_text(choice))

    def _space_text(self, choice: str) -> str:
        if choice == "interpreter":
            return ""
        folder = environments_folder()
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        needed = NEEDED_BYTES["cuda" if choice == "cuda" else "cpu"]
        return tr("Needs {needed:.1f} GB of disk space; {free:.0f} GB are free. Place: {folder}").format(
            needed=needed / 1e9, free=shutil.disk_usage(existing).free / 1e9, folder=_breakable(folder)
        )

    def _say(self, text: str) -> None:
        self.step_label.setText(text)
        self.step_label.setVisible(bool(text))

    # Work -----------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin what was chosen."""
        global _running
        if _running is not None:
            return
        choice = self.choice()
        if choice == "interpreter":
            work = interpreter_work(Path(self.interpreter_file.filePath().strip()))
        else:
            link = network()
            wheels = Path(self.wheels_folder.filePath().strip()) if choice == "wheels" else None
            build = build_of(wheels) if wheels is not None else choice
            work = install_work(InstallOptions(build, wheels, None, link.variables, link.secrets))
        _running = SetupTask(tr("Set up the SMARTIES engine"), work)
        _running.ended.connect(_forget_running)
        self._follow(_running)
        _running.start()

    def stop(self) -> None:
        """Stop the set-up; the next one goes on from there."""
        if _running is not None:
            self._say(tr("Stopping…"))
            self.stop_button.setEnabled(False)
            _running.cancel()

    def _follow(self, task: SetupTask) -> None:
        self.stop_button.setEnabled(True)
        self.progress_bar.show()
        self._show_step(task.fraction, task.step or tr("Starting…"))
        task.step_changed.connect(self._show_step)
        task.ended.connect(self._setup_ended)
        self._choice_changed()

    def _show_step(self, fraction: float, text: str) -> None:
        self.progress_bar.setValue(round(1000 * fraction))
        # The log begins with the first step.
        self.log_button.setEnabled(setup_log().is_file())
        self._say(text)

    def _setup_ended(self) -> None:
        task = self.sender()
        _forget_running()
        self.progress_bar.hide()
        self.refresh()
        error: Optional[SmartiesError] = task.error
        if error is None:
            self._say(tr("Done. The engine is ready to use."))
            self.environment_ready.emit()
        elif isinstance(error, CancelledError):
            self._say(str(error))
        else:
            self._say("⚠ " + str(error))

    def _look_up(self) -> None:
        task = SetupTask(tr("Look for a GPU"), lambda progress, cancelled: look_up())
        task.ended.connect(self._looked_up)
        task.start()

    def _looked_up(self) -> None:
        found: Optional[Found] = self.sender().result
        if found is None:
            return
        self.gpu_label.setText(found.gpu)
        self.gpu_label.setProperty("usable", found.usable)
        self._options["cuda"][0].setAccessibleDescription(found.gpu)
        if not found.usable and self.choice() == "cuda":
            self.choose("cpu")
        self.remove_button.setText(tr("Delete old environments ({size:.0f} MB)").format(size=found.old_bytes / 1e6))
        self.remove_button.setVisible(found.old_bytes > 0)
        self._choice_changed()

    def _remove_old(self) -> None:
        task = SetupTask(tr("Delete old environments"), lambda progress, cancelled: remove_old())
        task.ended.connect(self._removed)
        self.remove_button.setEnabled(False)
        task.start()

    def _removed(self) -> None:
        error: Optional[SmartiesError] = self.sender().error
        self._say(str(error) if error else tr("The old environments are deleted."))
        self._look_up()

    def _show_log(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(setup_log())))

    def _copy_diagnostics(self) -> None:
        task = SetupTask(tr("Gather diagnostics"), lambda progress, cancelled: diagnostics())
        task.ended.connect(self._diagnostics_ready)
        self.diagnostics_button.setEnabled(False)
        task.start()

    def _diagnostics_ready(self) -> None:
        task = self.sender()
        self.diagnostics_button.setEnabled(True)
        if task.error is None:
            QGuiApplication.clipboard().setText(task.result)
        self._say(str(task.error) if task.error else tr("The diagnostics are on the clipboard."))


def _forget_running() -> None:
    global _running
    _running = None


def _breakable(folder: Path) -> str:
    """The path with places where a label may break it: it must not widen the dialog."""
    return str(folder).replace("/", "/\u200b").replace("\\", "\\\u200b")


def _text(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _link(text: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setAutoRaise(True)
    return button
