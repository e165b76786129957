"""Paints the spectrum chart in the palette of its widget; only verdicts have colours of their own."""

from __future__ import annotations

from typing import List, Optional, Sequence, Set, Tuple

from qgis.PyQt.QtCore import QLineF, QPointF, QRectF, Qt
from qgis.PyQt.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPainter, QPalette, QPen
from qgis.PyQt.QtWidgets import QWidget

from ...engine.spectrum import Band
from ..translation import tr
from .band_status import INTERPOLATED, NEAR, OFF, OUTSIDE, SEEN, UNKNOWN, BandStatus
from .chart_layout import Bar, ChartLayout, Mark
from .chart_scale import BREAK, REGIONS, TICKS, free_places
from .verdict_style import counted, mixed, paint_mark, text_color, verdict_color, verdict_label

#: How much of its lane a band's line fills where there are too many for marks: the worse the shorter.
_LENGTHS = {SEEN: 1.0, NEAR: 0.75, INTERPOLATED: 0.5, OUTSIDE: 0.3, UNKNOWN: 0.3, OFF: 0.12}

#: So many bands at one place share one label.
_NAMED_TOGETHER = 3


class ChartPainter(QPainter):
    """One painting of a chart."""

    def __init__(
        self, widget: QWidget, font: QFont, places: ChartLayout, bands: Sequence[Band], statuses: Sequence[BandStatus]
    ) -> None:
        super().__init__(widget)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setFont(font)
        self._bold = QFont(font)
        self._bold.setBold(True)
        self._metrics = QFontMetricsF(font)
        self._places, self._bands, self._statuses = places, bands, statuses
        self._area = QRectF(widget.rect())
        self._colors = widget.palette()
        self._base = self._colors.color(QPalette.ColorRole.Base)
        self._text = text_color(self._colors)
        self._highlight = self._colors.color(QPalette.ColorRole.Highlight)

    def paint(self, selected: Sequence[int], hovered: Optional[int], focused: bool) -> None:
        """Draw all; ``selected`` and ``hovered`` bands stand out."""
        pointed = [row for row in ([hovered] if hovered is not None else []) + list(selected) if row < len(self._bands)]
        self.setPen(QPen(self._highlight if focused else self._mixed(0.25), 1))
        self.setBrush(QBrush(self._base))
        self.drawRoundedRect(self._area.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        self._paint_regions()
        self._paint_ticks()
        self._paint_guides(pointed)
        self._paint_bars(pointed)
        self._paint_axis()
        if self._places.dense:
            self._paint_lines(pointed)
        else:
            self._paint_marks(pointed)
        self._paint_names(pointed)
        self._paint_legend()

    # -- the ground -------------------------------------------------------------------------------

    def _paint_regions(self) -> None:
        names = {
            "visible": (tr("visible"), tr("vis")), "near infrared": (tr("near infrared"), tr("NIR")),
            "short-wave": (tr("short-wave infrared"), tr("SWIR")), "thermal": (tr("thermal"), tr("TIR")),
            "radar": (tr("C band"), "C"),
        }  # fmt: skip
        places = self._places
        for name, start, end in REGIONS:
            left, right = places.x(start), places.x(end)
            area = QRectF(left, places.region_top, right - left, self._metrics.height())
            fits = (text for text in names[name] if self._metrics.horizontalAdvance(text) <= area.width() - 2)
            self.setPen(self._mixed(0.62))
            self.drawText(area, Qt.AlignmentFlag.AlignCenter, next(fits, ""))
            self.setPen(QPen(self._mixed(0.14), 1))
            if start > REGIONS[0][1]:
                self.drawLine(QLineF(left, places.region_top + 2, left, places.plot.bottom()))
        for title, area in places.row_labels:
            self.setPen(self._mixed(0.62))
            self.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, title)

    def _paint_ticks(self) -> None:
        places, metrics = self._places, self._metrics
        widths = [metrics.horizontalAdvance(label) for _, label in TICKS]
        spans = [(places.x(nm) - width / 2, places.x(nm) + width / 2) for (nm, _), width in zip(TICKS, widths)]
        for (nm, label), (left, right), free in zip(TICKS, spans, free_places(spans, 5)):
            x = places.x(nm)
            self.setPen(QPen(self._mixed(0.55), 1))
            self.drawLine(QLineF(x, places.plot.bottom(), x, places.plot.bottom() + 4))
            if free:
                area = QRectF(left - 2, places.ticks_top, right - left + 4, metrics.height())
                self.setPen(self._mixed(0.75))
                self.drawText(area, Qt.AlignmentFlag.AlignCenter, label)

    def _paint_axis(self) -> None:
        places = self._places
        y, left, right = places.plot.bottom(), places.x(BREAK[0]), places.x(BREAK[1])
        middle, half = (left + right) / 2, 2.5
        self.setPen(QPen(self._mixed(0.55), 1))
        self.drawLine(QLineF(places.plot.left(), y, middle - half, y))
        self.drawLine(QLineF(middle + half, y, places.plot.right(), y))
        for x in (middle - half, middle + half):
            self.drawLine(QLineF(x - 2, y + 4, x + 2, y - 4))

    def _paint_bars(self, pointed: Sequence[int]) -> None:
        used = self._layers_of(range(len(self._bands)), only_on=True)
        chosen = self._layers_of(pointed, only_on=False)
        for bar in self._places.bars:
            ground, text = self._bar_colors(bar, used, chosen)
            self.setPen(QPen(self._base, 1))
            self.setBrush(QBrush(ground))
            self.drawRoundedRect(bar.rectangle, 2, 2)
            if bar.layer.polarisation is not None:
                self._paint_beside(bar, bar.layer.polarisation)
                continue
            name = bar.layer.sensor_band
            # The row says whose bands they are: "8A" for B8A leaves room for all of them.
            labels = (name, name[0]) if bar.layer.sensor == "RGB" else (name.lstrip("B0"),)
            room = bar.rectangle.width() - 1
            self.setPen(text)
            label = next((label for label in labels if self._metrics.horizontalAdvance(label) <= room), "")
            self.drawText(bar.rectangle, Qt.AlignmentFlag.AlignCenter, label)

    def _paint_beside(self, bar: Bar, polarisation: str) -> None:
        """The name left of a radar bar, where there is nothing else; with the satellite's where there is room."""
        room = bar.rectangle.left() - self._places.x(BREAK[1])
        full = f"S1 {polarisation}"
        label = full if self._metrics.horizontalAdvance(full) + 4 <= room else polarisation
        width = self._metrics.horizontalAdvance(label)
        area = QRectF(bar.rectangle.left() - width - 4, bar.rectangle.top(), width + 2, bar.rectangle.height())
        self.setPen(self._mixed(0.8))
        self.drawText(area, Qt.AlignmentFlag.AlignCenter, label)

    def _bar_colors(self, bar: Bar, used: Set[str], chosen: Set[str]) -> Tuple[QColor, QColor]:
        if bar.layer.key in chosen:
            return self._highlight, self._colors.color(QPalette.ColorRole.HighlightedText)
        if bar.layer.key in used:
            return self._mixed(0.30), self._text
        return self._mixed(0.10), self._mixed(0.62)

    def _layers_of(self, rows: Sequence[int], only_on: bool) -> Set[str]:
        statuses = (self._statuses[row] for row in rows if row < len(self._statuses))
        return {key for status in statuses if not only_on or status.verdict != OFF for key in status.layer_keys}

    # -- the bands --------------------------------------------------------------------------------

    def _paint_guides(self, pointed: Sequence[int]) -> None:
        """A line from each band pointed out up to the learnt ranges, with its own range as a pale stripe."""
        top, bottom = self._places.bars[0].rectangle.top() - 2, self._places.plot.bottom()
        for mark in self._marks(pointed):
            stripe = QColor(self._highlight)
            stripe.setAlpha(45)
            self.fillRect(QRectF(mark.span.left(), top, mark.span.width(), bottom - top), stripe)
            self.setPen(QPen(self._highlight, 1))
            self.drawLine(QLineF(mark.centre.x(), top, mark.centre.x(), bottom))

    def _paint_marks(self, pointed: Sequence[int]) -> None:
        radius = self._places.radius
        for mark in self._places.marks:
            color = QColor(verdict_color(self._statuses[mark.row].verdict, self._colors))
            color.setAlpha(80)
            self.setPen(Qt.PenStyle.NoPen)
            self.setBrush(QBrush(color))
            self.drawRoundedRect(mark.span, 2, 2)
        for mark in self._in_front(pointed):
            if mark.row in pointed:
                self.setPen(QPen(self._highlight, 2))
                self.setBrush(Qt.BrushStyle.NoBrush)
                self.drawEllipse(mark.centre, radius + 2.5, radius + 2.5)
            paint_mark(self, self._statuses[mark.row].verdict, mark.centre, radius, self._colors)

    def _paint_lines(self, pointed: Sequence[int]) -> None:
        bottom = self._places.plot.bottom() - 1
        whole = bottom - self._places.label_line.bottom() - 2
        for mark in self._in_front(pointed):
            verdict = self._statuses[mark.row].verdict
            x, is_pointed = mark.centre.x(), mark.row in pointed
            self.setPen(QPen(verdict_color(verdict, self._colors), 3 if is_pointed else 1.2))
            self.drawLine(QLineF(x, bottom - whole * _LENGTHS[verdict], x, bottom))

    def _paint_names(self, pointed: Sequence[int]) -> None:
        """Names above the marks, first of those pointed out, then as many as there is room for."""
        marks = self._marks(pointed)
        if not self._places.dense:
            others = [mark for mark in self._places.marks if mark.row not in pointed]
            # Bands that are off come last.
            marks += sorted(others, key=lambda mark: self._statuses[mark.row].verdict == OFF)
        line, widest = self._places.label_line, self._area.width() / 3
        names, spans = [], []
        marks = _first_of_each(marks)
        for mark in marks:
            self.setFont(self._bold if mark.row in pointed else self.font())
            metrics = QFontMetricsF(self._bold) if mark.row in pointed else self._metrics
            name = metrics.elidedText(self._name(mark), Qt.TextElideMode.ElideMiddle, widest)
            width = metrics.horizontalAdvance(name) + 1
            left = min(max(mark.centre.x() - width / 2, line.left() - 4), self._area.right() - width - 3)
            names.append(name)
            spans.append((left, left + width))
        regular = QFont(self._bold)
        regular.setBold(False)
        for mark, name, (left, right), free in zip(marks, names, spans, free_places(spans, 4)):
            if free:
                self.setFont(self._bold if mark.row in pointed else regular)
                self.setPen(self._mixed(0.45) if self._statuses[mark.row].verdict == OFF else self._text)
                self.drawText(QRectF(left, line.top(), right - left, line.height()), Qt.AlignmentFlag.AlignCenter, name)
        self.setFont(regular)

    def _paint_legend(self) -> None:
        """The verdicts that occur, with their marks and how many bands have each."""
        counts = counted([status.verdict for status in self._statuses])
        area, radius = self._places.legend, self._places.radius * 0.9
        texts = [f"{verdict_label(verdict)} {count}" for verdict, count in counts.items()]
        step = 2 * radius + 16
        if sum(self._metrics.horizontalAdvance(text) + step for text in texts) > area.width():
            texts = [str(count) for count in counts.values()]
        x = area.left()
        for verdict, text in zip(counts, texts):
            paint_mark(self, verdict, QPointF(x + radius, area.center().y()), radius, self._colors)
            width = self._metrics.horizontalAdvance(text) + 1
            self.setPen(self._mixed(0.8))
            place = QRectF(x + 2 * radius + 4, area.top(), width, area.height())
            self.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
            x += width + step

    # -- parts ------------------------------------------------------------------------------------

    def _name(self, mark: Mark) -> str:
        """The band's name, with those of bands at the very same place: VV and VH."""
        same = [mark, *(other for other in self._places.marks if other is not mark and _same_place(other, mark))]
        if self._places.dense or len(same) > _NAMED_TOGETHER:
            return self._bands[mark.row].name
        return ", ".join(self._bands[other.row].name for other in sorted(same, key=lambda each: each.row))

    def _marks(self, rows: Sequence[int]) -> List[Mark]:
        found = (self._places.mark_of(row) for row in dict.fromkeys(rows))
        return [mark for mark in found if mark is not None]

    def _in_front(self, pointed: Sequence[int]) -> List[Mark]:
        """All marks in the order of painting: off at the back, those pointed out in front."""

        def rank(mark: Mark) -> int:
            return 2 if mark.row in pointed else 0 if self._statuses[mark.row].verdict == OFF else 1

        return sorted(self._places.marks, key=rank)

    def _mixed(self, share: float) -> QColor:
        return mixed(self._colors, share)


def _same_place(first: Mark, second: Mark) -> bool:
    return abs(first.centre.x() - second.centre.x()) < 0.5


def _first_of_each(marks: Sequence[Mark]) -> List[Mark]:
    """The marks without those that stand where an earlier one does."""
    kept: List[Mark] = []
    for mark in marks:
        if not any(_same_place(mark, other) for other in kept):
            kept.append(mark)
    return kept
