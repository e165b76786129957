"""Band tables: what a user writes is what is read, and what cannot be is refused with its value."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BandTableError
from engine.spectrum.bands import Band
from engine.spectrum.table import BandTable, band_from_dict, band_to_dict, parse_table, read_table, table_to_json

TABLE = """
{"sensor": "sentinel-2-l2a", "radiometry": "dn+1000", "units": "µm",
 "bands": [{"name": "B04", "centre": 0.665, "min": 0.634, "max": 0.696},
           {"name": "VV", "centre": "5.405 GHz", "polarisation": "vv"},
           {"name": "NIR", "min": "760 nm", "max": "900 nm"},
           {"name": "B08", "layer": "near_infrared_1"},
           {"name": "SCL", "enabled": false, "note": "scene classification"}]}
"""


def test_a_table_is_read_with_units_and_sources():
    table = parse_table(TABLE)
    red, radar, nir, named, scl = table.bands
    assert (table.sensor, table.radiometry) == ("sentinel-2-l2a", "dn+1000")
    assert (red.centre_nm, red.min_nm, red.max_nm) == pytest.approx((665, 634, 696))
    assert red.sources == {"centre_nm": "user", "min_nm": "user", "max_nm": "user"}
    assert radar.centre_nm == pytest.approx(5.5466e7, rel=1e-4)
    assert radar.polarisation == "VV"
    assert nir.centre_nm == 830
    assert "limits" in nir.sources["centre_nm"]
    assert (named.layer, named.centre_nm, named.enabled) == ("near_infrared_1", None, True)
    assert (scl.enabled, scl.note, scl.sources) == (False, "scene classification", {"enabled": "user"})


def test_a_bare_list_and_missing_units_are_fine():
    table = parse_table('[{"centre": 0.49}, {"centre": 865}, {"centre": "10.9 µm"}]')
    assert [band.centre_nm for band in table.bands] == pytest.approx([490, 865, 10900])
    assert table.sensor is None


def test_limits_of_radar_may_be_frequencies():
    (band,) = parse_table(
        '{"units": "GHz", "bands": [{"name": "VH", "min": 5.355, "max": 5.455, "polarisation": "VH"}]}'
    ).bands
    assert band.min_nm is not None and band.max_nm is not None and band.centre_nm is not None
    assert band.min_nm < band.centre_nm < band.max_nm


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{", "JSON"),
        ("3", "3"),
        ("{}", "list of bands"),
        ('{"bands": []}', "list of bands"),
        ('{"bands": [4]}', "4"),
        ('{"bands": [{}], "colour": 1, "size": 2}', "colour, size"),
        ('[{"wavelenght": 490}]', "wavelenght"),
        ('[{"name": "B1", "centre": -490}]', "-490"),
        ('[{"name": "B1", "centre": NaN}]', "nan"),
        ('[{"name": "B1", "centre": Infinity}]', "inf"),
        ('[{"name": "B1", "centre": [490]}]', "490"),
        ('[{"name": "B1", "centre": true}]', "True"),
        ('[{"name": "B1", "centre": "490 parsecs"}]', "parsecs"),
        ('[{"name": "B1", "min": 500, "max": 400}]', "500"),
        ('[{"name": "B1", "centre": 600, "min": 400, "max": 500}]', "600"),
        ('[{"name": "B1", "centre": 450, "min": 400}]', "400"),
        ('[{"name": "B1", "polarisation": "XX"}]', "XX"),
        ('[{"name": "B1", "layer": "infra_purple"}]', "infra_purple"),
        ('[{"name": "B1", "enabled": "no"}]', "no"),
        ('[{"name": 7}]', "7"),
        ('{"radiometry": "volts", "bands": [{}]}', "volts"),
        ('{"units": "parsec", "bands": [{"centre": 490}]}', "parsec"),
        ('{"units": "nm", "bands": [{"name": "B1", "centre": 0.49}]}', "0.49 nm"),
        ('[{"sources": {"centre_nm": 1}}]', "centre_nm"),
    ],
)
def test_a_wrong_table_is_refused_with_what_is_wrong(text, shown):
    with pytest.raises(BandTableError) as raised:
        parse_table(text)
    assert shown in raised.value.message
    assert raised.value.hint


def test_a_read_table_names_its_file_in_errors(tmp_path):
    path = tmp_path / "bands.json"
    path.write_text('[{"centre": -1}]', encoding="utf-8")
    with pytest.raises(BandTableError, match=r"bands\.json.*-1"):
        read_table(path)
    with pytest.raises(BandTableError, match=r"missing\.json"):
        read_table(tmp_path / "missing.json")
    path.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(BandTableError, match="no text"):
        read_table(path)
    path.write_text("\ufeff" + TABLE, encoding="utf-8")
    assert read_table(path) == parse_table(TABLE)


def test_a_table_survives_the_round_trip():
    table = parse_table(TABLE)
    assert parse_table(table_to_json(table)) == table


def test_what_detection_found_survives_the_round_trip_with_its_sources():
    bands = (
        Band("B04", 664.6, 649.1, 680.1, layer="red_2", sources={"centre_nm": "ENVI wavelength", "min_nm": "a",
             "max_nm": "b", "layer": "band name B04"}),
        Band("SCL", enabled=False, note="quality", sources={"enabled": "band name SCL"}),
    )  # fmt: skip
    text = table_to_json(bands, "sentinel-2-l2a", "dn")
    assert parse_table(text) == BandTable(bands, "sentinel-2-l2a", "dn")
    assert all(line.strip().startswith("{") for line in text.splitlines() if "B04" in line), "one line per band"


lengths = st.floats(300, 15000)


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=10).map(str.strip),
    st.tuples(lengths, lengths, lengths).map(sorted),
    st.booleans(),
)
def test_any_band_survives_the_round_trip(name, limits, enabled):
    low, centre, high = limits
    sources = {"centre_nm": "user", "min_nm": "user", "max_nm": "user", "enabled": "user"}
    band = Band(name, centre, low, high, enabled=enabled, sources=sources)
    assert band_from_dict(json.loads(json.dumps(band_to_dict(band)))) == band


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**400), 10**400) | st.floats() | st.text(max_size=8)
    | st.sampled_from(["490 nm", "0.49 µm", "5.405 GHz", "VV", "red_1", "nan", "dn"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
entries = st.dictionaries(
    st.sampled_from(["name", "centre", "min", "max", "polarisation", "layer", "enabled", "note", "sources", "colour"]),
    json_values, max_size=5,
)  # fmt: skip
tables = st.one_of(
    json_values, st.lists(entries | json_values, max_size=4),
    st.fixed_dictionaries(
        {"bands": st.lists(entries | json_values, max_size=4) | json_values},
        optional={"sensor": json_values, "radiometry": json_values, "units": json_values, "other": json_values},
    ),
)  # fmt: skip


@given(tables.map(json.dumps) | st.text(max_size=40))
def test_any_text_gives_a_table_that_survives_the_round_trip_or_one_clear_error(text):
    try:
        table = parse_table(text)
    except BandTableError as error:
        assert error.message.strip() and error.hint.strip() and len(str(error)) < 1000
    else:
        assert parse_table(table_to_json(table)) == table


@given(st.binary(max_size=60))
def test_any_file_gives_a_table_or_one_clear_error(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(data)
    try:
        read_table(path)
    except BandTableError as error:
        assert error.message.strip() and error.hint.strip() and len(str(error)) < 1000


@pytest.mark.parametrize(
    "text",
    ["[" * 5_000_000, '{"bands":' * 500_000, f'[{{"centre": {"9" * 5_000_000}}}]', f'[{{"{"x" * 5_000_000}": 1}}]',
     "[" + "{}," * 1_000_000 + "{}]", f'[{{"name": "{"a" * 5_000_000}"}}]', f'[{{"centre": "{" " * 5_000_000}"}}]',
     '{"bands": [{}], "sensor": "' + "a" * 5_000_000 + '"}'],
    ids=["nested", "nested objects", "digits", "field", "bands", "name", "blanks", "sensor"],
)  # fmt: skip
def test_a_table_made_to_take_time_or_memory_is_refused_at_once(text):
    started = time.process_time()
    with pytest.raises(BandTableError) as raised:
        parse_table(text)
    assert raised.value.hint and len(str(raised.value)) < 1000
    assert time.process_time() - started < 3


def test_a_file_too_large_for_a_table_is_not_read(tmp_path):
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(2**34)
    with pytest.raises(BandTableError, match="larger than"):
        read_table(path)
