"""What stands where the panel would be useless: the engine is not set up, and the button that changes this."""

from __future__ import annotations

from typing import Optional

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QFrame, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from ..translation import tr
from .fields import words


class SetupCard(QFrame):
    """A sentence and a button; ``set_up`` when it is pressed."""

    set_up = pyqtSignal()

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.text = words()
        self.button = QPushButton(tr("Set up the engine…"))
        self.button.clicked.connect(self.set_up)
        layout = QVBoxLayout(self)
        layout.addWidget(self.text)
        layout.addWidget(self.button)

    def show_state(self, kind: str, text: str) -> None:
        """Show what is wrong with the engine; nothing while it is ready."""
        self.setVisible(kind != "ready")
        if kind == "missing":
            text = tr("SMARTIES computes in a Python environment of its own, beside QGIS.") + f" {text}"
        self.button.setText(tr("Update the engine…") if kind == "outdated" else tr("Set up the engine…"))
        self.text.setText(text)
