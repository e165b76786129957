"""Clicks on the map as examples, and the marks of the examples there are."""

from __future__ import annotations

from typing import Any, Dict, List

from qgis.core import QgsGeometry, QgsPointXY
from qgis.gui import QgsMapTool, QgsRubberBand
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor

from ...engine.errors import SmartiesError
from .examples import Example

#: For and against: colours that people with every common kind of colour blindness tell apart, and two shapes.
MARK_COLOURS: Dict[bool, str] = {True: "#00a36c", False: "#d1342f"}
_POINT, _POLYGON = "Point(0 0)", "Polygon((0 0, 1 0, 1 1, 0 0))"


class PickTool(QgsMapTool):
    """A left click is an example, with Shift one against; ``picked`` carries the place and whether it speaks for."""

    picked = pyqtSignal(QgsPointXY, bool)
    left = pyqtSignal()

    def __init__(self, canvas: Any) -> None:
        super().__init__(canvas)
        self.setCursor(Qt.CursorShape.CrossCursor)

    def canvasReleaseEvent(self, event: Any) -> None:  # noqa: N802 - QGIS's name
        """A click has ended."""
        if event.button() == Qt.MouseButton.LeftButton:
            against = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.picked.emit(event.mapPoint(), not against)

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802 - QGIS's name
        """Escape puts the tool away."""
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()


class ExampleMarks:
    """Green discs and red crosses on the map, and outlines of polygons; none until `show`."""

    def __init__(self, canvas: Any) -> None:
        self._canvas = canvas
        self._bands: List[QgsRubberBand] = []

    def show(self, examples: List[Example]) -> None:
        """Mark these examples instead of those marked."""
        self.clear()
        crs = self._canvas.mapSettings().destinationCrs()
        for positive in (True, False):
            chosen = [each for each in examples if each.positive == positive]
            points = self._band(positive, _POINT)
            for each in chosen:
                try:
                    geometry = each.geometry_in(crs)
                except SmartiesError:
                    # It lies where this map cannot show it.
                    continue
                if each.is_point:
                    points.addPoint(geometry.asPoint())
                else:
                    self._band(positive, _POLYGON).setToGeometry(geometry, None)

    def clear(self) -> None:
        """Take all marks off the map."""
        for band in self._bands:
            self._canvas.scene().removeItem(band)
        self._bands.clear()

    def _band(self, positive: bool, wkt: str) -> QgsRubberBand:
        # The geometry's type is asked of a geometry: its enum has another name in QGIS 4.
        band = QgsRubberBand(self._canvas, QgsGeometry.fromWkt(wkt).type())
        colour = QColor(MARK_COLOURS[positive])
        band.setStrokeColor(colour)
        band.setSecondaryStrokeColor(QColor("#ffffff"))
        fill = QColor(colour)
        fill.setAlpha(200 if wkt == _POINT else 40)
        band.setFillColor(fill)
        band.setWidth(2)
        band.setIcon(QgsRubberBand.IconType.ICON_CIRCLE if positive else QgsRubberBand.IconType.ICON_X)
        band.setIconSize(11)
        self._bands.append(band)
        return band
