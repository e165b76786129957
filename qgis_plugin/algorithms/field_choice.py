"""The widget of a class field in Processing's dialogs: the fields of the layer of labels, or a name that is typed.

Processing's own widget for fields knows vector layers alone: where its layer may be a raster too, QGIS 3.22 ends with
a crash as soon as a raster is chosen.
"""

from __future__ import annotations

from typing import Any, List, Optional

from processing.gui.wrappers import WidgetWrapper
from qgis.core import QgsProcessingContext, QgsProcessingUtils, QgsProject, QgsVectorLayer
from qgis.PyQt.QtWidgets import QComboBox

from ..translation import tr

#: The parameter whose layer has the fields.
LAYER = "LABELS"


class FieldChoice(WidgetWrapper):
    """A combo box for names of fields, in which any name can be typed: in a model the layer is not known yet."""

    _layer: Any = None

    def createWidget(self) -> QComboBox:  # noqa: N802 - QGIS's name
        """The combo box, without fields."""
        box = QComboBox()
        box.setEditable(True)
        box.lineEdit().setPlaceholderText(tr("Found by itself"))
        box.editTextChanged.connect(lambda _text: self.widgetValueHasChanged.emit(self))
        return box

    def postInitialize(self, wrappers: List[Any]) -> None:  # noqa: N802 - QGIS's name
        """Follow the layer of the dialog."""
        for wrapper in wrappers:
            if wrapper.parameterDefinition().name() == LAYER:
                self._layer = wrapper
                wrapper.widgetValueHasChanged.connect(self._fill)
                self._fill()

    def setValue(self, value: Any) -> None:  # noqa: N802 - QGIS's name
        """Show a field's name, nothing for None."""
        self.widget.setEditText("" if value is None else str(value))

    def value(self) -> Optional[str]:
        """The name; None where none is given."""
        return str(self.widget.currentText()).strip() or None

    def _fill(self, *_changed: Any) -> None:
        """Offer the fields of the layer that is chosen now; a name that it does not have goes."""
        chosen, names = self.value(), [field.name() for field in self._fields()]
        self.widget.blockSignals(True)
        self.widget.clear()
        self.widget.addItems(names)
        self.widget.setEditText(chosen if chosen in names else "")
        self.widget.blockSignals(False)
        self.widgetValueHasChanged.emit(self)

    def _fields(self) -> List[Any]:
        source = self._layer.parameterValue()
        if not isinstance(source, str) or not source:
            return []
        context = QgsProcessingContext()
        context.setProject(QgsProject.instance())
        layer = QgsProcessingUtils.mapLayerFromString(source, context)
        return list(layer.fields()) if isinstance(layer, QgsVectorLayer) else []
