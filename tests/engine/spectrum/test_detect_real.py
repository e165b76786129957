"""Detection on the real rasters, opened as the engine opens them."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import UnknownBandError
from engine.raster.sources import open_images
from engine.spectrum.assign import assign
from engine.spectrum.detect import detect

REAL = [
    ("terramesh_s1s2/S2L2A/637U_59R_1_3.tif", "sentinel-2-l2a", 12, 12),
    ("terramesh_s1s2/S2L1C/637U_59R_1_3.tif", "sentinel-2-l1c", 12, 13),
    ("terramesh_s1s2/S1RTC/637U_59R_1_3.tif", "sentinel-1-grd", 2, 2),
    ("terramesh_s1s2/S2RGB/637U_59R_1_3.tif", "rgb", 3, 3),
    ("sen1floods11_spain_left/S2/Spain_7370579_S2Hand.tif", "sentinel-2-l1c", 12, 13),
    ("sen1floods11_spain_left/S1/Spain_7370579_S1Hand.tif", "sentinel-1-grd", 2, 2),
    ("eurosat_ms/AnnualCrop_1.tif", "sentinel-2-l1c", 12, 13),
    ("naip_1m/m_3607717_sw_18_1_20160620_subset.tif", "naip", 4, 4),
    ("enmap_potsdam_tiles/images/enmap_potsdam_tile_64_0.tif", "enmap", 193, 224),
]


@pytest.mark.parametrize(("path", "sensor", "used", "total"), REAL, ids=[entry[0].split("/")[-1] for entry in REAL])
def test_real_files_are_known_by_what_they_say(data_dir: Path, path, sensor, used, total):
    (image,) = open_images([data_dir / path])
    found = detect(image.metadata)
    assert found.sensor is not None and found.sensor.name == sensor
    assert len(found.bands) == total
    assert len(assign(found.bands, family=found.sensor.family)) == used


@pytest.mark.parametrize(
    "path",
    [
        "terramesh_s1s2/DEM/637U_59R_1_3.tif",
        "terramesh_s1s2/LULC/637U_59R_1_3.tif",
        "hls_like_10band_nodata/regression_test_0_input.tif",
        "spacenet6_sar_maxar/preproc_tutorial/ms1.tif",
        "landsat8_elkton/L8-Labels-Elkton-VA.tiff",
    ],
)
def test_real_files_that_say_nothing_are_refused(data_dir: Path, path):
    (image,) = open_images([data_dir / path])
    with pytest.raises(UnknownBandError, match="wavelength"):
        assign(detect(image.metadata).bands)


def test_the_envi_header_of_enmap_berlin_is_read_whole(data_dir: Path, raster):
    text = (data_dir / "envi_headers/exampledata/berlin/enmap_berlin.hdr").read_text()
    found = detect(raster(count=177, sidecars={"enmap_berlin.hdr": text}))
    assert found.bands[0].centre_nm == pytest.approx(460)
    assert all(band.centre_nm is not None for band in found.bands)
    assert {each.verdict for each in assign(found.bands)} <= {"seen", "near", "interpolated"}
