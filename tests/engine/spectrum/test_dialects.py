"""Every dialect in which files state wavelengths is read, through `detect`, as real files write it."""

from __future__ import annotations

import json

import pytest

from engine.errors import BandTableError
from engine.spectrum.detect import detect
from engine.spectrum.dialects import parse_envi_header

HEADER = """ENVI
description = {EnMAP of Berlin, subset}
samples = 220
bands = 3
wavelength units = Micrometers
map info = {UTM, 1.000, 1.000, 380952.370, 5820372.350, 30, 30, 33, North, WGS-84, units=Meters}
band names = {
 band 8, band 9,
 band 10}
wavelength = {
 0.460000, 0.465000,
 1.378000}
fwhm = {0.0058, 0.0058, 0.0100}
bbl = {1, 1, 0}
"""


def centres(detection):
    return [band.centre_nm for band in detection.bands]


def sources(detection, field="centre_nm"):
    return [band.sources.get(field) for band in detection.bands]


def test_band_tags_give_wavelength_width_and_bad_bands(raster):
    tags = [{"": {"wavelength": "418.24", "wavelength_units": "Nanometers", "fwhm": "6.99561", "bbl": "1"}},
            {"": {"wavelength": "1378.2", "wavelength_units": "Nanometers", "fwhm": "10", "bbl": "0"}}]  # fmt: skip
    found = detect(raster(["band 1 (418.24 Nanometers)", "band 2 (1378.2 Nanometers)"], band_tags=tags))
    first, second = found.bands
    assert (first.centre_nm, first.min_nm, first.max_nm) == pytest.approx((418.24, 414.742195, 421.737805))
    assert first.name == "band 1"
    assert (second.enabled, second.note) == (False, "bad band")
    assert "tag" in first.sources["centre_nm"] and "FWHM" in first.sources["min_nm"]


@pytest.mark.parametrize(
    "tags",
    [
        {"": {"WAVELENGTH": "0.49", "WAVELENGTH_UNITS": "Micrometers"}},
        {"ENVI": {"wavelength": "490", "wavelength_units": "nm"}},
        {"": {"wavelength": "490"}},
        {"": {"radiation_wavelength": "490", "radiation_wavelength_unit": "nm", "bandwidth": "65"}},
        {"": {"center_wavelength": "0.49 µm"}},
    ],
)
def test_spellings_of_the_band_tag(raster, tags):
    found = detect(raster(["x"], band_tags=[tags]))
    assert centres(found) == pytest.approx([490])


def test_a_unit_of_the_dataset_holds_for_its_bands(raster):
    found = detect(
        raster(["x"], band_tags=[{"": {"wavelength": "0.49"}}], tags={"": {"wavelength_units": "Micrometers"}})
    )
    assert centres(found) == pytest.approx([490])


def test_gdals_envi_driver_keeps_full_digits_and_takes_the_width_from_the_header(raster):
    envi = {"wavelength_units": "Micrometers", "wavelength": "{0.460712, 0.465123, 1.3789}",
            "fwhm": "{0.0058, 0.0058, 0.01}", "bbl": "{1,1,0}", "band_names": "{band 8, band 9, band 10}"}  # fmt: skip
    bands = [
        {"": {"wavelength": value, "wavelength_units": "Micrometers"},
         "IMAGERY": {"CENTRAL_WAVELENGTH_UM": rounded, "FWHM_UM": "0.006"}}
        for value, rounded in [("0.460712", "0.461"), ("0.465123", "0.465"), ("1.3789", "1.379")]
    ]  # fmt: skip
    names = [
        f"band {number} ({value} Micrometers)" for number, value in [(8, "0.460712"), (9, "0.465123"), (10, "1.3789")]
    ]
    found = detect(raster(names, tags={"ENVI": envi}, band_tags=bands))
    assert centres(found) == pytest.approx([460.712, 465.123, 1378.9])
    first = found.bands[0]
    assert first.max_nm is not None and first.min_nm is not None
    assert first.max_nm - first.min_nm == pytest.approx(5.8), "not the rounded 6 nm"
    assert [band.enabled for band in found.bands] == [True, True, False]


def test_a_copy_that_lost_the_header_keeps_gdals_rounded_width(raster):
    tags = [{"": {"wavelength": "0.460712", "wavelength_units": "Micrometers"},
             "IMAGERY": {"CENTRAL_WAVELENGTH_UM": "0.461", "FWHM_UM": "0.006"}},
            {"": {"wavelength": "0.56", "wavelength_units": "Micrometers"},
             "IMAGERY": {"CENTRAL_WAVELENGTH_UM": "0.665", "FWHM_UM": "0.03"}}]  # fmt: skip
    first, second = detect(raster(count=2, band_tags=tags)).bands
    assert (first.centre_nm, first.min_nm, first.max_nm) == pytest.approx((460.712, 457.712, 463.712))
    assert first.sources["min_nm"] == "GDAL IMAGERY wavelength: FWHM"
    assert (second.centre_nm, second.min_nm) == (560, None), "a width of another wavelength is none of this band"


def test_an_envi_header_beside_the_raster(raster):
    found = detect(raster(count=3, sidecars={"berlin.hdr": HEADER}))
    assert centres(found) == pytest.approx([460, 465, 1378])
    assert sources(found)[0] == "ENVI header berlin.hdr"
    assert [band.enabled for band in found.bands] == [True, True, False]


def test_an_envi_header_is_parsed_with_its_lists_over_lines():
    fields = parse_envi_header(HEADER)
    assert fields["samples"] == "220"
    assert fields["wavelength"].split() == ["{", "0.460000,", "0.465000,", "1.378000}"]
    assert parse_envi_header("IMAGE_FILE_FORMAT = MFF") == {}


def test_a_list_of_another_length_is_not_used_and_a_note_says_so(raster):
    found = detect(raster(count=2, tags={"ENVI": {"wavelength": "{490, 560, 665}"}}))
    assert centres(found) == [None, None]
    assert any("3 entries for 2 bands" in note for note in found.notes)


@pytest.mark.parametrize("units", ["Unknown", "Index"])
def test_a_list_that_only_counts_is_no_wavelength(raster, units):
    found = detect(raster(count=3, tags={"ENVI": {"wavelength": "{1, 2, 3}", "wavelength_units": units}}))
    assert centres(found) == [None, None, None]


def test_a_lying_unit_is_corrected_and_told(raster):
    found = detect(raster(count=2, tags={"ENVI": {"wavelength": "{0.49, 2.2}", "wavelength_units": "Nanometers"}}))
    assert centres(found) == pytest.approx([490, 2200])
    assert any("read as µm" in note for note in found.notes)


@pytest.mark.parametrize("value", ["0", "-490", "nan", "blue", "50000"])
def test_an_impossible_wavelength_of_a_file_is_an_error_that_shows_it(raster, value):
    with pytest.raises(BandTableError) as raised:
        detect(raster(["a", "b"], band_tags=[{"": {"wavelength": "490"}}, {"": {"wavelength": value}}]))
    assert value in raised.value.message and "band 2" in raised.value.message


def test_a_bad_or_masked_band_may_have_any_wavelength(raster):
    tags = [{"": {"wavelength": "490"}}, {"": {"wavelength": "nan", "bbl": "0"}}, {"": {"wavelength": "0"}}]
    found = detect(raster(["a", "b", "cloud mask"], band_tags=tags))
    assert [band.enabled for band in found.bands] == [True, False, False]


def test_force_names_and_wavelengths(raster):
    tags = [{"FORCE": {"Domain": domain, "Sensor": "LND08", "Wavelength": wavelength, "Wavelength_unit": "micrometers"}}
            for domain, wavelength in [("BLUE", "0.482"), ("NIR", "0.865")]]  # fmt: skip
    found = detect(raster(count=2, band_tags=tags, name="20200118_LEVEL2_LND08_BOA.tif"))
    assert centres(found) == pytest.approx([482, 865])
    assert sources(found) == ["FORCE wavelength"] * 2
    assert [band.name for band in found.bands] == ["BLUE", "NIR"]


def test_imagery_comes_after_envi_and_alone_suffices(raster):
    tags = [{"IMAGERY": {"CENTRAL_WAVELENGTH_UM": "0.461", "FWHM_UM": "0.006"}}]
    found = detect(raster(count=1, band_tags=tags))
    assert centres(found) == pytest.approx([461])
    assert found.bands[0].min_nm == pytest.approx(458)
    assert sources(found) == ["GDAL IMAGERY wavelength"]


def test_enmap_metadata_beside_the_raster(raster):
    xml = "".join(
        f'<bandID number="{number}"><wavelengthCenterOfBand>{centre}</wavelengthCenterOfBand>'
        f"<FWHMOfBand>6.93</FWHMOfBand><GainOfBand>1e-4</GainOfBand></bandID>"
        for number, centre in enumerate([423.03, 429.3], 1)
    )
    found = detect(
        raster(count=2, sidecars={"ENMAP01-METADATA.XML": f"<bandCharacterisation>{xml}</bandCharacterisation>"})
    )
    assert centres(found) == [423.03, 429.3]
    other = detect(raster(count=3, sidecars={"ENMAP01-METADATA.XML": xml}))
    assert centres(other) == [None, None, None] and other.notes


@pytest.mark.parametrize(
    ("name", "nm", "shown"),
    [
        ("Band 01: 444.0 Nanometers", 444, "Band 01"),
        ("band 1 (418.24 Nanometers)", 418.24, "band 1"),
        ("band 8 (0.460712 Micrometers)", 460.712, "band 8"),
        ("443 nm", 443, "443 nm"),
        ("0.49 µm", 490, "0.49 µm"),
        ("Red 665nm", 665, "Red"),
    ],
)
def test_a_wavelength_within_the_name(raster, name, nm, shown):
    found = detect(raster([name]))
    assert centres(found) == pytest.approx([nm])
    assert found.bands[0].name == shown
    assert found.bands[0].sources["centre_nm"].startswith("band name")


@pytest.mark.parametrize("name", ["IR-9680", "443", "500 m", "B04 10m", "band 3"])
def test_numbers_in_names_are_not_wavelengths(raster, name):
    assert centres(detect(raster([name, "x"]))) == [None, None]


def stac_item(**assets):
    return json.dumps({"type": "Feature", "id": "x", "properties": {}, "assets": assets})


def test_stac_bands_by_asset_and_name(raster):
    item = stac_item(
        red={"href": "https://x/B04.tif", "eo:bands": [{"name": "B04", "common_name": "red", "center_wavelength": 0.665,
                                                         "full_width_half_max": 0.038}]},
        nir={"href": "https://x/B08.tif", "bands": [{"name": "B08", "eo:common_name": "nir",
                                                      "eo:center_wavelength": 0.842}]},
    )  # fmt: skip
    by_name = detect(raster(["B04", "B08"], sidecars={"item.json": item}))
    assert centres(by_name) == pytest.approx([665, 842])
    assert by_name.bands[0].max_nm == pytest.approx(684)
    assert sources(by_name)[0] == "STAC eo:bands"
    by_asset = detect(raster(["nir", "other"], sidecars={"item.json": item}))
    assert centres(by_asset) == [pytest.approx(842), None]


def test_stac_bands_in_order_only_of_this_very_file_or_of_equal_count(raster):
    bands = [{"name": name, "center_wavelength": centre} for name, centre in [("a", 0.49), ("b", 0.56)]]
    own = stac_item(data={"href": "./scene.tif", "eo:bands": bands}, other={"href": "o.tif", "eo:bands": bands[:1]})
    assert centres(detect(raster(count=2, sidecars={"i.json": own}))) == pytest.approx([490, 560])
    foreign = stac_item(data={"href": "./elsewhere.tif", "eo:bands": bands})
    assert centres(detect(raster(count=2, sidecars={"i.json": foreign}))) == [None, None]
    tag = {"": {"eo:bands": json.dumps(bands)}}
    assert centres(detect(raster(count=2, tags=tag))) == pytest.approx([490, 560])
    assert centres(detect(raster(count=3, tags=tag))) == [None, None, None]
    assert centres(detect(raster(count=3, sidecars={"i.json": own}))) == [None, None, None]
    assert centres(detect(raster(["b", "a"], tags=tag))) == pytest.approx([560, 490]), "names go before order"


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"assets": 4}', '{"assets": {"a": 3}, "bands": [1]}', "null"])
def test_json_that_is_no_stac_item_is_passed_over(raster, text):
    assert centres(detect(raster(["B04x"], sidecars={"x.json": text}))) == [None]
