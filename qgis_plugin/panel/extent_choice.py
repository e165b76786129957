"""Which part of the images: all of it, a layer's, the map's, or a rectangle drawn on the map."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsProject,
    QgsRectangle,
    QgsReferencedRectangle,
)
from qgis.gui import QgsMapToolExtent
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ..translation import tr
from .fields import combo, select, words

ALL, CANVAS, DRAWN, LAYER = "all", "canvas", "drawn", "layer:"


class ExtentChoice(QWidget):
    """A choice, a button that draws, and the rectangle in numbers; ``changed`` when another extent holds."""

    changed = pyqtSignal()

    def __init__(self, canvas: Any, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._drawn: Optional[QgsReferencedRectangle] = None
        self._tool: Optional[QgsMapToolExtent] = None
        self._tool_before: Any = None
        self.choice = combo(tr("Extent"), self._fixed_options(), tr("The part of the images that is embedded"))
        self.choice.currentIndexChanged.connect(self._chosen)
        self.draw_button = QPushButton(tr("Draw"))
        self.draw_button.setCheckable(True)
        self.draw_button.setToolTip(tr("Draw a rectangle on the map"))
        self.draw_button.clicked.connect(self._draw)
        self._words = words()
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.choice, 1)
        row.addWidget(self.draw_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self._words)
        canvas.extentsChanged.connect(self._canvas_moved)
        self._tell()

    def set_layers(self, layers: List[Any]) -> None:
        """Offer the extents of these layers (pairs of id and name)."""
        kept = self.choice.currentData()
        blocked = self.choice.blockSignals(True)
        self.choice.clear()
        for value, text in self._fixed_options():
            self.choice.addItem(text, value)
        for layer_id, name in layers:
            self.choice.addItem(tr("Layer {name}").format(name=name), LAYER + layer_id)
        found = select(self.choice, kept)
        self.choice.blockSignals(blocked)
        if not found:
            self._chosen()

    def rectangle(self) -> Optional[QgsReferencedRectangle]:
        """The extent in its CRS; None for the whole of the images."""
        value = self.choice.currentData() or ALL
        if value == CANVAS:
            return QgsReferencedRectangle(self._canvas.extent(), self._canvas.mapSettings().destinationCrs())
        if value == DRAWN:
            return self._drawn
        if value.startswith(LAYER):
            layer = QgsProject.instance().mapLayer(value[len(LAYER) :])
            return None if layer is None else QgsReferencedRectangle(layer.extent(), layer.crs())
        return None

    def parameter(self) -> Optional[str]:
        """The extent as Processing writes it, «xmin,xmax,ymin,ymax [EPSG:32631]»; None for all."""
        return None if self.rectangle() is None else extent_text(self.rectangle())

    def state(self) -> Dict[str, Any]:
        """What the project keeps."""
        state: Dict[str, Any] = {"choice": self.choice.currentData()}
        if self._drawn is not None:
            state["drawn"] = [
                self._drawn.xMinimum(),
                self._drawn.yMinimum(),
                self._drawn.xMaximum(),
                self._drawn.yMaximum(),
            ]
            state["crs"] = self._drawn.crs().toWkt()
        return state

    def restore(self, state: Dict[str, Any]) -> None:
        """Take over what ``state`` gave; what does not fit any more is left out."""
        drawn = state.get("drawn")
        if isinstance(drawn, list) and len(drawn) == 4 and all(isinstance(value, (int, float)) for value in drawn):
            crs = QgsCoordinateReferenceSystem.fromWkt(str(state.get("crs", "")))
            self._drawn = QgsReferencedRectangle(QgsRectangle(*drawn), crs)
        else:
            self._drawn = None
        if not select(self.choice, state.get("choice")) or self.rectangle() is None:
            select(self.choice, ALL)
        self._tell()

    def close_tool(self) -> None:
        """Give the map its former tool back and let go of the canvas."""
        self._stop_drawing()
        self._canvas.extentsChanged.disconnect(self._canvas_moved)

    def _fixed_options(self) -> List[Any]:
        options = [(ALL, tr("Full extent of the images")), (CANVAS, tr("What the map shows"))]
        if self._drawn is not None:
            options.append((DRAWN, tr("The drawn rectangle")))
        return options

    def _chosen(self) -> None:
        self._tell()
        self.changed.emit()

    def _canvas_moved(self) -> None:
        if self.choice.currentData() == CANVAS:
            self._chosen()

    def _tell(self) -> None:
        rectangle = self.rectangle()
        self._words.setVisible(rectangle is not None)
        if rectangle is not None:
            crs = rectangle.crs()
            digits = 5 if crs.isGeographic() else 0
            self._words.setText(f"{rectangle.toString(digits)} {crs.authid()}".strip())

    def _draw(self, checked: bool) -> None:
        if not checked:
            self._stop_drawing()
            return
        self._tool = QgsMapToolExtent(self._canvas)
        self._tool.extentChanged.connect(self._drawn_on_map)
        self._tool.deactivated.connect(lambda: self.draw_button.setChecked(False))
        self._tool_before = self._canvas.mapTool()
        self._canvas.setMapTool(self._tool)

    def _drawn_on_map(self, rectangle: QgsRectangle) -> None:
        self._stop_drawing()
        if rectangle.isEmpty():
            return
        self._drawn = QgsReferencedRectangle(rectangle, self._canvas.mapSettings().destinationCrs())
        if self.choice.findData(DRAWN) < 0:
            self.choice.insertItem(2, tr("The drawn rectangle"), DRAWN)
        if self.choice.currentData() == DRAWN:
            self._chosen()
        else:
            select(self.choice, DRAWN)

    def _stop_drawing(self) -> None:
        tool, self._tool = self._tool, None
        self.draw_button.setChecked(False)
        if tool is None:
            return
        if self._canvas.mapTool() is tool:
            if self._tool_before is not None:
                self._canvas.setMapTool(self._tool_before)
            else:
                self._canvas.unsetMapTool(tool)
        self._tool_before = None
        tool.clearRubberBand()
        tool.deleteLater()


def extent_text(rectangle: QgsReferencedRectangle) -> str:
    """A rectangle as a Processing parameter, with every digit of its numbers."""
    numbers = (rectangle.xMinimum(), rectangle.xMaximum(), rectangle.yMinimum(), rectangle.yMaximum())
    crs = rectangle.crs().authid()
    return ",".join(repr(float(number)) for number in numbers) + (f" [{crs}]" if crs else "")
