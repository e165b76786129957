"""Reading windows on a grid: the right pixels in the right place, and a mask that never lies."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from small_rasters import LEFT, TOP, UTM33, affine_at, grid_at, ramp, read

from engine.errors import GridError, SmartiesError, SourceError
from engine.raster.grid import common_grid
from engine.raster.reader import GridReader
from engine.raster.sources import open_images

# As it stands


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32"])
def test_common_types_are_read_as_they_are(write_raster: Callable[..., Path], dtype: str) -> None:
    values = (ramp(8, 9, "int64", 3) % 250).astype(dtype)
    (image,) = open_images([write_raster("a.tif", values)])
    got, valid = read(image)
    assert got.dtype == dtype and (got == values).all() and valid.all()


@pytest.mark.parametrize("dtype", ["float64", "uint32", "int64", "uint64"])
def test_other_types_become_float32(write_raster: Callable[..., Path], dtype: str) -> None:
    (image,) = open_images([write_raster("a.tif", ramp(8, 9, dtype))])
    got, valid = read(image)
    assert got.dtype == np.float32 and (got == ramp(8, 9)).all() and valid.all()


def test_scale_and_offset_are_left_to_others(write_raster: Callable[..., Path]) -> None:
    (image,) = open_images([write_raster("a.tif", ramp(4, 4), scales=(0.1,), offsets=(7,))])
    assert (read(image)[0] == ramp(4, 4)).all()


def test_bands_come_in_the_order_asked(write_raster: Callable[..., Path]) -> None:
    (image,) = open_images([write_raster("a.tif", ramp(4, 4, count=3))])
    assert (read(image, bands=[2, 0])[0] == ramp(4, 4, count=3)[[2, 0]]).all()


def test_a_band_may_be_asked_for_twice(write_raster: Callable[..., Path]) -> None:
    (image,) = open_images([write_raster("a.tif", ramp(4, 4, count=2))])
    assert (read(image, bands=[1, 1])[0] == ramp(4, 4, count=2)[[1, 1]]).all()


def test_bands_of_several_types_in_one_file_become_float32(write_raster: Callable[..., Path], tmp_path: Path) -> None:
    write_raster("a.tif", ramp(4, 4))
    write_raster("b.tif", ramp(4, 4, "float64") / 8)
    band = '<VRTRasterBand dataType="{}" band="{}"><SimpleSource><SourceFilename relativeToVRT="1">{}</SourceFilename>'
    bands = [band.format("UInt16", 1, "a.tif"), band.format("Float64", 2, "b.tif")]
    (tmp_path / "mixed.vrt").write_text(
        '<VRTDataset rasterXSize="4" rasterYSize="4">'
        + "".join(text + "</SimpleSource></VRTRasterBand>" for text in bands)
        + "</VRTDataset>"
    )
    (image,) = open_images([tmp_path / "mixed.vrt"])
    got, valid = read(image)
    assert got.dtype == np.float32 and valid.all()
    assert (got[0] == ramp(4, 4)).all() and (got[1] == ramp(4, 4)[0] / 8).all()


def test_a_part_of_the_lattice_is_read_without_resampling(write_raster: Callable[..., Path]) -> None:
    (image,) = open_images([write_raster("a.tif", ramp(20, 30))])
    got, valid = read(image, image.grid.crop(3, 9, 4, 17))
    assert got.dtype == np.uint16 and valid.all()
    assert (got == ramp(20, 30)[:, 3:9, 4:17]).all()


def test_what_lies_beyond_the_file_is_not_valid(write_raster: Callable[..., Path]) -> None:
    (image,) = open_images([write_raster("a.tif", ramp(20, 30))])
    got, valid = read(image, image.grid.crop(-5, 22, -3, 33))
    assert (got[:, 5:25, 3:33] == ramp(20, 30)).all()
    assert valid.sum() == 20 * 30 and valid[5:25, 3:33].all()
    assert (got[:, ~valid] == 0).all()


def test_a_grid_elsewhere_holds_nothing(write_raster: Callable[..., Path]) -> None:
    (image,) = open_images([write_raster("a.tif", ramp(20, 30))])
    for grid in (image.grid.crop(100, 110, 0, 10), grid_at(7, 10, 10, left=600_000), grid_at(30, 9, 9, left=600_000)):
        assert not read(image, grid)[1].any()


def test_rotated_and_south_up_rasters_are_read_as_they_stand(write_raster: Callable[..., Path]) -> None:
    rotated = Affine.translation(LEFT, TOP) @ Affine.rotation(25) @ Affine.scale(10, -10)
    for name, transform in (("r.tif", rotated), ("s.tif", Affine(10, 0, LEFT, 0, 10, TOP - 200))):
        (image,) = open_images([write_raster(name, ramp(20, 20), transform=transform)])
        got, valid = read(image, common_grid([image]))
        assert got.dtype == np.uint16 and (got == ramp(20, 20)).all() and valid.all()


def test_a_picture_without_crs_is_read_in_its_pixels(write_raster: Callable[..., Path]) -> None:
    (image,) = open_images([write_raster("a.tif", ramp(8, 8), crs=None, transform=None)])
    assert (read(image, common_grid([image]))[0] == ramp(8, 8)).all()


def test_a_picture_without_crs_is_refused_on_a_map(write_raster: Callable[..., Path]) -> None:
    (image,) = open_images([write_raster("a.tif", ramp(8, 8), crs=None, transform=None)])
    with pytest.raises(GridError, match="no place"):
        read(image, grid_at(10, 8, 8))


@pytest.mark.parametrize("window", [(0, 0), (-1, 3), (0, 9), (0, 8, 3, 3), (0, 8, 0, 9)])
def test_a_window_outside_the_grid_is_a_mistake_of_the_caller(
    write_raster: Callable[..., Path], window: tuple[int, ...]
) -> None:
    (image,) = open_images([write_raster("a.tif", ramp(8, 8))])
    with GridReader(image, image.grid, [0]) as reader, pytest.raises(ValueError, match="outside"):
        reader.read(*window)


# Trouble


def test_a_damaged_block_is_told_with_file_and_window(write_raster: Callable[..., Path]) -> None:
    values = np.random.default_rng(0).integers(0, 60000, (1, 64, 64)).astype(np.uint16)
    path = write_raster("cut.tif", values, compress="deflate", blockysize=8)
    path.write_bytes(path.read_bytes()[:4000])
    (image,) = open_images([path])
    with GridReader(image, image.grid, [0]) as reader, pytest.raises(SourceError, match=r"cut\.tif: rows 0–64"):
        reader.read(0, 64)


def test_a_damaged_block_is_told_when_warped_too(write_raster: Callable[..., Path]) -> None:
    values = np.random.default_rng(0).integers(0, 60000, (1, 64, 64)).astype(np.uint16)
    path = write_raster("cut.tif", values, compress="deflate", blockysize=8)
    path.write_bytes(path.read_bytes()[:4000])
    (image,) = open_images([path])
    grid = common_grid([image], crs=4326)
    with GridReader(image, grid, [0]) as reader, pytest.raises(SourceError, match=r"cut\.tif: rows"):
        reader.read(0, grid.height)


def test_a_file_that_went_away_is_told(write_raster: Callable[..., Path]) -> None:
    path = write_raster("gone.tif", ramp(4, 4))
    (image,) = open_images([path])
    path.unlink()
    with pytest.raises(SourceError, match=r"gone\.tif cannot be opened"):
        read(image)


def test_a_file_stored_as_one_huge_block_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "block.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=40_000, height=40_000, count=1, dtype="uint8", tiled=True,
        blockxsize=40_000, blockysize=32_768, SPARSE_OK=True,
    ):  # fmt: skip
        pass
    (image,) = open_images([path])
    with pytest.raises(SourceError, match="stored in blocks of"), GridReader(image, image.grid, [0]):
        pass


def test_two_readers_read_side_by_side(write_raster: Callable[..., Path]) -> None:
    values = np.random.default_rng(0).integers(0, 60000, (2, 600, 500)).astype(np.uint16)
    (image,) = open_images([write_raster("a.tif", values, tiled=True, blockxsize=64, blockysize=64)])
    wrong: list[str] = []

    def run() -> None:
        with GridReader(image, image.grid, [0, 1]) as reader:
            for row in range(0, 600, 50):
                if not (reader.read(row, row + 50)[0] == values[:, row : row + 50]).all():
                    wrong.append(f"rows from {row}")

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_reader_may_be_handed_to_another_thread(write_raster: Callable[..., Path]) -> None:
    (image,) = open_images([write_raster("a.tif", ramp(20, 20))])
    results: list[np.ndarray] = []
    with GridReader(image, image.grid, [0]) as reader:
        thread = threading.Thread(target=lambda: results.append(reader.read(0, 20)[0]))
        thread.start()
        thread.join()
    assert (results[0] == ramp(20, 20)).all()


MEMORY = """
import sys, resource
from engine.raster.grid import Grid, common_grid
from engine.raster.reader import GridReader
from engine.raster.sources import open_images
from affine import Affine
(image,) = open_images([sys.argv[1]])
grid = image.grid
if sys.argv[2] == "interpolated":
    grid = Grid(grid.crs, grid.transform @ Affine.translation(0.3, 0.3), grid.width - 1, grid.height - 1)
elif sys.argv[2] == "warped":
    grid = common_grid([image], crs=3035)
with GridReader(image, grid, [0, 1]) as reader:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for row in range(0, 1500, 100):
        values, valid = reader.read(row, row + 100, 5000, 9000)
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from Linux")
@pytest.mark.parametrize("way", ["direct", "interpolated", "warped"])
def test_memory_depends_on_the_window_not_on_the_raster(tmp_path: Path, way: str) -> None:
    path = tmp_path / "large.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=30_000, height=30_000, count=2, dtype="uint16", crs=UTM33,
        transform=affine_at(10), tiled=True, blockxsize=256, blockysize=256, SPARSE_OK=True,
    ):  # fmt: skip
        pass  # 3.6 GB when decoded
    script = [sys.executable, "-W", "ignore", "-c", MEMORY, str(path), way]
    done = subprocess.run(script, capture_output=True, text=True, timeout=120, cwd=Path(__file__).parents[3])
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 200  # MB: a window is 2 × 100 × 4000 values


# Real rasters


def best_shift(moving: np.ndarray, fixed: np.ndarray) -> tuple[int, int]:
    """Whole pixels by which ``moving`` fits ``fixed`` best, of -1, 0 and 1 along each side."""
    rows, cols = (slice(max(size // 10, 2), -max(size // 10, 2)) for size in fixed.shape)
    fit = {
        (row, col): np.corrcoef(np.roll(moving, (row, col), (0, 1))[rows, cols].ravel(), fixed[rows, cols].ravel())[
            0, 1
        ]
        for row in (-1, 0, 1)
        for col in (-1, 0, 1)
    }
    return max(fit, key=fit.__getitem__)


@pytest.mark.parametrize("folder", [
    "bigearthnet_pairs/s2-tiny/S2A_MSIL2A_20170617T113321_4_55",
    "majortom_s2_l2a/S2A_MSIL2A_20220706T085611_N0400_R007_T33NZA_20220706T153419",
])  # fmt: skip
def test_bands_of_20_m_and_60_m_stay_in_place_on_10_m(data_dir: Path, folder: str) -> None:
    (image,) = open_images([data_dir / folder])
    got, valid = read(image)
    assert valid.all()
    for number, source in enumerate(image.sources):
        ratio = round((source.grid.gsd_m or 0) / 10)
        with rasterio.open(source.file) as dataset:
            own = dataset.read(1).astype(float)
        if ratio == 1:
            assert (got[number] == own).all()
            continue
        height, width = own.shape
        means = got[number].reshape(height, ratio, width, ratio).mean((1, 3))
        assert best_shift(means, own) == (0, 0)
        # Interpolation smooths, but neither brightens nor darkens.
        assert means.mean() == pytest.approx(own.mean(), rel=0.01)


@pytest.mark.parametrize("folder", [
    "bigearthnet_pairs/s2-tiny/S2A_MSIL2A_20170617T113321_4_55",
    "ssl4eo_s12_one_location/s2c/0000200/20200823T054639_20200823T055618_T43RCP",
])  # fmt: skip
def test_the_20_m_infrared_lies_on_the_10_m_infrared(data_dir: Path, folder: str) -> None:
    (image,) = open_images([data_dir / folder])
    names = [str(name).replace("B0", "B") for name in image.metadata.band_names]
    got, valid = read(image, bands=[names.index("B8"), names.index("B8A")])
    assert valid.mean() > 0.98
    fine = sum(np.roll(got[0], shift, (0, 1)) for shift in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)))
    assert best_shift(np.asarray(fine), got[1]) == (0, 0)


def test_sentinel_1_and_2_of_a_place_in_degrees_share_one_grid(data_dir: Path) -> None:
    folder = data_dir / "sen1floods11_spain_left"
    images = open_images([folder / "S1" / "Spain_7370579_S1Hand.tif", folder / "S2" / "Spain_7370579_S2Hand.tif"])
    grid = common_grid(images)
    assert grid.describe() == "256×512 px, 8.86 m, EPSG:4326"
    assert [read(image, grid)[0].dtype for image in images] == ["float32", "int16"]


def test_landsat_in_another_crs_lies_on_landsat(data_dir: Path) -> None:
    folder = data_dir / "landsat8_elkton"
    (utm,) = open_images([folder / "L8-B4-Elkton-VA.tiff"])
    (degrees,) = open_images([folder / "L8-B4-Elkton-VA-4326.tiff"])
    got, valid = read(degrees, utm.grid)
    own, _ = read(utm)
    core = (slice(20, -20), slice(20, -20))
    assert valid[core].all()
    assert best_shift(own[0][core].astype(float), got[0][core]) == (0, 0)


def test_minus_9999_is_nodata(data_dir: Path) -> None:
    folder = data_dir / "hls_like_10band_nodata"
    (image,) = open_images([folder / "regression_test_0_input.tif"])
    assert image.sources[0].nodata == -9999
    got, valid = read(image)
    assert got[:, valid].min() > -9999


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_every_nasty_raster_gives_a_window_or_a_sentence(data_dir: Path) -> None:
    files = sorted(path for path in (data_dir / "nasty").rglob("*") if path.is_file())
    start, opened, refused = time.monotonic(), 0, 0
    for path in files:
        began = time.monotonic()
        try:
            for image in open_images([path]):
                grid = common_grid([image])
                grid.describe()
                with GridReader(image, grid, range(image.band_count)) as reader:
                    values, valid = reader.read(0, min(64, grid.height), 0, min(64, grid.width))
                assert values.shape[1:] == valid.shape and (values[:, ~valid] == 0).all(), path.name
                assert np.isfinite(values).all(), path.name
            opened += 1
        except SmartiesError as error:
            refused += 1
            assert error.message and error.hint and "\n" not in str(error) and len(str(error)) < 500, path.name
        except Exception as error:
            raise AssertionError(f"{path.name}: {error!r}") from error
        assert time.monotonic() - began < 10, path.name
    assert opened > 400 and refused > 100
    assert time.monotonic() - start < 60
