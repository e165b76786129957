"""Names and colours that come with a raster of classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyogrio.raw
import pytest
import rasterio
from vector_layers import GRID, WriteClasses

from engine.vector.class_hints import class_hints
from engine.vector.classes import ClassHints
from engine.vector.labels import open_labels

VALUES = np.tile(np.array([1, 2], np.uint8), (12, 10))

CATEGORIES = "<CategoryNames><Category/><Category>Wald &amp; Heide</Category><Category>水</Category></CategoryNames>"
ATTRIBUTES = """<GDALRasterAttributeTable>
  <FieldDefn index="0"><Name>Value</Name><Type>0</Type><Usage>5</Usage></FieldDefn>
  <FieldDefn index="1"><Name>Class</Name><Type>2</Type><Usage>2</Usage></FieldDefn>
  <FieldDefn index="2"><Name>R</Name><Type>0</Type><Usage>6</Usage></FieldDefn>
  <FieldDefn index="3"><Name>G</Name><Type>0</Type><Usage>7</Usage></FieldDefn>
  <FieldDefn index="4"><Name>B</Name><Type>0</Type><Usage>8</Usage></FieldDefn>
  <Row index="0"><F>2</F><F>water</F><F>0</F><F>16</F><F>255</F></Row>
  <Row index="1"><F>broken</F></Row>
</GDALRasterAttributeTable>"""


def hints_of(path: str, sidecar: str) -> ClassHints:
    text = f'<PAMDataset><PAMRasterBand band="1">{sidecar}</PAMRasterBand></PAMDataset>'
    Path(f"{path}.aux.xml").write_text(text, encoding="utf-8")
    with rasterio.open(path) as dataset:
        return class_hints(dataset, Path(path))


@pytest.mark.filterwarnings("ignore")
def test_gdals_sidecar_names_and_colours_the_classes(write_classes: WriteClasses) -> None:
    path = write_classes(VALUES)
    assert hints_of(path, CATEGORIES) == ClassHints({1: "Wald & Heide", 2: "水"}, {})
    assert hints_of(path, ATTRIBUTES) == ClassHints({2: "water"}, {2: "#0010ff"})
    # Names of categories are more to the point than a table made by a program.
    assert hints_of(path, ATTRIBUTES + CATEGORIES).names[2] == "水"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("text", ["<PAMDataset>", '<!DOCTYPE a [<!ENTITY b "c">]><PAMDataset/>', "", "\udcff"])
def test_a_sidecar_that_cannot_be_trusted_says_nothing(write_classes: WriteClasses, text: str) -> None:
    path = write_classes(VALUES)
    Path(f"{path}.aux.xml").write_text(text, encoding="utf-8", errors="surrogateescape")
    with rasterio.open(path) as dataset:
        assert class_hints(dataset, Path(path)) == ClassHints({}, {})


def test_esris_table_names_and_colours_the_classes(write_classes: WriteClasses) -> None:
    path = write_classes(VALUES)
    pyogrio.raw.write(
        f"{path}.vat.dbf", None,
        [np.array([1, 2]), np.array(["Broad-leaved forest", "Sea"], object), *np.array([[0.5, 0], [1, 0], [0, 1.0]])],
        ["Value", "LABEL3", "Red", "Green", "Blue"], driver="ESRI Shapefile",
    )  # fmt: skip
    table = open_labels([path], [GRID]).table
    assert [(each.name, each.colour) for each in table.classes] == [
        ("Broad-leaved forest", "#80ff00"), ("Sea", "#0000ff"),
    ]  # fmt: skip


def test_a_palette_colours_the_classes(write_classes: WriteClasses) -> None:
    path = write_classes(VALUES)
    with rasterio.open(path, "r+") as dataset:
        dataset.write_colormap(1, {1: (1, 2, 3, 255), 2: (4, 5, 6, 255)})
        dataset.update_tags(1, CLASS_1="one", CLASS_x="none")
    classes = open_labels([path], [GRID]).table.classes
    assert [(each.name, each.colour) for each in classes] == [("one", "#010203"), ("2", "#040506")]
