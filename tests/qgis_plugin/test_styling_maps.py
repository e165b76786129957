"""How maps look: what their renderers hold, and the pixels they draw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal
from qgis.core import QgsRasterLayer, QgsVectorLayer
from smarties.qgis_plugin.styling import write_style
from smarties.qgis_plugin.styling_maps import (
    CIVIDIS,
    VIRIDIS,
    style_bands,
    style_class_polygons,
    style_classes,
    style_found_polygons,
    style_probabilities,
    style_ramp,
)

CLASSES = [
    {"value": 3, "name": "Wasser", "colour": "#2b6fb8"},
    {"value": 7, "name": "森", "colour": "#1b7837"},
]


def layer_of(path: Path, values: np.ndarray, kind: int = gdal.GDT_Float32) -> QgsRasterLayer:
    bands = values.reshape(-1, *values.shape[-2:])
    dataset = gdal.GetDriverByName("GTiff").Create(str(path), bands.shape[2], bands.shape[1], len(bands), kind)
    dataset.SetGeoTransform((0, 10, 0, 0, 0, -10))
    for number, band in enumerate(bands, 1):
        dataset.GetRasterBand(number).WriteArray(band)
    # Closed, for QGIS to see all of it.
    dataset = None
    return QgsRasterLayer(str(path), "map")


def colours_drawn(layer: QgsRasterLayer) -> set[str]:
    block = layer.renderer().block(1, layer.extent(), layer.width(), layer.height())
    return {f"#{block.color(row, col) & 0xFFFFFF:06x}" for row in range(layer.height()) for col in range(layer.width())}


def test_classes_are_drawn_in_their_colours_with_their_names(tmp_path: Path) -> None:
    layer = layer_of(tmp_path / "c.tif", np.array([[3, 7], [7, 3]]), gdal.GDT_Byte)
    style_classes(layer, CLASSES)
    assert colours_drawn(layer) == {"#2b6fb8", "#1b7837"}
    write_style(layer.source(), layer)
    again = QgsRasterLayer(layer.source(), "again")
    assert [each.label for each in again.renderer().classes()] == ["Wasser", "森"]


def test_a_ramp_runs_between_its_ends(tmp_path: Path) -> None:
    layer = layer_of(tmp_path / "r.tif", np.array([[-2.0, -1.0], [1.0, 5.0]]))
    style_ramp(layer, VIRIDIS, -1.0, 1.0)
    assert colours_drawn(layer) == {VIRIDIS[0], VIRIDIS[-1]}
    assert layer.renderer().classificationMin() == -1
    assert layer.renderer().classificationMax() == 1


def test_the_ends_of_a_ramp_can_be_read(tmp_path: Path) -> None:
    layer = layer_of(tmp_path / "r.tif", np.array([[0.0, 1.0]]))
    style_ramp(layer, VIRIDIS, -0.594727, 0.997314)
    assert (layer.renderer().classificationMin(), layer.renderer().classificationMax()) == (-0.59, 1.0)
    style_ramp(layer, VIRIDIS, 0.00012345, 0.00098765)
    assert (layer.renderer().classificationMin(), layer.renderer().classificationMax()) == (0.000123, 0.000988)


def test_a_ramp_without_ends_leaves_out_the_extremes(tmp_path: Path) -> None:
    values = np.linspace(0, 1, 10_000).reshape(100, 100)
    values[0, 0], values[-1, -1] = -1, 2
    layer = layer_of(tmp_path / "r.tif", values)
    style_ramp(layer, CIVIDIS)
    renderer = layer.renderer()
    assert renderer.classificationMin() == pytest.approx(0.02, abs=0.02)
    assert renderer.classificationMax() == pytest.approx(0.98, abs=0.02)


@pytest.mark.parametrize("value", [0.4, np.nan])
def test_a_map_of_one_value_or_none_can_be_drawn(value: float, tmp_path: Path) -> None:
    layer = layer_of(tmp_path / "r.tif", np.full((4, 4), value))
    style_ramp(layer, VIRIDIS)
    assert layer.renderer().classificationMin() < layer.renderer().classificationMax()


@pytest.mark.parametrize(("bands", "kind"), [(1, "singlebandgray"), (2, "singlebandgray"), (5, "multibandcolor")])
def test_bands_are_shown_as_many_as_there_are(bands: int, kind: str, tmp_path: Path) -> None:
    layer = layer_of(tmp_path / "b.tif", np.random.default_rng(0).normal(300, 50, (bands, 32, 32)))
    style_bands(layer)
    assert layer.renderer().type() == kind
    assert len(colours_drawn(layer)) > 30


def test_probabilities_of_two_classes_run_along_a_ramp_of_more_are_mixed(tmp_path: Path) -> None:
    two = layer_of(tmp_path / "2.tif", np.array([[[0.0, 1.0]], [[1.0, 0.0]]]))
    style_probabilities(two)
    assert colours_drawn(two) == {CIVIDIS[0], CIVIDIS[-1]}
    three = layer_of(tmp_path / "3.tif", np.eye(3)[:, None, :])
    style_probabilities(three)
    assert colours_drawn(three) == {"#ff0000", "#00ff00", "#0000ff"}


def test_polygons_have_the_colours_of_the_raster() -> None:
    layer = QgsVectorLayer("Polygon?field=value:integer&field=class:string", "polygons", "memory")
    style_class_polygons(layer, CLASSES)
    shown = {each.value(): (each.label(), each.symbol().color().name()) for each in layer.renderer().categories()}
    assert shown == {3: ("Wasser", "#2b6fb8"), 7: ("森", "#1b7837")}
    style_found_polygons(layer)
    assert layer.renderer().symbol().color().alpha() < 128
