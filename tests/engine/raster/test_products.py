"""Band files: which of a folder make one product, in which order."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import SourceError
from engine.raster.products import Product, band_order, find_product, one_per_band
from engine.spectrum.raster_files import band_file


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
