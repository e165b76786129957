"""Band tables of a run, from the matrix, the JSON and the layers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from osgeo import gdal
from qgis.core import QgsRasterLayer
from smarties.engine.errors import BandTableError
from smarties.engine.spectrum.table import parse_table
from smarties.qgis_plugin.algorithms.band_tables import COLUMNS, band_tables_of, column_titles
from smarties.qgis_plugin.layer_bands import store_table


def layer_of(path: Path, bands: int = 1) -> QgsRasterLayer:
    dataset = gdal.GetDriverByName("GTiff").Create(str(path), 8, 8, bands, gdal.GDT_UInt16)
    dataset.SetGeoTransform((0, 10, 0, 0, 0, -10))
    for number in range(bands):
        dataset.GetRasterBand(number + 1).WriteArray(np.full((8, 8), 100 + number))
    dataset.FlushCache()
    return QgsRasterLayer(str(path), path.stem)


def row(**cells: str) -> list[str]:
    """A row of the matrix; `low`, `high` are the columns from and to."""
    names = {"from": "low", "to": "high"}
    return [cells.get(names.get(column, column), "") for column in COLUMNS]


def bands_of(table: str) -> list[dict[str, Any]]:
    return list(json.loads(table)["bands"])


@pytest.fixture
def image(tmp_path: Path) -> QgsRasterLayer:
    return layer_of(tmp_path / "field.tif", 3)


@pytest.fixture
def product(tmp_path: Path) -> list[QgsRasterLayer]:
    """Three band files of one product."""
    return [layer_of(tmp_path / f"scene_20200101_{band}.tif") for band in ("B02", "B03", "B04")]


def test_nothing_said_is_no_table(image: QgsRasterLayer, product: list[QgsRasterLayer]) -> None:
    assert band_tables_of([[image], product], [], "") == ()
    # The dialog fills new rows with zeros.
    assert band_tables_of([[image]], ["0"] * len(COLUMNS), " ") == ()


def test_there_is_a_title_for_every_column() -> None:
    assert len(column_titles()) == len(COLUMNS)


def test_rows_become_the_table_of_their_image(image: QgsRasterLayer, product: list[QgsRasterLayer]) -> None:
    cells = [
        *row(image="field", band="1", name="red", centre="0,665", unit="µm"),
        *row(image="1", band="3", low="5.3", high="5.5", unit="GHz", polarisation="VV", use="Yes"),
        *row(image="2", band="b03", use="no"),
    ]
    first, second = band_tables_of([[image], product], cells, "")
    assert bands_of(first) == [
        {"name": "red", "centre": "0.665 µm"}, {}, {"min": "5.3 GHz", "max": "5.5 GHz", "polarisation": "VV",
                                                   "enabled": True},
    ]  # fmt: skip
    parsed = parse_table(first)
    assert round(parsed.bands[0].centre_nm or 0) == 665
    # Band files are named by their tokens.
    assert bands_of(second) == [{}, {"enabled": False}, {}]


def test_a_band_is_named_by_its_number_or_by_its_description(tmp_path: Path) -> None:
    path = tmp_path / "named.tif"
    layer_of(path, 2)
    dataset = gdal.Open(str(path), gdal.GA_Update)
    dataset.GetRasterBand(2).SetDescription("Infrared")
    del dataset
    (table,) = band_tables_of([[QgsRasterLayer(str(path), "named")]], row(band="infrared", centre="842", unit="nm"), "")
    assert bands_of(table) == [{}, {"centre": "842 nm"}]


def test_the_table_of_the_layer_holds_where_nothing_else_is_said(image: QgsRasterLayer, tmp_path: Path) -> None:
    other = layer_of(tmp_path / "other.tif", 1)
    store_table(image, parse_table('{"bands": [{"name": "a", "centre": 500}, {}, {}]}'))
    store_table(other, parse_table('{"bands": [{"name": "b", "centre": 600}]}'))
    kept = band_tables_of([[image], [other]], [], "")
    assert [bands_of(table)[0]["name"] for table in kept] == ["a", "b"]
    told = band_tables_of(
        [[image], [other]], row(image="2", band="1", name="c", centre="700", unit="nm"), "[null, null]"
    )
    assert told[0] == kept[0]
    assert bands_of(told[1]) == [{"name": "c", "centre": "700 nm"}]


def test_tables_of_the_band_files_of_one_product_become_one(product: list[QgsRasterLayer]) -> None:
    store_table(product[0], parse_table('{"bands": [{"name": "blue", "centre": 490}]}'))
    store_table(product[2], parse_table('{"sensor": "sentinel-2-l2a", "bands": [{"name": "red", "enabled": false}]}'))
    (table,) = band_tables_of([product], [], "")
    merged = parse_table(table)
    # The engine finds the bands of a product by their tokens, whatever they were called on their layer.
    assert [band.name for band in merged.bands] == ["B02", "B03", "B04"]
    assert merged.bands[0].centre_nm == 490
    assert [band.enabled for band in merged.bands] == [True, True, False]
    assert merged.sensor == "sentinel-2-l2a"


def test_the_list_takes_tables_paths_and_nulls(image: QgsRasterLayer, tmp_path: Path) -> None:
    other = layer_of(tmp_path / "other.tif", 1)
    path = tmp_path / "table.json"
    path.write_text('{"bands": [{"name": "x", "centre": 550}]}', encoding="utf-8")
    tables = band_tables_of([[image], [other]], [], json.dumps([None, str(path)]))
    assert tables == ("", str(path))
    # A lone object is the table of a lone image.
    (alone,) = band_tables_of([[other]], [], path.read_text(encoding="utf-8"))
    assert bands_of(alone)[0]["name"] == "x"


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ([*row(band="1", centre="1"), "odd"], ["10 cells", "9"]),
        (row(image="4", band="1", centre="500"), ["“4”", "2 images"]),
        (row(image="lake", band="1", centre="500"), ["“lake”", "2 images"]),
        (row(band="1", centre="500"), ["“”", "2 images"]),
        (row(image="1", band="4", centre="500"), ["“4”", "field", "up to 3"]),
        (row(image="1", band="B02", centre="500"), ["“B02”", "field"]),
        (row(image="2", band="B05", centre="500"), ["“B05”", "scene_20200101_B02"]),
        ([*row(image="1", band="2", centre="500"), *row(image="field", band="2", centre="600")], ["band 2", "twice"]),
        (row(image="1", band="2", use="maybe"), ["“maybe”", "yes or no"]),
        (row(image="1", band="2", name="odd", centre="long", unit="nm"), ["field", "Band odd", "“long nm”"]),
        (row(image="1", band="3", name="odd", centre="500", unit="furlong"), ["field", "Band odd", "furlong"]),
        (row(image="1", band="3", low="700", high="600", unit="nm"), ["field", "Band 3", "700"]),
    ],
)
def test_a_wrong_row_is_named_in_a_sentence(
    cells: list[str], words: list[str], image: QgsRasterLayer, product: list[QgsRasterLayer]
) -> None:
    with pytest.raises(BandTableError) as caught:
        band_tables_of([[image], product], cells, "")
    said = str(caught.value)
    assert [word for word in words if word not in said] == [], said
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{", "no JSON"),
        ("[null]", "1 band tables for 2 images"),
        ('["/nowhere/table.json", null]', "/nowhere/table.json"),
        ('[{"bands": [{"centre": -3}]}, null]', "-3"),
        ("[3, null]", ""),
        ("3", "1 band tables for 2 images"),
    ],
)
def test_a_wrong_list_is_told_in_a_sentence(
    text: str, word: str, image: QgsRasterLayer, product: list[QgsRasterLayer]
) -> None:
    with pytest.raises(BandTableError) as caught:
        band_tables_of([[image], product], [], text)
    assert word in str(caught.value)


def test_an_image_is_told_of_in_one_way_only(image: QgsRasterLayer) -> None:
    with pytest.raises(BandTableError, match="in the matrix and in the JSON"):
        band_tables_of([[image]], row(band="1", centre="500"), '[{"bands": [{}, {}, {}]}]')
