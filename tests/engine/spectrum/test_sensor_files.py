"""A faulty sensor file is refused with the file, the sensor or band, and the field."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from engine.spectrum.sensor_files import band_key, parse_sensor_file

GOOD: dict[str, Any] = {
    "source": "An operator's data sheet",
    "kind": "optical",
    "family": "rgb",
    "unit": "dn",
    "bands": [
        {"name": "B1", "aliases": ["blue"], "centre_nm": 485, "min_nm": 450, "max_nm": 520, "gsd_m": 4},
        {"name": "B2", "centre_nm": 800, "min_nm": 760, "max_nm": 840, "gsd_m": 2, "default_on": False, "note": "why"},
    ],
    "sensors": [
        {
            "name": "one",
            "title": "One",
            "statistics": {"B1": [1, 9, 0.4, 0.2]},
            "orders": {"both": {"bands": ["B2", "B1"]}},
        },
        {"name": "two", "title": "Two", "nodata": -1},
    ],
}


def parse(change: Any) -> Any:
    content = copy.deepcopy(GOOD)
    change(content)
    return parse_sensor_file("made.json", json.dumps(content))


def test_sensors_share_the_fields_of_their_file_and_override_them() -> None:
    one, two = parse(lambda content: content["sensors"][1].update(family="sentinel-2"))
    assert (one.name, one.family, one.nodata) == ("one", "rgb", None)
    assert (two.name, two.family, two.nodata) == ("two", "sentinel-2", -1)
    assert one.bands == two.bands
    assert one.statistics is not None and one.statistics.bands == ("B1",) and one.statistics.p99 == (9,)
    assert two.statistics is None
    assert one.orders == {"both": ("B2", "B1")}


def test_the_gsd_is_that_of_the_finest_default_band() -> None:
    assert parse(lambda content: None)[0].gsd_m == 4


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.pop("source"), r"made.json: sensor one: field 'source': is missing"),
        (lambda c: c.update(sauce="x"), r"made.json: sensor one: unknown field 'sauce'"),
        (lambda c: c.update(kind="lidar"), r"field 'kind': 'lidar' is none of"),
        (lambda c: c.update(family="landsat"), r"field 'family'"),
        (lambda c: c.update(unit="volts"), r"field 'unit'"),
        (lambda c: c.update(gsd_m=3), r"field 'gsd_m'"),
        (lambda c: c.update(reflectance_scale=0), r"field 'reflectance_scale'"),
        (lambda c: c.update(nodata="none"), r"field 'nodata': expected a number, found 'none'"),
        (lambda c: c.update(product_patterns=["("]), r"field 'product_patterns': '\(' is no regular expression"),
        (lambda c: c.update(auxiliary="QA"), r"field 'auxiliary': expected a list of texts"),
        (lambda c: c.update(dropped_nm=[[1460, 1330]]), r"field 'dropped_nm'"),
        (lambda c: c.update(bands=[]), r"field 'bands'"),
        (lambda c: c.update(kind="spectrometer"), r"field 'bands': a spectrometer has none"),
        (lambda c: c["bands"][0].pop("min_nm"), r"sensor one: band B1: field 'min_nm': is missing"),
        (lambda c: c["bands"][0].update(min_nm=0.45), r"band B1: field 'min_nm'"),
        (lambda c: c["bands"][0].update(min_nm=530), r"band B1: field 'min_nm'"),
        (lambda c: c["bands"][0].update(centre_nm=700), r"band B1: field 'centre_nm': 700.0 nm is outside"),
        (lambda c: c["bands"][0].update(centre_nm=True), r"band B1: field 'centre_nm': expected a number"),
        (lambda c: c["bands"][0].update(layer="blue_2"), r"band B1: field 'layer': 'blue_2'"),
        (lambda c: c["bands"][0].update(polarisation="VV"), r"band B1: field 'polarisation'"),
        (lambda c: c["bands"][0].update(default_on="no"), r"band B1: field 'default_on'"),
        (lambda c: c["bands"][0].update(wavelength=1), r"band B1: unknown field 'wavelength'"),
        (lambda c: c["bands"][1].pop("note"), r"band B2: field 'note': a band that is off"),
        (lambda c: c["bands"][1].update(name="b01"), r"field 'bands': B1 and b01 share the name"),
        (lambda c: c["bands"][1].update(aliases=["BLUE"]), r"field 'bands': B1 and B2 share the name 'blue'"),
        (lambda c: c["sensors"][0]["statistics"].update(B3=[1, 2, 0.5, 0.1]), r"statistics: unknown field 'B3'"),
        (lambda c: c["sensors"][0]["statistics"].update(B1=[1, 9, 0.4]), r"field 'statistics': B1"),
        (lambda c: c["sensors"][0]["statistics"].update(B1=[9, 1, 0.4, 0.2]), r"field 'statistics': B1"),
        (lambda c: c["sensors"][0]["statistics"].update(B1=[1, 9, 40, 20]), r"field 'statistics': B1"),
        (lambda c: c["sensors"][0]["orders"].update(x={"bands": ["B9"]}), r"order x: field 'bands': \['B9'\]"),
        (lambda c: c["sensors"][0]["orders"].update(x={"bands": ["B1", "B2"]}), r"field 'orders': two layouts"),
        (lambda c: c.update(sensors=[]), r"made.json: field 'sensors'"),
        (lambda c: c.update(sensors=["one"]), r"made.json: field 'sensors'"),
    ],
)
def test_a_fault_is_named_with_file_and_field(change: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse(change)


def test_a_file_that_is_no_json_is_named() -> None:
    with pytest.raises(ValueError, match=r"made.json: no JSON"):
        parse_sensor_file("made.json", "{")


@pytest.mark.parametrize(
    ("name", "key"),
    [("B01", "b1"), ("b1", "b1"), ("B 1", "b1"), ("B10", "b10"), ("SR_B04", "srb4"), ("B08A", "b8a"), ("10", "10")],
)
def test_names_are_compared_without_case_separators_and_leading_zeros(name: str, key: str) -> None:
    assert band_key(name) == key
