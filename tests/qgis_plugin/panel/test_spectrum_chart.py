from __future__ import annotations

import pytest
from qgis.PyQt.QtCore import QEvent, QPoint, QPointF, Qt
from qgis.PyQt.QtGui import QColor, QFontMetricsF, QHelpEvent, QImage, QPalette
from qgis.PyQt.QtWidgets import QApplication, QToolTip
from smarties.engine.spectrum import LAYERS, Band, Detection
from smarties.qgis_plugin.panel.band_table_model import BandTableModel
from smarties.qgis_plugin.panel.chart_layout import DENSE_FROM, lay_out
from smarties.qgis_plugin.panel.chart_scale import BREAK, TICKS, free_places, is_beyond, lanes, share
from smarties.qgis_plugin.panel.spectrum_chart import SpectrumChart
from smarties.qgis_plugin.panel.verdict_style import ERROR, STATUSES, mark_path, verdict_color, verdict_icon

BANDS = (
    Band("red", 664.6, 649.0, 680.0), Band("cirrus", 1375.0, enabled=False, note="clouds"),
    Band("thermal", 10895.0, 10600.0, 11190.0), Band("VV", 5.5466e7, polarisation="VV"), Band("?"),
    Band("L band", 2.4e8, polarisation="HH"),
)  # fmt: skip


@pytest.fixture
def chart(qtbot):
    return shown(qtbot, BANDS)


def shown(qtbot, bands, width=420):
    model = BandTableModel()
    model.set_bands(Detection(tuple(bands), None, "", None, ()))
    chart = SpectrumChart()
    model.setParent(chart)
    qtbot.addWidget(chart)
    chart.set_model(model)
    chart.resize(width, chart.sizeHint().height())
    with qtbot.waitExposed(chart):
        chart.show()
    return chart


# -- the axis -------------------------------------------------------------------------------------


def test_the_axis_never_runs_backwards_and_has_a_place_for_all():
    wavelengths = [10 ** (2 + 0.01 * step) for step in range(800)]
    places = [share(nm) for nm in wavelengths]
    assert places == sorted(places) and places[0] == 0 and places[-1] == 1


def test_optical_bands_get_most_of_the_width():
    assert share(2500) - share(400) > 0.6
    assert share(BREAK[1]) - share(BREAK[0]) < 0.05


def test_what_the_axis_leaves_out_is_known():
    assert is_beyond(300) and is_beyond(3.1e7) and is_beyond(2.4e8)
    assert not is_beyond(443) and not is_beyond(10895) and not is_beyond(5.55e7)


def test_learnt_ranges_of_a_row_never_overlap(qtbot):
    places = lay_out(QFontMetricsF(QApplication.font()), 238, ())
    assert len(places.bars) == len(LAYERS)
    for index, bar in enumerate(places.bars):
        assert bar.rectangle.width() >= 3 and places.plot.left() <= bar.rectangle.left()
        assert bar.rectangle.right() <= places.plot.right() + 3
        for other in places.bars[index + 1 :]:
            assert not bar.rectangle.intersects(other.rectangle), (bar.layer.key, other.layer.key)


def test_lanes_and_labels_find_room():
    assert lanes([(0, 10), (5, 15), (11, 20), (6, 7)], 2) == [0, 1, 0, 1]
    assert free_places([(0, 10), (5, 15), (16, 20)], 2) == [True, False, True]
    assert len({label for _, label in TICKS}) == len(TICKS)


# -- marks ----------------------------------------------------------------------------------------


def test_every_band_with_a_wavelength_has_a_mark(chart):
    places = chart.places
    assert [mark.row for mark in places.marks] == [0, 1, 2, 3, 5]
    red = places.mark_of(0)
    assert red.span.left() < red.centre.x() < red.span.right()
    assert places.mark_of(4) is None


def test_a_click_gives_the_row(chart, qtbot):
    for row in (0, 2, 3):
        with qtbot.waitSignal(chart.band_clicked) as caught:
            qtbot.mouseClick(chart, Qt.MouseButton.LeftButton, pos=chart.places.mark_of(row).centre.toPoint())
        assert caught.args == [row]


def test_arrows_go_along_the_spectrum(chart, qtbot):
    visited = []
    chart.band_clicked.connect(lambda row: (visited.append(row), chart.set_selected([row])))
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_End, Qt.Key.Key_Left, Qt.Key.Key_Home, Qt.Key.Key_Left):
        qtbot.keyClick(chart, key)
    assert visited == [0, 1, 5, 3, 0, 0]
    assert chart.accessibleDescription().startswith("red: 664.6 nm (649–680 nm), seen")


def test_tooltips_tell_band_and_verdict_and_learnt_range(chart):
    told = chart.tooltip_at(chart.places.mark_of(0).centre)
    assert "664.6 nm (649–680 nm), seen" in told and "red_2" in told
    assert "clouds" in chart.tooltip_at(chart.places.mark_of(1).centre)
    assert "cut off" in chart.tooltip_at(chart.places.mark_of(5).centre)
    bar = next(bar for bar in chart.places.bars if bar.layer.key == "near_infrared_1")
    assert "728–938 nm" in chart.tooltip_at(bar.rectangle.center())
    assert chart.tooltip_at(QPointF(1, 1)) == ""


def test_a_name_from_a_file_is_never_markup(qtbot):
    chart = shown(qtbot, [Band("<img src=x>", 600.0)])
    assert "&lt;img" in chart.tooltip_at(chart.places.mark_of(0).centre)


def test_the_tooltip_is_shown(chart):
    place = chart.places.mark_of(0).centre.toPoint()
    QApplication.sendEvent(chart, QHelpEvent(QEvent.Type.ToolTip, place, chart.mapToGlobal(place)))
    assert "664.6" in QToolTip.text()
    QToolTip.hideText()


def test_the_pointer_lights_a_band_up(chart, qtbot):
    before = picture(chart)
    qtbot.mouseMove(chart, chart.places.mark_of(0).centre.toPoint())
    qtbot.waitUntil(lambda: chart.cursor().shape() == Qt.CursorShape.PointingHandCursor)
    assert picture(chart) != before
    qtbot.mouseMove(chart, QPoint(2, 2))
    qtbot.waitUntil(lambda: chart.cursor().shape() == Qt.CursorShape.ArrowCursor)


# -- looks ----------------------------------------------------------------------------------------


def picture(widget):
    return widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)


def has_color(image, color):
    wanted = color.rgb() & 0xFFFFFF
    return any(image.pixel(x, y) & 0xFFFFFF == wanted for x in range(image.width()) for y in range(image.height()))


def test_it_follows_the_model(chart):
    before = picture(chart)
    chart.findChild(BandTableModel).switch(False)
    assert picture(chart) != before


@pytest.mark.parametrize("dark", [False, True])
def test_marks_have_the_colours_of_their_verdicts_on_any_ground(chart, dark):
    palette = QPalette(chart.palette())
    palette.setColor(QPalette.ColorRole.Base, QColor("#202020" if dark else "#ffffff"))
    palette.setColor(QPalette.ColorRole.Text, QColor("#eeeeee" if dark else "#111111"))
    chart.setPalette(palette)
    image = picture(chart)
    for verdict in ("seen", "interpolated", "outside", "unknown"):
        assert has_color(image, verdict_color(verdict, palette)), verdict


def test_colours_stand_out_from_the_ground():
    for ground, text in (("#ffffff", "#000000"), ("#202020", "#eeeeee")):
        palette = QPalette()
        palette.setColor(QPalette.ColorRole.Base, QColor(ground))
        palette.setColor(QPalette.ColorRole.Text, QColor(text))
        for verdict in (*STATUSES, ERROR):
            assert contrast(verdict_color(verdict, palette), QColor(ground)) >= 3.0, (verdict, ground)


def contrast(first, second):
    def luminance(color):
        parts = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in color.getRgbF()[:3]]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def test_every_verdict_has_a_shape_of_its_own():
    shapes = {verdict: mark_path(verdict, QPointF(0, 0), 10) for verdict in STATUSES if verdict != "off"}
    assert len({path.elementCount() for path in shapes.values()}) >= 3
    listed = list(shapes.values())
    assert all(first != second for place, first in enumerate(listed) for second in listed[place + 1 :])
    assert not verdict_icon("seen").isNull() and not verdict_icon(ERROR).isNull()


def test_many_bands_become_lines_and_stay_quick(qtbot):
    import time

    chart = shown(qtbot, [Band(f"band {n}", 420 + 9.0 * n) for n in range(224)], 320)
    assert chart.places.dense and len(chart.places.marks) == 224 > DENSE_FROM
    started = time.perf_counter()
    chart.grab()
    assert time.perf_counter() - started < 0.5


def test_it_grows_with_the_font_and_is_never_cut(chart):
    small = chart.sizeHint().height()
    font = chart.font()
    font.setPointSizeF(font.pointSizeF() * 2)
    chart.setFont(font)
    assert chart.sizeHint().height() > small * 1.5
    assert chart.places.legend.bottom() <= chart.sizeHint().height()
    assert chart.minimumSizeHint().width() == 238
