"""Drawing labels: the class of the next polygon, and QGIS's tool to draw it."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from qgis.core import QgsApplication, QgsProject, QgsVectorLayer
from qgis.PyQt.QtGui import QColor, QIcon, QPixmap
from qgis.PyQt.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ..translation import tr
from .fields import form, narrow, words
from .label_layer import FIELD, add_drawn_classes, classes_of, set_next_class


class DrawControls(QWidget):
    """The class of the next polygon, and the button that starts to draw it."""

    def __init__(self, iface: Any, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self._iface = iface
        self._layer_id = ""
        self.class_choice = QComboBox()
        self.class_choice.setEditable(True)
        self.class_choice.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        narrow(self.class_choice)
        name = tr("Class of the next polygon")
        self.class_choice.setAccessibleName(name)
        self.class_choice.setToolTip(tr("Type a class, or pick one: the next polygons get it"))
        self.class_choice.lineEdit().setPlaceholderText(tr("e.g. water"))
        self.class_choice.lineEdit().editingFinished.connect(self._class_named)
        self.class_choice.activated.connect(lambda _index: self._class_named())
        self.draw_button = QPushButton(tr("Draw"))
        self.draw_button.setIcon(QgsApplication.getThemeIcon("/mActionCapturePolygon.svg"))
        self.draw_button.setToolTip(tr("Left clicks set the corners of a polygon, a right click ends it"))
        self.draw_button.clicked.connect(self.draw)
        self._counts = words()
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.class_choice, 1)
        row.addWidget(self.draw_button)
        rows = form()
        rows.addRow(tr("Draw class"), row)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(rows)
        layout.addWidget(self._counts)
        self.set_layer(None)

    @property
    def layer(self) -> Optional[QgsVectorLayer]:
        """The layer to draw in; None where there is none."""
        layer = QgsProject.instance().mapLayer(self._layer_id)
        return layer if isinstance(layer, QgsVectorLayer) else None

    def set_layer(self, layer: Optional[QgsVectorLayer]) -> None:
        """Draw in this layer; None: nothing to draw in."""
        self._layer_id = layer.id() if layer is not None else ""
        self.setVisible(layer is not None)
        self.class_choice.clearEditText()
        self.refresh()

    def refresh(self) -> None:
        """Show the classes there are, and how many polygons each has."""
        layer = self.layer
        if layer is None:
            return
        add_drawn_classes(layer)
        text = self.class_choice.currentText()
        blocked = self.class_choice.blockSignals(True)
        self.class_choice.clear()
        classes = classes_of(layer)
        for name, colour in classes.items():
            self.class_choice.addItem(swatch(colour), name)
        self.class_choice.setCurrentIndex(self.class_choice.findText(text))
        self.class_choice.setEditText(text)
        self.class_choice.blockSignals(blocked)
        self._counts.setText(_count_text(layer, list(classes)))

    def draw(self) -> None:
        """Switch the layer to editing and take QGIS's tool for polygons."""
        layer = self.layer
        if layer is None:
            return
        self._iface.setActiveLayer(layer)
        if not layer.isEditable():
            layer.startEditing()
        self._iface.actionAddFeature().trigger()

    def _class_named(self) -> None:
        layer = self.layer
        if layer is None:
            return
        set_next_class(layer, self.class_choice.currentText().strip())
        self.refresh()


def _count_text(layer: QgsVectorLayer, names: List[str]) -> str:
    """«water: 3 · forest: 2», without the classes that have none yet."""
    field = layer.fields().lookupField(FIELD)
    counts: Dict[str, int] = dict.fromkeys(names, 0)
    for feature in layer.getFeatures():
        value = feature.attribute(field)
        if isinstance(value, str) and value:
            counts[value] = counts.get(value, 0) + 1
    shown = [f"{name}: {count}" for name, count in counts.items() if count]
    if not shown:
        return tr("Name a class and draw a few polygons of it, then the next class.")
    return " · ".join(shown)


def swatch(colour: str, size: int = 12) -> QIcon:
    """A square of a colour."""
    pixmap = QPixmap(size, size)
    pixmap.fill(QColor(colour))
    return QIcon(pixmap)
