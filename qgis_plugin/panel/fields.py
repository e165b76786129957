"""Form fields that stay usable in a narrow dock."""

from __future__ import annotations

from typing import Any, Optional, Sequence, Tuple

from qgis.PyQt.QtCore import QEvent, QObject, Qt
from qgis.PyQt.QtWidgets import QAbstractSpinBox, QComboBox, QFormLayout, QLabel, QSizePolicy, QWidget

#: What is stored, and what is shown.
Option = Tuple[Any, str]


class _WheelGuard(QObject):
    """Leaves the wheel to the scroll area unless the field has the focus: scrolling must not change settings."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Swallow a wheel turn over a field without focus."""
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


def guard_wheel(field: QWidget) -> None:
    """Let the wheel scroll past the field."""
    guard = _WheelGuard(field)
    field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    field.installEventFilter(guard)


def combo(name: str, options: Sequence[Option], tip: str = "") -> QComboBox:
    """A combo box that may be narrower than its longest text."""
    box = QComboBox()
    narrow(box)
    box.setAccessibleName(name)
    for value, text in options:
        box.addItem(text, value)
    if tip:
        box.setToolTip(tip)
    guard_wheel(box)
    return box


def narrow(box: QComboBox) -> None:
    """Let a combo box shrink to a few letters."""
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(6)
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)


def spin(box: QAbstractSpinBox, name: str, tip: str = "") -> QAbstractSpinBox:
    """A spin box dressed for a form."""
    box.setAccessibleName(name)
    box.setToolTip(tip)
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    box.setMinimumWidth(60)
    guard_wheel(box)
    return box


def select(box: QComboBox, value: Any) -> bool:
    """Choose the option that stores ``value``; False where there is none."""
    index = box.findData(value)
    if index >= 0:
        box.setCurrentIndex(index)
    return index >= 0


def form(parent: Optional[QWidget] = None) -> QFormLayout:
    """A form whose fields move below their labels where there is no room beside them."""
    layout = QFormLayout()
    if parent is not None:
        parent.setLayout(layout)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
    layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
    layout.setVerticalSpacing(4)
    return layout


def words(text: str = "") -> QLabel:
    """A sentence that wraps, can be selected with the mouse, and never widens the panel."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setMinimumWidth(40)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return label
