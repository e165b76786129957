"""Labels on the grid of the images, to the pixel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from rasterio.crs import CRS
from vector_layers import GRID, TRANSFORM, UTM, WriteClasses, WriteLayer, at, box

from engine.errors import CancelledError, JobError, SmartiesError, SourceError
from engine.raster.grid import Grid
from engine.vector.labels import OpenedLabels, open_labels
from engine.vector.read import read_layer


def drawn(opened: OpenedLabels, scene: int = 0, grid: Grid = GRID) -> tuple[np.ndarray, np.ndarray]:
    """Map values (−1 for none) and groups of a whole scene, put together from its windows."""
    values, groups = (np.full((grid.height, grid.width), -1) for _ in range(2))
    by_index = np.array([each.value for each in opened.table.classes] + [-1])
    for row0, row1, col0, col1 in opened.scenes[scene].windows():
        classes, found = opened.scenes[scene].read(row0, row1, col0, col1)
        values[row0:row1, col0:col1], groups[row0:row1, col0:col1] = by_index[classes], found
    return values, groups


def picture(*lines: str) -> np.ndarray:
    """Values from digits, "." for nothing; what is missing to the right and below is nothing."""
    values = np.full((GRID.height, GRID.width), -1)
    for row, line in enumerate(lines):
        for col, letter in enumerate(line):
            values[row, col] = -1 if letter == "." else int(letter)
    return values


def vectors(write_layer: WriteLayer, geometries: Sequence[Any], classes: Sequence[Any], **options: Any) -> OpenedLabels:
    return open_labels([write_layer(geometries, klass=classes)], [GRID], **options)


def test_polygons_take_pixels_by_their_centre_lines_by_touch_points_their_own(write_layer: WriteLayer) -> None:
    opened = vectors(
        write_layer,
        [
            box(0.4, 0.6, 2.6, 2.4),
            at(shapely.LineString([(5.5, 0.5), (7.5, 1.5)])),
            at(shapely.MultiPoint([(9.1, 2.9), (0.5, 3.5)])),
        ],
        [1, 2, 3],
    )
    values, groups = drawn(opened)
    assert values.tolist() == picture(".....22", "111...22", ".........3", "3").tolist()
    assert opened.scenes[0].grouped_by == "polygon"
    assert len(np.unique(groups[groups >= 0])) == 3
    assert opened.scenes[0].pixels.tolist() == [3, 4, 2]


def test_a_polygon_smaller_than_a_pixel_still_counts(write_layer: WriteLayer) -> None:
    sliver = at(shapely.Polygon([(4.55, 0), (4.7, 0), (4.7, 9), (4.55, 9)]))
    opened = vectors(write_layer, [box(2.6, 2.6, 2.9, 2.9), sliver, box(10, 0, 12, 2)], [1, 2, 3])
    values, _ = drawn(opened)
    assert values[2, 2] == 1
    assert opened.scenes[0].pixels.tolist() == [1, 1, 4]
    assert (values == 2).any(axis=0).nonzero()[0].tolist() == [4]


def test_a_pixel_that_two_classes_claim_is_nobodys(write_layer: WriteLayer) -> None:
    opened = vectors(
        write_layer, [box(0, 0, 3, 1), box(2, 0, 5, 1), box(4, 0, 6, 1), at(shapely.Point(0.5, 0.5))], [1, 2, 2, 3]
    )
    assert drawn(opened)[0].tolist() == picture(".1.222").tolist()
    assert [each.name for each in opened.table.classes] == ["1", "2"]
    notes = " | ".join(opened.notes)
    assert "2 pixels are claimed by different classes" in notes
    assert "no pixel is left to “3”" in notes


def test_a_multipart_feature_is_one_group_but_a_dissolved_class_is_its_parts(write_layer: WriteLayer) -> None:
    two = shapely.union(box(0, 0, 1, 1), box(3, 0, 4, 1))
    three = shapely.union_all([box(0, 3, 1, 4), box(3, 3, 4, 4), box(6, 3, 7, 4)])
    opened = vectors(write_layer, [two, box(6, 0, 7, 1), three], ["a", "a", "b"])
    _, groups = drawn(opened)
    assert groups[0, 0] == groups[0, 3] != groups[0, 6]
    assert len({groups[3, 0], groups[3, 3], groups[3, 6], groups[0, 0], groups[0, 6]}) == 5
    assert groups.max() < opened.scenes[0].group_count
    assert any("the 3 parts count as polygons" in note for note in opened.notes)


def test_points_in_one_block_are_one_group(write_layer: WriteLayer) -> None:
    points = [at(shapely.Point(col, row)) for col, row in ((0.5, 0.5), (3.5, 3.5), (4.5, 3.5), (20, 12))]
    opened = vectors(write_layer, points, [1, 2, 1, 2], block_px=4)
    _, groups = drawn(opened)
    assert opened.scenes[0].grouped_by == "block"
    assert groups[0, 0] == groups[3, 3] != groups[3, 4]
    # The very corner of the raster belongs to its last pixel.
    assert groups[11, 19] >= 0


def test_a_hole_is_not_labelled_and_a_window_is_cut_to_the_pixel(write_layer: WriteLayer) -> None:
    ring = shapely.difference(box(0, 0, 5, 5), box(1, 1, 4, 4))
    opened = vectors(write_layer, [ring, box(8, 8, 9, 9)], [1, 2])
    whole = drawn(opened)[0]
    assert (whole[:5, :5] == 1).sum() == 16
    parts = [opened.scenes[0].read(row, row + 3, col, col + 5)[0] for row in (0, 3, 6) for col in (0, 5)]
    mosaic = np.block([[parts[0], parts[1]], [parts[2], parts[3]], [parts[4], parts[5]]])
    assert (mosaic == opened.scenes[0].read(0, 9, 0, 10)[0]).all()


def test_random_polygons_cover_what_their_area_says(write_layer: WriteLayer) -> None:
    rng = np.random.default_rng(0)
    grid = Grid(UTM, TRANSFORM, 900, 700)
    blobs = [
        shapely.Point(x, y).buffer(radius)
        for x, y, radius in zip(rng.uniform(0, 900, 40), rng.uniform(0, 700, 40), rng.uniform(2, 60, 40), strict=True)
    ]
    apart = [shapely.difference(blob, shapely.union_all(blobs[:number])) for number, blob in enumerate(blobs)]
    kept = [each for each in apart if each.area > 0]
    classes = [number % 5 for number in range(len(kept))]
    # In degrees, as a web map would give them; edges of a few hundred metres stay straight enough.
    path = write_layer([at(each) for each in kept], klass=classes)
    degrees = read_layer(path, CRS.from_epsg(4326)).geometries
    for source in (path, write_layer(list(degrees), "degrees.gpkg", "EPSG:4326", klass=classes)):
        opened = open_labels([source], [grid])
        assert len(list(opened.scenes[0].windows())) == 4
        for number, pixels in enumerate(opened.scenes[0].pixels):
            inside = [shapely.clip_by_rect(each, 0, 0, 900, 700) for each in kept[number::5]]
            border = sum(each.length for each in inside)
            assert abs(pixels - sum(each.area for each in inside)) < 0.5 * border


def test_a_rotated_grid_is_drawn_along_its_own_pixels(write_layer: WriteLayer) -> None:
    turned = Grid(UTM, TRANSFORM @ Affine.rotation(30), 20, 12)
    square = shapely.transform(
        shapely.box(3, 2, 6, 4), lambda points: np.array([turned.transform @ tuple(point) for point in points])
    )
    opened = open_labels([write_layer([square, box(0, 30, 1, 31), box(3, 8, 4, 9)], klass=[1, 2, 2])], [turned])
    classes, _ = opened.scenes[0].read(0, 12, 0, 20)
    assert (classes == 0).nonzero()[0].tolist() == [2, 2, 2, 3, 3, 3]
    assert (classes == 0).nonzero()[1].tolist() == [3, 4, 5, 3, 4, 5]


@pytest.mark.parametrize(
    ("fields", "chosen"),
    [
        ({"fid_1": [1, 2], "Klasse": ["a", "b"], "owner": ["x", "y"]}, "Klasse"),
        ({"area": [0.5, 1.5], "crop": ["a", "b"]}, "crop"),
        ({"id": [1, 2], "crop": ["a", "b"]}, "crop"),
        ({"id": [1, 2]}, "id"),
    ],
)
def test_the_field_that_can_be_the_class_is_found(
    write_layer: WriteLayer, fields: dict[str, list[Any]], chosen: str
) -> None:
    opened = open_labels([write_layer([box(0, 0, 1, 1), box(2, 0, 3, 1)], **fields)], [GRID])
    assert [each.name for each in opened.table.classes] == [str(value) for value in fields[chosen]]


def test_an_unclear_field_is_asked_for(write_layer: WriteLayer) -> None:
    path = write_layer([box(0, 0, 1, 1), box(2, 0, 3, 1)], crop=["a", "b"], owner=["x", "y"])
    with pytest.raises(JobError, match=r"Several fields .*crop, owner.*--class-field"):
        open_labels([path], [GRID])
    with pytest.raises(JobError, match=r"no field “Crops”.*crop, owner"):
        open_labels([path], [GRID], "Crops")
    assert open_labels([path], [GRID], "CROP").table.classes[0].name == "a"
    bare = write_layer([box(0, 0, 1, 1), box(2, 0, 3, 1)], "bare.gpkg", area=[0.5, 1.5])
    with pytest.raises(JobError, match="no field that can hold classes"):
        open_labels([bare], [GRID])


def test_null_is_unlabelled_and_ignored_classes_are_too(write_layer: WriteLayer) -> None:
    opened = vectors(
        write_layer, [box(col, 0, col + 1, 1) for col in range(5)], ["林", None, "", "雲", "水"], ignore=["雲"]
    )
    assert [each.name for each in opened.table.classes] == ["林", "水"]
    assert (drawn(opened)[0][0] >= 0).nonzero()[0].tolist() == [0, 4]
    assert "2 features have no “klass”" in opened.notes[0]


def test_labels_beyond_the_images_are_told(write_layer: WriteLayer) -> None:
    far = box(1000, 0, 1001, 1)
    opened = vectors(write_layer, [box(0, 0, 1, 1), box(2, 0, 3, 1), far], [1, 2, 3])
    assert "1 feature lies outside the images" in opened.notes[0]
    assert len(opened.table.classes) == 2
    alone = write_layer([far, far], "far.gpkg", klass=[1, 2])
    with pytest.raises(JobError, match=r"lie outside the images, which cover 500000\.0, .*EPSG:32633"):
        open_labels([alone], [GRID])


@pytest.mark.parametrize(
    ("geometries", "classes", "message"),
    [
        ([], [], "has no feature with a geometry"),
        ([None, None], [1, 2], "has no feature with a geometry"),
        ([box(0, 0, 1, 1)] * 2, [None, None], "has a value in “klass”"),
        ([box(0, 0, 1, 1)] * 2, [1, 2], "cover each other"),
        ([box(0, 0, 1, 1)] * 2, [1, 1], "Only one class is labelled: “1”"),
    ],
)
def test_labels_that_teach_nothing_give_one_sentence(
    write_layer: WriteLayer, geometries: list[Any], classes: list[Any], message: str
) -> None:
    with pytest.raises(JobError, match=message):
        vectors(write_layer, geometries, classes)


def test_a_label_raster_on_the_same_lattice_is_read_as_it_stands(write_classes: WriteClasses) -> None:
    # Two rows and three columns into the grid, and beyond its edge.
    values = np.arange(1, 13).reshape(3, 4).astype(np.uint8)
    opened = open_labels([write_classes(values, TRANSFORM @ Affine.translation(18, 10), nodata=5)], [GRID])
    read = drawn(opened)[0]
    assert read[10:, 18:].tolist() == [[1, 2], [-1, 6]]
    assert (read >= 0).sum() == 3


def test_a_label_raster_of_another_grid_is_aligned_to_the_pixel(write_classes: WriteClasses) -> None:
    # 4 m pixels under 10 m ones: the centres lie at 5, 15, 25 m, in label pixels 1, 3 and 6.
    fine = np.arange(64).reshape(8, 8).astype(np.int16)
    opened = open_labels([write_classes(fine, TRANSFORM @ Affine.scale(0.4))], [GRID])
    assert drawn(opened)[0][:3, :3].tolist() == fine[np.ix_([1, 3, 6], [1, 3, 6])].tolist()
    # 30 m pixels, begun 15 m before the grid: the first covers one and a half pixels; its edge is a centre.
    coarse = np.array([[1, 2, 3]], np.float32)
    opened = open_labels([write_classes(coarse, TRANSFORM @ Affine.translation(-1.5, 0) @ Affine.scale(3))], [GRID])
    assert drawn(opened)[0].tolist() == picture(*["1222333"] * 3).tolist()


def test_a_label_raster_in_another_crs_lies_where_its_pixels_do(write_classes: WriteClasses) -> None:
    west, north = rasterio.warp.transform(UTM, CRS.from_epsg(4326), [500_000], [5_000_000])
    to_degrees = Affine(2e-4, 0, west[0] - 1e-3, 0, -2e-4, north[0] + 1e-3)
    values = np.random.default_rng(0).integers(1, 9, (40, 40)).astype(np.uint8)
    opened = open_labels([write_classes(values, to_degrees, CRS.from_epsg(4326))], [GRID])
    rows, cols = np.mgrid[: GRID.height, : GRID.width]
    xs, ys = TRANSFORM.a * (cols + 0.5) + TRANSFORM.c, TRANSFORM.e * (rows + 0.5) + TRANSFORM.f
    lon, lat = rasterio.warp.transform(UTM, CRS.from_epsg(4326), xs.ravel(), ys.ravel())
    inverse = ~to_degrees
    at_cols = np.floor(inverse.a * np.array(lon) + inverse.c).astype(int)
    at_rows = np.floor(inverse.e * np.array(lat) + inverse.f).astype(int)
    assert drawn(opened)[0].ravel().tolist() == values[at_rows, at_cols].tolist()


def test_pixels_of_a_label_raster_are_grouped_by_blocks(write_classes: WriteClasses) -> None:
    values = np.tile(np.array([1, 2], np.uint8), (12, 10))
    _, groups = drawn(open_labels([write_classes(values)], [GRID], block_px=8))
    assert (groups == np.arange(12)[:, None] // 8 * 3 + np.arange(20) // 8).all()


def test_masked_pixels_of_a_label_raster_are_unlabelled(write_classes: WriteClasses) -> None:
    path = write_classes(np.full((12, 20), 3, np.uint8))
    with rasterio.open(path, "r+") as dataset:
        values = np.repeat(np.array([[1], [2]], np.uint8), 6, axis=0).repeat(20, axis=1)
        dataset.write(values, 1)
        mask = np.full((12, 20), 255, np.uint8)
        mask[:, :5] = 0
        dataset.write_mask(mask)
    for grid in (GRID, Grid(UTM, TRANSFORM @ Affine.scale(0.5), 40, 24)):
        read = drawn(open_labels([path], [grid]), grid=grid)[0]
        assert ((read < 0).sum(axis=1) == grid.width // 4).all()


def test_measured_values_and_colours_are_no_classes(write_classes: WriteClasses, tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"holds 0\.5: a raster of classes holds whole numbers"):
        open_labels([write_classes(np.full((12, 20), 0.5, np.float32))], [GRID])
    path = tmp_path / "rgb.tif"
    with rasterio.open(
        path, "w", driver="GTiff", count=3, width=20, height=12, dtype="uint8", crs=UTM, transform=TRANSFORM
    ) as dataset:
        dataset.write(np.ones((3, 12, 20), np.uint8))
    with pytest.raises(JobError, match="has 3 bands"):
        open_labels([str(path)], [GRID])


def test_a_label_raster_elsewhere_says_where(write_classes: WriteClasses) -> None:
    path = write_classes(np.ones((5, 5), np.uint8), TRANSFORM @ Affine.translation(900, 0))
    with pytest.raises(JobError, match=r"covers 509000\.00, .*; the images cover 500000\.0, .*do not meet"):
        open_labels([path], [GRID])


def test_several_scenes_share_one_table(write_layer: WriteLayer, write_classes: WriteClasses) -> None:
    other = Grid(UTM, TRANSFORM @ Affine.translation(100, 0), 20, 12)
    first = write_layer([box(0, 0, 1, 1), box(100, 0, 101, 1)], klass=[7, 3])
    one = open_labels([first], [GRID, other])
    assert [scene.pixels.tolist() for scene in one.scenes] == [[0, 1], [1, 0]]
    each = open_labels([first, write_classes(np.full((12, 20), 5, np.uint8), other.transform)], [GRID, other])
    assert [each.table.classes[index].value for index in (0, 1)] == [5, 7]
    assert drawn(each, 1)[0].max() == 5
    with pytest.raises(JobError, match="2 label files were given for 3 scenes"):
        open_labels([first, first], [GRID] * 3)


def test_the_sample_scenes_labels_come_with_names_and_colours(scene: dict[str, Path]) -> None:
    with rasterio.open(scene["labels"]) as dataset:
        grid = Grid(dataset.crs, dataset.transform, dataset.width, dataset.height)
        stored, palette = dataset.read(1), dataset.colormap(1)
    opened = open_labels([str(scene["labels"])], [grid])
    assert (np.maximum(drawn(opened, grid=grid)[0], 0) == stored).all()
    forest = next(each for each in opened.table.classes if each.name == "Forest")
    assert forest.rgb == palette[forest.value][:3]


def test_cancel_is_asked_in_every_window(write_classes: WriteClasses) -> None:
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) == 2

    grid = Grid(UTM, TRANSFORM, 2000, 600)
    with pytest.raises(CancelledError):
        open_labels([write_classes(np.ones((600, 2000), np.uint8))], [grid], cancelled=cancelled)
    assert len(asked) == 2


def test_damaged_or_missing_labels_give_one_sentence(tmp_path: Path) -> None:
    broken = tmp_path / "labels.tif"
    broken.write_bytes(b"II*\0" + b"\xff" * 100)
    with pytest.raises(SourceError, match=r"labels\.tif"):
        open_labels([str(broken)], [GRID])
    with pytest.raises(SmartiesError, match="does not exist"):
        open_labels([str(tmp_path / "none.shp")], [GRID])
