"""VRT files: those that stay on this computer are read, those that compute or reach further are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import SourceError
from engine.raster.vrt_files import check_vrt, is_vrt

BAND = """<VRTDataset rasterXSize="10" rasterYSize="10"><VRTRasterBand dataType="Byte" band="1"{attributes}>
<SimpleSource><SourceFilename relativeToVRT="{relative}">{source}</SourceFilename></SimpleSource>{more}
</VRTRasterBand></VRTDataset>"""


def vrt(folder: Path, source: str = "a.tif", relative: int = 1, more: str = "", name: str = "x.vrt") -> Path:
    path = folder / name
    path.write_text(BAND.format(source=source, relative=relative, more=more, attributes=""))
    return path


def test_a_vrt_is_known_by_its_first_bytes() -> None:
    assert is_vrt(b'  <VRTDataset rasterXSize="1">')
    assert not is_vrt(b"II*\x00")


@pytest.mark.parametrize("source", ["a.tif", "sub folder/ä.tif", "/absent/b.tif", 'NETCDF:"a.nc":B02'])
def test_local_files_may_be_named(tmp_path: Path, source: str) -> None:
    check_vrt(vrt(tmp_path, source))


@pytest.mark.parametrize(
    "source",
    [
        "/vsicurl/https://example.org/a.tif",
        "/VSICURL/https://example.org/a.tif",
        "/vsis3/bucket/a.tif",
        "&#47;vsicurl/https://example.org/a.tif",
        "<![CDATA[/vsizip/a.zip/a.tif]]>",
        "https://example.org/a.tif",
        "WMS:https://example.org/wms",
        "PG:dbname=everything",
    ],
)
def test_what_lies_elsewhere_is_refused(tmp_path: Path, source: str) -> None:
    with pytest.raises(SourceError, match="no file on this computer"):
        check_vrt(vrt(tmp_path, source, relative=0))


@pytest.mark.parametrize("source", ["/vsicurl/https://example.org/a.tif", "https://example.org/a.tif"])
def test_a_vrt_inside_a_vrt_is_looked_at(tmp_path: Path, source: str) -> None:
    vrt(tmp_path, source, relative=0, name="inner.vrt")
    with pytest.raises(SourceError, match=r"inner\.vrt"):
        check_vrt(vrt(tmp_path, "inner.vrt"))


def test_a_vrt_is_looked_at_under_any_name(tmp_path: Path) -> None:
    vrt(tmp_path, "/vsicurl/https://example.org/a.tif", name="harmless.tif")
    with pytest.raises(SourceError, match="harmless"):
        check_vrt(vrt(tmp_path, "harmless.tif"))


def test_the_description_of_a_web_service_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tiles.xml").write_text("<GDAL_WMS><Service name='TMS'/></GDAL_WMS>")
    with pytest.raises(SourceError, match="no local raster"):
        check_vrt(vrt(tmp_path, "tiles.xml"))


def test_vrts_that_name_each_other_come_to_an_end(tmp_path: Path) -> None:
    vrt(tmp_path, "b.vrt", name="a.vrt")
    vrt(tmp_path, "a.vrt", name="b.vrt")
    check_vrt(tmp_path / "a.vrt")


def test_a_long_chain_of_vrts_is_refused(tmp_path: Path) -> None:
    for number in range(12):
        vrt(tmp_path, f"{number + 1}.vrt", name=f"{number}.vrt")
    with pytest.raises(SourceError, match="nested"):
        check_vrt(tmp_path / "0.vrt")


@pytest.mark.parametrize("language", ["Python", "python", " PYTHON "])
def test_python_pixel_functions_are_refused(tmp_path: Path, language: str) -> None:
    more = f"<PixelFunctionLanguage>{language}</PixelFunctionLanguage><PixelFunctionType>f</PixelFunctionType>"
    with pytest.raises(SourceError, match="Python code"):
        check_vrt(vrt(tmp_path, more=more))


def test_gdals_own_pixel_functions_are_no_danger(tmp_path: Path) -> None:
    check_vrt(vrt(tmp_path, more="<PixelFunctionType>dB</PixelFunctionType>"))


def test_xml_entities_are_refused(tmp_path: Path) -> None:
    path = vrt(tmp_path)
    path.write_text('<!DOCTYPE a [<!ENTITY b "bb">]>' + path.read_text())
    with pytest.raises(SourceError, match="entities"):
        check_vrt(path)


@pytest.mark.parametrize("text", ["<VRTDataset", "<VRTDataset></VRT>", "<VRTDataset>\x01</VRTDataset>"])
def test_broken_xml_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.vrt"
    path.write_text(text)
    with pytest.raises(SourceError, match="well-formed"):
        check_vrt(path)


def test_a_raw_file_whose_pixels_look_like_xml_is_no_web_service(tmp_path: Path) -> None:
    (tmp_path / "a.raw").write_bytes(np.full(100, ord("<"), np.uint8).tobytes())
    check_vrt(vrt(tmp_path, "a.raw"))
