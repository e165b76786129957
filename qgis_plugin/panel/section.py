"""A part of the panel under a heading that folds it away."""

from __future__ import annotations

from typing import Optional

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QSizePolicy, QToolButton, QVBoxLayout, QWidget


class Section(QWidget):
    """A heading with an arrow, and a widget below it that the heading shows and hides."""

    toggled = pyqtSignal(bool)

    def __init__(self, title: str, content: QWidget, parent: Optional[QWidget] = None, unfolded: bool = True) -> None:
        super().__init__(parent)
        self.content = content
        self._heading = QToolButton()
        self._heading.setAutoRaise(True)
        self._heading.setCheckable(True)
        self._heading.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._heading.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._heading.setStyleSheet("QToolButton { border: none; font-weight: bold; text-align: left; padding: 2px; }")
        self._heading.toggled.connect(self._show)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._heading)
        layout.addWidget(content)
        self.set_title(title)
        self.set_unfolded(unfolded)
        self._show(unfolded)

    def set_title(self, title: str) -> None:
        """Show this heading."""
        self._title = title
        self._elide()

    @property
    def unfolded(self) -> bool:
        """Whether the content is shown."""
        return self._heading.isChecked()

    def set_unfolded(self, unfolded: bool) -> None:
        """Show or hide the content."""
        self._heading.setChecked(unfolded)

    def resizeEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Cut a long heading in its middle to the new width."""
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        font = self._heading.font()
        font.setBold(True)
        room = max(60, self.width() - 2 * self._heading.iconSize().width() - 8)
        metrics = self._heading.fontMetrics()
        # A bold text is about a tenth wider than the metrics of the plain font say.
        text = metrics.elidedText(self._title, Qt.TextElideMode.ElideMiddle, int(room * 0.9))
        # An ampersand in a layer's name is no mnemonic.
        self._heading.setText(text.replace("&", "&&"))
        self._heading.setToolTip(self._title if text != self._title else "")
        self._heading.setAccessibleName(self._title)

    def _show(self, unfolded: bool) -> None:
        self._heading.setArrowType(Qt.ArrowType.DownArrow if unfolded else Qt.ArrowType.RightArrow)
        self.content.setVisible(unfolded)
        self.toggled.emit(unfolded)
