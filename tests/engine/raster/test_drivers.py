"""What GDAL may do in the engine's process: no request leaves it and no code runs, whatever a file asks for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from engine.raster.drivers import LOCAL_DRIVERS, SKIPPED_DRIVERS, limit_gdal

ROOT = Path(__file__).resolve().parents[3]

#: A user's environment that permits everything.
PERMISSIVE = {
    "GDAL_VRT_ENABLE_PYTHON": "YES",
    "GDAL_SKIP": "",
    "PROJ_NETWORK": "ON",
    "GDAL_HTTP_TIMEOUT": "5",
    "GDAL_HTTP_MAX_RETRY": "0",
    "AWS_NO_SIGN_REQUEST": "YES",
    "AWS_HTTPS": "NO",
    "AWS_VIRTUAL_HOSTING": "FALSE",
}

WMS = (
    "<GDAL_WMS><Service name='TMS'><ServerUrl>{url}/${{z}}/${{x}}/${{y}}.png</ServerUrl></Service><DataWindow>"
    "<UpperLeftX>-2e7</UpperLeftX><UpperLeftY>2e7</UpperLeftY><LowerRightX>2e7</LowerRightX><LowerRightY>-2e7"
    "</LowerRightY><SizeX>256</SizeX><SizeY>256</SizeY><TileLevel>1</TileLevel></DataWindow>"
    "<Projection>EPSG:3857</Projection><BandsCount>1</BandsCount></GDAL_WMS>"
)
VRT = (
    '<VRTDataset rasterXSize="256" rasterYSize="256"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
    '<SourceFilename relativeToVRT="{relative}">{source}</SourceFilename><SourceProperties RasterXSize="256" '
    'RasterYSize="256" DataType="Byte" BlockXSize="256" BlockYSize="256"/></SimpleSource></VRTRasterBand></VRTDataset>'
)
PAM = (
    '<PAMDataset><Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">{source}</MDI></Metadata></PAMDataset>'
)  # fmt: skip

#: Opens every file of a folder with GDAL as it is (argument "plain"), or as the engine has it: by its own functions,
#: and past them, as if all looking at files had missed something. Prints what happened.
PROGRAM = """
import json, sys
from pathlib import Path
mode, folder = sys.argv[1], Path(sys.argv[2])
if mode != "plain":
    from engine.errors import SmartiesError
    from engine.raster.opening import gdal_environment
    from engine.raster.sources import open_images
import contextlib, warnings
import rasterio
warnings.simplefilter("ignore")
outcome = {}
for path in sorted(folder.iterdir()):
    if mode == "engine":
        try:
            open_images([path])
            outcome[path.name] = "opened"
        except SmartiesError as error:
            outcome[path.name] = f"refused: {error.message} {error.hint}"
    with contextlib.nullcontext() if mode == "plain" else gdal_environment():
        try:
            with rasterio.open(path) as dataset:
                dataset.overviews(1), dataset.mask_flag_enums, dataset.files
                dataset.read(1, out_shape=(8, 8))
                dataset.read_masks(1)
        except (rasterio.errors.RasterioError, Exception) as error:
            pass
print(json.dumps(outcome))
"""


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    """A web server on this computer: its address, and the requests that have reached it."""
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    found = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=found.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{found.server_port}", requests
    found.shutdown()
    found.server_close()
    thread.join()


def run(mode: str, folder: Path, url: str) -> dict[str, str]:
    # What this very process has set for its own GDAL is not the user's.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GDAL_", "CPL_", "PROJ_"))}
    environment = {**inherited, **PERMISSIVE, "AWS_S3_ENDPOINT": url.removeprefix("http://"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, mode, str(folder)],
        env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    outcome: dict[str, str] = json.loads(done.stdout)
    return outcome


def write_traps(folder: Path, url: str) -> None:
    """Files that make GDAL ask ``url``, each in another way."""
    import numpy as np
    import rasterio

    folder.mkdir()
    wms = WMS.format(url=f"{url}/wms")
    (folder / "service.xml").write_text(wms)
    sources = {
        "curl": f"/vsicurl/{url}/curl.tif",
        "ending": f"/vsicurl/{url}/ending.none",
        "streaming": f"/vsicurl_streaming/{url}/streaming.tif",
        "query": f"/vsicurl?url={url}/query.tif",
        "s3": "/vsis3/bucket/s3.tif",
        "zip": f"/vsizip//vsicurl/{url}/zip.zip/a.tif",
        "plain": f"{url}/plain.tif",
        "service": f"WMS:{url}/capabilities",
        "inline": wms.replace("<", "&lt;"),
        "netcdf": f"NETCDF:{url}/cube.nc:a",
    }
    for name, source in sources.items():
        (folder / f"vrt_{name}.vrt").write_text(VRT.format(relative=0, source=source))
    (folder / "vrt_file.vrt").write_text(VRT.format(relative=1, source="service.xml"))
    (folder / "vrt_nested.vrt").write_text(VRT.format(relative=1, source="vrt_curl.vrt"))
    (folder / "vrt_namespace.vrt").write_text(
        VRT.format(relative=0, source=f"/vsicurl/{url}/namespace.tif").replace("<VRTDataset", '<VRTDataset xmlns="x"')
    )
    for name in ("ovr", "msk", "pam_curl", "pam_service", "tag"):
        with rasterio.open(
            folder / f"tif_{name}.tif", "w", driver="GTiff", width=256, height=256, count=1, dtype="uint8"
        ) as dataset:
            dataset.write(np.ones((1, 256, 256), np.uint8))
            if name == "tag":
                dataset.update_tags(ns="OVERVIEWS", OVERVIEW_FILE=f"/vsicurl/{url}/tag.tif")
    (folder / "tif_ovr.tif.ovr").write_text(wms)
    (folder / "tif_msk.tif.msk").write_text(wms)
    (folder / "tif_pam_curl.tif.aux.xml").write_text(PAM.format(source=f"/vsicurl/{url}/pam.tif"))
    (folder / "tif_pam_service.tif.aux.xml").write_text(PAM.format(source=wms.replace("<", "&lt;")))


def test_no_file_makes_the_engine_ask_a_server(tmp_path: Path, server: tuple[str, list[str]]) -> None:
    url, requests = server
    folder = tmp_path / "traps"
    write_traps(folder, url)
    run("plain", folder, url)
    asked = " ".join(requests)
    for name in (
        "wms",
        "curl.tif",
        "ending",
        "streaming",
        "query",
        "s3",
        "zip",
        "capabilities",
        "namespace",
        "pam.tif",
    ):
        assert name in asked, f"the trap {name} does not work without the engine: {asked}"
    requests.clear()
    outcome = run("engine", folder, url)
    assert requests == []
    rasters = [name for name in outcome if name.endswith((".vrt", ".tif"))]
    assert len(rasters) == 18
    for name in outcome:
        assert outcome[name].startswith("refused: "), (name, outcome[name])


def test_no_crs_of_a_layer_makes_the_engine_ask_a_server(tmp_path: Path, server: tuple[str, list[str]]) -> None:
    url, requests = server
    point = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [1, 2]}}
    named = {
        "url": {"type": "url", "properties": {"url": f"{url}/url"}},
        "link": {"type": "link", "properties": {"href": f"{url}/link", "type": "ogcwkt"}},
        "name": {"type": "name", "properties": {"name": f"{url}/name"}},
    }
    for name, crs in named.items():
        layer = {"type": "FeatureCollection", "crs": crs, "features": [point]}
        (tmp_path / f"{name}.geojson").write_text(json.dumps(layer))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GDAL_", "CPL_"))}
    for opener in ("pyogrio.read_info", "engine.vector.read.layer_info"):
        module = opener.rpartition(".")[0]
        program = f"import sys, {module}\nfor path in sys.argv[1:]: {opener}(path)"
        paths = [str(tmp_path / f"{name}.geojson") for name in named]
        subprocess.run(
            [sys.executable, "-c", program, *paths], env=inherited | {"PYTHONPATH": str(ROOT)}, check=True, timeout=60
        )
        if module == "pyogrio":
            assert {"/url", "/link"} <= set(requests), "the traps do not work without the engine"
            requests.clear()
    assert requests == []


def test_every_driver_of_this_gdal_is_either_local_or_skipped() -> None:
    # A new GDAL brings new drivers: what each of them follows has to be looked at before it is let in.
    program = (
        "import json, engine.raster, rasterio\n"
        "with rasterio.Env() as environment: print(json.dumps(sorted(environment.drivers())))"
    )
    environment = {**os.environ, **PERMISSIVE, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    registered = set(json.loads(done.stdout))
    assert not registered & SKIPPED_DRIVERS
    assert {"GTiff", "VRT", "netCDF", "ENVI", "HFA", "PNG"} <= registered
    memory_and_writers = {"MEM", "Memory", "COG"}
    vectors = {"AVCBin", "AVCE00", "ESRI Shapefile", "ESRIJSON", "GeoJSON", "GeoJSONSeq", "MVT", "OSM", "SQLite",
               "TopoJSON"}  # fmt: skip
    assert registered - LOCAL_DRIVERS - memory_and_writers - vectors == set()


def test_no_driver_is_both_local_and_skipped() -> None:
    assert not LOCAL_DRIVERS & SKIPPED_DRIVERS


@pytest.mark.parametrize("own", ["", "GIF BMP", "GIF,BMP", " GIF , BMP "])
def test_what_the_user_skips_stays_skipped(own: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GDAL_VRT_ENABLE_PYTHON", "CPL_VSIL_CURL_ALLOWED_FILENAME", "GML_DOWNLOAD_SCHEMA", "PROJ_NETWORK"):
        monkeypatch.setenv(name, "YES")
    monkeypatch.setenv("OGR_SQLITE_LOAD_EXTENSIONS", "evil")
    monkeypatch.setenv("GDAL_SKIP", own)
    limit_gdal()
    names = os.environ["GDAL_SKIP"].split(",")
    assert set(names) == SKIPPED_DRIVERS | ({"GIF", "BMP"} if own else set())
    assert os.environ["GDAL_VRT_ENABLE_PYTHON"] == "NO" and os.environ["PROJ_NETWORK"] == "OFF"
    assert "OGR_SQLITE_LOAD_EXTENSIONS" not in os.environ
    before = dict(os.environ)
    limit_gdal()
    assert dict(os.environ) == before


def test_leaving_drivers_out_is_done_in_silence() -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GDAL_", "CPL_"))}
    program = "import engine.raster, pyogrio, rasterio\nwith rasterio.Env(): pass"
    done = subprocess.run(
        [sys.executable, "-c", program], env=inherited | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_no_vector_driver_runs_a_program_or_asks_a_server() -> None:
    program = "import json, engine.raster, pyogrio; print(json.dumps(pyogrio.list_drivers()))"
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | PERMISSIVE | {"PYTHONPATH": str(ROOT)}, capture_output=True,
        text=True, check=True, timeout=60,
    )  # fmt: skip
    registered = set(json.loads(done.stdout))
    assert "GPKG" in registered
    assert not registered & SKIPPED_DRIVERS
    local = {"AIVector", "AVCBin", "AVCE00", "CSV", "DGN", "DXF", "ESRI Shapefile", "ESRIJSON", "FlatGeobuf", "GML",
             "GPKG", "GPX", "GTFS", "GeoJSON", "GeoJSONSeq", "GeoRSS", "Idrisi", "JML", "JSONFG", "KML", "LIBKML",
             "LVBAG", "MEM", "MVT", "MapInfo File", "MapML", "MiraMonVector", "ODS", "OGR_GMT", "OGR_PDS", "OSM",
             "OpenFileGDB", "PGDUMP", "PMTiles", "S57", "SQLite", "SXF", "Selafin", "TopoJSON", "VDV", "VFK", "WAsP",
             "XLSX"}  # fmt: skip
    assert registered <= local


def test_the_drivers_that_vector_layers_need_are_left_in() -> None:
    needed = {"GPKG", "ESRI Shapefile", "GeoJSON", "FlatGeobuf", "KML", "LIBKML", "GML", "GPX", "SQLite", "CSV", "DXF",
              "MapInfo File", "OpenFileGDB"}  # fmt: skip
    assert not needed & SKIPPED_DRIVERS
