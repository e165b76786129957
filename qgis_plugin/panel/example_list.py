"""The examples of the tab «Similar»: picked on the map, taken from a selection, kept in a list."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional

from qgis.core import Qgis, QgsApplication, QgsPointXY, QgsVectorLayer
from qgis.PyQt.QtCore import QPointF, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from qgis.PyQt.QtWidgets import (
    QHBoxLayout,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ..translation import tr
from .examples import Example, clicked, example_of_state, selected_features
from .fields import words
from .message import show_note
from .pick_tool import MARK_COLOURS, ExampleMarks, PickTool
from .short_list import ShortList


class ExampleList(QWidget):
    """``changed`` when other examples hold. The marks are on the map while the list is seen."""

    changed = pyqtSignal()

    def __init__(self, iface: Any, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self._iface = iface
        self._canvas = iface.mapCanvas()
        self._examples: List[Example] = []
        self._tool: Optional[PickTool] = None
        self._tool_before: Any = None
        self._marks = ExampleMarks(self._canvas)
        self.pick_button = QPushButton(tr("Pick on the map"))
        self.pick_button.setIcon(QgsApplication.getThemeIcon("/mActionCapturePoint.svg"))
        self.pick_button.setCheckable(True)
        self.pick_button.setToolTip(tr("Click what you look for; with Shift, what you do not. Escape ends it."))
        self.pick_button.clicked.connect(self._pick)
        self.selection_menu = QMenu(self)
        like = self.selection_menu.addAction(tr("As what I look for"))
        unlike = self.selection_menu.addAction(tr("As what I do not look for"))
        like.triggered.connect(lambda: self.add_selection(True))
        unlike.triggered.connect(lambda: self.add_selection(False))
        self.selection_button = QPushButton(tr("Selection"))
        self.selection_button.setToolTip(tr("Take the selected features of the active layer as examples"))
        self.selection_button.setMenu(self.selection_menu)
        self.hint = words(tr("Click: what you look for. Shift+click: what you do not."))
        self.view = ShortList()
        self.view.hide()
        self.view.setAccessibleName(tr("Examples"))
        self.view.remove_pressed.connect(self.remove_chosen)
        self.remove_button = QPushButton(tr("Remove"))
        self.remove_button.setToolTip(tr("Remove the chosen examples (Delete)"))
        self.remove_button.clicked.connect(self.remove_chosen)
        self.clear_button = QPushButton(tr("Clear"))
        self.clear_button.setToolTip(tr("Remove all examples"))
        self.clear_button.clicked.connect(lambda: self.set_examples([]))
        top = QHBoxLayout()
        top.addWidget(self.pick_button, 1)
        top.addWidget(self.selection_button)
        bottom = QHBoxLayout()
        bottom.addWidget(self.remove_button)
        bottom.addWidget(self.clear_button)
        bottom.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(self.hint)
        layout.addWidget(self.view)
        layout.addLayout(bottom)
        self._canvas.destinationCrsChanged.connect(self._mark)
        self._refresh_buttons()

    @property
    def examples(self) -> List[Example]:
        """All examples, in their order."""
        return list(self._examples)

    @property
    def picking(self) -> bool:
        """Whether clicks on the map are examples now."""
        return self._tool is not None

    def set_examples(self, examples: List[Example]) -> None:
        """Show these instead of those shown."""
        self._examples = list(examples)
        self.view.clear()
        for example in self._examples:
            item = QListWidgetItem(_mark_icon(example.positive), example.text())
            kind = tr("What is looked for") if example.positive else tr("What is not looked for")
            item.setToolTip(f"{kind}: {example.text()}")
            self.view.addItem(item)
        self.view.updateGeometry()
        self._refresh_buttons()
        self._mark()
        self.changed.emit()

    def remove_chosen(self) -> None:
        """Remove the examples chosen in the list, the last one where none is."""
        rows = {self.view.row(item) for item in self.view.selectedItems()} or {len(self._examples) - 1}
        self.set_examples([each for row, each in enumerate(self._examples) if row not in rows])

    def add_selection(self, positive: bool) -> None:
        """Take the selected features of QGIS's active layer."""
        layer = self._iface.activeLayer()
        found = selected_features(layer, positive) if isinstance(layer, QgsVectorLayer) else []
        if not found:
            show_note(
                self._iface,
                tr("Nothing is selected: choose a vector layer in the Layers panel, and select features in it."),
                Qgis.MessageLevel.Warning,
            )
            return
        self.set_examples([*self._examples, *found])

    def close_tool(self) -> None:
        """Give the map its former tool back."""
        tool, self._tool = self._tool, None
        self.pick_button.setChecked(False)
        if tool is None:
            return
        if self._canvas.mapTool() is tool:
            if self._tool_before is not None:
                self._canvas.setMapTool(self._tool_before)
            else:
                self._canvas.unsetMapTool(tool)
        self._tool_before = None
        tool.deleteLater()

    def close_list(self) -> None:
        """Leave nothing on the map."""
        self.close_tool()
        self._marks.clear()
        self._canvas.destinationCrsChanged.disconnect(self._mark)

    def state(self) -> Dict[str, Any]:
        """What the project keeps."""
        return {"examples": [example.state() for example in self._examples]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what ``state`` gave."""
        kept = state.get("examples")
        found = [example_of_state(each) for each in kept] if isinstance(kept, list) else []
        self.set_examples([each for each in found if each is not None])

    def showEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """The marks belong to this list."""
        super().showEvent(event)
        self._mark()

    def hideEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Another tab is in front, or the panel is closed; a window that is made small keeps its tool."""
        super().hideEvent(event)
        if not event.spontaneous():
            self.close_tool()
            self._marks.clear()

    def _mark(self) -> None:
        if self.isVisible():
            self._marks.show(self._examples)

    def _refresh_buttons(self) -> None:
        for widget in (self.view, self.remove_button, self.clear_button):
            widget.setVisible(bool(self._examples))

    def _pick(self, checked: bool) -> None:
        if not checked:
            self.close_tool()
            return
        tool = PickTool(self._canvas)
        tool.picked.connect(self._picked)
        tool.left.connect(self.close_tool)
        tool.deactivated.connect(self._tool_gone)
        self._tool_before = self._canvas.mapTool()
        self._tool = tool
        self._canvas.setMapTool(tool)

    def _tool_gone(self) -> None:
        """Somebody took another tool."""
        self._tool_before = None
        tool, self._tool = self._tool, None
        self.pick_button.setChecked(False)
        if tool is not None:
            tool.deleteLater()

    def _picked(self, point: QgsPointXY, positive: bool) -> None:
        crs = self._canvas.mapSettings().destinationCrs()
        self.set_examples([*self._examples, clicked(point, crs, positive)])
        self.view.scrollToBottom()


def _mark_icon(positive: bool) -> QIcon:
    """The mark as it is on the map: a disc for, a cross against."""
    pixmap = QPixmap(14, 14)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    colour = QColor(MARK_COLOURS[positive])
    if positive:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(QPointF(7, 7), 4.5, 4.5)
    else:
        painter.setPen(QPen(colour, 2.4))
        painter.drawLine(QPointF(3, 3), QPointF(11, 11))
        painter.drawLine(QPointF(3, 11), QPointF(11, 3))
    painter.end()
    return QIcon(pixmap)
