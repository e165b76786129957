"""Any rasters: bands and units by the engine, pairs on one ground, crops of one size, odd files skipped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from pretraining_layouts import write_raster
from rasterio.transform import from_origin

from engine.errors import JobError, SourceError
from train.data.readers.csv_pairs import csv_pairs, read_rows
from train.data.readers.rasters import Entry, RasterSource
from train.data.readers.unpaired import unpaired_images

S2_NAMES = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12")
LEFT, TOP = 500_000.0, 5_000_000.0


def write_s2(
    path: Path, side: int = 48, metres: float = 10, seed: int = 0, offset: tuple[float, float] = (0, 0)
) -> Path:
    """Twelve bands that show where they are: 300 + easting/10 + northing/5 (in metres from the corner)."""
    east, north = np.meshgrid(
        offset[0] + metres * (np.arange(side) + 0.5), -offset[1] + metres * (np.arange(side) + 0.5)
    )
    values = np.stack([300 + 100 * band + east / 10 + north / 5 for band in range(12)])
    values += np.random.default_rng(seed).normal(0, 300, values.shape).clip(-250, 900)
    transform = from_origin(LEFT + offset[0], TOP + offset[1], metres, metres)
    return write_raster(path, values.clip(1).astype(np.uint16), "EPSG:32633", transform)


def write_s1(path: Path, side: int = 48, metres: float = 10, linear: bool = False) -> Path:
    rng = np.random.default_rng(1)
    decibels = np.stack([rng.normal(middle, 2, (side, side)) for middle in (-11, -17)])
    values = 10 ** (decibels / 10) if linear else decibels
    return write_raster(path, values.astype(np.float32), "EPSG:32633", from_origin(LEFT, TOP, metres, metres))


def write_rgb(path: Path, side: int = 64, metres: float | None = 0.5) -> Path:
    values = np.random.default_rng(2).integers(1, 255, (3, side, side), np.uint8)
    if metres is None:
        return write_raster(path, values, None, None, photometric="RGB")
    return write_raster(path, values, "EPSG:32633", from_origin(LEFT, TOP, metres, metres), photometric="RGB")


def write_csv(path: Path, *rows: str, header: str = "a,sensor_a,b,sensor_b") -> Path:
    path.write_text("\n".join((header, *rows)) + "\n")
    return path


def test_a_pair_of_like_pixels_is_cut_where_both_lie(tmp_path):
    write_s2(tmp_path / "s2.tif")
    write_s1(tmp_path / "s1.tif")
    table = write_csv(tmp_path / "pairs.csv", "s2.tif,sentinel-2-l2a,s1.tif,sentinel-1-grd")
    source = csv_pairs(table, "CC0-1.0", 16)
    assert [(side.sensor, side.dtype, side.shape) for side in source.sides] == [
        ("sentinel-2-l2a", "uint16", (12, 16, 16)),
        ("sentinel-1-grd", "int16", (2, 16, 16)),
    ]
    assert source.sides[0].statistics.source == "pretraining statistics of Sentinel-2 L2A"
    records = list(source)
    assert len(records) == 9
    assert records[0].origin.endswith("s1.tif [0, 0]")
    assert records[1].images[1].mean() * source.sides[1].gain == pytest.approx(-14, abs=1)


def test_linear_power_becomes_decibels(tmp_path):
    write_s1(tmp_path / "s1.tif", linear=True)
    source = csv_pairs(write_csv(tmp_path / "p.csv", "s1.tif,sentinel-1-grd", header="a,sensor_a"), "CC0-1.0", 24)
    values = np.stack([record.images[0] for record in source]) * source.sides[0].gain
    assert values.mean((0, 2, 3)) == pytest.approx((-11, -17), abs=0.5)


def test_the_finer_image_is_read_on_the_divided_pixels_of_the_coarser(tmp_path):
    # 3 m pixels beside 10 m: each of the coarse is divided into three.
    write_s2(tmp_path / "coarse.tif", side=20)
    write_s2(tmp_path / "fine.tif", side=80, metres=3.0, offset=(0, 0))
    rows = [
        (Entry(str(tmp_path / "fine.tif"), "sentinel-2-l2a"), Entry(str(tmp_path / "coarse.tif"), "sentinel-2-l2a"))
    ]
    source = RasterSource("made", "CC0-1.0", rows, 32)
    assert [side.height for side in source.sides] == [30, 10]
    fine, coarse = next(iter(source)).images
    smooth = fine[0].astype(float).reshape(10, 3, 10, 3).mean((1, 3))
    # The trend from the upper left to the lower right is the same in both.
    assert smooth[-3:, -3:].mean() - smooth[:3, :3].mean() == pytest.approx(
        coarse[0, -3:, -3:].astype(float).mean() - coarse[0, :3, :3].astype(float).mean(), abs=250
    )
    assert len(source.read(0).records) == 4


def test_a_pair_with_another_ratio_of_pixels_is_skipped(tmp_path):
    for name, metres in (("a", 10.0), ("b", 10.0), ("c", 30.0)):
        write_s2(tmp_path / f"{name}.tif", metres=metres)
    table = write_csv(
        tmp_path / "p.csv", "a.tif,sentinel-2-l2a,b.tif,sentinel-2-l2a", "a.tif,sentinel-2-l2a,c.tif,sentinel-2-l2a"
    )
    source = csv_pairs(table, "CC0-1.0", 16)
    assert source.outcome(0).records
    assert source.outcome(1).remarks[0].reason == "have another ratio of pixel sizes than the first"


def test_unmeasured_pixels_are_marked_and_bare_crops_left_out(tmp_path):
    path = write_s2(tmp_path / "s2.tif", side=32)
    with rasterio.open(path, "r+") as dataset:
        values = dataset.read()
        values[:, :16, :16] = 0  # a whole crop
        values[:, 20, 20] = 0  # one pixel of another
        dataset.write(values)
    source = csv_pairs(write_csv(tmp_path / "p.csv", "s2.tif,sentinel-2-l2a", header="a,sensor_a"), "CC0-1.0", 16)
    outcome = source.read(0)
    assert [record.origin.split()[-2:] for record in outcome.records] == [
        ["[0,", "16]"],
        ["[16,", "0]"],
        ["[16,", "16]"],
    ]
    assert [remark.reason for remark in outcome.remarks] == ["crops were measured in less than 95%"]
    gap = (outcome.records[2].images[0] == source.sides[0].nodata).all(axis=0)
    assert np.argwhere(gap).tolist() == [[4, 4]]


def test_crops_of_a_large_raster_are_limited_and_spread(tmp_path):
    write_s2(tmp_path / "s2.tif", side=80)
    rows = [(Entry(str(tmp_path / "s2.tif"), "sentinel-2-l2a"),)]
    origins = [record.origin for record in RasterSource("made", "CC0-1.0", rows, 16, per_raster=3)]
    assert [origin[origin.index("[") :] for origin in origins] == ["[0, 0]", "[32, 32]", "[64, 64]"]


def test_a_folder_of_pictures_with_odd_ones_among_them(tmp_path):
    for number in range(3):
        write_rgb(tmp_path / "images" / "class" / f"{number}.tif", metres=None)
    write_rgb(tmp_path / "images" / "small.tif", side=20, metres=None)
    (tmp_path / "images" / "broken.png").write_bytes(b"\x89PNG broken")
    (tmp_path / "images" / ".hidden.png").write_bytes(b"")
    (tmp_path / "images" / "notes.txt").write_text("no image")
    source = unpaired_images(tmp_path / "images", "CC0-1.0", 32, "maxar-rgb")
    assert source.name == "images"
    assert source.sides[0].bands == ("red_1", "green_1", "blue_3")
    assert source.sides[0].dtype == "uint8"
    assert len(source) == 5
    assert len(list(source)) == 12
    reasons = [remark.reason for item in range(5) for remark in source.outcome(item).remarks]
    assert sorted(reasons) == ["are smaller than a crop", "cannot be read"]


def test_statistics_without_a_catalogue_are_estimated(tmp_path):
    for number in range(2):
        write_rgb(tmp_path / f"{number}.tif")
    told: list[float] = []
    source = unpaired_images(tmp_path, "CC0-1.0", 32, "rgb", progress=told.append)
    assert source.sides[0].statistics.source.startswith("estimated from")
    assert source.sides[0].statistics.p99[0] == pytest.approx(252, abs=4)
    assert told[-1] == 1.0


def test_bands_between_two_layers_are_left_out(data_dir, tmp_path):
    table = write_csv(tmp_path / "p.csv", f"{data_dir / 'landsat8_elkton'},auto", header="a,sensor_a")
    source = csv_pairs(table, "public domain", 64)
    # The thermal bands have no layer of their own.
    assert source.sides[0].statistics.names == ("B1", "B2", "B3", "B4", "B5", "B6", "B7")
    assert len(set(source.sides[0].bands)) == 7


def test_real_pairs_of_degrees_and_band_files(data_dir, tmp_path):
    folder = data_dir / "ssl4eo_s12_one_location"
    s2 = sorted((folder / "s2a" / "0000200").iterdir())[0]
    s1 = sorted((folder / "s1" / "0000200").iterdir())[0]
    source = csv_pairs(write_csv(tmp_path / "p.csv", f"{s2},auto,{s1},"), "CC-BY-4.0", 128)
    assert [side.sensor for side in source.sides] == ["sentinel-2-l2a", "sentinel-1-grd"]
    assert len(list(source)) == 4


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\nx,y\n", "has the columns a, b"),
        ("a,sensor_a,extra\nx,auto,1\n", "extra"),
        ("a,sensor_a\n,auto\n", "Line 2 of p.csv has no raster"),
        ("", "columns none"),
    ],
)
def test_a_table_that_is_no_list_of_pairs_is_refused(tmp_path, text, words):
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(SourceError, match=words):
        read_rows(tmp_path / "p.csv")


def test_pairs_and_single_rasters_do_not_mix(tmp_path):
    with pytest.raises(JobError, match="Some rows name two"):
        csv_pairs(write_csv(tmp_path / "p.csv", "a.tif,auto,,", "a.tif,auto,b.tif,auto"), "CC0-1.0", 16)


def test_nothing_readable_gives_the_first_reason(tmp_path):
    write_rgb(tmp_path / "small.tif", side=8)
    with pytest.raises(SourceError, match=r"None of 2 rasters.*none\.tif does not exist"):
        csv_pairs(write_csv(tmp_path / "p.csv", "none.tif,auto", "gone.tif,auto", header="a,sensor_a"), "CC0-1.0", 16)
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="no images"):
        unpaired_images(tmp_path / "empty", "CC0-1.0", 16)
    with pytest.raises(SourceError, match="not a folder"):
        unpaired_images(tmp_path / "none", "CC0-1.0", 16)
    with pytest.raises(SourceError, match="as large as a crop"):
        unpaired_images(tmp_path, "CC0-1.0", 16, "rgb")
