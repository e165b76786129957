"""Bands are detected from what rasters say, in the order of trust, and never guessed."""

from __future__ import annotations

import json

import pytest

from engine.errors import OutsideSpectrumError, SmartiesError, UnknownBandError
from engine.spectrum.assign import assign
from engine.spectrum.detect import detect
from engine.spectrum.table import parse_table

S2_L1C = "B1 B2 B3 B4 B5 B6 B7 B8 B8A B9 B10 B11 B12".split()
S2_12 = [name for name in S2_L1C if name != "B10"]
S2_LAYERS = [0, 1, 4, 6, 7, 8, 10, 9, 11, 12, 13, 14]


def layers(detection, **kwargs):
    family = detection.sensor.family if detection.sensor else None
    return [each.weights[0][0] for each in assign(detection.bands, family=family, **kwargs)]


def unresolved(detection):
    return [band.name for band in detection.bands if band.enabled and band.centre_nm is None]


# -- products by name -----------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["S2L2A", "S2A_MSIL2A_20170617T113321_N0205_R080_T29UPU_20170617T113319.SAFE"])
def test_unnamed_bands_take_the_order_of_the_product(raster, folder):
    found = detect(raster(count=12, parents=[folder]))
    assert found.sensor is not None and found.sensor.name == "sentinel-2-l2a"
    assert found.sensor_from == f"folder name {folder}"
    assert layers(found) == S2_LAYERS
    assert found.bands[3].sources["centre_nm"] == "band order of Sentinel-2 L2A"


def test_terramesh_l1c_leaves_cirrus_out(raster):
    found = detect(raster(["bands"] * 13, name="637U_59R_1_3.tif", parents=["S2L1C", "terramesh_s1s2"]))
    assert layers(found) == S2_LAYERS
    off = [band for band in found.bands if not band.enabled]
    assert [band.name for band in off] == ["B10"] and "irrus" in off[0].note


def test_terramesh_radar_takes_vv_then_vh(raster):
    found = detect(raster(["bands", "bands"], dtype="float64", parents=["S1RTC", "terramesh_s1s2"]))
    assert layers(found) == [15, 16]


def test_eurosat_has_b8a_last(raster):
    found = detect(raster(count=13, name="AnnualCrop_1.tif", parents=["eurosat_ms"]))
    assert [band.name for band in found.bands if band.enabled][-1] == "B8A"
    assert layers(found)[-3:] == [13, 14, 11]


def test_a_count_that_no_layout_has_stays_open_with_a_note(raster):
    found = detect(raster(count=7, parents=["S2L2A"]))
    assert len(unresolved(found)) == 7
    assert any("7 unnamed bands" in note for note in found.notes)
    with pytest.raises(UnknownBandError):
        assign(found.bands)


def test_landsat_by_product_name_with_pan_cirrus_quality_and_thermal(raster):
    names = [f"B{number}" for number in range(1, 12)] + ["BQA"]
    found = detect(raster(names, name="LC08_L1TP_195025_20130707_20170503_01_T1"))
    assert [band.name for band in found.bands if not band.enabled] == ["B8", "B9", "BQA"]
    assert all(band.note for band in found.bands if not band.enabled)
    verdicts = {each.band.name: each.verdict for each in assign(found.bands)}
    assert verdicts["B10"] == verdicts["B11"] == "interpolated"
    assert {verdict for name, verdict in verdicts.items() if name not in ("B10", "B11")} <= {"seen", "near"}


def test_zero_padded_landsat_names_are_landsats_where_the_product_says_so(raster):
    found = detect(raster(["B02", "B05", "B10"], name="L8_SR_10m_0000_32631_2017-08-01.nc"))
    assert [band.centre_nm for band in found.bands] == [482, 865, 10895]


def test_naip_takes_its_order(raster):
    found = detect(
        raster(count=4, dtype="uint8", name="m_3607717_sw_18_1_20160620_subset.tif",
               colours=["red", "green", "blue", "undefined"])
    )  # fmt: skip
    assert found.sensor is not None and found.sensor.name == "naip"
    assert layers(found)[:3] == [5, 3, 2]


def test_a_landsat_product_id_in_the_tags_names_the_sensor(raster):
    tags = {
        "IMD": {"L1_METADATA_FILE.METADATA_FILE_INFO.LANDSAT_PRODUCT_ID": '"LC08_L1TP_195025_20130707_20170503_01_T1"'}
    }
    found = detect(raster(["B4", "B5"], tags=tags))
    assert found.sensor is not None and found.sensor.name == "landsat-8-l1"
    assert [band.centre_nm for band in found.bands] == [655, 865]
    assert "LANDSAT_PRODUCT_ID" in found.sensor_from


def test_earth_engine_metadata_beside_ssl4eo_bands(raster):
    sidecar = json.dumps({"PRODUCT_ID": "S2B_MSIL2A_20200813T054639_N0214_R048_T43RCP_20200813T083230",
                          "PROCESSING_BASELINE": "02.14", "system:index": "20200813T054639"})  # fmt: skip
    found = detect(raster(S2_12, name="20200813T054639_20200813T054952_T43RCP", sidecars={"metadata.json": sidecar}))
    assert found.sensor is not None and found.sensor.name == "sentinel-2-l2a"
    assert found.sentinel2_offset is False
    assert layers(found) == S2_LAYERS


def test_the_offset_is_told_by_the_baseline_of_the_name(raster):
    name = "S2A_MSIL2A_20220706T085611_N0400_R007_T33NZA_20220706T153419"
    assert detect(raster(S2_12, name=name)).sentinel2_offset is True
    assert detect(raster(S2_12, name="S2A_MSIL2A_20170617T113321_4_55")).sentinel2_offset is None
    assert detect(raster(["B4"], name="LC08_L1TP_1_N0400_")).sentinel2_offset is None


# -- band names alone -----------------------------------------------------------------------------


def test_sen1floods11_names_fit_sentinel2_l1c_only(raster):
    found = detect(raster(S2_L1C))
    assert found.sensor is not None and found.sensor.name == "sentinel-2-l1c"
    assert found.sensor_from == "band names"
    assert layers(found) == S2_LAYERS


def test_the_twelve_names_of_l2a_are_l2a(raster):
    found = detect(raster(S2_12))
    assert found.sensor is not None and found.sensor.name == "sentinel-2-l2a"


def test_some_names_of_sentinel2_tell_wavelengths_but_not_the_level(raster):
    found = detect(raster(["B02", "B03", "B04", "B08"]))
    assert found.sensor is None
    assert layers(found) == [1, 4, 6, 9]
    assert any("L1C" in note and "L2A" in note for note in found.notes)


@pytest.mark.parametrize(
    "names",
    [
        ["B1", "B2", "B3", "B4", "B5", "B6", "B7"],
        ["B2", "B3", "B4", "B8"],
        ["blue", "green", "red", "nir"],
        ["swir16", "swir22"],
    ],
)
def test_names_of_several_sensors_stay_open_and_a_note_names_them(raster, names):
    found = detect(raster(names))
    assert unresolved(found) == names
    assert any("differ" in note and "--sensor" in note for note in found.notes)
    with pytest.raises(UnknownBandError, match=names[0]):
        assign(found.bands)


def test_landsat_8_and_9_are_one_as_far_as_the_model_goes(raster):
    found = detect(raster(["SR_B2", "SR_B5", "SR_B6", "ST_B10", "QA_PIXEL"]))
    assert [band.centre_nm for band in found.bands] == [482, 865, 1609, 10895, None]
    assert not found.bands[4].enabled


def test_names_with_the_products_level_in_them(raster):
    found = detect(raster(["S2-L2A-B02", "S2-L2A-B8A"], name="inputs.nc"))
    assert [band.name for band in found.bands] == ["B02", "B8A"]
    assert layers(found) == [1, 11]


@pytest.mark.parametrize(
    ("names", "expected"),
    [(["VV", "VH"], [15, 16]), (["Gamma0_VV"], [15]), (["S1-SIGMA0-VH", "S1-SIGMA0-VV"], [16, 15])],
)
def test_vv_and_vh_alone_are_taken_for_sentinel1_and_a_note_says_so(raster, names, expected):
    found = detect(raster(names, dtype="float32"))
    assert layers(found) == expected
    assert any("Sentinel-1" in note for note in found.notes)


@pytest.mark.parametrize("names", [["HH", "HV"], ["HH"], ["HH", "HV", "VH", "VV"], ["sigma0_HH"]])
def test_hh_and_hv_are_never_mapped(raster, names):
    found = detect(raster(names, dtype="float32"))
    assert found.bands[0].polarisation == "HH"
    with pytest.raises(SmartiesError) as raised:
        assign(found.bands, allow_outside=True)
    assert isinstance(raised.value, (OutsideSpectrumError, UnknownBandError))


def test_a_polarisation_tag_of_gdals_radar_drivers_is_read(raster):
    found = detect(raster(count=1, band_tags=[{"": {"POLARIMETRIC_INTERP": "HH"}}]))
    assert found.bands[0].polarisation == "HH"


def test_a_stack_of_both_sentinels_is_told_by_its_names(raster):
    found = detect(raster(["VV", "VH", "B02", "B8A"], dtype="float32"))
    assert found.sensor is None
    assert layers(found) == [15, 16, 1, 11]


def test_a_ratio_of_radar_bands_stays_open(raster):
    assert unresolved(detect(raster(["VV", "VH", "VV_VH_ratio"], dtype="float32"))) == ["VV_VH_ratio"]


def test_stackstac_and_numbered_bands_stay_open(raster):
    assert len(unresolved(detect(raster(["stackstac-c2eb4960"] * 12, name="patch_445.tif")))) == 12
    assert len(unresolved(detect(raster(["Band 1", "Band 2", "Band 3"])))) == 3
    assert len(unresolved(detect(raster(count=10, dtype="float32")))) == 10


# -- colours --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "colours", [["red", "green", "blue"], ["blue", "green", "red"], ["red", "green", "blue", "alpha"]]
)
def test_an_8_bit_picture_of_three_colours_is_rgb(raster, colours):
    found = detect(raster(dtype="uint8", colours=colours))
    assert found.sensor is not None and found.sensor.name == "rgb"
    expected = {"red": 5, "green": 3, "blue": 2}
    assert layers(found) == [expected[colour] for colour in colours if colour != "alpha"]
    assert found.bands[0].sources["centre_nm"] == f"colour interpretation {colours[0]}"


def test_an_8_bit_picture_inside_a_product_is_still_a_picture(raster):
    found = detect(raster(dtype="uint8", colours=["red", "green", "blue"], parents=["S2A_MSIL2A_20170617T113321"]))
    assert found.sensor is not None and found.sensor.name == "rgb"


@pytest.mark.parametrize(
    ("dtype", "colours"),
    [("uint16", ["red", "green", "blue"]), ("uint8", ["red", "green", "blue", "undefined"]), ("uint8", ["palette"]),
     ("uint8", ["red", "green", "blue", "red"]),
     ("uint8", ["gray"]), ("float32", ["red", "green", "blue"])],
)  # fmt: skip
def test_other_colours_are_no_wavelengths(raster, dtype, colours):
    found = detect(raster(dtype=dtype, colours=colours))
    assert unresolved(found)
    with pytest.raises(UnknownBandError):
        assign(found.bands)


# -- files and the catalogue together -------------------------------------------------------------


def test_a_files_wavelength_goes_before_the_catalogues_and_keeps_the_layer_where_they_agree(raster):
    tags = [{"": {"wavelength": "665", "wavelength_units": "nm"}}]
    found = detect(raster(["B04"], band_tags=tags), sensor="sentinel-2-l2a")
    (band,) = found.bands
    assert (band.centre_nm, band.layer) == (665, "red_2")
    assert "tag" in band.sources["centre_nm"] and "B04" in band.sources["layer"]


def test_a_wavelength_that_contradicts_the_band_name_is_used_and_told(raster):
    tags = [{"": {"wavelength": "1240", "wavelength_units": "nm"}}]
    found = detect(raster(["B04"], band_tags=tags), sensor="sentinel-2-l2a")
    assert (found.bands[0].centre_nm, found.bands[0].layer) == (1240, None)
    assert any("1240" in note and "664.6" in note for note in found.notes)


def test_forces_nir_is_b8a_by_its_wavelength(raster):
    tags = [{"FORCE": {"Wavelength": value, "Wavelength_unit": "micrometers"}} for value in ("0.833", "0.865")]
    found = detect(raster(["BROADNIR", "NIR"], band_tags=tags, name="20200118_LEVEL2_SEN2A_BOA.tif"))
    assert [band.centre_nm for band in found.bands] == [833, 865]
    assert (found.bands[1].name, found.bands[1].layer) == ("B8A", "near_infrared_3")
    assert any("B8A" in note for note in found.notes)


def spectrometer(raster, centres, bad=(), name="cube.tif", **kwargs):
    tags = [{"": {"wavelength": str(centre), "wavelength_units": "Nanometers", "fwhm": "7",
                  "bbl": "0" if centre in bad else "1"}} for centre in centres]  # fmt: skip
    return detect(raster([f"band {number} ({centre} Nanometers)" for number, centre in enumerate(centres, 1)],
                         dtype="float32", band_tags=tags, name=name), **kwargs)  # fmt: skip


def test_a_spectrometer_drops_bad_blind_and_far_bands_with_the_reason(raster):
    centres = [418.24, *range(430, 800, 10), 1240, 1400, 1450, 1600, 1850, 2200]
    found = spectrometer(raster, centres, bad=(600,), name="ENMAP01-____L2A-DT0000001867_20220724T104526Z.TIF")
    off = {band.centre_nm: band.note for band in found.bands if not band.enabled}
    assert off == {
        418.24: "outside the model's spectrum",
        600: "bad band",
        1240: "far from every learnt range",
        1400: "water vapour hides the ground here",
        1450: "water vapour hides the ground here",
        1850: "water vapour hides the ground here",
    }
    assert {each.verdict for each in assign(found.bands)} <= {"seen", "near", "interpolated"}


def test_a_user_may_switch_a_dropped_band_on_again(raster):
    centres = [*range(430, 800, 10), 1400]
    table = parse_table('[{"name": "band 38", "enabled": true}]')
    found = spectrometer(raster, centres, name="EnMAP.tif", table=table)
    assert found.bands[-1].enabled


def test_a_few_bands_with_wavelengths_are_not_dropped_but_refused(raster):
    found = spectrometer(raster, [490, 1240])
    assert all(band.enabled for band in found.bands)
    with pytest.raises(OutsideSpectrumError, match="1240"):
        assign(found.bands)


def test_names_are_made_unique(raster):
    found = detect(raster(["red", "red", "B04"]), sensor="sentinel-2-l2a")
    assert len({band.name for band in found.bands}) == 3
