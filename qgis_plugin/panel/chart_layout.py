"""Where everything of the spectrum chart stands, in the pixels of one size and font; no painting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

from qgis.PyQt.QtCore import QPointF, QRectF
from qgis.PyQt.QtGui import QFontMetricsF

from ...engine.spectrum import LAYERS, Band, Layer
from .chart_scale import lanes, share

#: From this many bands on they are lines, not marks with names.
DENSE_FROM = 40
#: The rows of learnt ranges and how many lanes each has; radar stands in those of Sentinel-2, where they are empty.
_ROWS: Tuple[Tuple[str, Tuple[str, ...], int], ...] = (("S2", ("Sentinel-2", "Sentinel-1"), 2), ("RGB", ("RGB",), 2))
_BAND_LANES = 2
_MARGIN = 6.0


@dataclass(frozen=True)
class Bar:
    """The learnt range of a layer."""

    layer: Layer
    rectangle: QRectF


@dataclass(frozen=True)
class Mark:
    """A band of the person's: where its centre stands, and its range (no width where it is not known)."""

    row: int
    centre: QPointF
    span: QRectF


@dataclass(frozen=True)
class ChartLayout:
    """All places. ``plot`` is what the axis spans, from the region names down to the axis line."""

    plot: QRectF
    region_top: float
    row_labels: Tuple[Tuple[str, QRectF], ...]
    bars: Tuple[Bar, ...]
    label_line: QRectF
    marks: Tuple[Mark, ...]
    radius: float
    dense: bool
    ticks_top: float
    legend: QRectF

    def x(self, wavelength_nm: float) -> float:
        """Where a wavelength stands."""
        return self.plot.left() + share(wavelength_nm) * self.plot.width()

    def mark_of(self, row: int) -> Optional[Mark]:
        """The mark of a band, None for one without wavelength."""
        return next((mark for mark in self.marks if mark.row == row), None)

    def mark_at(self, point: QPointF) -> Optional[Mark]:
        """The mark under the pointer, or the nearest within reach."""
        top, bottom = self.label_line.top(), self.plot.bottom() + 3
        if not top <= point.y() <= bottom or not self.marks:
            return None

        def far(mark: Mark) -> float:
            down = 0.0 if self.dense else abs(mark.centre.y() - point.y()) / 2
            return abs(mark.centre.x() - point.x()) + down

        nearest = min(self.marks, key=far)
        if abs(nearest.centre.x() - point.x()) <= self.radius + 4:
            return nearest
        return next((mark for mark in self.marks if mark.span.contains(point)), None)

    def bar_at(self, point: QPointF) -> Optional[Bar]:
        """The learnt range under the pointer."""
        return next((bar for bar in self.bars if bar.rectangle.adjusted(-1, -1, 1, 1).contains(point)), None)


def chart_height(metrics: QFontMetricsF) -> float:
    """How high the chart is with a font."""
    return _lay(metrics, 400.0, ()).legend.bottom() + _MARGIN


def lay_out(metrics: QFontMetricsF, width: float, bands: Sequence[Band]) -> ChartLayout:
    """The places of learnt ranges and bands in a chart of some width."""
    return _lay(metrics, width, bands)


def _lay(metrics: QFontMetricsF, width: float, bands: Sequence[Band]) -> ChartLayout:
    line = metrics.height()
    left = _MARGIN + metrics.horizontalAdvance("RGB") + 6
    plot_width = max(40.0, width - left - _MARGIN - 4)
    lane_height, lane_gap = line + 1, 2.0
    top = _MARGIN + line + 3

    def at(wavelength_nm: float) -> float:
        return left + share(wavelength_nm) * plot_width

    bars: List[Bar] = []
    labels: List[Tuple[str, QRectF]] = []
    for title, sensors, count in _ROWS:
        learnt = [layer for layer in LAYERS if layer.sensor in sensors]
        spans = [(at(layer.min_nm), max(at(layer.max_nm), at(layer.min_nm) + 3)) for layer in learnt]
        for layer, (start, end), lane in zip(learnt, spans, lanes(spans, count, 0.1)):
            y = top + lane * (lane_height + lane_gap)
            bars.append(Bar(layer, QRectF(start, y, end - start, lane_height)))
        height = count * (lane_height + lane_gap) - lane_gap
        labels.append((title, QRectF(_MARGIN, top, left - _MARGIN - 6, height)))
        top += height + 6
    label_line = QRectF(left, top + 1, plot_width, line)
    radius = line * 0.34
    step = 2 * radius + 3
    first = label_line.bottom() + radius + 2
    bottom = first + step * (_BAND_LANES - 1) + radius + 4
    plot = QRectF(left, _MARGIN, plot_width, bottom - _MARGIN)
    known = [(row, band) for row, band in enumerate(bands) if band.centre_nm is not None]
    dense = len(known) > DENSE_FROM
    places = [at(band.centre_nm or 0.0) for _, band in known]
    spans = [(place - radius, place + radius) for place in places]
    found = [0] * len(known) if dense else lanes(spans, _BAND_LANES, 0.5)
    marks = []
    for (row, band), place, lane in zip(known, places, found):
        # The lowest lane first: marks stand on the axis.
        y = (label_line.bottom() + plot.bottom()) / 2 if dense else first + step * (_BAND_LANES - 1 - lane)
        start, end = place, place
        if band.min_nm is not None and band.max_nm is not None:
            start, end = at(band.min_nm), at(band.max_nm)
        marks.append(Mark(row, QPointF(place, y), QRectF(start, y - radius * 0.55, end - start, radius * 1.1)))
    ticks_top = plot.bottom() + 4
    legend = QRectF(_MARGIN, ticks_top + line + 4, width - 2 * _MARGIN, line + 2)
    return ChartLayout(
        plot, _MARGIN, tuple(labels), tuple(bars), label_line, tuple(marks), radius, dense, ticks_top, legend
    )
