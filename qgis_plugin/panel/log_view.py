"""The log of the panel: every note, warning and error of its runs, with the time."""

from __future__ import annotations

import html
from typing import Optional

from qgis.PyQt.QtCore import QTime, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ..translation import tr

#: Older lines are dropped.
MAX_LINES = 5000


class LogView(QWidget):
    """Lines of text that can be copied, and buttons for the rest of what helps to find an error."""

    open_log_folder = pyqtSignal()
    copy_diagnostics = pyqtSignal()

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setMaximumBlockCount(MAX_LINES)
        self.text.setAccessibleName(tr("Log"))
        self.text.setPlaceholderText(tr("Notes, warnings and errors of a run appear here."))
        buttons = QHBoxLayout()
        for label, tip, slot in (
            (tr("Copy"), tr("Copy the log"), self._copy),
            (tr("Clear"), tr("Empty the log"), self.text.clear),
            (tr("Folder"), tr("Open the folder of the engine's log files"), self.open_log_folder),
            (
                tr("Diagnostics"),
                tr("Copy versions, devices and logs, without names or folders of yours"),
                self.copy_diagnostics,
            ),
        ):
            button = QPushButton(label)
            button.setToolTip(tip)
            button.clicked.connect(lambda _checked=False, slot=slot: slot.emit() if hasattr(slot, "emit") else slot())
            button.setMinimumWidth(20)
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self.text)
        layout.addLayout(buttons)

    def add(self, text: str, kind: str = "info") -> None:
        """Add a line; ``kind`` is "info", "warning" or "error"."""
        shown = html.escape(text).replace("\n", "<br>")
        if kind == "warning":
            shown = f"<b>{html.escape(tr('Note:'))}</b> {shown}"
        elif kind == "error":
            shown = f"<b>{html.escape(tr('Error:'))} {shown}</b>"
        self.text.appendHtml(f"{QTime.currentTime().toString('HH:mm:ss')} &nbsp;{shown}")

    def _copy(self) -> None:
        QApplication.clipboard().setText(self.text.toPlainText())
