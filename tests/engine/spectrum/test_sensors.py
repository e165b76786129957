"""The sensor catalogue: its figures, its names, and what it recognises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.errors import UnknownSensorError
from engine.spectrum.layers import LAYER_BY_KEY
from engine.spectrum.sensors import (
    SENSORS_DIR,
    band_order,
    is_auxiliary,
    load_sensor,
    match_names,
    sensor_band,
    sensor_names,
    sensor_statistics,
)

SHARED_STATISTICS = Path(__file__).resolve().parents[4] / "shared" / "sensor_statistics.json"
BANDED = [name for name in sensor_names() if load_sensor(name).kind != "spectrometer"]
SPECTROMETERS = ["emit", "enmap", "prisma"]

# METHOD, section 1: the layer each band of the pretraining sensors taught.
LEARNT_FROM: dict[str, dict[str, str | None]] = {
    "sentinel-2-l1c": {
        "B01": "aerosol",
        "B02": "blue_1",
        "B03": "green_2",
        "B04": "red_2",
        "B05": "red_edge_1",
        "B06": "red_edge_2",
        "B07": "near_infrared_2",
        "B08": "near_infrared_1",
        "B8A": "near_infrared_3",
        "B09": "short_wave_infrared_1",
        "B10": None,
        "B11": "short_wave_infrared_3",
        "B12": "short_wave_infrared_4",
    },
    "sentinel-1-grd": {"VV": "microwave_1", "VH": "microwave_2", "HH": None, "HV": None},
    "maxar-rgb": {"red": "red_1", "green": "green_1", "blue": "blue_3"},
    "rgb": {"red": "red_1", "green": "green_1", "blue": "blue_3"},
    "naip": {"red": "red_1", "green": "green_1", "blue": "blue_3", "nir": None},
}
LEARNT_FROM["sentinel-2-l2a"] = {band: key for band, key in LEARNT_FROM["sentinel-2-l1c"].items() if band != "B10"}


@pytest.mark.parametrize("name", BANDED)
def test_bands_lie_in_plausible_and_ordered_ranges(name: str) -> None:
    sensor = load_sensor(name)
    for band in sensor.bands:
        assert band.min_nm < band.max_nm
        assert band.min_nm <= band.centre_nm <= band.max_nm
        if sensor.kind == "radar":
            assert 5.4e7 < band.min_nm and band.max_nm < 5.7e7
        else:
            assert 400 <= band.min_nm and band.max_nm <= 14_500
            assert band.max_nm - band.min_nm <= (2_200 if band.min_nm > 3_000 else 400)
        assert band.default_on or band.note
    assert sensor.gsd_m == min(band.gsd_m for band in sensor.bands if band.default_on)
    assert sensor.chip_px == (112 if sensor.gsd_m >= 5 else 224)
    assert sensor.source and sensor.title


@pytest.mark.parametrize("name", SPECTROMETERS)
def test_spectrometers_leave_wavelengths_to_the_file_and_drop_the_water_vapour_windows(name: str) -> None:
    sensor = load_sensor(name)
    assert sensor.kind == "spectrometer" and sensor.bands == ()
    assert sensor.spectral_range_nm is not None and sensor.fwhm_nm is not None
    low, high = sensor.spectral_range_nm
    assert low < 425 and high > 2400
    assert len(sensor.dropped_nm) == 2
    (first_low, first_high), (second_low, second_high) = sensor.dropped_nm
    assert low < first_low < 1380 < first_high < second_low < 1900 < second_high < high
    # Neither learnt short-wave range (1516–1704, 2002–2376 nm) loses a band.
    assert first_high < 1516 and second_low > 1704 and second_high < 2002


@pytest.mark.parametrize("name", sorted(LEARNT_FROM))
def test_layers_of_the_pretraining_bands_are_those_of_the_method(name: str) -> None:
    sensor = load_sensor(name)
    assert {band.name: band.layer for band in sensor.bands} == LEARNT_FROM[name]


def test_only_bands_a_layer_was_learnt_from_name_one() -> None:
    named = {name for name in sensor_names() if any(band.layer for band in load_sensor(name).bands)}
    assert named == set(LEARNT_FROM)


@pytest.mark.parametrize("name", ["sentinel-2-l1c", "sentinel-2-l2a", "sentinel-1-grd", "maxar-rgb"])
def test_a_band_lies_in_the_range_of_the_layer_it_taught(name: str) -> None:
    for band in load_sensor(name).bands:
        if band.layer is not None:
            layer = LAYER_BY_KEY[band.layer]
            assert layer.min_nm <= band.centre_nm <= layer.max_nm
            assert layer.polarisation == band.polarisation


def test_families_follow_the_sensor_a_layer_was_learnt_from() -> None:
    families = {name: load_sensor(name).family for name in sensor_names()}
    assert [name for name, family in families.items() if family == "sentinel-1"] == ["sentinel-1-grd"]
    assert {name for name, family in families.items() if family == "rgb"} == {
        "maxar-rgb",
        "naip",
        "pleiades",
        "rgb",
        "spot-6-7",
        "worldview-2",
        "worldview-3",
    }


def test_figures_of_the_operators() -> None:
    def limits(sensor: str, band: str) -> tuple[float, float, float]:
        found = sensor_band(load_sensor(sensor), band)
        assert found is not None
        return found.min_nm, found.max_nm, found.gsd_m

    assert limits("landsat-8-l1", "B10") == (10600, 11190, 30)
    assert limits("landsat-9-l2", "SR_B2") == (452, 512, 30)
    assert limits("landsat-4-5-l1", "B7") == (2080, 2350, 30)
    assert limits("worldview-3", "swir8") == (2295, 2365, 3.7)
    assert limits("planetscope-8band", "rededge") == (697, 713, 3)
    assert limits("planetscope-4band", "red") == (590, 670, 3)
    assert limits("rapideye", "nir") == (760, 850, 5)
    assert limits("pleiades", "B3") == (740, 940, 2)
    assert limits("spot-6-7", "blue") == (455, 525, 6)
    assert limits("modis", "sur_refl_b07") == (2105, 2155, 500)
    assert limits("modis", "modis_b31") == (10780, 11280, 1000)
    assert limits("aster", "B14") == (10950, 11650, 90)
    assert limits("sentinel-2-l1c", "B10") == (1358, 1389, 60)
    radar = sensor_band(load_sensor("sentinel-1-grd"), "VV")
    assert radar is not None and radar.centre_nm == pytest.approx(299_792_458 / 5.405e9 * 1e9, abs=1)


def test_reflectance_of_landsat_collection_2_and_of_sentinel_2() -> None:
    landsat, sentinel = load_sensor("landsat-8-l2"), load_sensor("sentinel-2-l2a")
    assert landsat.reflectance_scale is not None
    # A DN of 7273 is close to no reflectance, 43636 to 1 (USGS, Landsat Collection 2 Level-2).
    assert 7273 / landsat.reflectance_scale + landsat.reflectance_offset == pytest.approx(0, abs=1e-4)
    assert 43636 / landsat.reflectance_scale + landsat.reflectance_offset == pytest.approx(1, abs=1e-4)
    assert (sentinel.reflectance_scale, sentinel.reflectance_offset, sentinel.nodata) == (10000, 0, 0)


def test_pan_cirrus_and_what_lies_far_are_off_unless_asked_for() -> None:
    off = {name: [band.name for band in load_sensor(name).bands if not band.default_on] for name in BANDED}
    assert off["sentinel-2-l1c"] == ["B10"]
    assert off["landsat-8-l1"] == ["B8", "B9"]
    assert off["landsat-8-l2"] == []
    assert off["landsat-7-l1"] == ["B6_VCID_2", "B8"]
    assert off["hls-s30"] == ["B10"]
    assert off["worldview-3"] == ["swir1", "pan"]
    assert off["aster"] == ["B3B", "B10", "B11", "B12"]
    assert [f"modis_b{band:02d}" for band in (1, 2, 3, 4, 6, 7)] == [
        band.name for band in load_sensor("modis").bands if band.default_on
    ]
    assert off["sentinel-1-grd"] == off["sentinel-2-l2a"] == off["naip"] == []


def test_statistics_only_of_the_pretraining_sensors() -> None:
    assert [name for name in sensor_names() if load_sensor(name).statistics is not None] == [
        "maxar-rgb",
        "sentinel-1-grd",
        "sentinel-2-l1c",
        "sentinel-2-l2a",
    ]


@pytest.mark.parametrize(
    ("sensor", "band", "row"),
    [
        ("sentinel-2-l1c", "B07", (22.869959399856562, 4666.179477913532, 0.44645431637763977, 0.23589326441287994)),
        ("sentinel-2-l1c", "B08", (19.210916774736788, 4529.406012196909, 0.4398050904273987, 0.23984773457050323)),
        ("sentinel-2-l1c", "B10", (0.23132576070531397, 74.06991863107127, 0.2185993492603302, 0.14908181130886078)),
        ("sentinel-2-l2a", "B8A", (1.0, 5433.892460929279, 0.41560056805610657, 0.2424980103969574)),
        ("sentinel-2-l2a", "B12", (4.277889404039971, 3387.4430439994744, 0.29588255286216736, 0.23555098474025726)),
        ("sentinel-1-grd", "VH", (-33.421480627395354, -9.905399040164635, 0.6035320162773132, 0.2288305163383484)),
        ("maxar-rgb", "blue", (0.2604600195558861, 254.85720973547197, 0.3851129412651062, 0.2712573707103729)),
    ],
)
def test_statistics_at_full_digits(sensor: str, band: str, row: tuple[float, float, float, float]) -> None:
    found = sensor_statistics(load_sensor(sensor), [band])
    assert found is not None
    assert (found.p1[0], found.p99[0], found.mean[0], found.std[0]) == row


@pytest.mark.parametrize(
    ("sensor", "key"),
    [
        ("sentinel-2-l1c", "SENTINEL2-L1C"),
        ("sentinel-2-l2a", "SENTINEL2-L2A"),
        ("sentinel-1-grd", "SENTINEL1-GRD"),
        ("maxar-rgb", "RGB"),
    ],
)
def test_statistics_equal_the_published_table_band_by_band(sensor: str, key: str) -> None:
    if not SHARED_STATISTICS.is_file():
        pytest.skip("the published statistics are absent: shared/sensor_statistics.json not found")
    table = json.loads(SHARED_STATISTICS.read_text(encoding="utf-8"))["pretraining_sensors"][key]
    statistics = load_sensor(sensor).statistics
    assert statistics is not None
    # Cirrus has no learnt layer; the table keeps it under this key.
    keys = [LEARNT_FROM[sensor][band] or "short_wave_infrared_2" for band in statistics.bands]
    assert keys == table["bands"]
    for column in ("p1", "p99", "mean", "std"):
        assert list(getattr(statistics, column)) == table[column]


def test_statistics_are_given_in_the_order_asked_for_and_only_when_whole() -> None:
    sentinel1 = load_sensor("sentinel-1-grd")
    swapped = sensor_statistics(sentinel1, ["vh", "VV"])
    assert swapped is not None
    assert swapped.bands == ("VH", "VV") and swapped.p1[1] == -29.519697483502714
    assert sensor_statistics(sentinel1, ["VV", "HH"]) is None
    assert sensor_statistics(sentinel1, ["B04"]) is None
    assert sensor_statistics(load_sensor("landsat-8-l2"), ["SR_B4"]) is None


@pytest.mark.parametrize(
    ("sensor", "name", "band"),
    [
        ("sentinel-2-l2a", "b4", "B04"),
        ("sentinel-2-l2a", "B004", "B04"),
        ("sentinel-2-l2a", "B8A", "B8A"),
        ("sentinel-2-l2a", "b08a", "B8A"),
        ("sentinel-2-l2a", "B08", "B08"),
        ("sentinel-2-l2a", "B10", None),
        ("sentinel-2-l1c", "B10", "B10"),
        ("sentinel-2-l1c", "B1", "B01"),
        ("sentinel-2-l2a", "Red", "B04"),
        ("sentinel-2-l2a", "swir16", "B11"),
        ("sentinel-2-l2a", "Band 4", None),  # QGIS's default label of any fourth band
        ("sentinel-2-l2a", "", None),
        ("landsat-8-l2", "B04", "SR_B4"),
        ("landsat-8-l2", "ST-B10", "ST_B10"),
        ("landsat-8-l1", "SR_B4", None),
        ("landsat-7-l1", "B6_VCID_1", "B6_VCID_1"),
        ("hls-l30", "B5", "B05"),
        ("modis", "sur_refl_b02_1", "modis_b02"),
        ("aster", "VNIR_Band3N", "B3N"),
        ("sentinel-1-grd", "vv", "VV"),
        ("enmap", "B01", None),
    ],
)
def test_a_band_is_found_by_name_or_alias_in_any_case(sensor: str, name: str, band: str | None) -> None:
    found = sensor_band(load_sensor(sensor), name)
    assert (found.name if found else None) == band


def test_quality_layers_are_told_from_bands() -> None:
    sentinel2, landsat = load_sensor("sentinel-2-l2a"), load_sensor("landsat-8-l2")
    assert all(is_auxiliary(sentinel2, name) for name in ("SCL", "scl", "QA60", "MSK_CLDPRB", "cloud_mask"))
    assert all(is_auxiliary(landsat, name) for name in ("QA_PIXEL", "ST_QA", "ST_EMIS", "SR_QA_AEROSOL", "BQA"))
    for name in sensor_names():
        sensor = load_sensor(name)
        assert not any(is_auxiliary(sensor, band.name) for band in sensor.bands)


def test_band_names_that_fit_several_sensors_name_them_all() -> None:
    ambiguous = {sensor.name for sensor in match_names([f"B{band}" for band in range(1, 8)])}
    assert {"landsat-8-l1", "landsat-9-l2", "landsat-4-5-l1", "sentinel-2-l1c", "sentinel-2-l2a"} <= ambiguous
    assert not ambiguous & {"worldview-3", "sentinel-1-grd", "enmap"}


def test_band_names_of_one_family_name_only_it() -> None:
    names12 = ["B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B11", "B12"]
    assert [sensor.name for sensor in match_names(["VV", "VH"])] == ["sentinel-1-grd"]
    assert {sensor.name for sensor in match_names(names12)} == {"hls-s30", "sentinel-2-l1c", "sentinel-2-l2a"}
    assert {sensor.name for sensor in match_names([*names12, "B10"])} == {"hls-s30", "sentinel-2-l1c"}
    assert {sensor.name for sensor in match_names(["SR_B4", "ST_B10", "QA_PIXEL"])} == {"landsat-8-l2", "landsat-9-l2"}
    assert [sensor.name for sensor in match_names(["coastal_blue", "green_i", "yellow"])] == ["planetscope-8band"]


@pytest.mark.parametrize("names", [[], ["elevation"], ["B04", "elevation"], ["QA_PIXEL"], ["Band 1", "Band 2"], [""]])
def test_names_no_sensor_holds_match_none(names: list[str]) -> None:
    assert match_names(names) == ()


@pytest.mark.parametrize(
    ("sensor", "count", "names", "first", "last"),
    [
        ("sentinel-2-l1c", 13, (), "B01", "B12"),
        ("sentinel-2-l1c", 13, ("AnnualCrop_1.tif", "eurosat_ms"), "B01", "B8A"),
        ("sentinel-2-l2a", 12, (), "B01", "B12"),
        ("sentinel-2-l2a", 10, ("20200102_LEVEL2_SEN2A_BOA.tif",), "B02", "B12"),
        ("landsat-8-l1", 11, (), "B1", "B11"),
        ("hls-s30", 6, ("subsetted_512x512_HLS.S30.T10SDH.2020248.v1.4_merged.tif",), "B02", "B12"),
        ("planetscope-8band", 8, (), "coastal_blue", "nir"),
        ("worldview-3", 8, (), "coastal", "nir2"),
        ("worldview-3", 8, ("WV03_20190101123456_SWIR.tif",), "swir1", "swir8"),
        ("naip", 4, (), "red", "nir"),
        ("sentinel-1-grd", 2, (), "VV", "VH"),
    ],
)
def test_known_layouts_of_stacked_files(sensor: str, count: int, names: tuple[str, ...], first: str, last: str) -> None:
    order = band_order(load_sensor(sensor), count, names)
    assert order is not None and len(order) == len(set(order)) == count
    assert (order[0], order[-1]) == (first, last)


@pytest.mark.parametrize(
    ("sensor", "count"), [("sentinel-2-l2a", 10), ("sentinel-2-l2a", 4), ("hls-s30", 6), ("enmap", 224)]
)
def test_layouts_nobody_fixed_are_not_guessed(sensor: str, count: int) -> None:
    assert band_order(load_sensor(sensor), count, ("scene.tif",)) is None


def test_the_spectral_order_of_sentinel_2_is_the_one_the_projection_was_learnt_in() -> None:
    order = band_order(load_sensor("sentinel-2-l2a"), 12)
    assert order is not None
    layers = [LEARNT_FROM["sentinel-2-l2a"][band] for band in order]
    assert [LAYER_BY_KEY[key].index for key in layers if key is not None] == [0, 1, 4, 6, 7, 8, 10, 9, 11, 12, 13, 14]


def test_sensor_names_are_read_in_any_case_and_spelling() -> None:
    assert load_sensor("Sentinel_2 L2A").name == "sentinel-2-l2a"
    assert load_sensor(" NAIP ").name == "naip"


def test_an_unknown_sensor_is_refused_with_the_nearest_names() -> None:
    with pytest.raises(UnknownSensorError) as cut_short:
        load_sensor("landsat-8")
    assert cut_short.value.hint == "Did you mean landsat-8-l1 or landsat-8-l2?"
    with pytest.raises(UnknownSensorError, match="'sentinel-2-l2b'") as misspelt:
        load_sensor("sentinel-2-l2b")
    assert "sentinel-2-l2a" in misspelt.value.hint
    with pytest.raises(UnknownSensorError) as strange:
        load_sensor("zzzz")
    assert "enmap" in strange.value.hint and "band table" in strange.value.hint
    with pytest.raises(UnknownSensorError):
        load_sensor("")


def test_every_file_of_the_catalogue_names_its_document() -> None:
    for path in sorted(SENSORS_DIR.glob("*.json")):
        assert json.loads(path.read_text(encoding="utf-8"))["source"], path.name


def test_the_dropped_windows_of_enmap_are_the_bands_its_products_flag_as_bad(data_dir: Path) -> None:
    rasterio = pytest.importorskip("rasterio")
    windows = load_sensor("enmap").dropped_nm
    with rasterio.open(next(data_dir.glob("enmap_potsdam_tiles/images/*.tif"))) as tile:
        tags = [tile.tags(band) for band in tile.indexes]
    flagged = {tag["wavelength"] for tag in tags if tag["bbl"] == "0"}
    inside = {
        tag["wavelength"] for tag in tags if any(low <= float(tag["wavelength"]) <= high for low, high in windows)
    }
    assert flagged and inside == flagged
