"""The foot of the panel: what the run will cost, how far it is, and the buttons that start and stop it."""

from __future__ import annotations

from typing import Optional

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..translation import tr
from .fields import words


class RunBar(QWidget):
    """Signals what was pressed; shows what it is told."""

    run = pyqtSignal()
    cancel = pyqtSignal()
    copy_command = pyqtSignal()
    copy_python = pyqtSignal()
    set_up = pyqtSignal()

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.plan = words()
        self.plan.setAccessibleName(tr("Plan of the run"))
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setMaximumHeight(self.fontMetrics().height())
        self.step = words()
        self.run_button = QPushButton(tr("Run"))
        self._tip = ""
        self.run_button.clicked.connect(self.run)
        self.cancel_button = QPushButton(tr("Cancel"))
        self.cancel_button.clicked.connect(self.cancel)
        self.copy_button = QPushButton()
        self.copy_button.setText(tr("Copy as"))
        self.copy_button.setToolTip(tr("Copy this run as a command or as Python"))
        menu = QMenu(self)
        menu.addAction(tr("Copy as qgis_process command")).triggered.connect(self.copy_command)
        menu.addAction(tr("Copy as Python")).triggered.connect(self.copy_python)
        self.copy_button.setMenu(menu)
        self.badge = QToolButton()
        self.badge.setAutoRaise(True)
        # Only beside an icon, even an absent one, a text stands at the left.
        self.badge.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.badge.setAccessibleName(tr("Device and precision; opens the set-up of the engine"))
        self.badge.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.badge.setStyleSheet("QToolButton { border: none; text-align: left; padding: 1px; }")
        self.badge.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.badge.clicked.connect(self.set_up)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(0, 0, 0, 0)
        buttons.addWidget(self.run_button, 1)
        buttons.addWidget(self.cancel_button, 1)
        buttons.addWidget(self.copy_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 4)
        layout.setSpacing(3)
        layout.addWidget(self.plan)
        layout.addWidget(self.progress)
        layout.addWidget(self.step)
        layout.addLayout(buttons)
        layout.addWidget(self.badge)
        self._badge_text = ""
        self.set_running(False)

    def set_badge(self, text: str) -> None:
        """Show device and precision."""
        self._badge_text = text
        self._elide_badge()

    def set_plan(self, text: str, waiting: bool = False) -> None:
        """Show what the run will cost; ``waiting``: a newer plan is being made."""
        self.plan.setText(text)
        self.plan.setVisible(bool(text))
        self.plan.setEnabled(not waiting)

    def set_task(self, verb: str, tip: str) -> None:
        """Say what Run does."""
        self.run_button.setText(verb)
        self._tip = tip

    def set_runnable(self, runnable: bool, reason: str = "") -> None:
        """Offer Run or not; the tooltip says why not."""
        self.run_button.setEnabled(runnable)
        self.run_button.setToolTip(tr("{task} (Ctrl+Return)").format(task=self._tip) if runnable else reason)
        self.copy_button.setEnabled(runnable)

    def set_running(self, running: bool) -> None:
        """Show progress and Cancel while a run is under way."""
        self.progress.setVisible(running)
        self.step.setVisible(running)
        self.cancel_button.setVisible(running)
        self.cancel_button.setEnabled(running)
        self.cancel_button.setText(tr("Cancel"))
        self.run_button.setVisible(not running)
        self.progress.setValue(0)
        self.set_step("")

    def set_cancelling(self) -> None:
        """Say that the run was told to stop."""
        self.cancel_button.setEnabled(False)
        self.cancel_button.setText(tr("Cancelling…"))

    def set_progress(self, percent: float) -> None:
        """Show how far the run is, 0 to 100."""
        self.progress.setValue(round(10 * percent))

    def set_step(self, text: str) -> None:
        """Show what is being done, and the time left."""
        self.step.setText(text or " ")

    def resizeEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Fit the badge into the new width."""
        super().resizeEvent(event)
        self._elide_badge()

    def _elide_badge(self) -> None:
        metrics = self.badge.fontMetrics()
        room = max(60, self.width() - 16)
        text = tr("Engine: {state}").format(state=self._badge_text)
        self.badge.setText(metrics.elidedText(text, Qt.TextElideMode.ElideRight, room))
        self.badge.setToolTip(tr("{state}. Click to set up the engine.").format(state=text))
