"""The learnt layers are those of the released checkpoints (METHOD, section 1)."""

from __future__ import annotations

from engine.spectrum.layers import DERIVED_BY_KEY, LAYER_BY_KEY, LAYERS, SPECTRUM_MAX_NM, SPECTRUM_MIN_NM
from engine.spectrum.sensors import load_sensor


def test_a_layer_stands_at_its_index():
    assert [layer.index for layer in LAYERS] == list(range(17))
    assert len(LAYER_BY_KEY) == 17


def test_order_of_the_sensors_meets_the_released_indices():
    def indices(name, order):
        sensor = load_sensor(name)
        bands = {band.name: band for band in sensor.bands}
        return [LAYER_BY_KEY[bands[band].layer or ""].index for band in order]

    s2 = "B01 B02 B03 B04 B05 B06 B07 B08 B8A B09 B11 B12".split()
    assert indices("sentinel-2-l2a", s2) == [0, 1, 4, 6, 7, 8, 10, 9, 11, 12, 13, 14]
    assert indices("maxar-rgb", ["red", "green", "blue"]) == [5, 3, 2]
    assert indices("sentinel-1-grd", ["VV", "VH"]) == [15, 16]


def test_ranges_span_the_spectrum_and_only_radar_has_a_polarisation():
    assert min(layer.min_nm for layer in LAYERS) == SPECTRUM_MIN_NM
    assert max(layer.max_nm for layer in LAYERS) == SPECTRUM_MAX_NM
    assert [layer.polarisation for layer in LAYERS if layer.polarisation] == ["VV", "VH"]
    assert all(layer.min_nm < layer.centre_nm < layer.max_nm for layer in LAYERS)


def test_derived_ranges_name_the_layers_they_are_made_of():
    assert DERIVED_BY_KEY["thermal_infrared_1"].neighbours == (14, 15)
    assert DERIVED_BY_KEY["blue_2"].neighbours == (0, 1)
    assert not set(DERIVED_BY_KEY) & set(LAYER_BY_KEY)
