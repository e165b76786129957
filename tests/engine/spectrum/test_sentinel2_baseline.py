"""Whether +1000 is in Sentinel-2's values, by the metadata: yes, no, or not told."""

from __future__ import annotations

import json

import pytest

from engine.spectrum.sentinel2_baseline import offset_in_values


@pytest.mark.parametrize(
    ("name", "offset"),
    [
        ("S2A_MSIL2A_20220706T085611_N0400_R007_T33NZA_20220706T153419", True),
        ("S2B_MSIL1C_20170924T093019_N0500_R136_T34TEQ_20231101T000000.SAFE", True),
        ("S2A_MSIL1C_20180510T94033_N0206_R036_T35WPN_20180510T114116.SAFE", False),
        ("S2C_MSIL2A_20250101T093019_N0511_R136_T34TEQ_20250101T000000.SAFE", True),
        ("S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57", None),
        ("S2A_MSIL2A_20170617T113321_4_55", None),
        ("T33UUP_20170613T101031_B04.jp2", None),
    ],
)
def test_the_baseline_in_the_products_name_decides(raster, name, offset):
    assert offset_in_values(raster(["B04"], name=name)) is offset
    assert offset_in_values(raster(["B04"], name="B04.tif", parents=["R10m", name])) is offset


def test_tags_and_sidecars_tell_the_baseline(raster):
    assert offset_in_values(raster(["B04"], tags={"": {"PROCESSING_BASELINE": "04.00"}})) is True
    assert offset_in_values(raster(["B04"], tags={"": {"PROCESSING_BASELINE": "02.14"}})) is False
    strip = "S2B_OPER_MSI_L2A_DS_VGS1_20200813T083230_S20200813T054952_N02.14"
    assert offset_in_values(raster(["B04"], tags={"": {"DATASTRIP_ID": strip}})) is False
    xml = "<PROCESSING_BASELINE>05.09</PROCESSING_BASELINE>"
    assert offset_in_values(raster(["B04"], sidecars={"MTD_MSIL2A.xml": xml})) is True
    ben = {"tile_source": "S2A_MSIL1C_20180510T94033_N0206_R036_T35WPN_20180510T114116.SAFE"}
    assert offset_in_values(raster(["B04"], sidecars={"labels_metadata.json": json.dumps(ben)})) is False


def test_the_products_own_offsets_go_before_its_baseline(raster):
    xml = (
        "<PROCESSING_BASELINE>05.00</PROCESSING_BASELINE>"
        '<BOA_ADD_OFFSET_VALUES_LIST><BOA_ADD_OFFSET band_id="0">0</BOA_ADD_OFFSET></BOA_ADD_OFFSET_VALUES_LIST>'
    )
    assert offset_in_values(raster(["B04"], sidecars={"MTD_MSIL2A.xml": xml})) is False
    assert offset_in_values(raster(["B04"], tags={"": {"BOA_ADD_OFFSET_0": "-1000"}})) is True


def test_earth_search_tells_that_it_subtracted_the_offset(raster):
    item = {"properties": {"s2:processing_baseline": "05.09", "earthsearch:boa_offset_applied": True}}
    assert offset_in_values(raster(["red"], sidecars={"item.json": json.dumps(item)})) is False
    del item["properties"]["earthsearch:boa_offset_applied"]
    assert offset_in_values(raster(["red"], sidecars={"item.json": json.dumps(item)})) is True


def test_earth_engine_leaves_it_open_since_baseline_4(raster):
    def metadata(baseline):
        return json.dumps({"PROCESSING_BASELINE": baseline, "system:index": "20220101T000000_T33UUP"})

    assert offset_in_values(raster(["B4"], sidecars={"metadata.json": metadata("04.00")})) is None
    assert offset_in_values(raster(["B4"], sidecars={"metadata.json": metadata("02.14")})) is False
