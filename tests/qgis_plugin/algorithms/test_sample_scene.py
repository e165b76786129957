"""A scene to learn on, in the toolbox: its files, and its layers in the colours people know."""

from __future__ import annotations

import processing
from qgis.core import QgsProject, QgsRasterLayer, QgsVectorLayer
from smarties.qgis_plugin.layer_bands import detect_layer


def test_the_scene_is_written_and_two_of_its_images_and_the_polygons_come_onto_the_map(tmp_path, new_project, qtbot):
    outputs = processing.runAndLoadResults("smarties:samplescene", {"FOLDER": str(tmp_path / "scene"), "SEED": 3})
    sensors = {}
    for name in ("S2", "S1", "LANDSAT", "RGB"):
        layer = QgsRasterLayer(outputs[name], name)
        assert layer.isValid()
        sensors[name] = detect_layer(layer).sensor.name
    assert sensors == {"S2": "sentinel-2-l2a", "S1": "sentinel-1-grd", "LANDSAT": "landsat-8-l2", "RGB": "rgb"}
    layers = {layer.name(): layer for layer in QgsProject.instance().mapLayers().values()}
    assert sorted(name[:2] for name in layers) == ["S1", "S2", "Tr"]
    training = next(layer for layer in layers.values() if isinstance(layer, QgsVectorLayer))
    colours = {category.label(): category.symbol().color().name() for category in training.renderer().categories()}
    assert len(colours) == 6 and colours["Forest"] == "#226633"
    assert all(feature.geometry().area() > 0 for feature in training.getFeatures())
    s2 = next(layer for name, layer in layers.items() if name.startswith("S2"))
    assert (s2.renderer().redBand(), s2.renderer().greenBand(), s2.renderer().blueBand()) == (4, 3, 2)
