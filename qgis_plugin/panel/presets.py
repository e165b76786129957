"""The sensors of the catalogue to choose from, with a field that finds them by any part of their name."""

from __future__ import annotations

from typing import List, Optional, Tuple

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QCompleter, QSizePolicy, QWidget

from ...engine.spectrum import Sensor, load_sensor, sensor_names
from ..translation import tr


def presets() -> List[Tuple[str, str]]:
    """Name and title of every sensor, by title; the sensors SMARTIES was trained on stand first."""
    sensors = [load_sensor(name) for name in sensor_names()]
    sensors.sort(key=lambda sensor: (sensor.statistics is None, sensor.title.casefold()))
    return [(sensor.name, sensor.title) for sensor in sensors]


class SensorCombo(QComboBox):
    """A sensor, or "automatic" (None). ``chosen`` comes only when a person picks one."""

    chosen = pyqtSignal(object)

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(10)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Sensor"))
        self.setToolTip(tr("The sensor that took the image. Type any part of its name to find it."))
        self.addItem(tr("Automatic"), None)
        for name, title in presets():
            self.addItem(title, name)
            self.setItemData(self.count() - 1, name, Qt.ItemDataRole.ToolTipRole)
        completer = QCompleter(self.model(), self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self.setCompleter(completer)
        self._shown = 0
        self.activated.connect(self._choose)
        self.lineEdit().editingFinished.connect(self._finish)

    @property
    def sensor(self) -> Optional[str]:
        """The name of the sensor shown; None for automatic."""
        return self.itemData(self._shown)

    def show_sensor(self, found: Optional[Sensor], chosen: bool) -> None:
        """Show the sensor the person has ``chosen``, or which one automatic has found."""
        title = (
            tr("Automatic: {sensor}").format(sensor=found.title) if found is not None else tr("Automatic: none found")
        )
        self.setItemText(0, title)
        self._shown = max(0, self.findData(found.name)) if found is not None and chosen else 0
        self.setCurrentIndex(self._shown)
        self.lineEdit().setCursorPosition(0)

    def _choose(self, index: int) -> None:
        if index != self._shown:
            self._shown = index
            self.chosen.emit(self.itemData(index))
        self.lineEdit().setCursorPosition(0)

    def _finish(self) -> None:
        """A title typed in full counts as chosen; what names no sensor goes back to the one before."""
        text = self.lineEdit().text().strip().casefold()
        titles = [self.itemText(index).casefold() for index in range(self.count())]
        found = [index for index, title in enumerate(titles) if text and text in title]
        exact = [index for index, title in enumerate(titles) if title == text]
        index = exact[0] if exact else found[0] if len(found) == 1 else self._shown
        self.setCurrentIndex(index)
        self._choose(index)
