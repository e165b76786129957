"""Editors of the band table's cells. One whose value is impossible stays open, bordered in red, until it is mended."""

from __future__ import annotations

from typing import Any, Optional

from qgis.PyQt.QtCore import QAbstractItemModel, QEvent, QModelIndex, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QKeyEvent, QPalette
from qgis.PyQt.QtWidgets import (
    QAbstractItemDelegate,
    QAbstractItemView,
    QComboBox,
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QToolTip,
    QWidget,
)

from ...engine.spectrum import LAYERS
from ...engine.spectrum.bands import POLARISATIONS
from ..translation import tr
from .band_columns import Column
from .band_table_model import BandTableModel
from .band_units import range_text
from .verdict_style import OUTSIDE, verdict_color

_REFUSED = "smarties_refused"


class BandDelegate(QStyledItemDelegate):
    """Line editors for texts, lists for polarisations and layers."""

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: QModelIndex) -> QWidget:  # noqa: N802
        """The editor of a cell."""
        column = index.column()
        if column not in (Column.POLARISATION, Column.LAYER):
            editor = QLineEdit(parent)
            editor.setFrame(True)
            editor.textEdited.connect(
                lambda text: mark_refused(editor, _problem(index, text) if _is_marked(editor) else "")
            )
            return editor
        combo = QComboBox(parent)
        if column == Column.POLARISATION:
            combo.addItem(tr("none"), "")
            for polarisation in POLARISATIONS:
                combo.addItem(polarisation, polarisation)
        else:
            combo.addItem(tr("Automatic, by wavelength"), "")
            for layer in LAYERS:
                limits = range_text(layer.min_nm, layer.max_nm)
                combo.addItem(f"{layer.key}  ({layer.sensor} {layer.sensor_band}, {limits})", layer.key)
        # A choice is made by picking; no second keystroke is needed.
        combo.activated.connect(lambda _row: self._finish(combo))
        combo.view().setMinimumWidth(combo.view().sizeHintForColumn(0) + 24)
        return combo

    def setEditorData(self, editor: QWidget, index: QModelIndex) -> None:  # noqa: N802
        """Show the value that stands; not over what a person is mending."""
        if _is_marked(editor):
            return
        value = index.data(Qt.ItemDataRole.EditRole)
        if isinstance(editor, QComboBox):
            editor.setCurrentIndex(max(0, editor.findData(value)))
        elif isinstance(editor, QLineEdit) and not editor.isModified():
            editor.setText(value)
            editor.selectAll()

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: QModelIndex) -> None:  # noqa: N802
        """Give the model what was entered; mark the editor where the model refuses it."""
        if isinstance(editor, QComboBox):
            model.setData(index, editor.currentData(), Qt.ItemDataRole.EditRole)
        elif isinstance(editor, QLineEdit):
            taken = model.setData(index, editor.text(), Qt.ItemDataRole.EditRole)
            mark_refused(editor, "" if taken else _problem(index, editor.text()))

    def updateEditorGeometry(  # noqa: N802
        self, editor: QWidget, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """The cell, widened to what the editor needs: a narrow column must not hide a value being typed."""
        rectangle = option.rect
        wanted = 110 if isinstance(editor, QLineEdit) else 60
        rectangle.setWidth(max(rectangle.width(), editor.fontMetrics().averageCharWidth() * 8 + wanted // 2))
        editor.setGeometry(rectangle)

    def _finish(self, editor: QWidget) -> None:
        self.commitData.emit(editor)
        self.closeEditor.emit(editor, QAbstractItemDelegate.EndEditHint.NoHint)


class BandGrid(QTableView):
    """The table itself: keys of a spreadsheet, and an editor that waits while its value is impossible."""

    paste_asked = pyqtSignal()
    copy_asked = pyqtSignal()
    refusal_ended = pyqtSignal()

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.setItemDelegate(BandDelegate(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        triggers = QAbstractItemView.EditTrigger
        self.setEditTriggers(triggers.DoubleClicked | triggers.EditKeyPressed | triggers.AnyKeyPressed)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        # Tab leaves the table, or the keyboard would be caught in it; arrows go from cell to cell.
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setAccessibleName(tr("Bands"))
        self.verticalHeader().hide()
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

    def commitData(self, editor: QWidget) -> None:  # noqa: N802
        """Take an editor's value; whoever listens learns when a refusal has ended."""
        was_refused = _is_marked(editor)
        super().commitData(editor)
        if was_refused and not _is_marked(editor):
            self.refusal_ended.emit()

    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:  # noqa: N802
        """Close an editor, unless its value was refused: then it keeps the keyboard. Escape always closes."""
        if _is_marked(editor) and hint != QAbstractItemDelegate.EndEditHint.RevertModelCache:
            QTimer.singleShot(0, self._focus_refused)
            return
        was_refused = _is_marked(editor)
        hints = QAbstractItemDelegate.EndEditHint
        step = {hints.EditNextItem: 1, hints.EditPreviousItem: -1}.get(hint, 0)
        super().closeEditor(editor, hints.NoHint if step else hint)
        if was_refused:
            self.refusal_ended.emit()
        if step:
            self._edit_beside(step)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Space switches all chosen bands, F2 and Enter edit, Ctrl+C and Ctrl+V copy and paste."""
        key, plain = event.key(), event.modifiers() == Qt.KeyboardModifier.NoModifier
        control = event.modifiers() == Qt.KeyboardModifier.ControlModifier
        if key == Qt.Key.Key_Space and plain:
            self.switch_chosen()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2) and plain and self.currentIndex().isValid():
            self._edit_current()
        elif key == Qt.Key.Key_V and control:
            self.paste_asked.emit()
        elif key == Qt.Key.Key_C and control:
            self.copy_asked.emit()
        else:
            super().keyPressEvent(event)

    def chosen_rows(self) -> list[int]:
        """The rows that are selected, in order."""
        return sorted(index.row() for index in self.selectionModel().selectedRows())

    def switch_chosen(self) -> None:
        """Switch the chosen bands on, or off where the current one is on."""
        model, index = self.model(), self.currentIndex()
        if isinstance(model, BandTableModel) and index.isValid():
            rows = self.chosen_rows() or [index.row()]
            model.switch(not model.bands[index.row()].enabled, rows)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Rows fit the font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self.fit_rows()

    def fit_rows(self) -> None:
        """Rows as high as a line of text needs."""
        height = self.fontMetrics().height() + max(6, self.fontMetrics().height() // 3)
        self.verticalHeader().setMinimumSectionSize(height)
        self.verticalHeader().setDefaultSectionSize(height)

    def _edit_beside(self, step: int) -> None:
        """Edit the next cell that can be edited and is shown, over the ends of rows; none after the last."""
        model, index = self.model(), self.currentIndex()
        columns = model.columnCount()
        place = index.row() * columns + index.column() + step
        while 0 <= place < model.rowCount() * columns:
            beside = model.index(place // columns, place % columns)
            if beside.flags() & Qt.ItemFlag.ItemIsEditable and not self.isColumnHidden(beside.column()):
                self.setCurrentIndex(beside)
                self.edit(beside)
                return
            place += step

    def _focus_refused(self) -> None:
        # Looked up anew: by now the editor may be gone with its layer.
        for editor in self.viewport().findChildren(QLineEdit):
            if _is_marked(editor) and editor.isVisible():
                editor.setFocus()

    def _edit_current(self) -> None:
        index = self.currentIndex()
        if self.state() == QAbstractItemView.State.EditingState:
            return
        if index.flags() & Qt.ItemFlag.ItemIsEditable:
            self.edit(index)
        elif index.column() == Column.ON:
            self.switch_chosen()
        elif index.column() in (Column.NUMBER, Column.VERDICT):
            # What a person wants to change there is the wavelength.
            self.setCurrentIndex(index.siblingAtColumn(Column.CENTRE))
            self.edit(self.currentIndex())


def mark_refused(editor: QLineEdit, problem: str) -> None:
    """Border an editor in red and put the sentence in its tooltip; take both away for ""."""
    editor.setProperty(_REFUSED, bool(problem))
    editor.setToolTip(problem)
    if problem and editor.isVisible():
        QToolTip.showText(editor.mapToGlobal(editor.rect().bottomLeft()), problem, editor)
    color = verdict_color(OUTSIDE, editor.palette()).name()
    base = editor.palette().color(QPalette.ColorRole.Base).name()
    editor.setStyleSheet(f"QLineEdit {{ border: 2px solid {color}; background: {base}; }}" if problem else "")


def _is_marked(editor: QWidget) -> bool:
    return bool(editor.property(_REFUSED))


def _problem(index: QModelIndex, text: str) -> str:
    model: Any = index.model()
    return model.problem_with(index, text) if isinstance(model, BandTableModel) else ""
