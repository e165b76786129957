"""The spectrum at a glance: what the model has learnt, above; where the layer's bands lie, below, by verdict."""

from __future__ import annotations

from html import escape
from typing import List, Optional, Sequence

from qgis.PyQt.QtCore import QEvent, QPointF, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QFont, QFontMetricsF, QHelpEvent, QKeyEvent, QMouseEvent, QPaintEvent, QResizeEvent
from qgis.PyQt.QtWidgets import QSizePolicy, QToolTip, QWidget

from ..translation import tr
from .band_table_model import BandTableModel
from .band_units import centre_text, range_text
from .chart_layout import Bar, ChartLayout, Mark, chart_height, lay_out
from .chart_painter import ChartPainter
from .chart_scale import is_beyond
from .verdict_style import verdict_label, verdict_sentence

_WIDTH = 238


class SpectrumChart(QWidget):
    """The bands of a `BandTableModel` on the spectrum. ``band_clicked`` carries a row of the table.

    Left and right go from band to band; the band chosen is told to screen readers.
    """

    band_clicked = pyqtSignal(int)

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self._model: Optional[BandTableModel] = None
        self._layout: Optional[ChartLayout] = None
        self._selected: List[int] = []
        self._hovered: Optional[int] = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(_WIDTH)
        self.setAccessibleName(tr("Spectrum: learnt ranges and the bands of the layer"))

    def set_model(self, model: BandTableModel) -> None:
        """Show the bands of a table, and follow it."""
        self._model = model
        model.modelReset.connect(self._reset)
        model.dataChanged.connect(self._refresh)
        self._reset()

    def set_selected(self, rows: Sequence[int]) -> None:
        """Point out the bands chosen in the table."""
        if list(rows) != self._selected:
            self._selected = list(rows)
            self._describe()
            self.update()

    @property
    def selected(self) -> Sequence[int]:
        """The rows pointed out."""
        return tuple(self._selected)

    @property
    def places(self) -> ChartLayout:
        """Where everything stands at the present size."""
        if self._layout is None:
            bands = self._model.bands if self._model is not None else ()
            self._layout = lay_out(QFontMetricsF(self._small_font()), float(self.width()), bands)
        return self._layout

    def sizeHint(self) -> QSize:  # noqa: N802
        """As high as the font needs."""
        return QSize(360, round(chart_height(QFontMetricsF(self._small_font()))))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Narrow, but never lower."""
        return QSize(_WIDTH, self.sizeHint().height())

    def tooltip_at(self, point: QPointF) -> str:
        """What stands under the pointer, in words; "" for nothing."""
        mark = self.places.mark_at(point)
        if mark is not None:
            return self._mark_text(mark)
        bar = self.places.bar_at(point)
        return self._bar_text(bar) if bar is not None else ""

    # -- Qt's events ------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw all."""
        bands = self._model.bands if self._model is not None else ()
        statuses = self._model.statuses if self._model is not None else ()
        painter = ChartPainter(self, self._small_font(), self.places, bands, statuses)
        painter.paint(self._selected, self._hovered, self.hasFocus())
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Find other places."""
        self._layout = None

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Follow font and theme."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._layout = None
            self.updateGeometry()
            self.update()

    def event(self, event: QEvent) -> bool:
        """Answer what stands under the pointer."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.tooltip_at(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Light up the band under the pointer."""
        mark = self.places.mark_at(QPointF(event.pos()))
        self._hover(mark.row if mark is not None else None)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """No band is under the pointer."""
        self._hover(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Choose the band under the pointer."""
        mark = self.places.mark_at(QPointF(event.pos()))
        if mark is not None and event.button() == Qt.MouseButton.LeftButton:
            self.band_clicked.emit(mark.row)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Go to the next band of the spectrum, or to its ends."""
        rows = [mark.row for mark in sorted(self.places.marks, key=lambda mark: (mark.centre.x(), mark.row))]
        here = rows.index(self._selected[0]) if self._selected and self._selected[0] in rows else None
        targets = {
            Qt.Key.Key_Right: 0 if here is None else here + 1,
            Qt.Key.Key_Left: len(rows) - 1 if here is None else here - 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: len(rows) - 1,
        }
        target = targets.get(event.key())
        if target is None or not rows:
            super().keyPressEvent(event)
            return
        self.band_clicked.emit(rows[min(max(target, 0), len(rows) - 1)])

    # -- parts ------------------------------------------------------------------------------------

    def _reset(self) -> None:
        self._selected, self._hovered = [], None
        self._refresh()

    def _refresh(self, *_changed: object) -> None:
        self._layout = None
        self._describe()
        self.update()

    def _hover(self, row: Optional[int]) -> None:
        if row != self._hovered:
            self._hovered = row
            self.setCursor(Qt.CursorShape.PointingHandCursor if row is not None else Qt.CursorShape.ArrowCursor)
            self.update()

    def _describe(self) -> None:
        if self._model is None:
            return
        told = [f"{self._model.bands[row].name}: {self._where(row)}" for row in self._selected[:3]]
        self.setAccessibleDescription("; ".join(told))

    def _small_font(self) -> QFont:
        font = QFont(self.font())
        if font.pointSizeF() > 0:
            font.setPointSizeF(max(7.0, font.pointSizeF() * 0.85))
        else:
            font.setPixelSize(max(9, round(font.pixelSize() * 0.85)))
        return font

    def _where(self, row: int) -> str:
        assert self._model is not None  # nosec B101: for the type checker
        band = self._model.bands[row]
        limits = range_text(band.min_nm, band.max_nm)
        where = centre_text(band.centre_nm) + (f" ({limits})" if limits else "")
        return f"{where}, {verdict_label(self._model.statuses[row].verdict)}"

    def _mark_text(self, mark: Mark) -> str:
        assert self._model is not None  # nosec B101: for the type checker
        band, status = self._model.bands[mark.row], self._model.statuses[mark.row]
        lines = [f"<b>{escape(band.name)}</b>  {escape(self._where(mark.row))}"]
        lines.append(escape(verdict_sentence(status, band.note)))
        if status.layers:
            lines.append(escape(tr("Layer: {layers}").format(layers=status.layers)))
        if band.centre_nm is not None and is_beyond(band.centre_nm):
            lines.append(escape(tr("It lies where the axis is cut off.")))
        return "<br>".join(lines)

    def _bar_text(self, bar: Bar) -> str:
        layer = bar.layer
        limits = range_text(layer.min_nm, layer.max_nm)
        learnt = tr("learnt from {sensor} {band}").format(sensor=layer.sensor, band=layer.sensor_band)
        return f"<b>{layer.key}</b>  {escape(limits)}<br>{escape(learnt)}"
