"""Layers as they come from the field: any CRS, broken, empty, of many kinds, in files of many kinds."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import shapely
from rasterio.crs import CRS
from vector_layers import GRID, TRANSFORM, UTM, WriteLayer, at, box

from engine.errors import SourceError
from engine.raster.grid import Grid
from engine.vector.read import layer_info, read_layer, read_layer_on


def test_fields_are_plain_values_and_null_is_none(write_layer: WriteLayer) -> None:
    path = write_layer(
        [box(0, 0, 1, 1)] * 2,
        text=["水 ", None], whole=[7, None], part=[0.5, None], yes=[True, None],
        day=[np.datetime64("2024-05-14"), None],
    )  # fmt: skip
    layer = read_layer(path, UTM)
    assert {name: list(values) for name, values in layer.columns.items()} == {
        "text": ["水 ", None], "whole": [7, None], "part": [0.5, None], "yes": [True, None],
        "day": ["2024-05-14", None],
    }  # fmt: skip
    assert [type(layer.columns[name][0]) for name in ("whole", "yes")] == [int, bool]
    assert {field.name: field.kind for field in layer.info.fields} == {
        "text": "text", "whole": "int", "part": "float", "yes": "bool", "day": "date",
    }  # fmt: skip


def test_a_layer_in_degrees_lands_where_the_raster_is(write_layer: WriteLayer) -> None:
    degrees = read_layer(write_layer([box(2, 3, 5, 7)], a=[1]), CRS.from_epsg(4326)).geometries[0]
    layer = read_layer(write_layer([degrees], "degrees.geojson", "EPSG:4326", a=[1]), UTM)
    # GeoJSON keeps seven digits of a degree: a centimetre.
    assert shapely.hausdorff_distance(layer.geometries[0], box(2, 3, 5, 7)) < 0.02


def test_what_is_broken_is_mended_and_what_is_nothing_is_left_out_with_a_note(write_layer: WriteLayer) -> None:
    bowtie = at(shapely.Polygon([(0, 0), (4, 4), (4, 0), (0, 4)]))
    folded = at(shapely.Polygon([(0, 0), (4, 4), (2, 2), (0, 0)]))
    path = write_layer([bowtie, None, shapely.Polygon(), folded, box(0, 0, 1, 1)], a=[1, 2, 3, 4, 5])
    layer = read_layer(path, UTM)
    assert list(layer.columns["a"]) == [1, 5]
    assert shapely.is_valid(layer.geometries).all()
    # Both wings, each 4 × 2 / 2 pixels of 100 m².
    assert layer.geometries[0].area == pytest.approx(800)
    notes = " | ".join(layer.notes)
    assert "2 features have no geometry" in notes
    assert "1 invalid geometry was mended" in notes
    assert "1 geometry encloses no area" in notes


def test_heights_and_collections_are_read_flat(write_layer: WriteLayer) -> None:
    high = shapely.force_3d(box(0, 0, 1, 1), 300.0)
    mixed = shapely.GeometryCollection([box(0, 0, 1, 1), at(shapely.Point(5, 5))])
    layer = read_layer(write_layer([high, mixed], a=[1, 2]), UTM)
    assert not shapely.has_z(layer.geometries).any()
    assert layer.geometries[1].geom_type == "GeometryCollection"


def test_what_has_no_place_in_the_crs_is_left_out_alone(write_layer: WriteLayer) -> None:
    points = [shapely.Point(15, 50), shapely.Point(15, 95), shapely.Point(16, 51)]
    layer = read_layer(write_layer(points, crs="EPSG:4326", a=[1, 2, 3]), UTM)
    assert list(layer.columns["a"]) == [1, 3]
    assert "1 geometry lies where EPSG:32633 has no place" in layer.notes[-1]


def test_one_of_several_layers_has_to_be_named_as_qgis_or_a_person_does(write_layer: WriteLayer) -> None:
    write_layer([box(0, 0, 1, 1)], layer="felder", a=[1])
    path = write_layer([box(0, 0, 1, 1), at(shapely.Point(3, 3))], layer="мой слой", a=[2, 3])
    with pytest.raises(SourceError, match=r"holds 2 layers: felder, мой слой.*Name one, as in labels.gpkg\|felder"):
        read_layer(path, UTM)
    with pytest.raises(SourceError, match=r"no layer “wald”.*felder, мой слой"):
        read_layer(f"{path}|wald", UTM)
    assert list(read_layer(f"{path}|мой слой", UTM).columns["a"]) == [2, 3]
    assert list(read_layer(f"{path}|layername=мой слой|geometrytype=Point", UTM).columns["a"]) == [3]
    assert list(read_layer(f'{path}|layername=мой слой|subset="a" < 3', UTM).columns["a"]) == [2]
    assert list(read_layer(f"{path}|layerid=0", UTM).columns["a"]) == [1]


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "fgb"])
def test_names_that_look_like_a_url_are_files(write_layer: WriteLayer, tmp_path: Path, suffix: str) -> None:
    write_layer([box(0, 0, 1, 1)], f"x.{suffix}", a=[1])
    folder = tmp_path / "Fotos! (ä;?)"
    folder.mkdir()
    for file in tmp_path.glob("x.*"):
        shutil.copy(file, folder / f"a!b{file.suffix}")
    assert list(read_layer(str(folder / f"a!b.{suffix}"), UTM).columns["a"]) == [1]


def test_a_table_of_coordinates_is_points(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_text("lon,lat,class\n15.0,45.1,wood\n15.1,45.2,water\n")
    layer = read_layer(str(path), None)
    assert [point.coords[0] for point in layer.geometries] == [(15.0, 45.1), (15.1, 45.2)]
    assert list(layer.columns["class"]) == ["wood", "water"]


def test_a_layer_without_crs_has_no_place_on_a_raster_with_one(write_layer: WriteLayer) -> None:
    path = write_layer([box(0, 0, 1, 1)], "labels.shp", crs=None, a=[1])
    with pytest.raises(SourceError, match=r"has no CRS.*Set it in QGIS"):
        read_layer(path, UTM)
    assert len(read_layer(path, None).geometries) == 1


def test_labels_drawn_on_a_picture_without_georeference_lie_where_qgis_showed_it(write_layer: WriteLayer) -> None:
    picture = Grid(None, TRANSFORM.identity(), 100, 50)
    drawn = write_layer([shapely.box(10, -30, 20, -25)], a=[1])
    assert read_layer_on(drawn, picture).bounds == (10, 25, 20, 30)
    assert read_layer_on(write_layer([box(1, 1, 2, 2)], "b.gpkg", a=[1]), GRID).bounds == box(1, 1, 2, 2).bounds


def test_of_a_very_large_layer_only_what_is_near_is_read(
    write_layer: WriteLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.vector.read._READ_NEAR_FROM", 2)
    path = write_layer([box(1, 1, 2, 2), box(500, 0, 510, 9), box(900, 900, 901, 901)], a=[1, 2, 3])
    layer = read_layer(path, UTM, ["a"], near=GRID)
    assert list(layer.columns["a"]) == [1]
    assert "1 of its 3 features lie near the images" in layer.notes[-1]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.gpkg", None, "does not exist"),
        ("empty.gpkg", b"", "is empty"),
        ("text.txt", b"hello world", "table without geometry|no vector file"),
        ("broken.gpkg", b"SQLite format 3\0" + b"x" * 500, "cannot be read|no vector file"),
        ("zip.shp", b"PK\x03\x04abc", "archive.*Unpack"),
        ("far.vrt", b'<OGRVRTDataSource><OGRVRTLayer name="a"/></OGRVRTDataSource>', "lie elsewhere"),
        ("table.csv", b"class,value\na,1\n", "without geometry"),
        ("empty.geojson", b'{"type":"FeatureCollection","features":[{"type":"Fea', "cannot be read|no vector file"),
    ],
)
def test_a_file_that_is_no_layer_gives_one_sentence(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError, match=message):
        layer_info(str(path))


@pytest.mark.parametrize("source", ["", "https://a.b/c.geojson", "/vsicurl/https://a.b/c.gpkg", "PG:dbname=x"])
def test_nothing_beyond_this_computer_is_opened(source: str) -> None:
    with pytest.raises(SourceError):
        layer_info(source)


def test_a_layer_without_features_is_read_as_such(write_layer: WriteLayer) -> None:
    layer = read_layer(write_layer([], a=[]), UTM)
    assert (len(layer.geometries), layer.bounds, layer.info.count) == (0, None, 0)
