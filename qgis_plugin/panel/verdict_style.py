"""Colours, shapes and words of the verdicts. Each has a shape of its own: colour alone tells nothing to many people."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Mapping, Sequence

from qgis.PyQt.QtCore import QPointF, QRectF, QSize, Qt
from qgis.PyQt.QtGui import (
    QBrush,
    QColor,
    QGuiApplication,
    QIcon,
    QPainter,
    QPainterPath,
    QPalette,
    QPen,
    QPixmap,
    QPolygonF,
)

from ...engine.spectrum.bands import MICROWAVE_MIN_NM
from ...engine.spectrum.layers import LAYER_BY_KEY
from ..translation import tr
from .band_status import INTERPOLATED, NEAR, OFF, OUTSIDE, SEEN, STATUSES, UNKNOWN, BandStatus
from .band_units import range_text

#: The panel's own word for a layer that cannot be used at all; drawn like `outside`.
ERROR = "error"

#: Okabe and Ito's colours, told apart with every common kind of colour blindness: on light and on dark ground.
_LIGHT = {
    SEEN: "#00865f", NEAR: "#0072b2", INTERPOLATED: "#b87500", OUTSIDE: "#c44a00", UNKNOWN: "#a0457f", OFF: "#808080",
}  # fmt: skip
_DARK = {
    SEEN: "#2fc898", NEAR: "#56b4e9", INTERPOLATED: "#f0b030", OUTSIDE: "#ff7f3f", UNKNOWN: "#dd8fbd", OFF: "#909090",
}  # fmt: skip
_ICON_SIZES = (16, 24, 32, 48)


#: Less difference of lightness (of 255) than this cannot be read.
_READABLE = 90


def text_color(palette: QPalette) -> QColor:
    """The colour of text on the palette's ground, black or white where the palette's own could not be read.

    Themes made of style sheets, such as QGIS's «Night Mapping», leave palettes with black text on a black ground.
    """
    base, text = palette.color(QPalette.ColorRole.Base), palette.color(QPalette.ColorRole.Text)
    if abs(base.lightness() - text.lightness()) >= _READABLE:
        return text
    return QColor("#e0e0e0" if base.lightness() < 128 else "#202020")


def is_dark(palette: QPalette) -> bool:
    """True where texts are lighter than the ground they stand on."""
    return palette.color(QPalette.ColorRole.Base).lightness() < text_color(palette).lightness()


def mixed(palette: QPalette, share: float) -> QColor:
    """The text's colour thinned with the ground's: 1 is the text, 0 the ground."""
    ground, text = palette.color(QPalette.ColorRole.Base), text_color(palette)
    parts = zip(ground.getRgb()[:3], text.getRgb()[:3])
    return QColor(*(round(low + (high - low) * share) for low, high in parts))


def verdict_color(verdict: str, palette: QPalette) -> QColor:
    """The colour of a verdict (one of `band_status.STATUSES`, or `ERROR`) on the palette's ground."""
    colors = _DARK if is_dark(palette) else _LIGHT
    return QColor(colors.get(OUTSIDE if verdict == ERROR else verdict, colors[OFF]))


def mark_path(verdict: str, centre: QPointF, radius: float) -> QPainterPath:
    """The shape of a verdict: disc, diamond, triangle, cross; a square where nothing is known, a ring for off."""
    x, y = centre.x(), centre.y()
    path = QPainterPath()
    if verdict in (SEEN, OFF):
        path.addEllipse(centre, radius * 0.9, radius * 0.9)
    elif verdict == UNKNOWN:
        path.addRect(QRectF(x - radius * 0.8, y - radius * 0.8, radius * 1.6, radius * 1.6))
    elif verdict == NEAR:
        path.addPolygon(_polygon(x, y, radius * 1.1, 4))
    elif verdict == INTERPOLATED:
        path.addPolygon(_polygon(x, y + radius * 0.2, radius * 1.15, 3))
    else:
        arm, long = radius * 0.3, radius * 1.05
        for angle in (45, 135):
            bar = QPainterPath()
            bar.addRect(QRectF(-long, -arm, 2 * long, 2 * arm))
            path = path.united(_turned(bar, angle, x, y))
    path.closeSubpath()
    return path


def paint_mark(painter: QPainter, verdict: str, centre: QPointF, radius: float, palette: QPalette) -> None:
    """Draw the mark of a verdict; that of a band that is off is hollow."""
    color = verdict_color(verdict, palette)
    if verdict == OFF:
        painter.setPen(QPen(color, max(1.0, radius / 4)))
        painter.setBrush(Qt.BrushStyle.NoBrush)
    else:
        painter.setPen(QPen(palette.color(QPalette.ColorRole.Base), max(1.0, radius / 5)))
        painter.setBrush(QBrush(color))
    painter.drawPath(mark_path(verdict, centre, radius))


def verdict_icon(verdict: str) -> QIcon:
    """The mark of a verdict as an icon, in the colours of the application's palette."""
    palette = QGuiApplication.palette()
    return _icon(verdict, palette.cacheKey())


@lru_cache(maxsize=64)
def _icon(verdict: str, palette_key: int) -> QIcon:
    # The key stands for the palette: when the theme changes, other icons are drawn.
    palette = QGuiApplication.palette()
    icon = QIcon()
    for size in _ICON_SIZES:
        pixmap = QPixmap(QSize(size, size))
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_mark(painter, verdict, QPointF(size / 2, size / 2), size * 0.34, palette)
        painter.end()
        for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
            # Given for both, or Qt would tint the chosen row's.
            icon.addPixmap(pixmap, mode)
    return icon


def verdict_label(verdict: str) -> str:
    """A verdict in one word."""
    labels = {
        SEEN: tr("seen"), NEAR: tr("near"), INTERPOLATED: tr("interpolated"), OUTSIDE: tr("outside"),
        UNKNOWN: tr("unknown"), OFF: tr("off"),
    }  # fmt: skip
    return labels.get(verdict, verdict)


def verdict_sentence(status: BandStatus, note: str = "") -> str:
    """What a verdict means for a band, with the reason and the way out."""
    if status.verdict == OFF:
        return tr("Switched off: {reason}.").format(reason=note) if note else tr("Switched off.")
    if status.verdict == UNKNOWN:
        return f"{status.problem} " + tr("Write its centre into the table, or switch it off.")
    if status.verdict == OUTSIDE and not status.layer_keys:
        return tr("No learnt layer can read this band. Switch it off.")
    if status.verdict == OUTSIDE:
        distance = _distance(status.distance_nm)
        return tr("Nothing near was learnt: {distance} from the nearest learnt range.").format(distance=distance)
    sentences = {
        SEEN: tr("The model was trained on this very band."),
        NEAR: tr("The model was trained on another band at this wavelength."),
        INTERPOLATED: tr("The model was trained close to this wavelength; two learnt layers are mixed."),
    }
    return sentences[status.verdict]


def layer_sentence(keys: Sequence[str]) -> str:
    """The learnt layers, one a line: key, range, and the band it was learnt from."""
    lines = []
    for key in keys:
        layer = LAYER_BY_KEY[key]
        limits = range_text(layer.min_nm, layer.max_nm)
        lines.append(f"{key}: {layer.sensor} {layer.sensor_band}, {limits}")
    return "\n".join(lines)


def counted(verdicts: Sequence[str]) -> Mapping[str, int]:
    """How many bands have each verdict, the best first, without those that none has."""
    return {verdict: verdicts.count(verdict) for verdict in STATUSES if verdict in verdicts}


def _distance(distance_nm: float) -> str:
    if distance_nm < MICROWAVE_MIN_NM:
        return f"{distance_nm:.4g} nm"
    return f"{distance_nm / 1e7:.3g} cm"


def _polygon(x: float, y: float, radius: float, corners: int) -> QPolygonF:
    angles = [2 * math.pi * corner / corners - math.pi / 2 for corner in range(corners)]
    return QPolygonF([QPointF(x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles])


def _turned(path: QPainterPath, degrees: float, x: float, y: float) -> QPainterPath:
    turn = math.radians(degrees)
    turned = QPainterPath()
    for index in range(path.elementCount()):
        element = path.elementAt(index)
        point = QPointF(
            x + element.x * math.cos(turn) - element.y * math.sin(turn),
            y + element.x * math.sin(turn) + element.y * math.cos(turn),
        )
        turned.moveTo(point) if index == 0 else turned.lineTo(point)
    turned.closeSubpath()
    return turned
