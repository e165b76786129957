"""From which similarity on a place counts as alike: a slider over the values of the map, shown on it at once."""

from __future__ import annotations

import math
from typing import Any, Dict, Mapping, Optional

from qgis.core import QgsRasterLayer, QgsRasterTransparency
from qgis.PyQt.QtCore import Qt, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QCheckBox, QDoubleSpinBox, QHBoxLayout, QPushButton, QSlider, QVBoxLayout, QWidget

from ..translation import tr
from .fields import guard_wheel, spin

_STEPS = 1000
#: Values that are looked at to find the range: as many as are read in a few milliseconds.
_SAMPLE = 250_000
#: The share of the map that is shown as alike until somebody moves the slider.
_FIRST_SHARE = 0.05
#: No similarity is as low.
_LOWEST = -2.0


class ThresholdChoice(QWidget):
    """``changed`` when the map should be shown anew; ``export`` when polygons are wanted."""

    changed = pyqtSignal()
    export = pyqtSignal()

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self._low, self._high = -1.0, 1.0
        self._moved = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(60)
        self._timer.timeout.connect(self.changed)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _STEPS)
        self.slider.setAccessibleName(tr("Threshold"))
        self.slider.setMinimumWidth(60)
        self.slider.valueChanged.connect(self._slid)
        guard_wheel(self.slider)
        self.value = spin(QDoubleSpinBox(), tr("Threshold"), tr("Places at or above this similarity count as alike"))
        self.value.setRange(-1, 1)
        self.value.setDecimals(3)
        self.value.setSingleStep(0.01)
        self.value.valueChanged.connect(self._typed)
        self.only_above = QCheckBox(tr("Show only what is above"))
        self.only_above.setToolTip(tr("Makes the rest of the map see-through"))
        self.only_above.toggled.connect(lambda _on: self.changed.emit())
        self.export_button = QPushButton(tr("Export polygons"))
        self.export_button.setToolTip(tr("The places at or above the threshold as polygons, with their area"))
        self.export_button.clicked.connect(self.export)
        row = QHBoxLayout()
        row.addWidget(self.slider, 2)
        row.addWidget(self.value, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addWidget(self.only_above)
        layout.addWidget(self.export_button)

    @property
    def threshold(self) -> float:
        """The least similarity that counts."""
        return float(self.value.value())

    def follow(self, layer: QgsRasterLayer) -> None:
        """Let the slider span the values of a map; until somebody moves it, it shows the most similar places."""
        provider = layer.dataProvider()
        low, high = provider.cumulativeCut(1, 0.0, 1.0, layer.extent(), _SAMPLE)
        first, _ = provider.cumulativeCut(1, 1 - _FIRST_SHARE, 1.0, layer.extent(), _SAMPLE)
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            low, high, first = -1.0, 1.0, 0.0
        self._low, self._high = low, high
        self._set(first if not self._moved else self.threshold)

    def show_on(self, layer: QgsRasterLayer) -> None:
        """Make what is below the threshold see-through, or show all."""
        renderer = layer.renderer()
        if renderer is None:
            return
        transparency = QgsRasterTransparency()
        if self.only_above.isChecked():
            hidden = QgsRasterTransparency.TransparentSingleValuePixel()
            hidden.min, hidden.max = _LOWEST, self.threshold
            if hasattr(hidden, "opacity"):
                hidden.opacity = 0.0
            else:
                hidden.percentTransparent = 100.0
            transparency.setTransparentSingleValuePixelList([hidden])
        renderer.setRasterTransparency(transparency)
        layer.triggerRepaint()

    def state(self) -> Dict[str, Any]:
        """What the project keeps."""
        return {"threshold": self.threshold if self._moved else None, "only": self.only_above.isChecked()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what ``state`` gave."""
        kept = state.get("threshold")
        self._moved = isinstance(kept, (int, float))
        self._low, self._high = -1.0, 1.0
        self._set(float(kept) if isinstance(kept, (int, float)) else 0.5)
        self.only_above.setChecked(bool(state.get("only")))

    def _set(self, value: float) -> None:
        """Show a threshold; nobody has moved anything."""
        for widget in (self.slider, self.value):
            widget.blockSignals(True)
        self.value.setValue(value)
        self.slider.setValue(round(_STEPS * (value - self._low) / (self._high - self._low)))
        for widget in (self.slider, self.value):
            widget.blockSignals(False)

    def _slid(self, step: int) -> None:
        self._moved = True
        self.value.blockSignals(True)
        self.value.setValue(self._low + (self._high - self._low) * step / _STEPS)
        self.value.blockSignals(False)
        self._timer.start()

    def _typed(self, value: float) -> None:
        self._moved = True
        self._set(value)
        self._timer.start()
