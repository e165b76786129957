"""Opening a file: what is no local raster is refused in a sentence that says what it is."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.env import getenv

from engine.errors import SourceError
from engine.raster.opening import gdal_environment, local_drivers, local_path, open_file, shorten
from engine.raster.sources import open_images
from engine.vector.read import layer_info


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    with gdal_environment():
        yield


@pytest.mark.parametrize("text", ["", "   ", "."])
def test_an_empty_path_is_refused(text: str) -> None:
    with pytest.raises(SourceError, match="empty"):
        local_path(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org/a.tif",
        "s3://b/a.tif",
        "/vsicurl/https://example.org/a.tif",
        "/vsimem/a.tif",
        "<VRTDataset/>",
    ],
)
def test_what_is_not_on_this_computer_is_refused(text: str) -> None:
    with pytest.raises(SourceError, match="not a file on this computer"):
        local_path(text)


@pytest.mark.parametrize("text", ["absent.tif", "WMS:anything", "PG:dbname=x", "a" * 5000, "nul\0byte.tif"])
def test_a_path_that_leads_nowhere_is_refused(text: str) -> None:
    with pytest.raises(SourceError):
        local_path(text)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.tif")
    with pytest.raises(SourceError, match="neither a file nor a folder"):
        local_path(tmp_path / "pipe.tif")


def test_a_relative_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.tif").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    assert local_path("a.tif") == tmp_path / "a.tif"


def test_archives_are_called_archives(tmp_path: Path) -> None:
    raster = tmp_path / "a.txt"
    raster.write_text("x")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(raster)
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.add(raster)
    (tmp_path / "a.tif.gz").write_bytes(gzip.compress(b"x"))
    for name, kind in (("a.zip", "zip"), ("a.tar", "tar"), ("a.tif.gz", "gzip")):
        with pytest.raises(SourceError, match=rf"archive \({kind}\)"):
            open_file(tmp_path / name)


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_hostile_archive_is_refused_under_every_name_and_nothing_comes_out_of_it(tmp_path: Path, kind: str) -> None:
    victim = tmp_path / "victim.tif"
    victim.write_bytes(b"mine")
    inside = tmp_path / "inbox"
    inside.mkdir()
    archive = inside / f"scene.{kind}"
    members = ("../victim.tif", str(tmp_path / "absolute.tif"), "a/../../victim.tif")
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as file:
            for member in members:
                file.writestr(member, b"II*\0 evil")
    else:
        with tarfile.open(archive, "w") as tar:
            for member in members:
                info = tarfile.TarInfo(member)
                info.size = 9
                tar.addfile(info, io.BytesIO(b"II*\0 evil"))
            link = tarfile.TarInfo("link")
            link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
            tar.addfile(link)
    renamed = inside / "scene.tif"
    renamed.write_bytes(archive.read_bytes())
    vrt = inside / "scene.vrt"
    vrt.write_text(
        '<VRTDataset rasterXSize="2" rasterYSize="2"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
        f'<SourceFilename relativeToVRT="0">/vsi{kind}/{archive}/../victim.tif</SourceFilename>'
        "</SimpleSource></VRTRasterBand></VRTDataset>"
    )
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    asked = [archive, renamed, vrt, f"/vsi{kind}/{archive}/../victim.tif", f"/vsi{kind}/{{{archive}}}/a"]
    for source in asked:
        with pytest.raises(SourceError):
            open_images([source])
    with pytest.raises(SourceError):
        layer_info(str(archive))
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    assert victim.read_bytes() == b"mine"


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tif").touch()
    with pytest.raises(SourceError, match="is empty"):
        open_file(tmp_path / "a.tif")


@pytest.mark.parametrize(
    ("name", "hint"), [("notes.txt", "product's folder"), ("x_MTL.txt", "folder instead"), ("x.hdr", "data file")]
)
def test_a_text_is_called_a_text(tmp_path: Path, name: str, hint: str) -> None:
    (tmp_path / name).write_text("GROUP = L1_METADATA_FILE\n  CLOUD_COVER = 3 % — größer\n")
    with pytest.raises(SourceError, match="is a text") as caught:
        open_file(tmp_path / name)
    assert hint in caught.value.hint


def test_noise_is_refused_without_a_path_in_the_message(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(np.random.default_rng(0).bytes(5000))
    with pytest.raises(SourceError, match=r"^a\.tif cannot be opened as a raster") as caught:
        open_file(tmp_path / "a.tif")
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(b"II*\x00")
    path.chmod(0)
    with pytest.raises(SourceError, match="cannot be read"):
        open_file(path)


def test_a_web_service_description_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "tiles.xml"
    path.write_text(
        "<GDAL_WMS><Service name='TMS'><ServerUrl>http://127.0.0.1:9/${z}/${x}/${y}.png</ServerUrl></Service>"
        "<DataWindow><UpperLeftX>-2e7</UpperLeftX><UpperLeftY>2e7</UpperLeftY><LowerRightX>2e7</LowerRightX>"
        "<LowerRightY>-2e7</LowerRightY><TileLevel>1</TileLevel></DataWindow><BandsCount>3</BandsCount></GDAL_WMS>"
    )
    with pytest.raises(SourceError):
        open_file(path)


@pytest.mark.parametrize("driver", ["WMS", "WCS", "EEDAI", "STACIT", "GTI", "HTTP"])
def test_drivers_that_reach_the_network_are_left_out(driver: str) -> None:
    assert driver not in local_drivers()


@pytest.mark.parametrize("driver", ["GTiff", "VRT", "JP2OpenJPEG", "netCDF", "ENVI", "HFA", "PNG", "WEBP"])
def test_drivers_of_local_rasters_are_kept(driver: str) -> None:
    assert driver in local_drivers()


def test_a_name_with_spaces_accents_and_marks_opens(tmp_path: Path) -> None:
    path = tmp_path / "größe #1 100% (a)!?.tif"
    with rasterio.open(path, "w", driver="GTiff", width=2, height=2, count=1, dtype="uint8") as dataset:
        dataset.write(np.ones((1, 2, 2), np.uint8))
    with open_file(path) as dataset:
        assert dataset.read(1).sum() == 4


def test_the_environment_turns_python_in_vrts_off_and_leaves_nothing_behind() -> None:
    with rasterio.Env(GDAL_VRT_ENABLE_PYTHON="TRUSTED_MODULES"):
        with gdal_environment():
            assert getenv()["GDAL_VRT_ENABLE_PYTHON"] == "NO"
        assert getenv()["GDAL_VRT_ENABLE_PYTHON"] == "TRUSTED_MODULES"


def test_the_block_cache_is_given_in_bytes() -> None:
    # rasterio passes the number on as bytes: 512 would be a cache of half a kilobyte.
    assert getenv()["GDAL_CACHEMAX"] >= 64 * 2**20


def test_long_names_keep_both_ends() -> None:
    assert shorten("a" * 50 + "b" * 50, 20) == "a" * 9 + "…" + "b" * 10
    assert len(shorten("x" * 500)) == 80
