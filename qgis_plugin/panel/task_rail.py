"""The tabs of the panel: icons one below the other at the left, as in QGIS's Layer Styling panel."""

from __future__ import annotations

from typing import Optional

from qgis.PyQt.QtCore import QModelIndex, QRect, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QIcon, QPainter, QPalette
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from ..translation import tr

_ICON = 22
_ROW = 34
#: The bar at the edge of the page in front.
_BAR = 3


class TaskRail(QWidget):
    """A page per task; ``changed`` when another one is in front."""

    changed = pyqtSignal()

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Tasks"))
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setIconSize(QSize(_ICON, _ICON))
        self.list.setFixedWidth(_ROW)
        self.list.setItemDelegate(_RailDelegate(self.list))
        # On the window's own ground, as a tool bar.
        self.list.viewport().setAutoFillBackground(False)
        self.list.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.pages = QStackedWidget()
        # A page that is not in front must not widen the dock.
        self.pages.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        edge = QFrame()
        edge.setFrameShape(QFrame.Shape.VLine)
        edge.setFrameShadow(QFrame.Shadow.Plain)
        edge.setForegroundRole(QPalette.ColorRole.Mid)
        edge.setFixedWidth(1)
        layout.addWidget(self.list)
        layout.addWidget(edge)
        layout.addWidget(self.pages, 1)
        self.list.currentRowChanged.connect(self._show)

    def addTab(self, page: QWidget, icon: QIcon, title: str) -> None:  # noqa: N802 - as QTabWidget has it
        """Add a page below the others."""
        item = QListWidgetItem(icon, "")
        item.setToolTip(title)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, title)
        item.setSizeHint(QSize(_ROW, _ROW))
        self.pages.addWidget(page)
        self.list.addItem(item)
        if self.list.count() == 1:
            self.list.setCurrentRow(0)

    def currentWidget(self) -> QWidget:  # noqa: N802 - as QTabWidget has it
        """The page in front."""
        return self.pages.currentWidget()

    def setCurrentWidget(self, page: QWidget) -> None:  # noqa: N802 - as QTabWidget has it
        """Bring a page to the front."""
        self.list.setCurrentRow(self.pages.indexOf(page))

    def _show(self, row: int) -> None:
        if row < 0:
            return
        self.pages.setCurrentIndex(row)
        self.changed.emit()


class _RailDelegate(QStyledItemDelegate):
    """An icon in its own colours in the middle of its row; the one in front with a bar at its edge."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Draw a row."""
        highlight = QColor(option.palette.color(QPalette.ColorRole.Highlight))
        in_front = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        if in_front or hovered:
            ground = QColor(highlight)
            ground.setAlpha(64 if in_front else 32)
            painter.fillRect(option.rect, ground)
        if in_front:
            painter.fillRect(QRect(option.rect.topLeft(), QSize(_BAR, option.rect.height())), highlight)
        place = QRect(0, 0, _ICON, _ICON)
        place.moveCenter(option.rect.center())
        icon: QIcon = index.data(Qt.ItemDataRole.DecorationRole)
        icon.paint(painter, place)
        if option.state & QStyle.StateFlag.State_HasFocus and option.state & QStyle.StateFlag.State_KeyboardFocusChange:
            painter.setPen(highlight)
            painter.drawRect(option.rect.adjusted(0, 0, -1, -1))
