from __future__ import annotations

import errno
import math
import os
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.enums import ColorInterp

from engine.errors import JobError, OutputError
from engine.raster import writers
from engine.raster.stored_values import HALF_LIMIT, int8_scales
from engine.raster.writers import RasterWriter

TRANSFORM = Affine(80, 0, 399_960, 0, -80, 4_900_020)
UTM = CRS.from_epsg(32633)
TAGS = {"SMARTIES_JOB": '{"model": "smarties-tiny", "names": ["é", "<&>"]}', "SMARTIES_VERSION": "1"}


def features(dims: int, rows: int, cols: int, seed: int = 0) -> np.ndarray:
    """Embedding-like values with a corner without data."""
    values = np.random.default_rng(seed).standard_normal((dims, rows, cols)).astype(np.float32) * 3
    values[:, : rows // 3, : cols // 4] = np.nan
    return values


def writer(path: Path, data: np.ndarray, dtype: str = "float32", **more: Any) -> RasterWriter:
    dims, rows, cols = data.shape
    settings: dict[str, Any] = {"band_names": [f"e{i:03}" for i in range(dims)], "tags": TAGS} | more
    return RasterWriter(path, rows, cols, dims, TRANSFORM, UTM, dtype, **settings)


def write_in_rows(out: RasterWriter, data: np.ndarray, step: int = 7) -> None:
    for row in range(0, data.shape[1], step):
        out.write(row, data[:, row : row + step].copy())


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """A disk that takes ``size`` bytes: the system itself refuses every write beyond."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


@pytest.mark.parametrize("shape", [(5, 61, 40), (1, 1, 1), (3, 130, 300), (40, 16, 700)])
def test_float32_reads_back_equal_with_its_place_names_and_tags(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    data = features(*shape)
    with writer(tmp_path / "out.tif", data) as out:
        write_in_rows(out, data)
        assert not out.path.exists()
    assert [file.name for file in tmp_path.iterdir()] == ["out.tif"]
    with rasterio.open(tmp_path / "out.tif") as raster:
        assert np.array_equal(raster.read(), data, equal_nan=True)
        assert set(raster.dtypes) == {"float32"}
        assert math.isnan(raster.nodata)
        assert raster.transform == TRANSFORM
        assert raster.crs == UTM
        assert raster.descriptions == tuple(f"e{i:03}" for i in range(shape[0]))
        assert raster.tags() == TAGS | {"AREA_OR_POINT": "Area"}
        assert raster.compression.value == "ZSTD"
        assert raster.interleaving.value == "BAND"
        assert raster.block_shapes[0] == writers._block_shape(shape[0], shape[2])
        assert (raster.overviews(1) != []) == (max(shape[1:]) > 512)


def test_float16_is_rounded_to_the_nearest_half_and_clipped_to_its_range(tmp_path: Path) -> None:
    data = features(4, 40, 30)
    data[0, 20, 20], data[1, 20, 20] = 1e6, -1e6
    with writer(tmp_path / "out.tif", data, "float16") as out:
        write_in_rows(out, data)
    with rasterio.open(tmp_path / "out.tif") as raster:
        back = raster.read()
        assert raster.tags(1, ns="IMAGE_STRUCTURE")["NBITS"] == "16"
        assert math.isnan(raster.nodata)
    expected = np.clip(data, -HALF_LIMIT, HALF_LIMIT).astype(np.float16).astype(np.float32)
    assert np.array_equal(back, expected, equal_nan=True)
    assert out.values.clipped_share == 2 / np.count_nonzero(np.isfinite(data))


def test_int8_gives_the_values_back_within_half_a_step_of_its_band_scale(tmp_path: Path) -> None:
    data = features(6, 90, 80) * np.array([1, 10, 0.1, 1, 1e-3, 0], np.float32)[:, None, None]
    scales = int8_scales(data[:, :50])
    with writer(tmp_path / "out.tif", data, "int8", scales=scales) as out:
        write_in_rows(out, data)
    with rasterio.open(tmp_path / "out.tif") as raster:
        stored = raster.read()
        assert set(raster.dtypes) == {"int8"}
        assert raster.nodata == -128
        assert raster.scales == pytest.approx(scales, rel=1e-15)
        assert raster.offsets == (0.0,) * 6
        back = np.where(stored == -128, np.nan, stored * np.array(raster.scales)[:, None, None])
    assert np.array_equal(np.isnan(back), np.isnan(data))
    assert (np.nan_to_num(np.abs(back - data)) <= 0.501 * scales[:, None, None]).all()
    assert out.values.clipped_share == 0


def test_int8_clips_what_its_scale_cannot_hold_and_counts_it(tmp_path: Path) -> None:
    data = np.ones((2, 10, 10), np.float32)
    data[0, 3, :5] = [1000, -1000, 128.4, 127.4, -127.4]
    data[1, 9, 9] = np.nan
    with writer(tmp_path / "out.tif", data, "int8", scales=np.ones(2)) as out:
        write_in_rows(out, data)
    with rasterio.open(tmp_path / "out.tif") as raster:
        assert raster.read(1)[3, :5].tolist() == [127, -127, 127, 127, -127]
    assert out.values.clipped_share == 3 / 199


def test_int8_scales_leave_a_quarter_of_headroom_over_the_sample() -> None:
    sample = np.array([[[1.0, -2.0], [np.nan, 0.5]], [[0, 0], [0, np.nan]], [[np.nan, np.inf], [8, 1]]], np.float32)
    assert int8_scales(sample) == pytest.approx([2.5 / 127, 1 / 127, 10 / 127])


def test_rows_may_come_in_any_number_and_memory_layout(tmp_path: Path) -> None:
    data = features(9, 100, 33)
    with writer(tmp_path / "out.tif", data) as out:
        row = 0
        for step in (1, 20, 3, 40, 36):
            rows = np.ascontiguousarray(data[:, row : row + step].transpose(1, 2, 0)).transpose(2, 0, 1)
            out.write(row, rows)
            row += step
    with rasterio.open(tmp_path / "out.tif") as raster:
        assert np.array_equal(raster.read(), data, equal_nan=True)


@pytest.mark.parametrize("dtype", ["float32", "int8"])
@pytest.mark.parametrize("dims", [3, 4])
def test_no_band_is_taken_for_a_colour_or_alpha(tmp_path: Path, dims: int, dtype: str) -> None:
    data = features(dims, 20, 20)
    with writer(tmp_path / "out.tif", data, dtype, scales=np.ones(dims) if dtype == "int8" else None) as out:
        write_in_rows(out, data)
    with rasterio.open(tmp_path / "out.tif") as raster:
        # A TIFF without palette has grey for its first band.
        assert raster.colorinterp == (ColorInterp.gray, *[ColorInterp.undefined] * (dims - 1))


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_a_large_raster_has_overviews_that_average_the_valid_cells(tmp_path: Path, dtype: str) -> None:
    data = np.ones((2, 600, 1100), np.float32) * np.array([2, 5], np.float32)[:, None, None]
    data[:, :101, :300] = np.nan
    with writer(tmp_path / "out.tif", data, dtype, scales=np.ones(2) if dtype == "int8" else None) as out:
        write_in_rows(out, data, 50)
    with rasterio.open(tmp_path / "out.tif") as raster:
        assert raster.overviews(1) == raster.overviews(2) == [2, 4]
        small = raster.read(out_shape=(2, 150, 275), masked=True)
        assert (small[:, 26:] == np.array([2, 5])[:, None, None]).all()
        assert small.mask[:, :25, :75].all()
        assert not small.mask[:, 26:].any()


def test_blocks_are_as_high_as_a_bounded_buffer_allows() -> None:
    for dims, cols in ((768, 344), (768, 1372), (1024, 20_000), (192, 64), (1, 1)):
        rows, width = writers._block_shape(dims, cols)
        assert rows % 16 == width % 16 == 0
        assert rows == 16 or dims * rows * cols * 4 <= 160e6
        assert width < cols + 16
    assert writers._block_shape(768, 344) == (128, 128)


def test_an_existing_output_is_kept_unless_overwriting_is_allowed(tmp_path: Path) -> None:
    path, data = tmp_path / "out.tif", features(2, 5, 5)
    path.write_bytes(b"precious")
    sidecar = tmp_path / "out.tif.aux.xml"
    sidecar.write_text("<statistics of the old raster/>")
    with pytest.raises(OutputError, match="exists already"):
        writer(path, data)
    assert path.read_bytes() == b"precious"
    out = writer(path, data, overwrite=True)
    write_in_rows(out, data)
    assert path.read_bytes() == b"precious"  # until the new one is whole
    assert out.finish() == path
    assert not sidecar.exists()
    with rasterio.open(path) as raster:
        assert raster.count == 2


def test_an_output_that_appeared_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    data = features(2, 5, 5)
    out = writer(tmp_path / "out.tif", data)
    write_in_rows(out, data)
    out.path.write_bytes(b"someone else's")
    with pytest.raises(OutputError, match="exists already"):
        out.finish()
    assert [file.name for file in tmp_path.iterdir()] == ["out.tif"]
    assert out.path.read_bytes() == b"someone else's"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing/out.tif", "missing does not exist"),
        ("out.png", "not the name of an embedding"),
        ("out", "not the name of an embedding"),
        ("folder.tif", "is a folder"),
        ("x" * 250 + ".tif", "cannot be written: File name too long"),
    ],
)
def test_a_place_that_cannot_be_written_is_named_at_once(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder.tif").mkdir()
    with pytest.raises(OutputError, match=message) as caught:
        writer(tmp_path / name, features(2, 5, 5))
    assert caught.value.hint
    assert [file.name for file in tmp_path.iterdir()] == ["folder.tif"]


def test_a_folder_without_permission_is_named_at_once() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        root = os.geteuid() == 0
        if root:  # whom permissions do not stop
            os.seteuid(65534)
        try:
            with pytest.raises(OutputError, match="Permission denied"):
                writer(folder / "out.tif", features(2, 5, 5))
        finally:
            if root:
                os.seteuid(0)
            folder.chmod(0o755)
        assert list(folder.iterdir()) == []


def test_a_file_system_that_takes_no_files_is_named_at_once() -> None:
    folder = Path("/proc/self")
    if not folder.is_dir():
        pytest.skip("no /proc: nothing here refuses files even to root")
    with pytest.raises(OutputError, match=r"out\.tif cannot be written"):
        writer(folder / "out.tif", features(2, 5, 5))


def test_an_output_larger_than_the_free_space_is_refused_before_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=2_000_000_000))
    with pytest.raises(OutputError, match=r"needs about 7\.\d GB, but .* has 2\.0 GB free") as caught:
        RasterWriter(tmp_path / "o.tif", 1372, 1372, 768, TRANSFORM, UTM, band_names=["x"] * 768, tags={})
    assert "int8" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


class Room(NamedTuple):
    """How much of the file the disk takes before it is full."""

    share: float
    where: str


@pytest.mark.parametrize(
    "room",
    [
        Room(0.0, "in the head"),
        Room(0.3, "while rows are written"),
        Room(0.999, "only when the file is closed"),
        Room(1 - 1e-9, "by one byte"),
    ],
    ids=lambda room: room.where.replace(" ", "-"),
)
@pytest.mark.parametrize("cols", [200, 600], ids=["plain", "with-overviews"])
def test_a_full_disk_is_one_error_and_leaves_nothing(tmp_path: Path, room: Room, cols: int) -> None:
    data = features(8, 300, cols)
    with writer(tmp_path / "whole.tif", data) as out:
        write_in_rows(out, data)
    size = out.path.stat().st_size
    out.path.unlink()
    with (
        pytest.raises(OutputError, match=r"out\.tif") as caught,
        files_no_larger_than(int(size * room.share)),
        writer(tmp_path / "out.tif", data) as out,
    ):
        write_in_rows(out, data)
    assert list(tmp_path.iterdir()) == []
    assert "disk ran full" in caught.value.message, caught.value.message


def test_a_write_that_fails_is_raised_by_the_next_call_not_lost_in_the_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(rows: np.ndarray) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    data = features(2, 400, 30)
    out = writer(tmp_path / "out.tif", data)
    monkeypatch.setattr(out, "_take", fail)
    with pytest.raises(OutputError, match="disk ran full"):
        write_in_rows(out, data, 1)
    assert list(tmp_path.iterdir()) == []
    assert not out._thread.is_alive()


def test_an_exception_in_the_block_or_abort_leaves_nothing(tmp_path: Path) -> None:
    data = features(2, 300, 300)
    with pytest.raises(KeyboardInterrupt), writer(tmp_path / "out.tif", data) as out:
        out.write(0, data[:, :200].copy())
        assert {file.name.removesuffix(".lock") for file in tmp_path.iterdir()} == {f".out.partial-{os.getpid()}.tif"}
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    out.abort()
    assert not out._thread.is_alive()


def test_missing_or_misplaced_rows_are_errors_and_leave_nothing(tmp_path: Path) -> None:
    data = features(2, 30, 30)
    out = writer(tmp_path / "out.tif", data)
    out.write(0, data[:, :10].copy())
    for row0, rows in ((5, data[:, :5]), (10, data[:, :21]), (10, data[:1, :5]), (10, data[:, :5, :9])):
        with pytest.raises(ValueError, match="at row 10"):
            out.write(row0, rows)
    with pytest.raises(ValueError, match="10 of 30 rows"):
        out.finish()
    with pytest.raises(ValueError, match="closed"):
        out.write(10, data[:, :5])
    assert list(tmp_path.iterdir()) == []


def test_a_finished_raster_stays_when_its_writer_is_aborted_afterwards(tmp_path: Path) -> None:
    data = features(1, 3, 3)
    with writer(tmp_path / "out.tif", data) as out:
        write_in_rows(out, data)
        out.finish()
        out.abort()
    assert out.path.exists()


def test_an_unknown_output_type_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="uint8"):
        writer(tmp_path / "out.tif", features(1, 3, 3), "uint8")


def test_a_raster_without_crs_keeps_its_transform(tmp_path: Path) -> None:
    data = features(1, 3, 3)
    with RasterWriter(tmp_path / "o.tiff", 3, 3, 1, TRANSFORM, None, band_names=["e"], tags={}) as out:
        write_in_rows(out, data)
    with rasterio.open(tmp_path / "o.tiff") as raster:
        assert raster.crs is None
        assert raster.transform == TRANSFORM
