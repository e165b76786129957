"""What is read from names and neighbours of raster files, without opening one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.spectrum.raster_files import (
    band_file,
    is_read_domain,
    parents_of,
    product_name,
    read_sidecars,
    sidecars_beside,
    split_token,
)


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


def test_the_nearest_three_folders_are_named_but_not_those_inside_a_product() -> None:
    path = Path("/a/b/c/X.SAFE/GRANULE/L2A_T33UUP/IMG_DATA/R10m/T33UUP_B02_10m.jp2")
    assert parents_of(path) == ("L2A_T33UUP", "X.SAFE", "c")


def test_sidecars_are_found_by_name(tmp_path: Path) -> None:
    for name in ("a.hdr", "a.json", "a_MTL.txt", "metadata.json", "b.json", "a.txt"):
        (tmp_path / name).write_text("x")
    found = sidecars_beside(tmp_path / "a.dat")
    assert {path.name for path in found} == {"a.hdr", "a.json", "a_MTL.txt", "metadata.json"}


def test_sidecars_that_are_large_or_no_text_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "large.json").write_bytes(b" " * (2**20 + 1))
    (tmp_path / "binary.hdr").write_bytes(b"\xff\xfe\x00\x01")
    (tmp_path / "item.json").write_text('{"name": "größe"}', encoding="utf-8-sig")
    texts = read_sidecars(sorted(tmp_path.iterdir()))
    assert {name: json.loads(text) for name, text in texts.items()} == {"item.json": {"name": "größe"}}


@pytest.mark.parametrize(
    ("names", "folder", "expected"),
    [
        (["T33UUP_20180101_B02.jp2"], "IMG_DATA", "T33UUP_20180101"),
        (["T33UUP_20180101_B02.jp2"], "S2A_MSIL2A_x.SAFE", "S2A_MSIL2A_x.SAFE"),
        (["B02.tif"], "field_7", "field_7"),
        (["L8-B10-.tif"], "elkton", "elkton"),
    ],
)
def test_a_product_has_the_name_that_says_most(names: list[str], folder: str, expected: str) -> None:
    bands = [band for band in map(band_file, map(Path, names)) if band]
    assert product_name(bands, Path("/data") / folder) == expected


@pytest.mark.parametrize(
    ("name", "resolution"), [("T33UUP_B02_10m.jp2", 10), ("T33UUP_B01_60m.jp2", 60), ("T33UUP_B02.jp2", 0)]
)
def test_resolutions_that_names_carry(name: str, resolution: int) -> None:
    band = band_file(Path(name))
    assert band is not None and band.resolution_m == resolution


def test_of_many_sidecars_the_first_are_read(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number:02d}.json").write_text("{}")
    assert list(read_sidecars(sorted(tmp_path.iterdir()))) == [f"{number:02d}.json" for number in range(16)]


def test_domains_of_gdals_own_bookkeeping_are_not_read() -> None:
    assert is_read_domain("") and is_read_domain("IMAGERY") and is_read_domain("FORCE")
    assert not any(map(is_read_domain, ("SUBDATASETS", "xml:XMP", "xml:ENVI", "json:ISIS3", "EXIF")))
