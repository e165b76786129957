"""Whatever a raster says of itself, in any dialect: a detection or one clear error, in bounded time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import SmartiesError
from engine.spectrum.assign import assign
from engine.spectrum.detect import Detection, detect
from engine.spectrum.dialects import parse_envi_header
from engine.spectrum.raster_metadata import MAX_NAME_CHARACTERS, RasterMetadata
from engine.spectrum.table import BandTable, parse_table, table_to_json

#: A sentence and its remedy; longer ones are not read.
LONGEST = 1000

names = st.sampled_from(
    (
        "B04|B8A|red|NIR|VV|HH|Gamma0_VV|SCL|pan|alpha|blue|green|B1|B2|B3|Band_1|lyr.1|QA60|443nm|0.49µm|1e5|"
        "Band 01: 444.0 Nanometers|band 8 (0.460712 Micrometers)|5.405 GHz| ||\0|\n"
    ).split("|")
)
numbers = st.sampled_from(
    "490 0.49 10.9 5.405 5.5e7 0 -1 nan inf -inf 1e999 1e-320 9e99 99999999999999999999 0x10 1,5 ٣ ² 1_0 + . e5".split()
) | st.floats().map(str)
units = st.sampled_from("nm|Nanometers|um|µm|Micrometers|GHz|MHz|m|Index|Unknown|cm-1|parsec|Å|| nm ".split("|"))
texts = st.text(max_size=12)
values = st.one_of(names, numbers, st.tuples(numbers, units).map(" ".join), units, texts)
lists = st.lists(numbers | units | texts, max_size=5).map(lambda parts: "{" + ", ".join(parts) + "}")
products = st.sampled_from(
    ["S2A_MSIL2A_20230101T000000_N0509_R001_T31TFJ_20230101T000000", "LC08_L2SP_198024_20200914_20200919_02_T1",
     "S1A_IW_GRDH_1SDV_20200101T000000", "ENMAP01-____L2A", "PRS_L2D_STD", "EMIT_L2A_RFL", "x", ""]
)  # fmt: skip
KEYS = (
    "wavelength wavelengths Wavelength wavelength_units wavelength_unit fwhm bbl CENTRAL_WAVELENGTH_UM FWHM_UM"
    " band_names Wavelength_unit Domain PROCESSING_BASELINE BOA_ADD_OFFSET SATELLITE_ID PRODUCT_ID LANDSAT_PRODUCT_ID"
    " POLARISATION stac eo:bands bands"
).split()
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**400), 10**400) | st.floats() | values,
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from("eo:bands bands assets properties href name common_name center_wavelength "
                        "full_width_half_max eo:center_wavelength id collection earthsearch:boa_offset_applied "
                        "PROCESSING_BASELINE s2:processing_baseline".split()), inner, max_size=4),
    max_leaves=15,
)  # fmt: skip
items = json_values.map(json.dumps)
headers = st.lists(
    st.tuples(st.sampled_from(["wavelength", "wavelength units", "fwhm", "bbl", "band names", "x", "{", "="]),
              st.sampled_from([" = ", "=", " =\n", " "]), lists | values | st.just("{1, 2")),
    max_size=5,
).map(lambda lines: "ENVI\n" + "\n".join("".join(line) for line in lines))  # fmt: skip
enmap = st.lists(st.tuples(numbers, numbers), max_size=5).map(
    lambda pairs: "".join(
        f"<wavelengthCenterOfBand>{centre}</wavelengthCenterOfBand><FWHMOfBand>{width}</FWHMOfBand>"
        for centre, width in pairs
    )
)
xml = st.one_of(
    enmap, numbers.map("<BOA_ADD_OFFSET band_id='1'>{}</BOA_ADD_OFFSET>".format),
    numbers.map("<PROCESSING_BASELINE>{}</PROCESSING_BASELINE>".format), products.map("<PRODUCT_URI>{}<".format), texts,
)  # fmt: skip
tags = st.dictionaries(st.sampled_from(KEYS) | texts, values | lists | items | products, max_size=4)
domains = st.dictionaries(st.sampled_from(["", "ENVI", "FORCE", "IMAGERY", "IMD", "x"]), tags, max_size=3)
sidecars = st.fixed_dictionaries(
    {},
    optional={"a.json": items | texts, "a.hdr": headers | texts, "a-METADATA.XML": xml, "MTD_MSIL2A.xml": xml,
              "a_MTL.txt": products.map('LANDSAT_PRODUCT_ID = "{}"'.format)},
)  # fmt: skip


@st.composite
def metadata(draw: Callable[..., Any]) -> RasterMetadata:
    """What GDAL might hand over of a raster of up to five bands."""
    count = draw(st.integers(1, 5))

    def each(strategy: st.SearchStrategy[Any]) -> tuple[Any, ...]:
        return tuple(draw(st.lists(strategy, min_size=count, max_size=count)))

    return RasterMetadata(
        name=draw(products | texts),
        parents=tuple(draw(st.lists(products | texts, max_size=3))),
        band_count=count,
        dtypes=each(st.sampled_from(["uint8", "uint16", "int16", "float32", "float64"])),
        tags=draw(domains),
        band_tags=each(domains),
        band_names=each(st.none() | values),
        colours=each(st.none() | st.sampled_from(["red", "green", "blue", "gray", "alpha", "undefined", "palette"])),
        sidecars=draw(sidecars),
    )


def check_error(error: SmartiesError) -> None:
    assert error.message.strip() and error.hint.strip()
    assert len(str(error)) < LONGEST


def check_detection(found: Detection, count: int) -> None:
    assert len(found.bands) == count
    assert len({band.name for band in found.bands}) == count
    for band in found.bands:
        for field in ("centre_nm", "min_nm", "max_nm", "polarisation", "layer"):
            assert (getattr(band, field) is None) == (field not in band.sources), "every value has a source"
        if band.centre_nm is not None:
            assert 300 <= band.centre_nm <= 1e10
        assert band.enabled or band.note, "a band that is off says why"


@given(metadata())
def test_any_metadata_gives_a_detection_or_one_clear_error(raster: RasterMetadata) -> None:
    try:
        found = detect(raster)
    except SmartiesError as error:
        check_error(error)
        return
    check_detection(found, raster.band_count)
    # What was found can be kept as a table, read again, and says the same.
    kept = parse_table(table_to_json(found.bands))
    assert kept == BandTable(found.bands)
    try:
        assign(found.bands)
    except SmartiesError as error:
        check_error(error)


@given(metadata(), st.sampled_from(["sentinel-2-l2a", "landsat-8-l2", "sentinel-1-grd", "enmap", "rgb"]))
def test_a_sensor_that_the_user_names_changes_nothing_of_that(raster: RasterMetadata, sensor: str) -> None:
    try:
        found = detect(raster, sensor)
    except SmartiesError as error:
        check_error(error)
    else:
        check_detection(found, raster.band_count)


@given(headers | st.text(max_size=60).map("ENVI\n{}".format))
def test_any_header_gives_fields_whose_names_and_values_stand_in_it(text: str) -> None:
    squeezed = "".join(text.split())
    for name, value in parse_envi_header(text).items():
        assert name and name == name.lower()
        assert "".join(value.split()) in squeezed


MEGABYTE = 2**20
BOMBS = {
    "blank lines of a header": {"a.hdr": "ENVI" + "\n" * MEGABYTE},
    "open braces of a header": {"a.hdr": "ENVI\n" + "a={\n" * (MEGABYTE // 4)},
    "equal signs of a header": {"a.hdr": "ENVI\n" + "=" * MEGABYTE},
    "nested JSON": {"a.json": "[" * MEGABYTE},
    "nested objects": {"a.json": '{"assets":' * (MEGABYTE // 10)},
    "a number of a million digits": {"a.json": '{"bands": [{"center_wavelength": ' + "9" * MEGABYTE + "}]}"},
    "open offsets": {"MTD_MSIL2A.xml": "<BOA_ADD_OFFSET " * (MEGABYTE // 16)},
    "an offset of a million digits": {"MTD_MSIL2A.xml": "<BOA_ADD_OFFSET>" + "9" * MEGABYTE + "<"},
    "open product names": {"MTD_MSIL2A.xml": "<PRODUCT_URI " * (MEGABYTE // 13)},
    "many product names": {"a_MTL.txt": 'LANDSAT_PRODUCT_ID = "x"\n' * (MEGABYTE // 25)},
    "open data strips": {"a_MTL.txt": "S2A_OPER_MSI_L1C_DS_" * (MEGABYTE // 20)},
    "open EnMAP bands": {"a-METADATA.XML": "<wavelengthCenterOfBand> " * (MEGABYTE // 25)},
    "blanks in an EnMAP band": {"a-METADATA.XML": "<wavelengthCenterOfBand>" + " " * MEGABYTE},
}  # fmt: skip


@pytest.mark.parametrize("kind", BOMBS)
def test_a_megabyte_of_trouble_beside_a_raster_takes_no_time(raster: Callable[..., RasterMetadata], kind: str) -> None:
    started = time.process_time()
    try:
        detect(raster(["a", "b"], sidecars=BOMBS[kind]))
    except SmartiesError as error:
        check_error(error)
    assert time.process_time() - started < 3


LONG = 65_536
TEXTS = {
    "blanks": " " * LONG + "x",
    "blanks behind a number": "1" + " " * LONG + "x",
    "colons": ":" * LONG,
    "digits": "9" * LONG,
    "dots": "1." * (LONG // 2),
    "underscores": "_" * LONG,
    "letters": "a" * LONG,
    "words": "B " * (LONG // 2),
    "brackets": "(" * LONG,
    "products": "S2A_MSIL2A_" * (LONG // 11),
    "commas": "{" + "," * LONG + "}",
}


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("place", ["name", "tag", "list", "table"])
def test_a_text_as_long_as_gdal_hands_over_takes_no_time(
    raster: Callable[..., RasterMetadata], kind: str, place: str
) -> None:
    text = TEXTS[kind]
    started = time.process_time()
    try:
        if place == "name":
            detect(raster([text, text + "1", "B04"], name=text, parents=[text]))
        elif place == "tag":
            own = dict.fromkeys(KEYS, text)
            detect(raster(count=2, tags={"": own, "ENVI": own, text: own}, band_tags=[{"": own, "FORCE": own}, {}]))
        elif place == "list":
            detect(raster(count=2, tags={"ENVI": {"wavelength": f"{{{text}, {text}}}", "band_names": f"{{{text},b}}"}}))
        else:
            table = json.dumps([{"name": text, "centre": text, "polarisation": text, "layer": text}])
            detect(raster(count=1), table=parse_table(table))
    except SmartiesError as error:
        check_error(error)
    assert time.process_time() - started < 3


def test_names_are_cut_not_refused(raster: Callable[..., RasterMetadata]) -> None:
    found = detect(raster(["B04" + "x" * 1000]))
    assert len(found.bands[0].name) == MAX_NAME_CHARACTERS
