"""From two layers to maps with nothing but mouse and keyboard: draw labels, train, click for what is alike, export."""

from __future__ import annotations

from pathlib import Path

from osgeo import gdal
from qgis.core import QgsPointXY, QgsProject, QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtCore import QPoint, Qt

from .test_as_a_person import LEFT, RUN_MS, add_by_menu, click

#: As one would name them who looks at the picture; the numbers are those of the simulated truth.
CLASSES = {"water": 4, "forest": 3, "town": 5}
SIDE = 9


def in_front(qtbot, panel, name: str):
    """Click on a task's icon."""
    row = next(row for row, tab in enumerate(panel.task_tabs) if tab.NAME == name)
    place = panel.tabs.list.visualItemRect(panel.tabs.list.item(row)).center()
    qtbot.mouseClick(panel.tabs.list.viewport(), LEFT, pos=place)
    assert panel.tab is panel.task_tabs[row]
    return panel.tab


def squares(truth: Path, value: int, count: int) -> list[list[QgsPointXY]]:
    """Corners of squares that lie within one class, far from each other."""
    dataset = gdal.Open(str(truth))
    x0, dx, _, y0, _, dy = dataset.GetGeoTransform()
    inside = dataset.ReadAsArray() == value
    found: list[tuple[int, int]] = []
    for row in range(0, inside.shape[0] - SIDE, 3):
        for col in range(0, inside.shape[1] - SIDE, 3):
            apart = all(max(abs(row - other), abs(col - across)) > 2 * SIDE for other, across in found)
            if len(found) < count and apart and inside[row : row + SIDE, col : col + SIDE].all():
                found.append((row, col))
    assert len(found) == count, f"too little of class {value}"
    corners = ((1, 1), (1, SIDE - 1), (SIDE - 1, SIDE - 1), (SIDE - 1, 1))
    return [[QgsPointXY(x0 + (col + c) * dx, y0 + (row + r) * dy) for r, c in corners] for row, col in found]


def click_map(qtbot, canvas, place: QgsPointXY, button=LEFT, modifier=Qt.KeyboardModifier.NoModifier) -> None:
    pixel = canvas.mapSettings().mapToPixel().transform(place)
    qtbot.mouseClick(canvas.viewport(), button, modifier, QPoint(round(pixel.x()), round(pixel.y())))


def run_ends(qtbot, panel) -> None:
    qtbot.waitUntil(lambda: not panel.run.running, timeout=RUN_MS)
    assert "Error:" not in panel.log.text.toPlainText()


def test_draw_train_click_export(plugin, panel, scene, new_project, qtbot, iface, messages):
    layers = {}
    for name in ("s1", "s2"):
        layers[name] = iface.addRasterLayer(str(scene[name]), name)
    new_project.setCrs(layers["s2"].crs())
    canvas = iface.mapCanvas()
    canvas.setExtent(layers["s2"].extent())
    panel.log.text.clear()
    for name in layers:
        add_by_menu(qtbot, panel, name)
    assert len(panel.embed.images) == 2

    # Draw two squares of three classes in a new layer; no form comes up.
    train = in_front(qtbot, panel, "train")
    click(qtbot, train.labels.new_button)
    labels = train.labels.layer
    drawing = train.labels.drawing
    for name, value in CLASSES.items():
        drawing.class_choice.lineEdit().selectAll()
        qtbot.keyClicks(drawing.class_choice.lineEdit(), name)
        qtbot.keyClick(drawing.class_choice.lineEdit(), Qt.Key.Key_Return)
        for corners in squares(scene["labels"], value, 2):
            for corner in corners:
                click_map(qtbot, canvas, corner)
            click_map(qtbot, canvas, corners[-1], Qt.MouseButton.RightButton)
    assert [feature["class"] for feature in labels.getFeatures()] == [name for name in CLASSES for _ in range(2)]

    # Train on them, unsaved as they are: accuracy in the tab, the map below the labels.
    qtbot.waitUntil(panel.run_bar.run_button.isEnabled, timeout=5000)
    click(qtbot, panel.run_bar.run_button)
    run_ends(qtbot, panel)
    assert "fewer than 5 polygons" in train.accuracy.warnings.text()
    map_layer = train.map.layer
    assert {entry.label for entry in map_layer.renderer().classes()} == set(CLASSES)
    values = {entry.label: entry.value for entry in map_layer.renderer().classes()}
    right = 0
    for name, value in CLASSES.items():
        # Of five squares three were never drawn.
        places = [corners[0] for corners in squares(scene["labels"], value, 5)]
        right += sum(map_layer.dataProvider().sample(place, 1)[0] == values[name] for place in places)
    assert right >= 12

    # Click on water: water lights up. Its polygons are water.
    similar = in_front(qtbot, panel, "similar")
    click(qtbot, similar.examples.pick_button)
    ((water, *_),) = squares(scene["labels"], CLASSES["water"], 1)
    ((town, *_),) = squares(scene["labels"], CLASSES["town"], 1)
    with qtbot.waitSignal(panel.run.finished, timeout=RUN_MS):
        click_map(qtbot, canvas, water)
    with qtbot.waitSignal(panel.run.finished, timeout=RUN_MS):
        click_map(qtbot, canvas, town, modifier=Qt.KeyboardModifier.ShiftModifier)
    assert [example.positive for example in similar.examples.examples] == [True, False]
    run_ends(qtbot, panel)
    click(qtbot, similar.threshold.export_button)
    run_ends(qtbot, panel)
    polygons = [each for each in QgsProject.instance().mapLayers().values() if isinstance(each, QgsVectorLayer)]
    (alike,) = [each for each in polygons if each is not labels]
    found = max((feature.geometry() for feature in alike.getFeatures()), key=lambda geometry: geometry.area())
    truth = QgsRasterLayer(str(scene["labels"]), "truth")
    assert (
        found.contains(water)
        and truth.dataProvider().sample(found.pointOnSurface().asPoint(), 1)[0] == CLASSES["water"]
    )

    # The map goes to a file from the tab of its own, and the drawing tool still draws labels.
    segment = in_front(qtbot, panel, "segment")
    assert similar.examples.pick_button.isChecked() is False
    segment.settings.polygons.setChecked(True)
    click(qtbot, panel.run_bar.run_button)
    run_ends(qtbot, panel)
    names = [layer.name() for layer in QgsProject.instance().mapLayers().values()]
    assert sum(name.startswith("Polygons of") for name in names) == 1 and "map of classes" in messages()
    assert labels.isEditable() and labels.featureCount() == 6
