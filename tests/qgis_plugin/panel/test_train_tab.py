"""The tab «Train»: labels from anywhere, heads with their accuracy, and a map that is renewed."""

from __future__ import annotations

from pathlib import Path

import pytest
from qgis.core import QgsFeature, QgsGeometry, QgsProject, QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QDesktopServices
from smarties.qgis_plugin.layer_classes import classes_shown
from smarties.qgis_plugin.panel.heads import legend_html, percent
from smarties.qgis_plugin.panel.label_choice import class_field
from smarties.qgis_plugin.panel.label_layer import FIELD, _suppression, classes_of, is_label_layer

RUN_MS = 120_000


@pytest.fixture
def train(panel):
    tab = next(tab for tab in panel.task_tabs if tab.NAME == "train")
    panel.tabs.setCurrentWidget(tab)
    panel.log.text.clear()
    return tab


def add_polygon(layer: QgsVectorLayer, left: float, top: float, size: float, name: str | None) -> None:
    """A square in the layer's units, not committed."""
    corners = [(left, top), (left + size, top), (left + size, top - size), (left, top - size), (left, top)]
    feature = QgsFeature(layer.fields())
    feature.setGeometry(QgsGeometry.fromWkt(f"Polygon(({', '.join(f'{x} {y}' for x, y in corners)}))"))
    if name is not None:
        feature.setAttribute(FIELD, name)
    assert layer.addFeature(feature)


def train_to_end(panel, qtbot) -> None:
    panel.run_bar.run_button.click()
    qtbot.waitUntil(lambda: not panel.run.running, timeout=RUN_MS)
    assert "Error:" not in panel.log.text.toPlainText()


def names_in_tree() -> list[str]:
    return [node.name() for node in QgsProject.instance().layerTreeRoot().findLayers()]


def test_train_look_add_a_polygon_train_again(panel, train, embedding, iface, qtbot, messages):
    project = QgsProject.instance()
    project.setCrs(embedding.crs())
    assert "draw some" in train.reason()
    train.labels.new_button.click()
    layer = train.labels.layer
    assert is_label_layer(layer) and layer.isEditable() and layer.crs() == embedding.crs()
    assert iface.activeLayer() is layer and "Draw polygons" in train.reason()
    extent = embedding.extent()
    step = extent.width() / 8
    for column in range(4):
        for row, name in enumerate(("upper", "lower")):
            left, top = extent.xMinimum() + (2 * column + 0.3) * step, extent.yMaximum() - (4 * row + 0.5) * step
            add_polygon(layer, left, top, step / 2, name)
    qtbot.waitUntil(panel.run_bar.run_button.isEnabled, timeout=5000)
    train_to_end(panel, qtbot)
    # The accuracy stands in the tab, class by class, and what to mind in plain words.
    view = train.accuracy
    assert "right in places held back" in view.headline.text() and "polygons" in view.detail.text()
    assert {view.table.topLevelItem(row).text(0) for row in range(2)} == {"upper", "lower"}
    assert view.table.topLevelItem(0).text(1) not in ("", "–") and view.table.topLevelItem(0).text(3) == "4"
    assert "fewer than 5 polygons" in view.warnings.text()
    # The map lies below the labels, in their colours, and drawing goes on.
    (map_layer,) = [each for each in project.mapLayers().values() if each.name().startswith("Map of")]
    qtbot.waitUntil(lambda: names_in_tree()[:2] == [layer.name(), map_layer.name()], timeout=5000)
    qtbot.waitUntil(lambda: iface.activeLayer() is layer, timeout=5000)
    colours = {entry.label: entry.color.name() for entry in map_layer.renderer().classes()}
    assert colours == classes_of(layer) and layer.isEditable()
    # Again with one more: the same layer shows the new map.
    before, source = len(project.mapLayers()), map_layer.source()
    add_polygon(layer, extent.xMinimum() + 0.3 * step, extent.yMaximum() - 3 * step, step / 2, "upper")
    train_to_end(panel, qtbot)
    assert len(project.mapLayers()) == before and map_layer.source() != source and not Path(source).exists()
    assert "Head and map are ready" in messages()
    counts = {view.table.topLevelItem(row).text(0): view.table.topLevelItem(row).text(3) for row in range(2)}
    assert counts == {"upper": "5", "lower": "4"}
    # The head is offered where maps are made, with its legend; the report opens.
    segment = next(tab for tab in panel.task_tabs if tab.NAME == "segment")
    assert segment.reason() == "" and segment.head.choice.itemText(0).startswith("Labels_linear · Linear · ")
    assert "upper" in segment.head.legend.text() and Path(segment.parameters()["HEAD"]).is_file()
    assert train.report_button.isVisible() and Path(train._report).is_file()


def test_a_head_goes_beside_the_project_and_its_accuracy_comes_back_with_it(
    panel, train, embedding, scene, new_project, qtbot, tmp_path, monkeypatch
):
    assert new_project.write(str(tmp_path / "project.qgz"))
    labels = QgsVectorLayer(str(scene["labels"].parent / "training.geojson"), "training")
    new_project.addMapLayer(labels)
    assert train.labels.layer is labels and train.labels.field == "class"
    train.settings.map_at_once.setChecked(False)
    train_to_end(panel, qtbot)
    assert (tmp_path / "training_linear.safetensors").is_file()
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    qtbot.mouseClick(train.report_button, Qt.MouseButton.LeftButton)
    assert [Path(path).name for path in opened] == ["training_linear_report.html"]
    headline = train.accuracy.headline.text()
    assert new_project.write(str(tmp_path / "project.qgz"))
    new_project.clear()
    assert not train.accuracy_section.isVisible()
    assert new_project.read(str(tmp_path / "project.qgz"))
    assert train.accuracy_section.isVisible() and train.accuracy.headline.text() == headline
    assert train.labels.layer.name() == "training"


class TestLabels:
    def test_classes_typed_or_picked_get_colours_and_need_no_form(self, panel, train, new_project, qtbot):
        train.labels.make_layer()
        layer, choice = train.labels.layer, train.labels.drawing.class_choice
        for name in ("water", "forest", "it's new"):
            choice.lineEdit().clear()
            qtbot.keyClicks(choice.lineEdit(), name)
            qtbot.keyClick(choice.lineEdit(), Qt.Key.Key_Return)
        assert list(classes_of(layer)) == ["water", "forest", "it's new"] == [choice.itemText(row) for row in range(3)]
        assert len(set(classes_of(layer).values())) == 3
        assert layer.defaultValue(0) == "it's new"
        assert layer.editFormConfig().suppress() == _suppression("On")
        choice.setCurrentIndex(0)
        choice.activated.emit(0)
        assert layer.defaultValue(0) == "water"
        # A class that came by QGIS's own table is coloured, too, and counted.
        add_polygon(layer, 0, 0, 1, "rock")
        qtbot.waitUntil(lambda: "rock: 1" in train.labels.drawing._counts.text(), timeout=5000)
        assert f"rock={classes_of(layer)['rock']}" in classes_shown(layer, FIELD).colours

    def test_a_raster_has_no_class_field_and_images_are_no_labels(self, panel, train, pair, scene, new_project):
        labels = QgsRasterLayer(str(scene["labels"]), "truth")
        new_project.addMapLayer(labels)
        panel.embed.layers.add_layers(pair)
        choice = train.labels.layer_choice
        assert {choice.itemText(row) for row in range(choice.count())} == {"Choose a layer", "truth"}
        choice.setCurrentIndex(choice.findData(labels.id()))
        assert train.labels.field_choice.isHidden() and train.reason() == ""
        assert train.parameters()["LABELS"] == labels.id() and "CLASS_FIELD" not in train.parameters()
        assert train.parameters(as_text=True)["LABELS"] == labels.source()

    @pytest.mark.parametrize(
        ("fields", "found"),
        [
            ("field=id:integer&field=Klasse:string", "Klasse"),
            ("field=name:string&field=class:integer", "class"),
            ("field=fid:integer&field=thing:string", "thing"),
            ("field=id:integer", "id"),
        ],
    )
    def test_the_likely_class_field(self, fields, found):
        assert class_field(QgsVectorLayer(f"Point?{fields}", "points", "memory")) == found

    def test_a_layer_without_fields_says_so(self, panel, train, embedding, new_project):
        bare = QgsVectorLayer("Polygon?crs=EPSG:4326", "bare", "memory")
        new_project.addMapLayer(bare)
        train.labels.layer_choice.setCurrentIndex(train.labels.layer_choice.findData(bare.id()))
        assert "bare has no field" in train.reason()

    def test_labels_in_memory_cannot_be_copied_as_a_command(self, panel, train, embedding, messages):
        train.labels.make_layer()
        add_polygon(train.labels.layer, 0, 0, 1, "water")
        panel.run_bar.copy_command.emit()
        assert "Save them as a GeoPackage" in messages()


def test_figures_and_legends_say_neither_too_much_nor_too_little():
    assert [percent(share) for share in (0, 0.874, 0.9996, 1)] == ["0 %", "87 %", "100.0 %", "100 %"]
    legend = legend_html([(f"<b>{number}", "#ff0000") for number in range(30)])
    assert "&lt;b&gt;0" in legend and "<b>" not in legend and "and 6 more" in legend
