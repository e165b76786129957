"""Layers of every kind become a path for the engine, or a sentence that says what to do."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from qgis.core import QgsRasterLayer, QgsVectorLayer
from smarties.engine.errors import SourceError
from smarties.qgis_plugin.layer_source import group_bands, shorten, source_of, source_of_uri, title_of


def test_a_file_is_its_path(scene: dict[str, Path]) -> None:
    assert source_of(QgsRasterLayer(str(scene["s2"]), "S2")) == str(scene["s2"])


def test_options_that_do_not_change_pixels_are_dropped(scene: dict[str, Path]) -> None:
    assert source_of_uri(f"{scene['s2']}|option:NUM_THREADS=2") == str(scene["s2"])


def test_a_path_with_spaces_accents_and_a_bar(scene: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "Été à Zürich | 2024.tif"
    shutil.copy(scene["s1"], path)
    assert source_of(QgsRasterLayer(str(path), "x")) == str(path)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("{s2}|option:OVERVIEW_LEVEL=3", "OVERVIEW_LEVEL=3"),
        ("/vsizip//data/scene.zip/scene.tif", "archive"),
        ("/vsitar//data/scene.tar/scene.tif", "archive"),
        ("/vsigzip//data/scene.tif.gz", "archive"),
        ("/vsicurl/https://example.org/scene.tif", "network"),
        ("/vsis3/bucket/scene.tif", "network"),
        ("https://example.org/scene.tif", "network"),
        ("<VRTDataset></VRTDataset>", "no file"),
        ("GPKG:/data/scene.gpkg:table", "several rasters inside"),
        ('HDF5:"/data/scene.h5"://S1', "several rasters inside"),
        ("SENTINEL2_L2A:/data/MTD_MSIL2A.xml:10m:EPSG_32631", "several rasters inside"),
        ('NETCDF:"/data/absent.nc":B04', "is gone"),
        ("/data/absent.tif", "is gone"),
        ("C:/data/absent.tif", "is gone"),
    ],
)
def test_what_the_engine_cannot_open_is_refused_with_the_way_out(
    uri: str, expected: str, scene: dict[str, Path]
) -> None:
    with pytest.raises(SourceError) as caught:
        source_of_uri(uri.format(**scene), "my layer")
    assert expected in str(caught.value)
    assert "my layer" in caught.value.message
    assert caught.value.hint


def test_a_netcdf_variable_keeps_gdals_name(tmp_path: Path) -> None:
    path = tmp_path / "cube.nc"
    path.write_bytes(b"CDF")
    assert source_of_uri(f'NETCDF:"{path}":B04') == f'NETCDF:"{path}":B04'


@pytest.mark.parametrize(
    "layer",
    [
        lambda: QgsVectorLayer("Point?crs=EPSG:4326", "points", "memory"),
        lambda: QgsRasterLayer("type=xyz&url=https://example.org/{z}/{x}/{y}.png", "tiles", "wms"),
        lambda: QgsRasterLayer("crs=EPSG:4326&formula=1&extent=0,0,1,1&width=2&height=2", "virtual", "virtualraster"),
        lambda: QgsRasterLayer("/nowhere/absent.tif", "absent"),
    ],
)
def test_layers_that_are_no_raster_file_are_refused(layer: object) -> None:
    made = layer()
    with pytest.raises(SourceError) as caught:
        source_of(made)
    assert made.name() in caught.value.message
    assert caught.value.hint


def test_a_file_removed_after_it_was_loaded_is_told(scene: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "gone.tif"
    shutil.copy(scene["rgb"], path)
    layer = QgsRasterLayer(str(path), "gone")
    assert layer.isValid()
    path.unlink()
    with pytest.raises(SourceError, match="is gone"):
        source_of(layer)


def test_band_files_of_one_product_are_one_image(tmp_path: Path) -> None:
    names = ["T1_B02.tif", "other.tif", "T1_B03.tif", "T2_B02.tif"]
    for name in names:
        (tmp_path / name).touch()
    sources = [str(tmp_path / name) for name in names]
    assert group_bands(sources, [1, 1, 1, 1]) == [(0, 2), (1,), (3,)]
    assert group_bands(sources, [3, 1, 1, 1]) == [(0,), (1,), (2,), (3,)]


def test_long_names_are_shortened_in_the_middle() -> None:
    assert shorten("abcdefghij", 20) == "abcdefghij"
    assert shorten("abcdefghij", 7) == "abc…hij"
    assert title_of(["S1", "S2"]) == "S1 + S2"
    title = title_of(["S2A_MSIL2A_20220706T153419_N0400_R111_T18TXQ_20220706T230108"] * 2)
    assert len(title) <= 60
    assert title.count("…") == 2
    assert title_of(["a"] * 6).endswith("+ …")
