"""A list that is as high as its rows, up to five, and whose rows Delete removes."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QEvent, QSize, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QAbstractItemView, QListWidget, QSizePolicy


class ShortList(QListWidget):
    """``remove_pressed`` when the chosen rows are to go."""

    remove_pressed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setUniformItemSizes(True)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """One row at least."""
        rows = min(5, max(1, self.count()))
        row = self.sizeHintForRow(0) if self.count() else self.fontMetrics().lineSpacing() + 4
        return QSize(160, rows * row + 2 * self.frameWidth() + 2)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Narrow enough for a narrow dock."""
        return QSize(80, self.sizeHint().height())

    def event(self, event: Any) -> bool:
        """Keep Delete from QGIS, which would delete features with it."""
        if event.type() == QEvent.Type.ShortcutOverride and event.key() == Qt.Key.Key_Delete:
            event.accept()
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Delete removes."""
        if event.key() == Qt.Key.Key_Delete:
            self.remove_pressed.emit()
        else:
            super().keyPressEvent(event)
