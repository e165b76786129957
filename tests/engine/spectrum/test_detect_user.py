"""What the user says of an image, by sensor or by table, goes before what the file says."""

from __future__ import annotations

import pytest

from engine.errors import BandTableError, UnknownSensorError
from engine.spectrum.assign import assign
from engine.spectrum.detect import detect
from engine.spectrum.table import BandTable, parse_table, table_to_json

S2_LAYERS = [0, 1, 4, 6, 7, 8, 10, 9, 11, 12, 13, 14]


def layers(detection):
    return [each.weights[0][0] for each in assign(detection.bands)]


def test_a_named_sensor_gives_names_or_order(raster):
    by_order = detect(raster(count=12), sensor="sentinel-2-l2a")
    assert by_order.sensor_from == "user"
    assert layers(by_order) == S2_LAYERS
    by_name = detect(raster(["B4", "B3", "B2"]), sensor="landsat-8-l1")
    assert [band.centre_nm for band in by_name.bands] == [655, 561, 482]
    with pytest.raises(UnknownSensorError):
        detect(raster(count=12), sensor="sentinel-9")


def test_a_named_sensor_goes_before_the_products_name(raster):
    found = detect(raster(["B4"], name="LC08_L1TP_195025_20130707_20170503_01_T1"), sensor="sentinel-2-l2a")
    assert found.bands[0].centre_nm == 664.6


def test_the_table_has_the_last_word(raster):
    entries = '{"name": "B04", "centre": 670}, {"name": "B08", "layer": "near_infrared_3"}'
    table = parse_table(f'[{entries}, {{"name": "SCL", "enabled": true}}]')
    found = detect(raster(["B04", "B08", "SCL"]), sensor="sentinel-2-l2a", table=table)
    red, nir, scl = found.bands
    assert (red.centre_nm, red.sources["centre_nm"], red.layer) == (670, "user", "red_2")
    assert (nir.layer, nir.sources["layer"]) == ("near_infrared_3", "user")
    assert scl.enabled


def test_a_table_may_go_by_order_or_by_name(raster):
    table = parse_table('[{"name": "a", "centre": 490}, {"name": "b", "centre": 560}]')
    assert [band.centre_nm for band in detect(raster(["b", "a"]), table=table).bands] == [560, 490]
    assert [band.centre_nm for band in detect(raster(["x", "y"]), table=table).bands] == [490, 560]
    part = detect(raster(["b", "VV", "a"]), table=table)
    assert [band.centre_nm for band in part.bands][::2] == [560, 490]
    with pytest.raises(BandTableError, match=r"2 bands, scene\.tif has 3.*a, b"):
        detect(raster(["x", "y", "z"]), table=table)


def test_names_in_a_table_are_band_names(raster):
    table = BandTable(parse_table('[{"name": "B08"}, {"name": "B04"}]').bands, sensor="sentinel-2-l2a")
    found = detect(raster(count=2), table=table)
    assert layers(found) == [9, 6]
    assert found.sensor_from == "user's table"


def test_a_table_mends_an_impossible_wavelength(raster):
    metadata = raster(["a", "b"], band_tags=[{"": {"wavelength": "0"}}, {"": {"wavelength": "560"}}])
    found = detect(metadata, table=parse_table('[{"name": "a", "centre": 490}]'))
    assert [band.centre_nm for band in found.bands] == [490, 560]
    off = detect(metadata, table=parse_table('[{"name": "a", "enabled": false}]'))
    assert [band.centre_nm for band in off.bands if band.enabled] == [560]


def test_a_detection_written_as_a_table_and_read_again_is_the_same(raster):
    names = [f"B{number}" for number in range(1, 12)] + ["BQA"]
    metadata = raster(names, name="LC08_L1TP_195025_20130707_20170503_01_T1")
    found = detect(metadata)
    assert found.sensor is not None
    table = parse_table(table_to_json(found.bands, found.sensor.name))
    assert detect(raster(names), table=table).bands == found.bands
