"""Coordinate reference systems: what they are called and what a unit of them is on the ground."""

from __future__ import annotations

import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from rasterio.crs import CRS

from engine.errors import GridError
from engine.raster.crs import crs_label, ground_scale, names_a_file, parse_crs, transform_points

LOCAL = CRS.from_wkt('LOCAL_CS["A quarry",UNIT["metre",1]]')


def test_a_crs_is_named_by_its_authority() -> None:
    assert crs_label(CRS.from_epsg(3035)) == "EPSG:3035"


def test_a_crs_of_no_authority_is_called_what_it_calls_itself() -> None:
    assert crs_label(LOCAL) == "A quarry"


def test_no_crs_is_called_so() -> None:
    assert crs_label(None) == "no CRS"


@pytest.mark.parametrize("text", [3035, "3035", " 3035 ", "EPSG:3035", "epsg:3035", CRS.from_epsg(3035)])
def test_a_crs_is_read_from_every_usual_form(text: str | int | CRS) -> None:
    assert parse_crs(text) == CRS.from_epsg(3035)


def test_a_metre_of_utm_is_a_metre() -> None:
    assert ground_scale(CRS.from_epsg(32633), 5e5, 5e6) == 1


def test_grads_are_converted_like_degrees() -> None:
    # NTF (Paris) counts in grads: 400 to the circle.
    grads, degrees = CRS.from_epsg(4807), CRS.from_epsg(4275)
    assert ground_scale(grads, 0, 50) == pytest.approx(ground_scale(degrees, 0, 45) * 0.9, rel=1e-6)


def test_points_keep_their_place() -> None:
    xs, ys = transform_points(CRS.from_epsg(4326), CRS.from_epsg(32633), [15.0], [0.0])
    assert xs[0] == pytest.approx(500_000) and ys[0] == pytest.approx(0, abs=1e-6)


def test_a_point_behind_the_horizon_has_no_place() -> None:
    hemisphere = CRS.from_string("+proj=ortho +lat_0=0 +lon_0=0")
    with pytest.raises(GridError, match="no way from EPSG:4326"):
        transform_points(CRS.from_epsg(4326), hemisphere, [10.0, 180.0], [0.0, 0.0])


def test_a_local_system_has_no_way_to_the_earth() -> None:
    with pytest.raises(GridError, match="A quarry"):
        transform_points(LOCAL, CRS.from_epsg(4326), [0.0], [0.0])


@pytest.mark.parametrize(
    "text",
    ["urn:ogc:def:crs:EPSG::32633", "http://www.opengis.net/def/crs/EPSG/0/32633", "+init=epsg:32633",
     CRS.from_epsg(32633).to_wkt(), CRS.from_epsg(32633).to_wkt(version="WKT2_2019")],
)  # fmt: skip
def test_other_spellings_of_a_code_are_that_code(text: str) -> None:
    assert parse_crs(text) == CRS.from_epsg(32633)


@pytest.mark.parametrize("form", ["{file}", "./{name}", "{name}", "ESRI::{file}", "file://{file}", " {file} "])
def test_a_file_named_in_place_of_a_crs_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    (tmp_path / "secret").write_text(CRS.from_epsg(32645).to_wkt())
    monkeypatch.chdir(tmp_path)
    # GDAL itself would read it.
    assert CRS.from_user_input(str(tmp_path / "secret")) == CRS.from_epsg(32645)
    # Nobody can tell afterwards whether a file was opened; of a pipe the opening waits for a writer.
    os.mkfifo(tmp_path / "pipe")
    for name in ("secret", "pipe"):
        with pytest.raises(GridError, match="not a coordinate reference system"):
            parse_crs(form.format(file=tmp_path / name, name=name))


def test_an_address_named_in_place_of_a_crs_is_not_asked() -> None:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        for form in ("{}/a", "ESRI::{}/b", "/vsicurl/{}/c", "urn:ogc:def:crs:{}/d", "+init={}/e:1",
                     "+proj=utm +zone=33 +nadgrids={}/f"):  # fmt: skip
            with pytest.raises(GridError):
                parse_crs(form.format(url))
        server.shutdown()
    assert asked == []


@pytest.mark.parametrize("path", ["/data/shift.gsb", "../shift.gsb", "C:\\shift.gsb", "http://example.org/shift.gsb"])
def test_a_crs_whose_grid_shift_lies_in_a_named_file_is_told(path: str) -> None:
    crs = CRS.from_string(f"+proj=utm +zone=33 +ellps=bessel +units=m +nadgrids={path}")
    for text in (crs.to_wkt(), crs.to_wkt(version="WKT2_2019")):
        assert names_a_file(CRS.from_wkt(text))
        with pytest.raises(GridError, match="names a file, which is not followed"):
            parse_crs(text)


def test_grids_that_proj_knows_by_name_are_no_danger() -> None:
    assert not names_a_file(CRS.from_string("+proj=utm +zone=33 +ellps=bessel +units=m +nadgrids=BETA2007.gsb"))
    assert not any(names_a_file(CRS.from_epsg(code)) for code in (4326, 32633, 31467, 27700, 2180, 5514))
