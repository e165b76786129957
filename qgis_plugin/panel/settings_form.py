"""A form of settings that are Processing parameters: read, kept in the project, and taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, Mapping, Optional, Sequence, Tuple

from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QCheckBox, QLineEdit, QSpinBox, QWidget

from ..translation import tr
from .fields import Option, combo, form, select, spin

#: A setting: how it is read, how it is set.
Access = Tuple[Callable[[], Any], Callable[[Any], Any]]

#: The suffixes of a raster that is written.
GEOTIFF = (".tif", ".tiff")


class SettingsForm(QWidget):
    """Fields by the names of their Processing parameters; None leaves a parameter out."""

    changed = pyqtSignal()

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.form = form(self)
        self._access: Dict[str, Access] = {}
        self._defaults: Dict[str, Any] = {}
        #: What the project keeps where it is not what a run gets.
        self._kept: Dict[str, Callable[[], Any]] = {}

    def parameters(self) -> Dict[str, Any]:
        """What differs from nothing said."""
        values = {name: read() for name, (read, _) in self._access.items()}
        return {name: value for name, value in values.items() if value is not None}

    def state(self) -> Dict[str, Any]:
        """What the project keeps."""
        return {name: self._kept.get(name, read)() for name, (read, _) in self._access.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what ``state`` gave; a value that does not fit gives way to the default."""
        for name, (_, write) in self._access.items():
            try:
                write(state.get(name, self._defaults[name]))
            except (TypeError, ValueError, OverflowError):
                write(self._defaults[name])

    def _add_choice(self, name: str, label: str, options: Sequence[Option], tip: str = "") -> Any:
        box = combo(label, options, tip)
        box.currentIndexChanged.connect(lambda _index: self.changed.emit())
        self._add(name, label, box, box.currentData, lambda value: select(box, value) or box.setCurrentIndex(0))
        return box

    def _add_file(self, name: str, label: str, save: bool, file_filter: str, hint: str = "") -> Any:
        field = QgsFileWidget()
        field.setStorageMode(QgsFileWidget.StorageMode.SaveFile if save else QgsFileWidget.StorageMode.GetFile)
        field.setFilter(file_filter)
        field.setDialogTitle(label)
        field.setAccessibleName(label)
        if hint:
            field.lineEdit().setPlaceholderText(hint)
        field.lineEdit().setMinimumWidth(40)
        field.fileChanged.connect(lambda _path: self.changed.emit())
        self._add(
            name,
            label,
            field,
            lambda: field.filePath().strip() or None,
            lambda path: field.setFilePath(str(path or "")),
        )
        return field

    def _add_output(self, name: str, label: str, file_filter: str, suffixes: Tuple[str, ...], hint: str = "") -> Any:
        """A file to write, a temporary one where none is named; the first suffix is added to a name without one."""
        field = self._add_file(name, label, True, file_filter, hint or tr("Temporary file"))
        self._access[name] = (lambda: with_suffix(field.filePath(), suffixes), self._access[name][1])
        self._kept[name] = lambda: field.filePath().strip() or None
        return field

    def _add_text(self, name: str, label: str, hint: str, tip: str = "") -> Any:
        field = QLineEdit()
        field.setAccessibleName(label)
        field.setPlaceholderText(hint)
        field.setToolTip(tip)
        field.setMinimumWidth(40)
        field.textChanged.connect(lambda _text: self.changed.emit())
        self._add(name, label, field, lambda: field.text().strip() or None, lambda text: field.setText(str(text or "")))
        return field

    def _add_flag(self, name: str, label: str, text: str, checked: bool = False, tip: str = "") -> Any:
        box = QCheckBox(text)
        box.setAccessibleName(f"{label}: {text}" if label else text)
        box.setChecked(checked)
        box.setToolTip(tip)
        box.setMinimumWidth(40)
        box.toggled.connect(lambda _on: self.changed.emit())
        # What is off unless somebody says so is left out of a run.
        self._add(
            name,
            label,
            box,
            lambda: box.isChecked() or (False if checked else None),
            lambda on: box.setChecked(bool(on)),
        )
        return box

    def _add_number(
        self,
        name: str,
        label: str,
        limits: Tuple[int, int],
        value: int,
        tip: str = "",
        suffix: str = "",
        none: str = "",
    ) -> Any:
        """A whole number; with ``none`` the least of the limits stands for none, in these words."""
        box = spin(QSpinBox(), label, tip)
        box.setRange(*limits)
        box.setSuffix(suffix)
        box.setSpecialValueText(none)
        box.setValue(value)
        box.valueChanged.connect(lambda _value: self.changed.emit())

        def read() -> Optional[int]:
            return None if none and box.value() == limits[0] else int(box.value())

        self._add(name, label, box, read, lambda number: box.setValue(limits[0] if number is None else int(number)))
        return box

    def _add(self, name: str, label: str, field: QWidget, read: Callable[[], Any], write: Callable[[Any], Any]) -> None:
        if label:
            self.form.addRow(label, field)
        else:
            self.form.addRow(field)
        self._access[name] = (read, write)
        self._defaults[name] = read()

    def _show_row(self, field: QWidget, shown: bool) -> None:
        field.setVisible(shown)
        label = self.form.labelForField(field)
        if label is not None:
            label.setVisible(shown)


def with_suffix(path: str, suffixes: Sequence[str]) -> str:
    """The name of an output as Processing takes it: a temporary one for none, and with a suffix of its kind."""
    path = path.strip()
    if not path:
        return "TEMPORARY_OUTPUT"
    return path if path.lower().endswith(tuple(suffixes)) else f"{path}{suffixes[0]}"


def beside(output: str, ending: str) -> str:
    """The name of a second output: beside the first, or a temporary file as that is."""
    if output == "TEMPORARY_OUTPUT":
        return output
    path = Path(output)
    return str(path.with_name(path.stem + ending))
