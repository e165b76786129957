"""VRT files: those that stay within reach are read, those that compute or lead further are refused."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio

from engine.errors import SourceError
from engine.raster.opening import gdal_environment, open_file
from engine.raster.vrt_files import check_side_files, check_vrt, is_vrt
from engine.reach import ALLOWED_FOLDERS, Reach

BAND = """<VRTDataset rasterXSize="4" rasterYSize="4"><VRTRasterBand dataType="Byte" band="1"{attributes}>
<SimpleSource><SourceFilename relativeToVRT="{relative}">{source}</SourceFilename></SimpleSource>{more}
</VRTRasterBand></VRTDataset>"""


def vrt(folder: Path, source: str = "a.tif", relative: object = 1, more: str = "", name: str = "x.vrt") -> Path:
    path = folder / name
    path.write_text(BAND.format(source=source, relative=relative, more=more, attributes=""))
    return path


def check(path: Path) -> None:
    check_vrt(path, Reach(path))


@pytest.fixture
def secret(tmp_path_factory: pytest.TempPathFactory, write_raster: Callable[..., Path]) -> Path:
    """A raster that the user never named, outside the folder of the test."""
    path = tmp_path_factory.mktemp("elsewhere") / "secret.tif"
    write_raster("s.tif", np.full((1, 4, 4), 77, np.uint8)).rename(path)
    return path


def test_a_vrt_is_known_by_its_first_bytes() -> None:
    assert is_vrt(b'  <VRTDataset rasterXSize="1">')
    assert not is_vrt(b"II*\x00")


@pytest.mark.parametrize(
    "source", ["a.tif", "sub folder/ä.tif", "sub/../a.tif", 'NETCDF:"a.nc":B02', "HDF5:a.h5:B02", 'HDF5:"a.h5"://B/b',
               "GTIFF_DIR:2:a.tif"],
)  # fmt: skip
def test_files_in_the_folder_and_below_may_be_named(tmp_path: Path, source: str) -> None:
    check(vrt(tmp_path, source))


def test_an_absolute_path_into_the_folder_is_no_leading_away(tmp_path: Path) -> None:
    check(vrt(tmp_path, str(tmp_path / "sub" / "a.tif"), relative=0))


@pytest.mark.parametrize(
    "source",
    [
        "/vsicurl/https://example.org/a.tif",
        "/VSICURL/https://example.org/a.tif",
        "/vsis3/bucket/a.tif",
        "/vsizip//vsicurl/https://example.org/a.zip/a.tif",
        "&#47;vsicurl/https://example.org/a.tif",
        "<![CDATA[/vsizip/a.zip/a.tif]]>",
        "https://example.org/a.tif",
        "vrt://https://example.org/a.tif",
        "WMS:https://example.org/wms",
        "PG:dbname=everything",
        "NETCDF:https://example.org/a.nc:B02",
        'NETCDF:"https://example.org/a.nc":B02',
        "DERIVED_SUBDATASET:LOGAMPLITUDE:a.tif",
        "GTIFF_DIR:1:WMS:x",
        "&lt;GDAL_WMS>&lt;Service name='TMS'/>&lt;/GDAL_WMS>",
        "&lt;WMS_Tile/>",
        "/vsi<!-- -->curl/https://example.org/a.tif",
    ],
)
@pytest.mark.parametrize("relative", [0, 1])
def test_what_lies_on_other_computers_is_refused(tmp_path: Path, source: str, relative: int) -> None:
    with pytest.raises(SourceError, match=r"no file on this computer|no local raster|in between"):
        check(vrt(tmp_path, source, relative))


@pytest.mark.parametrize("form", ["{}", 'NETCDF:"{}":B02', "NETCDF:{}:B02", "GTIFF_DIR:1:{}", "NITF_IM:0:{}"])
def test_a_file_elsewhere_is_refused_before_it_is_touched(tmp_path: Path, secret: Path, form: str) -> None:
    with pytest.raises(SourceError, match="outside its own folder") as caught:
        check(vrt(tmp_path, form.format(secret), relative=0))
    assert ALLOWED_FOLDERS in caught.value.hint


@pytest.mark.parametrize("relative", [1, 0, "2", " 1", "1abc", "-1", "true", "0x"])
def test_a_way_up_is_refused_however_it_is_written(tmp_path: Path, relative: object) -> None:
    folder = tmp_path / "deep"
    folder.mkdir()
    with pytest.raises(SourceError, match="outside its own folder"):
        check(vrt(folder, "../../secret.tif", relative))


def test_a_name_relative_to_wherever_the_program_runs_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "vrt").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match="outside its own folder"):
        check(vrt(tmp_path / "vrt", "a.tif", relative=0))
    monkeypatch.chdir(tmp_path / "vrt")
    check(tmp_path / "vrt" / "x.vrt")


def test_a_symbolic_link_counts_as_what_it_leads_to(tmp_path: Path, secret: Path) -> None:
    (tmp_path / "a.tif").symlink_to(secret)
    with pytest.raises(SourceError, match="outside its own folder"):
        check(vrt(tmp_path, "a.tif"))


def test_a_vrt_named_by_a_link_is_looked_at_where_it_lies(tmp_path: Path, secret: Path) -> None:
    # GDAL goes out from there, too.
    vrt(secret.parent, "secret.tif")
    (tmp_path / "link.vrt").symlink_to(secret.parent / "x.vrt")
    check(tmp_path / "link.vrt")
    with gdal_environment(), open_file(tmp_path / "link.vrt") as dataset:
        assert dataset.read(1).max() == 77
    vrt(secret.parent, "../up.tif")
    with pytest.raises(SourceError, match="outside its own folder"):
        check(tmp_path / "link.vrt")


def test_the_user_may_allow_a_folder(tmp_path: Path, secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = vrt(tmp_path, str(secret), relative=0)
    monkeypatch.setenv(ALLOWED_FOLDERS, os.pathsep.join(["/nowhere", str(secret.parent)]))
    with gdal_environment(), open_file(path) as dataset:
        assert dataset.read(1).max() == 77
    monkeypatch.setenv(ALLOWED_FOLDERS, "")
    with gdal_environment(), pytest.raises(SourceError, match="outside its own folder"):
        open_file(path)


def test_a_folder_that_begins_alike_is_another(tmp_path: Path) -> None:
    for name in ("data", "data2"):
        (tmp_path / name).mkdir()
    with pytest.raises(SourceError, match="outside its own folder"):
        check(vrt(tmp_path / "data", str(tmp_path / "data2" / "a.tif"), relative=0))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_among_the_sources_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.tif")
    with pytest.raises(SourceError, match="which is no file"):
        check(vrt(tmp_path, "a.tif"))


@pytest.mark.parametrize(
    "element",
    [
        '<SourceDataset relativeToVRT="0">{}</SourceDataset>',
        "<GDALWarpOptions><SourceDataset>{}</SourceDataset></GDALWarpOptions>",
        "<Overview><SourceFilename>{}</SourceFilename></Overview>",
        "<MaskBand><VRTRasterBand><SimpleSource><SourceFilename>{}</SourceFilename></SimpleSource></VRTRasterBand>"
        "</MaskBand>",
        "<RPCTransformer><DEMPath>{}</DEMPath></RPCTransformer>",
        '<TransformerOptions><Option key="RPC_DEM">{}</Option></TransformerOptions>',
        '<Step><Argument name="gain_dataset_filename_1">{}</Argument></Step>',
        '<Metadata domain="GEOLOCATION"><MDI key="X_DATASET">{}</MDI></Metadata>',
        '<Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">{}</MDI></Metadata>',
        "<v:SourceFilename xmlns:v='x'>{}</v:SourceFilename>",
    ],
)
def test_every_place_of_a_vrt_that_names_a_file_is_looked_at(tmp_path: Path, secret: Path, element: str) -> None:
    with pytest.raises(SourceError, match="outside its own folder"):
        check(vrt(tmp_path, more=element.format(secret)))


def test_a_namespace_hides_nothing(tmp_path: Path, secret: Path) -> None:
    # GDAL takes xmlns for an attribute like any other.
    path = vrt(tmp_path, str(secret), relative=0)
    path.write_text(path.read_text().replace("<VRTDataset", '<VRTDataset xmlns="http://example.org"'))
    with pytest.raises(SourceError, match="outside its own folder"):
        check(path)


def test_another_encoding_hides_nothing(tmp_path: Path, secret: Path) -> None:
    # What reads as a comment in EBCDIC is the VRT to GDAL, which looks at no declaration.
    real = BAND.format(source=secret, relative=0, more="", attributes="")
    hidden = "<!--".encode("cp037") + real.encode() + "--><VRTDataset/>".encode("cp037")
    path = tmp_path / "x.vrt"
    path.write_bytes(b'<?xml version="1.0" encoding="cp037"?>' + hidden)
    with pytest.raises(SourceError, match="well-formed"):
        check(path)


def test_metadata_of_other_programs_may_name_what_they_like(tmp_path: Path) -> None:
    kept = '<Metadata domain="xml:ISO" format="xml"><fileName>/data/raw.dat</fileName></Metadata>'
    check(vrt(tmp_path, more=f'{kept}<Metadata><MDI key="SOURCE_FILE">https://example.org/a</MDI></Metadata>'))


@pytest.mark.parametrize(("key", "fine"), [("OVERVIEW_LEVEL", True), ("PRELUDE_STATEMENTS", False), ("X", False)])
def test_options_for_opening_a_source_are_few(tmp_path: Path, key: str, fine: bool) -> None:
    path = vrt(tmp_path, more=f'<SimpleSource><OpenOptions><OOI key="{key}">1</OOI></OpenOptions></SimpleSource>')
    if fine:
        check(path)
        return
    with pytest.raises(SourceError, match="option"):
        check(path)


@pytest.mark.parametrize("source", ["/vsicurl/https://example.org/a.tif", "https://example.org/a.tif"])
def test_a_vrt_inside_a_vrt_is_looked_at(tmp_path: Path, source: str) -> None:
    vrt(tmp_path, source, relative=0, name="inner.vrt")
    with pytest.raises(SourceError, match=r"inner\.vrt"):
        check(vrt(tmp_path, "inner.vrt"))


def test_a_vrt_inside_a_vrt_reaches_no_further_than_the_outer_one(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    vrt(tmp_path / "sub", "../a.tif", name="inner.vrt")
    check(vrt(tmp_path, "sub/inner.vrt"))
    vrt(tmp_path / "sub", "../../a.tif", name="inner.vrt")
    with pytest.raises(SourceError, match="outside its own folder"):
        check(vrt(tmp_path, "sub/inner.vrt"))


def test_a_vrt_as_text_inside_a_vrt_is_looked_at(tmp_path: Path) -> None:
    inner = BAND.format(source="a.tif", relative=1, more="", attributes="").replace("<", "&lt;")
    check(vrt(tmp_path, inner))
    with pytest.raises(SourceError, match="outside its own folder"):
        check(vrt(tmp_path, inner.replace("a.tif", "../a.tif")))


def test_a_vrt_is_looked_at_under_any_name(tmp_path: Path) -> None:
    vrt(tmp_path, "/vsicurl/https://example.org/a.tif", name="harmless.tif")
    with pytest.raises(SourceError, match="harmless"):
        check(vrt(tmp_path, "harmless.tif"))


def test_the_description_of_a_web_service_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tiles.xml").write_text("<GDAL_WMS><Service name='TMS'/></GDAL_WMS>")
    with pytest.raises(SourceError, match="no local raster"):
        check(vrt(tmp_path, "tiles.xml"))


def test_vrts_that_name_each_other_come_to_an_end(tmp_path: Path) -> None:
    vrt(tmp_path, "b.vrt", name="a.vrt")
    vrt(tmp_path, "a.vrt", name="b.vrt")
    check(tmp_path / "a.vrt")


def test_a_long_chain_of_vrts_is_refused(tmp_path: Path) -> None:
    for number in range(12):
        vrt(tmp_path, f"{number + 1}.vrt", name=f"{number}.vrt")
    with pytest.raises(SourceError, match="nested"):
        check(tmp_path / "0.vrt")


@pytest.mark.parametrize("language", ["Python", "python", " PYTHON "])
def test_python_pixel_functions_are_refused(tmp_path: Path, language: str) -> None:
    more = f"<PixelFunctionLanguage>{language}</PixelFunctionLanguage><PixelFunctionType>f</PixelFunctionType>"
    with pytest.raises(SourceError, match="Python code"):
        check(vrt(tmp_path, more=more))


def test_python_does_not_run_even_where_the_environment_would_let_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = f"def f(*a, **k):\n    open({str(tmp_path / 'ran')!r}, 'w')"
    path = tmp_path / "x.vrt"
    path.write_text(
        '<VRTDataset rasterXSize="4" rasterYSize="4"><VRTRasterBand dataType="Byte" band="1" '
        'subClass="VRTDerivedRasterBand"><PixelFunctionType>f</PixelFunctionType>'
        f"<PixelFunctionLanguage>Python</PixelFunctionLanguage><PixelFunctionCode><![CDATA[{code}]]>"
        "</PixelFunctionCode></VRTRasterBand></VRTDataset>"
    )
    monkeypatch.setenv("GDAL_VRT_ENABLE_PYTHON", "YES")
    with pytest.raises(SourceError, match="Python code"), gdal_environment():
        open_file(path)
    with rasterio.Env(GDAL_VRT_ENABLE_PYTHON="YES"), gdal_environment(), rasterio.open(path) as dataset:
        with pytest.raises(rasterio.errors.RasterioError):
            dataset.read(1)
    assert not (tmp_path / "ran").exists()


def test_gdals_own_pixel_functions_are_no_danger(tmp_path: Path) -> None:
    check(vrt(tmp_path, more="<PixelFunctionType>dB</PixelFunctionType>"))


def test_xml_entities_are_refused(tmp_path: Path) -> None:
    path = vrt(tmp_path)
    path.write_text('<!DOCTYPE a [<!ENTITY b "bb">]>' + path.read_text())
    with pytest.raises(SourceError, match="entities"):
        check(path)


@pytest.mark.parametrize("text", ["<VRTDataset", "<VRTDataset></VRT>", "<VRTDataset>\x01</VRTDataset>"])
def test_broken_xml_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.vrt"
    path.write_text(text)
    with pytest.raises(SourceError, match="well-formed"):
        check(path)


def test_a_raw_file_whose_pixels_look_like_xml_is_no_web_service(tmp_path: Path) -> None:
    (tmp_path / "a.raw").write_bytes(np.full(100, ord("<"), np.uint8).tobytes())
    check(vrt(tmp_path, "a.raw"))


def test_a_large_mosaic_is_looked_at_in_seconds(tmp_path: Path) -> None:
    names = [f"tile{number}.tif" for number in range(3000)]
    for name in names:
        (tmp_path / name).write_bytes(b"II*\0")
    sources = "".join(
        f'<SimpleSource><SourceFilename relativeToVRT="1">{name}</SourceFilename></SimpleSource>' for name in names
    )
    started = time.process_time()
    check(vrt(tmp_path, more=sources))
    assert time.process_time() - started < 3


@pytest.mark.parametrize("name", ["a.tif.ovr", "a.ovr", "a.tif.msk", "a.msk"])
def test_overviews_and_masks_that_are_no_tiff_are_refused(tmp_path: Path, name: str) -> None:
    # GDAL opens them with any driver it has.
    (tmp_path / "a.tif").write_bytes(b"II*\0")
    vrt(tmp_path, "b.tif", name=name)
    with pytest.raises(SourceError, match="no TIFF"):
        check_side_files(tmp_path / "a.tif", Reach(tmp_path / "a.tif"))
    with pytest.raises(SourceError, match="no TIFF"):
        check(vrt(tmp_path, "a.tif"))


def test_overviews_that_a_link_puts_beside_are_refused(tmp_path: Path, secret: Path) -> None:
    (tmp_path / "a.tif").write_bytes(b"II*\0")
    (tmp_path / "a.tif.ovr").symlink_to(secret)
    with pytest.raises(SourceError, match="outside its own folder"):
        check_side_files(tmp_path / "a.tif", Reach(tmp_path / "a.tif"))


@pytest.mark.parametrize("value", ["../secret.tif", "/etc/hostname", "/vsicurl/http://example.org/a.tif"])
@pytest.mark.parametrize("tail", ["</PAMDataset>", "<broken"])
def test_a_sidecar_that_names_overviews_elsewhere_is_refused(tmp_path: Path, value: str, tail: str) -> None:
    (tmp_path / "a.tif").write_bytes(b"II*\0")
    (tmp_path / "a.tif.aux.xml").write_text(
        f'<PAMDataset><Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">{value}</MDI></Metadata>{tail}'
    )
    with pytest.raises(SourceError):
        check_side_files(tmp_path / "a.tif", Reach(tmp_path / "a.tif"))


@pytest.mark.parametrize("text", ["", "no xml", "<PAMDataset><PAMRasterBand", "<PAMDataset/>", "\0"])
def test_a_sidecar_that_is_harmless_or_that_gdal_ignores_is_no_hindrance(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.tif").write_bytes(b"II*\0")
    (tmp_path / "a.tif.aux.xml").write_text(text)
    check_side_files(tmp_path / "a.tif", Reach(tmp_path / "a.tif"))


def test_overviews_named_inside_a_tiff_are_not_followed(write_raster: Callable[..., Path], secret: Path) -> None:
    path = write_raster("a.tif", np.ones((1, 4, 4), np.uint8))
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(ns="OVERVIEWS", OVERVIEW_FILE=str(secret))
    path.with_name("a.tif.aux.xml").unlink(missing_ok=True)
    with gdal_environment(), pytest.raises(SourceError, match="outside its own folder"):
        open_file(path)
