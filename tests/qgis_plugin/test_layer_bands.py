"""The bands of layers: found as the engine finds them, kept with the project."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from osgeo import gdal
from qgis.core import QgsProject, QgsRasterLayer
from smarties.engine.errors import RadiometryError, SourceError
from smarties.engine.spectrum.raster_metadata import RasterMetadata
from smarties.engine.spectrum.table import parse_table
from smarties.qgis_plugin.layer_bands import TABLE_PROPERTY, detect_layer, raster_metadata_of, store_table, stored_table

ROOT = Path(__file__).resolve().parents[2]

#: One of every kind: dialects of wavelengths, products by name, band files, stacks, pictures.
KINDS = (
    "terramesh_s1s2/S1RTC/*.tif",
    "terramesh_s1s2/S2L1C/*.tif",
    "terramesh_s1s2/S2L2A/*.tif",
    "terramesh_s1s2/S2RGB/*.tif",
    "sen1floods11_spain_left/**/*.tif",
    "bigearthnet_pairs/**/*.tif",
    "bigearthnet_s2/**/*.tif",
    "ssl4eo_s12_one_location/**/*.tif",
    "eurosat_ms/**/*.tif",
    "s2_100k/**/*.tif",
    "s2_l1c_13band/**/*.tif",
    "majortom_s2_l2a/**/*.tif",
    "ucmerced_00_58/**/*.*",
    "landsat8_elkton/**/*.tif",
    "landsat8_r_satellite/**/*.tif",
    "landsat8_ny_coarse3km/**/*.tif",
    "hls_like_10band_nodata/**/*.tif",
    "enmap_potsdam_tiles/**/*.tif",
    "envi_headers/**/*.*",
    "naip_1m/**/*.tif",
    "spacenet6_sar_maxar/**/*.tif",
    "treesat_vhr_s1_s2_ts/**/*.tif",
    "nasty/gdal_gcore_data/*.tif",
    "nasty/gdal_gcore_data/*.img",
)
RASTERS = (".tif", ".img", ".dat", ".bsq", ".png", ".webp", ".jp2", ".vrt")
PER_KIND = 12


def described(paths: list[Path], python: Path) -> dict[str, Any]:
    """The engine's description of each file, or its error."""
    script = (
        "import json, sys, warnings\n"
        "warnings.simplefilter('ignore')\n"
        "from engine.jobs.describe import DescribeJob\n"
        "from engine.tasks.inputs import detect_inputs\n"
        "from engine.tasks.describe import _band\n"
        "found = {}\n"
        "for path in json.load(sys.stdin):\n"
        "    try:\n"
        "        each = detect_inputs(DescribeJob((path,)))[0]\n"
        "        detection = each.detection\n"
        "        sensor = detection.sensor.name if detection.sensor else None\n"
        "        bands = [_band(n, band, 'log', each.family) for n, band in enumerate(detection.bands, 1)]\n"
        "        found[path] = [sensor, detection.sensor_from, list(detection.notes), bands]\n"
        "    except Exception as error:\n"
        "        found[path] = repr(error)\n"
        "json.dump(found, sys.stdout)\n"
    )
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("GDAL", "PROJ", "PYTHON"))}
    ran = subprocess.run(
        [str(python), "-c", script],
        input=json.dumps([str(path) for path in paths]),
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(ran.stdout))


def bands_here(path: str) -> Any:
    """The same description, made in QGIS."""
    from smarties.engine.errors import SmartiesError
    from smarties.engine.spectrum.assign import family_of, verdict_of

    try:
        detection = detect_layer(path)
    except SmartiesError as error:
        return repr(error)
    family = family_of(detection.bands, detection.sensor.family if detection.sensor else None)
    bands = []
    for number, band in enumerate(detection.bands, 1):
        record = {"number": number, "name": band.name, "enabled": band.enabled, "note": band.note,
                  "centre_nm": band.centre_nm, "min_nm": band.min_nm, "max_nm": band.max_nm,
                  "polarisation": band.polarisation, "sources": dict(band.sources)}  # fmt: skip
        try:
            record |= verdict_of(band, "log", family=family).to_dict()
        except SmartiesError as error:
            record |= {"verdict": "unknown" if band.enabled else "off", "problem": str(error)}
        bands.append(record)
    sensor = detection.sensor.name if detection.sensor else None
    return json.loads(json.dumps([sensor, detection.sensor_from, list(detection.notes), bands]))


def test_bands_are_those_the_engine_finds(data_dir: Path, engine_python: Path) -> None:
    paths = []
    for kind in KINDS:
        found = sorted(path for path in data_dir.glob(kind) if path.suffix.lower() in RASTERS)
        paths += found[:: max(1, len(found) // PER_KIND)][:PER_KIND]
    assert len(paths) > 100
    compared = 0
    for path, theirs in described(paths, engine_python).items():
        ours = bands_here(path)
        if isinstance(theirs, str):
            assert isinstance(ours, str), f"{path}: the engine says {theirs}"
            continue
        assert ours == theirs, path
        compared += 1
    assert compared > 100


def test_bands_of_the_scene_are_those_the_engine_finds(scene: dict[str, Path], engine_python: Path) -> None:
    for path, theirs in described(list(scene.values()), engine_python).items():
        assert bands_here(path) == theirs


def test_metadata_of_a_layer_and_of_its_path_are_the_same(scene: dict[str, Path]) -> None:
    layer = QgsRasterLayer(str(scene["l8"]), "a name that is not the file's")
    assert raster_metadata_of(layer) == raster_metadata_of(scene["l8"])
    assert raster_metadata_of(layer).name == scene["l8"].name


def test_a_vrt_and_a_netcdf_variable_are_read(scene: dict[str, Path], tmp_path: Path) -> None:
    vrt = tmp_path / "stack.vrt"
    gdal.BuildVRT(str(vrt), [str(scene["s2"])]).FlushCache()
    assert raster_metadata_of(vrt).band_count == raster_metadata_of(scene["s2"]).band_count
    path = tmp_path / "cube.nc"
    gdal.Translate(str(path), str(scene["s2"]), format="netCDF", bandList=[4]).FlushCache()
    metadata = raster_metadata_of(f'NETCDF:"{path}":Band1')
    assert metadata.band_names == ("Band1",)
    assert metadata.name == "cube.nc"


def test_a_file_that_is_no_raster_is_told(tmp_path: Path) -> None:
    path = tmp_path / "notes.tif"
    path.write_text("no raster")
    with pytest.raises(SourceError, match=r"notes\.tif cannot be opened"):
        raster_metadata_of(path)
    with pytest.raises(SourceError, match="folder"):
        raster_metadata_of(tmp_path)


def test_complex_numbers_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "slc.tif"
    gdal.GetDriverByName("GTiff").Create(str(path), 4, 4, 1, gdal.GDT_CFloat32).FlushCache()
    with pytest.raises(RadiometryError, match="complex"):
        raster_metadata_of(path)


def test_reading_leaves_gdals_settings_as_they_were(scene: dict[str, Path]) -> None:
    raster_metadata_of(scene["s2"])
    assert gdal.GetThreadLocalConfigOption("GDAL_DISABLE_READDIR_ON_OPEN") is None


def test_metadata_are_read_also_where_gdal_raises(scene: dict[str, Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.tif"
    broken.write_text("no raster")
    gdal.UseExceptions()
    try:
        assert isinstance(raster_metadata_of(scene["s2"]), RasterMetadata)
        with pytest.raises(SourceError):
            raster_metadata_of(broken)
    finally:
        gdal.DontUseExceptions()


def test_the_table_is_kept_in_the_project(scene: dict[str, Path], new_project: Any, tmp_path: Path) -> None:
    layer = QgsRasterLayer(str(scene["s2"]), "S2")
    new_project.addMapLayer(layer)
    assert stored_table(layer) is None
    table = parse_table(
        '{"sensor": "sentinel-2-l2a", "bands": [{"name": "B04", "centre": "665 nm", "enabled": false}]}'
    )
    store_table(layer, table)
    assert stored_table(layer) == table
    path = str(tmp_path / "project.qgz")
    assert new_project.write(path)
    reopened = QgsProject()
    assert reopened.read(path)
    assert stored_table(next(iter(reopened.mapLayers().values()))) == table
    store_table(layer, None)
    assert layer.customProperty(TABLE_PROPERTY) is None


@pytest.mark.parametrize("text", ["{", "[]", '{"bands": [{"centre": -4}]}', '{"bands": 3}'])
def test_a_damaged_table_is_ignored(text: str, scene: dict[str, Path]) -> None:
    layer = QgsRasterLayer(str(scene["s2"]), "S2")
    layer.setCustomProperty(TABLE_PROPERTY, text)
    assert stored_table(layer) is None


def test_a_table_mends_what_the_metadata_say(scene: dict[str, Path]) -> None:
    names = [band.name for band in detect_layer(scene["s2"]).bands]
    table = parse_table(json.dumps({"bands": [{"name": names[0], "centre": 700}]}))
    corrected = detect_layer(scene["s2"], None, table).bands[0]
    assert corrected.centre_nm == 700
    assert corrected.sources["centre_nm"] == "user"


def test_metadata_hold_what_detection_reads(scene: dict[str, Path]) -> None:
    values = dataclasses.asdict(raster_metadata_of(scene["s1"]))
    assert values["band_count"] == len(values["dtypes"]) == len(values["band_tags"]) == len(values["colours"])
