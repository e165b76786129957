"""Which product, file and folder names the sensor catalogue recognises, and which it must not."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.spectrum.sensor_files import compile_pattern
from engine.spectrum.sensors import load_sensor, match_product, sensor_names

PRODUCTS = {
    "sentinel-1-grd": [
        "BigEarthNet-S1",
        "S1A_IW_GRDH_1SDV_20200607T010800_20200607T010825_032904_03CFBA_D457",
        "S1B_EW_GRDM_1SDH_20200101T000000_20200101T000100_019630_0251A5_1A2B.SAFE",
        "S1C_IW_GRDH_1SDV_20250401T052600_20250401T052625_001722_002E5A_9F00",
        "S1A_S3_GRDH_1SDV_20200107T020000_20200107T020025_030678_03840E_5B1C",
        "s1a-iw-grd-vv-20200607t010800-20200607t010825-032904-03cfba-001.tiff",
        "S1A_IW_20200607T010800_DVP_RTC30_G_gpuned_5C2B_VV.tif",
        "OPERA_L2_RTC-S1_T137-292318-IW3_20230910T121212Z_20230910T180000Z_S1A_30_v1.0",
        "S1A_IW_GRDH_1SDV_20170617T064724_29UPU_36_85_VH.tif",
        "S1GRD",
        "S1RTC",
        "S1_GRD-ASCENDING_20m_00002806639B424A_32631_2017-08-01_2018-11-30.nc",
        "Spain_7370579_S1Hand.tif",
        "sentinel-1",
        "s1",
        "COPERNICUS/S1_GRD",
    ],
    "sentinel-2-l1c": [
        "fmow-sentinel",
        "S2A_MSIL1C_20200813T054639_N0209_R048_T43RCP_20200813T084537.SAFE",
        "S2C_MSIL1C_20250101T103441_N0511_R108_T32TQM_20250101T120000",
        "S2A_OPER_PRD_MSIL1C_PDMC_20160101T101010_R065_V20151231T103004_20151231T103004",
        "S2A_OPER_MSI_L1C_TL_EPA__20160101T101010_A000001_T32TQM_B04.jp2",
        "L1C_T43RCP_A016948_20200604T054831",
        "T43RCP_20200813T054639_B8A.jp2",
        "S2B_32TQM_20200101_0_L1C",
        "S2L1C",
        "s2_l1c_13band",
        "sentinel-2_L1C",
        "Spain_7370579_S2Hand.tif",
        "eurosat_ms",
        "EuroSATallBands",
        "s2c",
        "COPERNICUS/S2_HARMONIZED",
    ],
    "sentinel-2-l2a": [
        "S2A_OPER_MSI_L2A_TL_EPA__20160101T101010_A000001_T32TQM_B04.jp2",
        "Sentinel-2_L2A",
        "S2A_MSIL2A_20220706T085611_N0400_R007_T33NZA_20220706T153419",
        "S2B_MSIL2A_20170709T94033_19_86_B02.tif",
        "L2A_T43RCP_A016948_20200604T054831",
        "T43RCP_20200813T054639_B04_10m.jp2",
        "T43RCP_20200813T054639_SCL_20m.jp2",
        "S2A_33UUP_20200101_0_L2A",
        "SENTINEL2A_20200101-105432-345_L2A_T31TCJ_C_V2-2",
        "20200102_LEVEL2_SEN2A_BOA.tif",
        "S2_L2A_20m_00002806639B424A_32631_2017-08-01_2018-11-30.nc",
        "S2L2A",
        "majortom_s2_l2a",
        "bigearthnet_s2",
        "s2_100k",
        "s2a",
        "COPERNICUS/S2_SR_HARMONIZED",
    ],
    "landsat-4-5-l1": [
        "LANDSAT/LT05/C02/T1_TOA",
        "L5_TM_1990.tif",
        "landsat5_mosaic",
        "LT05_L1TP_195025_19900707_20170129_01_T1",
        "LT51950251990188XXX03",
        "LT04_L1GS_195025_19880707",
    ],
    "landsat-4-5-l2": [
        "LT05_L1TP_195025_19900707_20170129_01_T1_sr_band4.tif",
        "LT05_CU_003009_19901010_20210504_02_SR_B1.TIF",
        "L5_SR_1990.tif",
        "Landsat-5 Level-2",
        "LT05_L2SP_195025_19900707_20200915_02_T1_SR_B4.TIF",
        "LANDSAT/LT05/C02/T1_L2",
    ],
    "landsat-7-l1": [
        "LANDSAT/LE07/C02/T1",
        "L7_TOA_2000.tif",
        "Landsat_7",
        "LE07_L1TP_195025_20000707_20170212_01_T1_B6_VCID_1.TIF",
        "LE71950252000188EDC00",
    ],
    "landsat-7-l2": [
        "LE07_L1TP_195025_20000707_20170212_01_T1_sr_band3.tif",
        "LE07_CU_003009_20001010_20210504_02_SR_B1.TIF",
        "LANDSAT/LE07/C02/T1_L2",
        "L7_SR_2000.tif",
        "LE07_L2SP_195025_20000707_20200918_02_T1_ST_B6.TIF",
        "landsat7_sr",
    ],
    "landsat-8-l1": [
        "LC08_L1TP_195025_20130707_20170503_01_T1_B10.TIF",
        "LC81950252013188LGN01_B4.TIF",
        "L8-B10-Elkton-VA.tiff",
        "landsat8_ny_coarse3km",
        "LANDSAT/LC08/C02/T1_TOA",
    ],
    "landsat-8-l2": [
        "LC08_L2SP_195025_20210707_20210713_02_T1_SR_B4.TIF",
        "LC08_L2SP_195025_20210707_20210713_02_T1",
        "LC08_L1TP_195025_20130707_20170503_01_T1_sr_band4.tif",
        "LC08_CU_003009_20201010_20210504_02_SR_B1.TIF",
        "L8_SR_10m_00002806639B424A_32631_2017-08-01_2018-11-30.nc",
        "L8_L2-ST_10m_00002806639B424A_32631_2017-08-01_2018-11-30.nc",
        "LANDSAT/LC08/C02/T1_L2",
        "Landsat-8 Level-2",
    ],
    "landsat-9-l1": [
        "LC91950252022188LGN00",
        "LANDSAT/LC09/C02/T1_TOA",
        "L9_OLI_2022.tif",
        "landsat9_street_trees",
        "LC09_L1TP_195025_20220707_20230407_02_T1_B5.TIF",
    ],
    "landsat-9-l2": [
        "LC09_CU_003009_20221010_20221104_02_SR_B1.TIF",
        "LANDSAT/LC09/C02/T1_L2",
        "L9_SR_2022.tif",
        "landsat9_c2_l2",
        "LC09_L2SP_195025_20220707_20230407_02_T1_ST_B10.TIF",
    ],
    "hls-l30": [
        "HLS.L30.T17SLU.2020209T155956.v2.0.B05.tif",
        "HLSL30",
        "subsetted_512x512_HLS.L30.T10SDH.2020248.v1.4_merged",
    ],
    "hls-s30": [
        "HLS.S30.T17SLU.2020209T160901.v2.0.B8A.tif",
        "subsetted_512x512_HLS.S30.T10SDH.2020248.v1.4_merged.tif",
    ],
    "planetscope-4band": [
        "PSScene4Band",
        "planetscope_4band",
        "PF-SR",
        "20190109_015005_1020_3B_AnalyticMS.tif",
        "20190109_015005_1020_3B_AnalyticMS_SR.tif",
        "20190109_015005_1020_3B_AnalyticMS_SR_harmonized_clip.tif",
        "20151027_145652_1_0b0d_3B_AnalyticMS_clip.tif",
        "1456789_4654321_2018-04-12_1022_BGRN_Analytic.tif",
    ],
    "planetscope-4band-sd": ["scene_PS2.SD.tif"],
    "planetscope-8band": [
        "PSScene8Band",
        "PSB.SD",
        "PlanetScope-8b",
        "20220614_163212_52_2458_3B_AnalyticMS_SR_8b.tif",
        "20220614_163212_52_2458_3B_AnalyticMS_SR_8b_harmonized_clip.tif",
        "20220614_163212_52_2458_3B_AnalyticMS_8b.tif",
        "SuperDove",
    ],
    "rapideye": ["rapideye_germany", "3241621_2017-03-05_RE4_3A_Analytic.tif", "2018-12-03T083453_RE4_1B_band1.tif"],
    "worldview-2": ["WV02_20120212204350_103001001172C200_12FEB12204350-M1BS.tif", "WorldView-2"],
    "worldview-3": ["WV03_20190101123456_104001004A5D9900_SWIR.tif", "worldview3_ms"],
    "maxar-rgb": ["maxar_rgb", "fmow-rgb", "104001006A5D9900-visual.tif"],
    "rgb": ["ucmerced_00_58", "NWPU-RESISC45", "WHU-RS19"],
    "naip": ["m_3607717_sw_18_1_20160620_subset.tif", "m_3607717_sw_18_060_20200715.tif", "naip_1m"],
    "pleiades": ["IMG_PHR1A_MS_201309171103051_ORT_R1C1.TIF", "Pléiades-1B"],
    "spot-6-7": ["IMG_SPOT6_MS_201305041023117_ORT_R1C1.JP2", "DIM_SPOT7_PMS_201501011000000.XML"],
    "modis": [
        "MOD02HKM.A2020001.0905.061.2020001191500.hdf",
        "MOD09GA.A2020001.h18v04.061.2020335223456.hdf",
        "MYD09A1.A2020001.h18v04.061",
        "MCD43A4.A2020001.h18v04.061",
    ],
    "aster": [
        "ASTER_L1T_20190805",
        "AST_L1T_00305152002062311_20150424001122_12345.hdf",
        "AST_07XT_00305152002062311_20190805061316_8698.hdf",
    ],
    "enmap": [
        "ENMAP01-L1C-DT0000001049_20220724T104526Z",
        "ENMAP01-____L2A-DT0000001049_20220724T104526Z_001_V010400_20231120T000000Z",
        "enmap_potsdam_tile_96_32.tif",
    ],
    "prisma": ["PRISMA_L2D_Rome", "PRS_L2D_STD_20200401101010_20200401101014_0001.he5"],
    "emit": [
        "NASA/EMIT/L2A/RFL",
        "EMIT_L2A_RFL_001_20220903T163129_2224611_012.nc",
        "EMIT_L1B_RAD_001_20220903T163129_2224611_012.nc",
    ],
}

NOT_PRODUCTS = [
    "field_3.tif",
    "S1A_IW_SLC__1SDV_20200607T010800_20200607T010825_032904_03CFBA_D457",
    "S2RGB",
    "282D_485L_3_3.tif",
    "terramesh_s1s2",
    "S2A",  # the satellite, not SSL4EO's lower-case folder of Level-2A
    "s2c_notes",
    "tile_L8_120_77.png",
    "L5_B2.tif",
    "parking_spot_6.tif",
    "MOD11A1.A2020001.h18v04.061.hdf",
    "ASTGTMV003_N45E010_dem.tif",
    "remit_L2A",
    "prisma.tif",
    "rapideyes",
    "maple_iades",
    "EuroSAT_RGB",
    "Pleiades-Neo",
    "20190109_015005_1020_3B_Visual.tif",
    "hls_like_10band_nodata",
    "LT1_20220101",
    "",
]


def test_the_catalogue_holds_every_sensor_asked_for() -> None:
    assert set(sensor_names()) == set(PRODUCTS)
    assert list(sensor_names()) == sorted(sensor_names())


@pytest.mark.parametrize(("sensor", "product"), [(name, product) for name in PRODUCTS for product in PRODUCTS[name]])
def test_real_product_names_are_claimed_by_their_own_sensor_alone(sensor: str, product: str) -> None:
    found = match_product(product)
    assert found is not None and found.name == sensor
    claims = {name for name in sensor_names() if _claims(name, product)}
    assert claims == {sensor}


def _claims(name: str, product: str) -> bool:
    return any(compile_pattern(pattern).search(product) for pattern in load_sensor(name).product_patterns)


@pytest.mark.parametrize("name", NOT_PRODUCTS)
def test_names_of_no_known_product_match_none(name: str) -> None:
    assert match_product(name) is None


def test_every_product_pattern_is_reached_by_an_example() -> None:
    # A pattern that no example reaches may be broken unnoticed.
    unused = [
        (name, pattern)
        for name in sensor_names()
        for pattern in load_sensor(name).product_patterns
        if not any(compile_pattern(pattern).search(product) for product in PRODUCTS[name])
    ]
    assert unused == []


def test_the_longest_match_wins_where_a_name_tells_of_two_sensors() -> None:
    found = match_product("S1GRD_beside_S2B_MSIL2A_20200101T105432_N0213_R051_T31TCJ_20200101T120000")
    assert found is not None and found.name == "sentinel-2-l2a"


@pytest.mark.parametrize(
    ("path", "sensor"),
    [
        ("terramesh_s1s2/S1RTC", "sentinel-1-grd"),
        ("terramesh_s1s2/S2L1C", "sentinel-2-l1c"),
        ("terramesh_s1s2/S2L2A", "sentinel-2-l2a"),
        ("terramesh_s1s2/LULC", None),
        ("ssl4eo_s12_one_location/s2a", "sentinel-2-l2a"),
        ("ssl4eo_s12_one_location/s2c", "sentinel-2-l1c"),
        ("enmap_potsdam_tiles", "enmap"),
        ("naip_1m/*", "naip"),
        ("landsat8_elkton/L8-B*", "landsat-8-l1"),
        ("landsat8_r_satellite/*", "landsat-8-l1"),
        ("majortom_s2_l2a/*", "sentinel-2-l2a"),
        ("bigearthnet_pairs/s1-tiny/*", "sentinel-1-grd"),
        ("bigearthnet_pairs/s2-tiny/*", "sentinel-2-l2a"),
        ("sen1floods11_spain_left/S2/*", "sentinel-2-l1c"),
        ("worldcereal_sites/*/L8_*", "landsat-8-l2"),
    ],
)
def test_real_files_and_folders_tell_their_sensor(data_dir: Path, path: str, sensor: str | None) -> None:
    names = [found.name for found in data_dir.glob(path)]
    assert names
    assert {found.name if found else None for found in map(match_product, names)} == {sensor}
