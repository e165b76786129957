"""Band files: tokens in names, and which files of a folder make one product."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import SourceError
from engine.raster.products import Product, band_file, band_order, find_product, one_per_band, split_token


@pytest.mark.parametrize(
    ("name", "token", "shared"),
    [
        ("S2A_MSIL2A_20170617T113321_4_55_B8A.tif", "B8A", "S2A_MSIL2A_20170617T113321_4_55"),
        ("B04.tif", "B04", ""),
        ("B1.tif", "B1", ""),
        ("VV.tif", "VV", ""),
        ("L8-B10-Elkton-VA.tiff", "B10", "L8-Elkton-VA"),
        ("LC08_L1TP_195025_20130707_20170503_01_T1_B11.TIF", "B11", "LC08_L1TP_195025_20130707_20170503_01_T1"),
        ("LC08_L2SP_195025_20130707_20200912_02_T1_SR_B4.TIF", "SR_B4", "LC08_L2SP_195025_20130707_20200912_02_T1"),
        ("LC08_L2SP_195025_20130707_20200912_02_T1_ST_B10.TIF", "ST_B10", "LC08_L2SP_195025_20130707_20200912_02_T1"),
        ("LE07_L1TP_195025_20020707_01_T1_B6_VCID_2.TIF", "B6_VCID_2", "LE07_L1TP_195025_20020707_01_T1"),
        ("LC08_CU_011010_20200101_sr_band5.tif", "sr_band5", "LC08_CU_011010_20200101"),
        ("HLS.S30.T17SLU.2020117T160901.v2.0.B8A.tif", "B8A", "HLS.S30.T17SLU.2020117T160901.v2.0"),
        ("T33UUP_20180101T101411_B02_10m.jp2", "B02", "T33UUP_20180101T101411"),
        ("S1A_IW_GRDH_1SDV_20170617T064724_29UPU_4_55_VH.tif", "VH", "S1A_IW_GRDH_1SDV_20170617T064724_29UPU_4_55"),
        ("swir22.tif", "swir22", ""),
        ("scene_20200101_nir08.tif", "nir08", "scene_20200101"),
        ("rededge1.tif", "rededge1", ""),
    ],
)  # fmt: skip
def test_the_band_is_read_from_a_files_name(name: str, token: str, shared: str) -> None:
    band = band_file(Path(name))
    assert band is not None
    assert (band.token, band.shared_name) == (token, shared)


@pytest.mark.parametrize(
    "name",
    ["LC08_L1TP_BQA.TIF", "LC08_L2SP_QA_PIXEL.TIF", "cloud_mask.tif", "T33UUP_20180101T101411_TCI_10m.jp2",
     "T33UUP_20180101T101411_SCL_20m.jp2", "red_river_2020.tif", "m_3607717_sw_18_1_20160620.tif", "AB12.tif",
     "L8-Labels-Elkton-VA.tiff", "LC08_L2SP_ST_TRAD.TIF", "patch_33188.tif", "SVV.tif"],
)  # fmt: skip
def test_other_names_have_no_band(name: str) -> None:
    assert band_file(Path(name)) is None


def test_the_last_token_counts() -> None:
    assert split_token("VV_site_B02") == ("VV_site_", "B02", "")


def test_sentinel_1s_measurement_files_are_one_product() -> None:
    names = [
        "s1a-iw-grd-vh-20170617t064724-20170617t064749-017066-01c6f0-002.tiff",
        "s1a-iw-grd-vv-20170617t064724-20170617t064749-017066-01c6f0-001.tiff",
    ]
    bands = [band_file(Path(name)) for name in names]
    assert [band.token for band in bands if band] == ["vh", "vv"]
    assert len({band.key for band in bands if band}) == 1


def test_bands_come_in_the_order_of_the_spectrum() -> None:
    tokens = ["B12", "B8A", "B1", "B11", "B09", "B8", "B02", "B10"]
    assert sorted(tokens, key=band_order) == ["B1", "B02", "B8", "B8A", "B09", "B10", "B11", "B12"]
    assert sorted(["nir", "swir22", "blue", "rededge2", "red", "swir16", "green", "coastal"], key=band_order) == [
        "coastal", "blue", "green", "red", "rededge2", "nir", "swir16", "swir22"
    ]  # fmt: skip
    assert sorted(["VH", "VV"], key=band_order) == ["VV", "VH"]


def test_of_a_band_at_several_resolutions_the_finest_is_taken() -> None:
    files = [band_file(Path(f"T33_{band}_{size}m.jp2")) for band, size in (("B02", 60), ("B02", 10), ("B02", 20))]
    chosen, notes = one_per_band([file for file in files if file])
    assert [file.path.name for file in chosen] == ["T33_B02_10m.jp2"]
    assert len(notes) == 2


def test_both_gains_of_landsat_7s_thermal_band_are_kept() -> None:
    files = [band_file(Path(f"LE07_B6_VCID_{gain}.TIF")) for gain in (1, 2)]
    assert len(one_per_band([file for file in files if file])[0]) == 2


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def product(folder: Path) -> Product:
    found = find_product(folder)
    assert isinstance(found, Product)
    return found


def test_files_that_are_no_bands_are_left_out_and_named(tmp_path: Path) -> None:
    fill(tmp_path, "B02.tif", "B03.tif", "cloud_mask.tif", "thumbnail.png", "metadata.json")
    found = product(tmp_path)
    assert [band.token for band in found.bands] == ["B02", "B03"]
    assert found.notes == ("left out, not bands: cloud_mask.tif",)
    assert [path.name for path in found.sidecars] == ["metadata.json"]


def test_a_copy_of_one_band_is_left_out(tmp_path: Path) -> None:
    fill(tmp_path, "L8-B3-X.tiff", "L8-B4-X.tiff", "L8-B4-X-4326.tiff")
    assert [band.path.name for band in product(tmp_path).bands] == ["L8-B3-X.tiff", "L8-B4-X.tiff"]


def test_a_product_is_named_by_its_files_else_by_its_folder(tmp_path: Path) -> None:
    assert product(fill(tmp_path / "a", "LC08_X_B2.TIF", "LC08_X_B3.TIF")).name == "LC08_X"
    assert product(fill(tmp_path / "S2A_MSIL2A_X", "B02.tif")).name == "S2A_MSIL2A_X"


def test_two_products_in_a_folder_are_refused_by_name(tmp_path: Path) -> None:
    fill(tmp_path, "S2A_one_B02.tif", "S2A_one_B03.tif", "S2A_two_B02.tif", "S2A_two_B03.tif")
    with pytest.raises(SourceError, match="several products: S2A_one, S2A_two"):
        find_product(tmp_path)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no raster"):
        find_product(tmp_path)


def test_a_folder_of_products_is_refused_with_their_names(tmp_path: Path) -> None:
    fill(tmp_path, "one/B02.tif", "two/B02.tif")
    with pytest.raises(SourceError, match="holds no raster") as caught:
        find_product(tmp_path)
    assert "one, two" in caught.value.hint


def test_a_folder_with_one_raster_is_that_raster(tmp_path: Path) -> None:
    assert find_product(fill(tmp_path, "scene.tif", "scene.json")) == tmp_path / "scene.tif"


def test_a_folder_of_unrelated_rasters_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="2 rasters that are not bands"):
        find_product(fill(tmp_path, "282D.tif", "433D.tif"))


def test_hidden_files_do_not_count(tmp_path: Path) -> None:
    assert len(product(fill(tmp_path, "B02.tif", "._B02.tif", "._B03.tif")).bands) == 1


SAFE = "S2A_MSIL2A_20180101T101411_N0500_R022_T33UUP_20180101T121212.SAFE"
IMAGES = f"{SAFE}/GRANULE/L2A_T33UUP_A013209_20180101T101405/IMG_DATA"


@pytest.fixture
def safe(tmp_path: Path) -> Path:
    stem = "T33UUP_20180101T101411"
    fill(
        tmp_path,
        f"{SAFE}/MTD_MSIL2A.xml",
        *(f"{IMAGES}/R10m/{stem}_{band}_10m.jp2" for band in ("B02", "B08", "TCI", "AOT")),
        *(f"{IMAGES}/R20m/{stem}_{band}_20m.jp2" for band in ("B02", "B05", "B8A", "SCL")),
        *(f"{IMAGES}/R60m/{stem}_{band}_60m.jp2" for band in ("B01", "B02", "B05", "B09")),
    )
    return tmp_path / SAFE


def test_a_safe_folder_gives_the_finest_file_of_each_band(safe: Path) -> None:
    found = product(safe)
    assert [band.path.parent.name for band in found.bands] == ["R60m", "R10m", "R20m", "R10m", "R20m", "R60m"]
    assert [band.token for band in found.bands] == ["B01", "B02", "B05", "B08", "B8A", "B09"]


def test_a_safe_product_is_named_by_its_folder_and_brings_its_metadata(safe: Path) -> None:
    found = product(safe)
    assert found.name == SAFE
    assert [path.name for path in found.sidecars] == ["MTD_MSIL2A.xml"]


def test_a_safe_folder_of_level_1c_has_its_bands_side_by_side(tmp_path: Path) -> None:
    inner = "X.SAFE/GRANULE/L1C_T33UUP/IMG_DATA"
    fill(tmp_path, *(f"{inner}/T33UUP_20180101T101411_{band}.jp2" for band in ("B01", "B10", "B8A", "TCI")))
    assert [band.token for band in product(tmp_path / "X.SAFE").bands] == ["B01", "B8A", "B10"]


def test_a_safe_folder_with_two_granules_is_refused(safe: Path) -> None:
    fill(safe, "GRANULE/L2A_T33UUQ/IMG_DATA/R10m/T33UUQ_20180101T101411_B02_10m.jp2")
    with pytest.raises(SourceError, match="2 granules"):
        find_product(safe)


def test_a_sentinel_1_safe_folder_leads_to_its_measurements(tmp_path: Path) -> None:
    fill(
        tmp_path,
        "S1A_IW_GRDH.SAFE/measurement/s1a-iw-grd-vh-20170617t064724-20170617t064749-017066-01c6f0-002.tiff",
        "S1A_IW_GRDH.SAFE/measurement/s1a-iw-grd-vv-20170617t064724-20170617t064749-017066-01c6f0-001.tiff",
    )
    found = product(tmp_path / "S1A_IW_GRDH.SAFE")
    assert [band.token for band in found.bands] == ["vv", "vh"]
    assert found.name == "S1A_IW_GRDH.SAFE"
