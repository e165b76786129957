"""From what a user names to images: files, folders, band files, and what is refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from engine.errors import RadiometryError, SourceError
from engine.raster.reader import GridReader
from engine.raster.sources import MAX_BANDS, open_images

ONE = np.ones((1, 6, 6), np.uint16)


def test_a_file_is_an_image(write_raster: Callable[..., Path]) -> None:
    path = write_raster("scene.tif", np.ones((3, 6, 5), np.int16), nodata=-1, scales=(0.1,) * 3, offsets=(5,) * 3)
    (image,) = open_images([path])
    assert (image.name, image.paths, image.band_count) == ("scene.tif", (path,), 3)
    assert image.dtypes == ("int16",) * 3
    assert image.scales == (0.1,) * 3 and image.offsets == (5,) * 3
    assert image.sources[0].nodata == -1
    assert image.grid.describe() == "5×6 px, 10 m, EPSG:32633"


def test_images_come_in_the_order_of_the_inputs(write_raster: Callable[..., Path]) -> None:
    paths = [write_raster(name, np.ones((2, 6, 6), np.uint8)) for name in ("b.tif", "a.tif", "c.tif")]
    assert [image.name for image in open_images(paths)] == ["b.tif", "a.tif", "c.tif"]


def test_band_files_named_one_by_one_are_one_image(write_raster: Callable[..., Path]) -> None:
    paths = [write_raster(f"S2/T33UUP_{band}.tif", ONE) for band in ("B08", "B02", "B04")]
    (image,) = open_images(paths)
    assert image.metadata.band_names == ("B02", "B04", "B08")
    assert image.name == "T33UUP"


def test_band_files_of_two_products_are_two_images(write_raster: Callable[..., Path]) -> None:
    paths = [write_raster(f"{day}_{band}.tif", ONE) for day in ("2018", "2019") for band in ("VV", "VH")]
    images = open_images([paths[0], paths[2], paths[1], paths[3]])
    assert [image.name for image in images] == ["2018", "2019"]
    assert all(image.metadata.band_names == ("VV", "VH") for image in images)


def test_band_files_of_two_folders_are_two_images(write_raster: Callable[..., Path]) -> None:
    assert len(open_images([write_raster(f"{folder}/B02.tif", ONE) for folder in ("one", "two")])) == 2


def test_a_band_file_alone_is_named_by_its_token(write_raster: Callable[..., Path]) -> None:
    (image,) = open_images([write_raster("S2A_MSIL2A_x_B02.tif", ONE)])
    assert image.metadata.band_names == ("B02",)
    assert image.name == "S2A_MSIL2A_x_B02.tif"


def test_a_stack_with_a_bands_token_in_its_name_is_no_band(write_raster: Callable[..., Path]) -> None:
    paths = [write_raster(f"x_{band}.tif", np.ones((2, 6, 6), np.uint8)) for band in ("VV", "VH")]
    assert len(open_images(paths)) == 2


def test_a_stack_among_the_band_files_of_a_folder_is_refused(write_raster: Callable[..., Path]) -> None:
    write_raster("p/B02.tif", ONE)
    path = write_raster("p/B03.tif", np.ones((2, 6, 6), np.uint16))
    with pytest.raises(SourceError, match="has 2 bands"):
        open_images([path.parent])


def test_the_product_folder_is_among_the_parents(write_raster: Callable[..., Path]) -> None:
    write_raster("S2A_MSIL2A_20180101/T33UUP_20180101_B02.tif", ONE)
    (image,) = open_images([write_raster("S2A_MSIL2A_20180101/T33UUP_20180101_B03.tif", ONE).parent])
    assert image.metadata.name == "T33UUP_20180101"
    assert image.metadata.parents[0] == "S2A_MSIL2A_20180101"


def test_the_metadata_file_of_a_safe_product_stands_for_its_folder(
    write_raster: Callable[..., Path], tmp_path: Path
) -> None:
    root = tmp_path / "S2A_MSIL2A_X.SAFE"
    images = "S2A_MSIL2A_X.SAFE/GRANULE/L2A_T33UUP/IMG_DATA"
    jp2 = {"driver": "JP2OpenJPEG", "QUALITY": "100", "REVERSIBLE": "YES"}
    coarse = np.full((1, 32, 32), 7, np.uint16)
    write_raster(f"{images}/R10m/T33UUP_20180101_B02_10m.jp2", np.full((1, 64, 64), 5, np.uint16), **jp2)
    for band in ("B02", "B8A"):
        twenty = Affine(20, 0, 500_000, 0, -20, 5_000_000)
        write_raster(f"{images}/R20m/T33UUP_20180101_{band}_20m.jp2", coarse, transform=twenty, **jp2)
    (root / "MTD_MSIL2A.xml").write_text("<x>BASELINE 05.00</x>")
    (image,) = open_images([root / "MTD_MSIL2A.xml"])
    assert image.metadata.name == "S2A_MSIL2A_X.SAFE"
    assert image.metadata.sidecars == {"MTD_MSIL2A.xml": "<x>BASELINE 05.00</x>"}
    assert image.metadata.band_names == ("B02", "B8A")
    with GridReader(image, image.grid, [0, 1]) as reader:
        values, valid = reader.read(0, 64)
    assert valid.all() and (values[0] == 5).all() and (values[1] == 7).all()


def test_an_at_sign_in_a_files_name_is_no_date(write_raster: Callable[..., Path]) -> None:
    assert open_images([write_raster("a@2018.tif", ONE)])[0].name == "a@2018.tif"


def test_a_date_of_what_is_no_series_is_refused(write_raster: Callable[..., Path]) -> None:
    path = write_raster("p/B02.tif", ONE)
    for entry in (f"{path}@2018-05-14", f"{path.parent}@0"):
        with pytest.raises(SourceError, match=r"is no (netCDF file|time series)"):
            open_images([entry])


def test_nothing_given_is_refused() -> None:
    with pytest.raises(SourceError, match="No raster"):
        open_images([])


def test_the_same_file_twice_is_refused(write_raster: Callable[..., Path]) -> None:
    path = write_raster("a.tif", ONE)
    with pytest.raises(SourceError, match="twice"):
        open_images([path, str(path)])


def test_complex_values_are_refused_with_the_way_out(write_raster: Callable[..., Path]) -> None:
    path = write_raster("slc.tif", np.ones((1, 4, 4), np.complex64))
    with pytest.raises(RadiometryError, match="complex") as caught:
        open_images([path])
    assert "dB" in caught.value.hint


def test_a_file_with_absurdly_many_bands_is_refused(write_raster: Callable[..., Path]) -> None:
    path = write_raster("many.tif", np.zeros((MAX_BANDS + 1, 1, 1), np.uint8))
    with pytest.raises(SourceError, match=f"{MAX_BANDS + 1} bands"):
        open_images([path])


def test_a_vrt_with_python_in_it_is_refused(write_raster: Callable[..., Path], tmp_path: Path) -> None:
    write_raster("a.tif", ONE)
    path = tmp_path / "a.vrt"
    path.write_text(
        '<VRTDataset rasterXSize="6" rasterYSize="6"><VRTRasterBand dataType="Byte" band="1"'
        ' subClass="VRTDerivedRasterBand"><PixelFunctionType>m.f</PixelFunctionType>'
        "<PixelFunctionLanguage>Python</PixelFunctionLanguage></VRTRasterBand></VRTDataset>"
    )
    with pytest.raises(SourceError, match="Python"):
        open_images([path])


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="this system has no symbolic links")
def test_a_link_to_a_raster_is_followed(write_raster: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "link.tif").symlink_to(write_raster("a.tif", ONE))
    assert open_images([tmp_path / "link.tif"])[0].band_count == 1


def test_a_world_file_is_found_without_listing_its_folder(write_raster: Callable[..., Path], tmp_path: Path) -> None:
    path = write_raster("a.png", np.ones((1, 4, 4), np.uint8), driver="PNG", crs=None, transform=None)
    for stray in tmp_path.glob("a.p*w"):
        stray.unlink()
    (tmp_path / "a.wld").write_text("10\n0\n0\n-10\n500005\n4999995\n")
    (image,) = open_images([path])
    assert image.grid.bounds == (500_000, 4_999_960, 500_040, 5_000_000)
    assert image.grid.crs is None


# Real products


@pytest.mark.parametrize(
    ("folder", "bands", "size", "left_out"),
    [
        ("bigearthnet_pairs/s2-tiny/S2A_MSIL2A_20170617T113321_4_55", 12, "120×120 px, 10 m, EPSG:32629", ""),
        ("bigearthnet_pairs/s1-tiny/S1A_IW_GRDH_1SDV_20170617T064724_29UPU_4_55", 2, "120×120 px, 10 m", ""),
        ("ssl4eo_s12_one_location/s2a/0000200/20200813T054639_20200813T054952_T43RCP", 12, "264×264 px, 9.75 m", ""),
        ("landsat8_elkton", 11, "371×337 px, 15 m, EPSG:32617", "L8-B4-Elkton-VA-4326.tiff, L8-BQA"),
        ("landsat8_r_satellite", 11, "82×82 px, 15 m, EPSG:32632", "BQA"),
        ("majortom_s2_l2a/S2A_MSIL2A_20220706T085611_N0400_R007_T33NZA_20220706T153419", 12, "1068×1068 px, 10 m",
         "cloud_mask.tif"),
    ],
)  # fmt: skip
def test_product_folders_are_one_image(data_dir: Path, folder: str, bands: int, size: str, left_out: str) -> None:
    (image,) = open_images([data_dir / folder])
    assert image.band_count == bands
    assert image.grid.describe().startswith(size)
    assert left_out in " ".join(image.notes)


def test_a_landsat_folder_brings_its_metadata(data_dir: Path) -> None:
    (image,) = open_images([data_dir / "landsat8_r_satellite"])
    assert list(image.metadata.sidecars) == ["LC08_L1TP_195025_20130707_20170503_01_T1_MTL.txt"]
    assert image.metadata.name == "LC08_L1TP_195025_20130707_20170503_01_T1"


def test_landsat_files_named_one_by_one_are_the_folders_image(data_dir: Path) -> None:
    folder = data_dir / "landsat8_elkton"
    (image,) = open_images([folder / f"L8-B{band}-Elkton-VA.tiff" for band in (2, 3, 4, 10)])
    assert image.metadata.band_names == ("B2", "B3", "B4", "B10")
    assert image.name == "L8-Elkton-VA"


def test_terramesh_s1_and_s2_are_two_images(data_dir: Path) -> None:
    folder = data_dir / "terramesh_s1s2"
    images = open_images([folder / layer / "637U_59R_1_3.tif" for layer in ("S1RTC", "S2L2A")])
    assert [image.band_count for image in images] == [2, 12]
    assert [image.metadata.parents[0] for image in images] == ["S1RTC", "S2L2A"]
    assert images[0].grid.same_as(images[1].grid)


def test_complex_radar_of_spacenet_is_refused(data_dir: Path) -> None:
    with pytest.raises(RadiometryError, match=r"sar_hh\.tif holds complex"):
        open_images([data_dir / "spacenet6_sar_maxar" / "preproc_tutorial" / "sar_hh.tif"])


def test_a_folder_of_many_scenes_is_refused(data_dir: Path) -> None:
    with pytest.raises(SourceError, match="not bands of one product"):
        open_images([data_dir / "terramesh_s1s2" / "S2L2A"])


def test_an_hdf5_without_images_is_refused(data_dir: Path) -> None:
    with pytest.raises(SourceError, match="holds no bands"):
        open_images([data_dir / "treesat_vhr_s1_s2_ts" / "Abies_alba_1_1005_WEFL_NLF.h5"])


def test_opening_reads_no_pixel(write_raster: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_raster("a.tif", ONE)

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("pixels were read")

    monkeypatch.setattr(rasterio.DatasetReader, "read", refuse, raising=False)
    assert open_images([path])
