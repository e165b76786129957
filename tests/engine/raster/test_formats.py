"""Every format of an embedding in every type reads back equal, with all its metadata, where it lies."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import rasterio
import rasterio.shutil
import shapely
import zarr
from affine import Affine
from rasterio.crs import CRS

from engine.errors import CancelledError, JobError, OutputError, SourceError
from engine.jobs.embed import EmbedJob
from engine.options import DTYPES
from engine.raster import zarr_store
from engine.raster.feature_raster import FeatureRaster, embedding_behind
from engine.raster.stored_values import INT8_NODATA, StoredValues, int8_scales
from engine.raster.tiff_files import verify_whole
from engine.raster.writers import RasterWriter

TRANSFORM = Affine(80, 0, 399_960, 0, -80, 4_900_020)
UTM = CRS.from_epsg(32633)
TAGS = {"SMARTIES_JOB": '{"names": ["é", "<&>"]}', "SMARTIES_MODEL": "{}"}
DIMS, ROWS, COLS = 6, 150, 530


@pytest.fixture(scope="module")
def data() -> np.ndarray:
    values = np.random.default_rng(3).standard_normal((DIMS, ROWS, COLS)).astype(np.float32) * 3
    values[:, :50, :140] = np.nan
    return values


def stored(data: np.ndarray, dtype: str) -> tuple[np.ndarray, np.ndarray | None]:
    """The values as they are to be stored, by the definition of the type, and int8's scales."""
    if dtype != "int8":
        return data.astype(dtype), None
    scales = int8_scales(data)
    steps = np.rint(data * (1 / scales).astype(np.float32)[:, None, None])
    return np.where(np.isnan(data), INT8_NODATA, steps).astype(np.int8), scales


def write(path: Path, data: np.ndarray, dtype: str, transform: Affine = TRANSFORM, crs: CRS | None = UTM, **more):
    names = [f"é {number}" for number in range(len(data))]
    scales = int8_scales(data) if dtype == "int8" else None
    dims, rows, cols = data.shape
    with RasterWriter(
        path, rows, cols, dims, transform, crs, dtype, band_names=names, tags=TAGS, scales=scales, **more
    ) as out:
        for row in range(0, rows, 40):
            out.write(row, data[:, row : row + 40].copy())
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    return path


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_cog_has_its_heads_first_and_its_bands_apart(tmp_path: Path, data: np.ndarray, dtype: str) -> None:
    path = write(tmp_path / "out.tif", data, dtype, cog=True)
    expected, scales = stored(data, dtype)
    with rasterio.open(path) as raster:
        assert np.array_equal(raster.read(), expected.astype(raster.dtypes[0]), equal_nan=True)
        assert (raster.transform, raster.crs, raster.interleaving.value) == (TRANSFORM, UTM, "BAND")
        assert raster.descriptions[1] == "é 1" and TAGS.items() <= raster.tags().items()
        assert raster.overviews(1) == [2]
        if scales is not None:
            assert raster.scales == pytest.approx(scales, rel=1e-15) and raster.nodata == INT8_NODATA
        # What the validator of GDAL asks for: the heads, then the small overviews, then the rest.
        first = [
            int(raster.get_tag_item("BLOCK_OFFSET_0_0", "TIFF", bidx=1, ovr=level))
            for level in (0, None)
        ]  # fmt: skip
        heads = [int(raster.get_tag_item("IFD_OFFSET", "TIFF", bidx=1, ovr=level)) for level in (None, 0)]
    assert heads == sorted(heads) and first == sorted(first) and heads[-1] < first[0]
    verify_whole(path, 1)


@pytest.mark.parametrize("dtype", DTYPES)
def test_zarr_reads_back_equal_in_zarr_and_in_rasterio(tmp_path: Path, data: np.ndarray, dtype: str) -> None:
    path = write(tmp_path / "out.zarr", data, dtype)
    expected, scales = stored(data, dtype)
    # Format 2 beside 3 is meant to be there: the chunks are the same.
    with pytest.warns(UserWarning, match="Zarr format 3"):
        group = zarr.open_group(path, mode="r")
    array = group["embedding"]
    assert array.metadata.zarr_format == 3 and array.metadata.dimension_names == ("feature", "y", "x")
    assert array.dtype == expected.dtype and np.array_equal(array[:], expected, equal_nan=True)
    assert (
        json.loads(array.attrs["SMARTIES_BAND_NAMES"])[1] == "é 1"
        and array.attrs["SMARTIES_JOB"] == TAGS["SMARTIES_JOB"]
    )
    assert group["x"][0] == 400_000 and group["y"][0] == 4_899_980
    assert CRS.from_wkt(group["spatial_ref"].attrs["crs_wkt"]) == UTM
    if scales is not None:
        assert np.allclose(json.loads(array.attrs["SMARTIES_SCALES"]), scales, rtol=1e-15)
    with rasterio.open(path) as raster:
        assert np.array_equal(raster.read(), expected.astype(raster.dtypes[0]), equal_nan=True)
        assert (raster.transform, raster.crs, raster.count) == (TRANSFORM, UTM, DIMS)
        assert raster.tags()["SMARTIES_JOB"] == TAGS["SMARTIES_JOB"]
        assert raster.nodata == INT8_NODATA if dtype == "int8" else np.isnan(raster.nodata)


@pytest.mark.parametrize("dtype", DTYPES)
def test_geoparquet_has_a_row_per_cell_with_data(tmp_path: Path, data: np.ndarray, dtype: str) -> None:
    path = write(tmp_path / "out.parquet", data, dtype)
    expected, scales = stored(data, dtype)
    table = pq.read_table(path)
    rows, cols = (table[name].to_numpy() for name in ("row", "col"))
    assert len(rows) == ROWS * COLS - 50 * 140 and len({*zip(rows.tolist(), cols.tolist(), strict=True)}) == len(rows)
    vectors = table["embedding"].combine_chunks().flatten().to_numpy(zero_copy_only=False).reshape(-1, DIMS)
    assert vectors.dtype == expected.dtype and np.array_equal(vectors, expected[:, rows, cols].T)
    metadata = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    assert TAGS.items() <= metadata.items()
    if scales is not None:
        assert np.allclose(json.loads(metadata["SMARTIES_SCALES"]), scales, rtol=1e-15)
    geo = json.loads(metadata["geo"])
    column = geo["columns"][geo["primary_column"]]
    assert geo["version"] == "1.1.0" and column["encoding"] == "WKB"
    assert CRS.from_user_input(json.dumps(column["crs"])) == UTM
    cell = shapely.from_wkb(table["geometry"][0].as_py())
    left, top = TRANSFORM @ (int(cols[0]), int(rows[0]))
    assert cell.bounds == (left, top - 80, left + 80, top) and cell.exterior.is_ccw
    assert shapely.box(*column["bbox"]).contains(cell)


def test_a_table_is_written_in_row_groups_as_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.raster.geoparquet._GROUP_BYTES", 1)
    values = np.ones((2, 200, 300), np.float32)
    values[:, :, 250:] = np.nan
    path = write(tmp_path / "out.parquet", values, "float32")
    groups = pq.ParquetFile(path).metadata
    # Blocks of 128 × 128 cells: two down, two with data and one with less across.
    assert [groups.row_group(each).num_rows for each in range(groups.num_row_groups)] == [
        128 * 128, 122 * 128, 72 * 128, 122 * 72
    ]  # fmt: skip


def test_a_turned_raster_without_crs_keeps_its_place_in_every_format(tmp_path: Path) -> None:
    turned = Affine.translation(100, 200) @ Affine.rotation(30) @ Affine.scale(2, -2)
    values = np.ones((2, 3, 4), np.float32)
    for name in ("z.zarr", "p.parquet"):
        folder = tmp_path / name[0]
        folder.mkdir()
        write(folder / name, values, "float32", turned, None)
    with pytest.warns(UserWarning, match="Zarr format 3"):
        group = zarr.open_group(tmp_path / "z" / "z.zarr", mode="r")
    assert "x" not in group and "crs_wkt" not in group["spatial_ref"].attrs
    told = [float(each) for each in group["spatial_ref"].attrs["GeoTransform"].split()]
    assert told == pytest.approx(turned.to_gdal())
    table = pq.read_table(tmp_path / "p" / "p.parquet")
    assert json.loads(table.schema.metadata[b"geo"])["columns"]["geometry"]["crs"] is None
    cells = shapely.from_wkb(table["geometry"].to_pylist())
    assert shapely.get_coordinates(shapely.centroid(cells[5:6]))[0] == pytest.approx(turned @ (1.5, 1.5))


def test_an_existing_store_is_replaced_whole_and_no_other_folder_is(tmp_path: Path) -> None:
    values = np.ones((2, 3, 4), np.float32)
    path = write(tmp_path / "out.zarr", values, "float32")
    (path / "embedding" / "stray").write_text("of the old store")
    with pytest.raises(OutputError, match="exists already"):
        write(path, values, "float32")
    write(path, 2 * values, "float32", overwrite=True)
    assert not (path / "embedding" / "stray").exists()
    with rasterio.open(path) as raster:
        assert (raster.read() == 2).all()
    (tmp_path / "mine.zarr").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        write(tmp_path / "mine.zarr", values, "float32", overwrite=True)


def test_cancel_while_a_format_is_made_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.ones((2, 3, 4), np.float32)
    for name in ("out.zarr", "out.parquet"):
        out = RasterWriter(tmp_path / name, 3, 4, 2, TRANSFORM, UTM, band_names=["a", "b"], tags={})
        out.write(0, values.copy())
        with pytest.raises(CancelledError):
            out.finish(cancelled=lambda: True)
        assert list(tmp_path.iterdir()) == []


def test_regions_are_written_at_once_and_cover_the_array(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chunks = zarr_store._regions((5, 7, 9), (2, 4, 4))
    seen = np.zeros((5, 7, 9), int)
    for region in chunks:
        seen[region] += 1
    assert (seen == 1).all()


def test_room_for_both_copies_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=9_000_000_000))
    names = ["x"] * 768
    for name, cog in (("o.zarr", False), ("o.parquet", False), ("o.tif", True)):
        with pytest.raises(OutputError, match="twice its size while it is made"):
            RasterWriter(tmp_path / name, 1372, 1372, 768, TRANSFORM, UTM, band_names=names, tags={}, cog=cog)
    assert list(tmp_path.iterdir()) == []


def test_maps_are_made_from_geotiffs_and_the_others_say_so(tmp_path: Path) -> None:
    values = np.ones((2, 3, 4), np.float32)
    for name, what in (("a.zarr", "a Zarr store"), ("b.parquet", "a GeoParquet table")):
        (tmp_path / name[0]).mkdir()
        path = write(tmp_path / name[0] / name, values, "float32")
        for look in (embedding_behind, FeatureRaster):
            with pytest.raises(SourceError, match=f"{name} is {what}"):
                look(path)


def test_a_cog_is_a_geotiff() -> None:
    with pytest.raises(JobError, match=r"out\.zarr cannot be a COG"):
        EmbedJob(inputs=("a.tif",), output="out.zarr", cog=True).check()
    EmbedJob(inputs=("a.tif",), output="out.tif", cog=True).check()


def test_the_libraries_of_other_formats_are_loaded_only_for_them() -> None:
    code = "import sys, engine.raster.writers; print([name for name in ('zarr', 'pyarrow') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_will_be_read_again_is_known_before(data: np.ndarray, dtype: str) -> None:
    expected, scales = stored(data, dtype)
    values = StoredValues(dtype, DIMS, scales)
    tokens = data[:, 60].copy()
    found = values.as_stored(tokens)
    assert np.array_equal(tokens, data[:, 60], equal_nan=True) and values.stored == values.clipped == 0
    assert np.array_equal(found, values.decode(expected[:, 60]), equal_nan=True)
    assert np.array_equal(values.encode(tokens), expected[:, 60], equal_nan=True)
