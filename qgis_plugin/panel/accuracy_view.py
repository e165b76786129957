"""How well a head does in places it has not seen: a sentence, a table of the classes, and warnings."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..translation import tr
from .draw_controls import swatch
from .fields import words
from .heads import HeadFile, hundredths, percent

_CLASS, _F1, _IOU, _COUNT = range(4)
#: As many rows are seen without scrolling.
_ROWS = 10


class AccuracyView(QWidget):
    """Shows one head's accuracy; nothing before the first."""

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.headline = words()
        font = self.headline.font()
        font.setBold(True)
        self.headline.setFont(font)
        self.detail = words()
        self.warnings = words()
        self.table = QTreeWidget()
        self.table.setAccessibleName(tr("Accuracy of each class"))
        self.table.setRootIsDecorated(False)
        self.table.setUniformRowHeights(True)
        self.table.setAlternatingRowColors(True)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.table.setFrameShape(QFrame.Shape.StyledPanel)
        self.table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.table.setMinimumWidth(40)
        self.table.setHeaderLabels([tr("Class"), tr("F1 %"), tr("IoU %"), tr("n")])
        tips = (
            "",
            tr("How right the class is, missed and wrongly found places counted alike: 100 % is perfect"),
            tr("The part that map and labels share of what either calls so: 100 % is perfect"),
            tr("Polygons, or blocks of a raster, that are labelled so"),
        )
        header = self.table.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(24)
        for column, tip in enumerate(tips):
            self.table.headerItem().setToolTip(column, tip)
            mode = QHeaderView.ResizeMode.Stretch if column == _CLASS else QHeaderView.ResizeMode.ResizeToContents
            header.setSectionResizeMode(column, mode)
            if column != _CLASS:
                self.table.headerItem().setTextAlignment(column, Qt.AlignmentFlag.AlignRight)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for widget in (self.headline, self.detail, self.table, self.warnings):
            layout.addWidget(widget)

    def show_head(self, head: HeadFile, more_warnings: List[str]) -> None:
        """Show what is known of a head."""
        accuracy = head.accuracy
        warnings = [str(each) for each in (accuracy or {}).get("warnings") or ()]
        warnings += [each for each in more_warnings if each not in warnings]
        self.warnings.setText("\n".join(f"⚠ {warning}" for warning in warnings))
        self.warnings.setVisible(bool(warnings))
        self.table.clear()
        self.table.setVisible(accuracy is not None)
        if accuracy is None or head.overall is None:
            self.headline.setText(tr("The accuracy was not measured."))
            self.detail.setVisible(False)
        else:
            self.headline.setText(tr("{share} right in places held back").format(share=percent(head.overall)))
            self.detail.setText(_detail(accuracy))
            self.detail.setVisible(True)
        for each in (accuracy or {}).get("per_class") or ():
            self.table.addTopLevelItem(_row(each))
        rows = min(_ROWS, max(1, self.table.topLevelItemCount()))
        height = self.table.sizeHintForRow(0) if self.table.topLevelItemCount() else self.fontMetrics().height() + 4
        self.table.setFixedHeight(
            self.table.header().sizeHint().height() + rows * (height + 1) + 2 * self.table.frameWidth()
        )


def _detail(accuracy: Mapping[str, Any]) -> str:
    parts = []
    for key, text in (("mean_f1", tr("mean F1 {share}")), ("mean_iou", tr("mean IoU {share}"))):
        if accuracy.get(key) is not None:
            parts.append(text.format(share=percent(accuracy[key])))
    by = tr("polygons") if accuracy.get("grouped_by") == "polygon" else tr("blocks of the labels")
    parts.append(tr("cross-validated in {folds} parts by {groups}").format(folds=accuracy.get("folds"), groups=by))
    return ", ".join(parts)


def _row(measured: Mapping[str, Any]) -> QTreeWidgetItem:
    name = str(measured.get("name"))
    item = QTreeWidgetItem([name, _share(measured.get("f1")), _share(measured.get("iou")), str(measured.get("groups"))])
    item.setIcon(_CLASS, swatch(str(measured.get("colour"))))
    item.setToolTip(_CLASS, name)
    unknown = tr("Not measured: there are too few labels of this class")
    details = [
        (tr("Precision {share}"), measured.get("precision")),
        (tr("Recall {share}"), measured.get("recall")),
    ]
    known = [text.format(share=percent(value)) for text, value in details if value is not None]
    for column in (_F1, _IOU, _COUNT):
        item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight)
        item.setToolTip(column, ", ".join(known) or unknown)
    return item


def _share(value: Any) -> str:
    """In hundredths, without the sign that stands in the heading: names need the room."""
    return hundredths(value) if isinstance(value, (int, float)) else "–"
