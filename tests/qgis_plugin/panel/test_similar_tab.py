"""The tab «Similar»: clicks on the map, what they find, and what is left behind (nothing)."""

from __future__ import annotations

import pytest
from osgeo import gdal
from qgis.core import QgsCoordinateReferenceSystem, QgsPointXY, QgsProject, QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtCore import QPoint, Qt
from smarties.qgis_plugin.panel.examples import clicked, points_text, selected_features
from smarties.qgis_plugin.panel.pick_tool import PickTool

RUN_MS = 120_000
LEFT, SHIFT = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def canvas(iface, embedding):
    """The map, showing the embedding."""
    QgsProject.instance().setCrs(embedding.crs())
    canvas = iface.mapCanvas()
    canvas.setExtent(embedding.extent())
    return canvas


@pytest.fixture
def similar(panel, canvas):
    tab = next(tab for tab in panel.task_tabs if tab.NAME == "similar")
    panel.tabs.setCurrentWidget(tab)
    yield tab
    tab.examples.close_tool()


def place_of(canvas, layer, across: float, down: float) -> tuple[QgsPointXY, QPoint]:
    extent = layer.extent()
    place = QgsPointXY(extent.xMinimum() + across * extent.width(), extent.yMaximum() - down * extent.height())
    pixel = canvas.mapSettings().mapToPixel().transform(place)
    return place, QPoint(round(pixel.x()), round(pixel.y()))


def click_map(qtbot, panel, canvas, layer, across, down, modifier=Qt.KeyboardModifier.NoModifier) -> None:
    """Click, and wait for what it finds."""
    ends: list[object] = []
    for signal in (panel.run.finished, panel.run.failed):
        signal.connect(ends.append)
    qtbot.mouseClick(canvas.viewport(), LEFT, modifier, place_of(canvas, layer, across, down)[1])
    qtbot.waitUntil(lambda: ends != [], timeout=RUN_MS)
    for signal in (panel.run.finished, panel.run.failed):
        signal.disconnect(ends.append)
    assert isinstance(ends[0], dict), ends[0]


def value_at(layer: QgsRasterLayer, across: float, down: float) -> float:
    dataset = gdal.Open(layer.source())
    band = dataset.ReadAsArray()
    return float(band[int(down * dataset.RasterYSize), int(across * dataset.RasterXSize)])


def marks(similar) -> int:
    """How many of the tab's marks are on the map; other rubber bands there are other tools'."""
    on_map = similar._canvas.scene().items()
    return sum(band in on_map and band.numberOfVertices() > 0 for band in similar.examples._marks._bands)


def test_every_click_renews_the_map_of_what_is_alike(panel, similar, canvas, embedding, qtbot, iface, messages):
    project = QgsProject.instance()
    # What tasks of earlier tests had to say.
    iface.messageBar().clearWidgets()
    qtbot.mouseClick(similar.examples.pick_button, LEFT)
    assert isinstance(canvas.mapTool(), PickTool)
    click_map(qtbot, panel, canvas, embedding, 0.3, 0.4)
    result = similar.result.layer
    assert result is not None and result.name().startswith("Similarity")
    assert value_at(result, 0.3, 0.4) == pytest.approx(1, abs=0.02)
    qtbot.waitUntil(lambda: project.layerTreeRoot().children()[0].name() == result.name(), timeout=5000)
    layers, source = len(project.mapLayers()), result.source()
    before = value_at(result, 0.8, 0.8)
    click_map(qtbot, panel, canvas, embedding, 0.8, 0.8, SHIFT)
    assert [example.positive for example in similar.examples.examples] == [True, False]
    assert similar.result.layer is result and len(project.mapLayers()) == layers and result.source() != source
    assert value_at(result, 0.8, 0.8) < before
    assert marks(similar) == 2 and messages() == ""
    # The places above a threshold become polygons.
    similar.threshold.only_above.setChecked(True)
    similar.threshold.slider.setValue(700)
    with qtbot.waitSignal(panel.run.finished, timeout=RUN_MS):
        qtbot.mouseClick(similar.threshold.export_button, LEFT)
    (polygons,) = [each for each in project.mapLayers().values() if isinstance(each, QgsVectorLayer)]
    assert polygons.featureCount() > 0 and "polygons" in messages()
    inside = [feature.geometry() for feature in polygons.getFeatures()]
    assert any(geometry.contains(place_of(canvas, embedding, 0.3, 0.4)[0]) for geometry in inside)
    # An example that is removed is searched for no more.
    similar.examples.view.setCurrentRow(1)
    with qtbot.waitSignal(panel.run.finished, timeout=RUN_MS):
        qtbot.keyClick(similar.examples.view, Qt.Key.Key_Delete)
    assert value_at(result, 0.8, 0.8) == pytest.approx(before, abs=0.02)


def test_clicks_during_a_run_are_one_search_after_it(panel, similar, canvas, embedding, qtbot):
    similar.examples.pick_button.click()
    ends: list[dict] = []
    panel.run.finished.connect(ends.append)
    for across in (0.2, 0.4, 0.6):
        qtbot.mouseClick(canvas.viewport(), LEFT, pos=place_of(canvas, embedding, across, 0.5)[1])
        qtbot.wait(180)
    qtbot.waitUntil(lambda: not panel.run.running and panel._waiting is None and ends != [], timeout=RUN_MS)
    panel.run.finished.disconnect(ends.append)
    assert len(similar.examples.examples) == 3 and len(ends) <= 3
    assert all(value_at(similar.result.layer, across, 0.5) > 0.97 for across in (0.2, 0.4, 0.6))


def test_a_click_beside_the_image_says_so_and_the_next_one_works(panel, similar, canvas, embedding, qtbot, messages):
    canvas.zoomByFactor(3)
    similar.examples.pick_button.click()
    with qtbot.waitSignal(panel.run.failed, timeout=RUN_MS) as caught:
        qtbot.mouseClick(canvas.viewport(), LEFT, pos=place_of(canvas, embedding, 1.4, 0.5)[1])
    assert caught.args[0] in messages()
    qtbot.mouseClick(similar.examples.clear_button, LEFT)
    click_map(qtbot, panel, canvas, embedding, 0.5, 0.5)
    assert similar.result.layer is not None


def test_tool_and_marks_go_with_the_tab_the_panel_and_another_tool(panel, plugin, similar, canvas, embedding, iface):
    similar.settings.live.setChecked(False)
    before = canvas.mapTool()
    similar.examples.pick_button.click()
    similar.examples._picked(place_of(canvas, embedding, 0.5, 0.5)[0], True)
    assert marks(similar) == 1
    panel.tabs.setCurrentWidget(panel.embed)
    assert canvas.mapTool() is before and marks(similar) == 0 and not similar.examples.pick_button.isChecked()
    panel.tabs.setCurrentWidget(similar)
    assert marks(similar) == 1 and not similar.examples.picking
    similar.examples.pick_button.click()
    plugin.dock.hide()
    assert canvas.mapTool() is before and marks(similar) == 0
    plugin.dock.show()
    similar.examples.pick_button.click()
    iface.actionZoomIn().trigger()
    assert not similar.examples.pick_button.isChecked() and not isinstance(canvas.mapTool(), PickTool)
    similar.settings.live.setChecked(True)


def test_only_examples_against_are_no_search(panel, similar, canvas, embedding):
    similar.examples._picked(QgsPointXY(0, 0), False)
    assert "without Shift" in similar.reason() and not panel.run_bar.run_button.isEnabled()


class TestExamples:
    UTM = QgsCoordinateReferenceSystem("EPSG:32631")
    DEGREES = QgsCoordinateReferenceSystem("EPSG:4326")

    def test_points_are_written_in_one_crs_with_every_digit(self):
        text = points_text([clicked(QgsPointXY(500000, 0), self.UTM, True)], self.DEGREES)
        x, y = (float(number) for number in text.removesuffix(" [EPSG:4326]").split(","))
        assert text.endswith(" [EPSG:4326]") and (x, y) == (pytest.approx(3), pytest.approx(0))
        assert points_text([clicked(QgsPointXY(1, 2), QgsCoordinateReferenceSystem(), True)], self.UTM).startswith(
            "1.0,2.0"
        )

    def test_selected_polygons_become_a_layer_and_points_points(self, similar, embedding):
        polygons = QgsVectorLayer("Polygon?crs=EPSG:32631", "fields", "memory")
        points = QgsVectorLayer("MultiPoint?crs=EPSG:32631", "wells", "memory")
        for layer, wkts in (
            (polygons, ("Polygon((0 0, 1 0, 1 1, 0 0))", "Polygon((5 5, 6 5, 6 6, 5 5))")),
            (points, ("MultiPoint((1 1), (2 2))",)),
        ):
            from qgis.core import QgsFeature, QgsGeometry

            for wkt in wkts:
                feature = QgsFeature()
                feature.setGeometry(QgsGeometry.fromWkt(wkt))
                layer.dataProvider().addFeatures([feature])
            layer.selectAll()
        similar.settings.live.setChecked(False)
        similar.examples.set_examples([*selected_features(polygons, True), *selected_features(points, False)])
        parameters = similar.parameters()
        assert parameters["LIKE"].featureCount() == 2 and "POINTS" not in parameters
        assert parameters["UNLIKE_POINTS"].count(";") == 1
        assert QgsVectorLayer(similar.parameters(as_text=True)["LIKE"]).featureCount() == 2
        state = similar.examples.state()
        similar.examples.restore({})
        assert similar.examples.examples == []
        similar.examples.restore(state)
        assert similar.examples.state() == state and len(similar.examples.examples) == 4
        similar.settings.live.setChecked(True)
