from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT
from scipy import ndimage

from engine.errors import JobError, OutputError
from engine.sample import write_sample
from engine.sample.land import CLASSES, FOREST, TOWN, WATER
from engine.spectrum.sensors import match_product

SIZE_M = 1280
SENTINEL2, SENTINEL1, LANDSAT8, RGB, LABELS = (
    "S2A_MSIL2A_sample.tif",
    "S1A_IW_GRDH_sample.tif",
    "LC08_L2SP_sample.tif",
    "RGB_sample.tif",
    "labels.tif",
)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scene")
    assert [path.name for path in write_sample(folder, SIZE_M)] == [
        *(SENTINEL2, SENTINEL1, LANDSAT8, RGB, LABELS),
        "training.geojson",
    ]
    return folder


def read(scene: Path, name: str) -> np.ma.MaskedArray:
    with rasterio.open(scene / name) as dataset:
        return dataset.read(masked=True)


def labels_on(scene: Path, name: str) -> np.ndarray:
    """The labels on the grid of another file, 0 outside and where a neighbour is of another class."""
    with rasterio.open(scene / name) as grid, rasterio.open(scene / LABELS) as labels:
        size = {"crs": grid.crs, "transform": grid.transform, "width": grid.width, "height": grid.height}
        with WarpedVRT(labels, resampling=Resampling.mode, **size) as vrt:
            label = vrt.read(1)
    return np.where(ndimage.minimum_filter(label, 3) == ndimage.maximum_filter(label, 3), label, 0)


@pytest.mark.parametrize(
    ("name", "gsd_m", "dtype", "nodata", "bands"),
    [
        (SENTINEL2, 10, "uint16", 0, tuple("B01 B02 B03 B04 B05 B06 B07 B08 B8A B09 B11 B12".split())),
        (SENTINEL1, 10, "float32", np.nan, ("VV", "VH")),
        (LANDSAT8, 30, "uint16", 0, (*(f"SR_B{number}" for number in range(1, 8)), "ST_B10")),
        (RGB, 2, "uint8", None, ("Red", "Green", "Blue")),
        (LABELS, 10, "uint8", 0, ("class",)),
    ],
)  # fmt: skip
def test_every_file_has_its_resolution_type_and_band_names_and_covers_the_scene(
    scene: Path, name: str, gsd_m: float, dtype: str, nodata: float | None, bands: tuple[str, ...]
) -> None:
    with rasterio.open(scene / name) as dataset, rasterio.open(scene / LABELS) as labels:
        assert dataset.descriptions == bands
        assert set(dataset.dtypes) == {dtype}
        assert dataset.res == (gsd_m, gsd_m)
        assert dataset.nodata == pytest.approx(nodata, nan_ok=True)
        assert dataset.crs.to_epsg() == 32632
        west, south, east, north = labels.bounds
        assert (east - west, north - south) == (SIZE_M, SIZE_M)
        covered = dataset.bounds
        assert covered.left <= west and covered.bottom <= south and covered.right >= east and covered.top >= north
        assert dataset.tags()["SIMULATED"] == "YES"


@pytest.mark.parametrize(
    ("name", "sensor"), [(SENTINEL2, "sentinel-2-l2a"), (SENTINEL1, "sentinel-1-grd"), (LANDSAT8, "landsat-8-l2")]
)
def test_the_catalogue_knows_the_sensor_by_the_files_name(name: str, sensor: str) -> None:
    found = match_product(name)
    assert found is not None and found.name == sensor


def test_sentinel_1_and_2_have_a_corner_without_data_and_landsat_none(scene: Path) -> None:
    optical, radar = read(scene, SENTINEL2), read(scene, SENTINEL1)
    for image in (optical, radar):
        missing = np.ma.getmaskarray(image)
        assert (missing == missing[0]).all()
        assert 0.005 < missing.mean() < 0.15
    assert np.ma.getmaskarray(optical)[0, -1, -1] and np.ma.getmaskarray(radar)[0, 0, 0]
    assert not np.ma.getmaskarray(read(scene, LANDSAT8)).any()


def test_all_sensors_see_the_same_ground(scene: Path) -> None:
    optical, label = read(scene, SENTINEL2).astype(float), labels_on(scene, SENTINEL2)
    ndvi = (optical[7] - optical[3]) / (optical[7] + optical[3])
    assert np.ma.median(ndvi[label == FOREST]) > 0.75
    assert np.ma.median(ndvi[label == WATER]) < 0
    assert 0 < np.ma.median(ndvi[label == TOWN]) < 0.6

    radar = read(scene, SENTINEL1)
    decibels = {value: float(np.ma.median(radar[0][label == value])) for value in CLASSES}
    assert min(decibels, key=lambda value: decibels[value]) == WATER
    assert max(decibels, key=lambda value: decibels[value]) in (TOWN, FOREST)
    assert decibels[WATER] < decibels[FOREST] - 6

    with rasterio.open(scene / LANDSAT8) as dataset:
        gains, offsets = (np.array(values)[:, None, None] for values in (dataset.scales, dataset.offsets))
        landsat = dataset.read() * gains + offsets
    coarse = labels_on(scene, LANDSAT8)
    ndvi = (landsat[4] - landsat[3]) / (landsat[4] + landsat[3])
    assert np.median(ndvi[coarse == FOREST]) > 0.75
    assert np.median(ndvi[coarse == WATER]) < 0
    assert 288 < np.median(landsat[7][coarse == WATER]) < np.median(landsat[7][coarse == TOWN]) < 320

    red, green, blue = read(scene, RGB).data.astype(float)
    fine = labels_on(scene, RGB)
    assert np.median((green - red)[fine == FOREST]) > 0
    assert np.median((blue - red)[fine == WATER]) > 20


def test_reflectances_of_landsat_and_sentinel_2_agree(scene: Path) -> None:
    with rasterio.open(scene / LANDSAT8) as landsat, rasterio.open(scene / SENTINEL2) as sentinel:
        size = {"crs": landsat.crs, "transform": landsat.transform, "width": landsat.width, "height": landsat.height}
        with WarpedVRT(sentinel, resampling=Resampling.average, **size) as vrt:
            coarse = vrt.read([4, 9], masked=True) / 10_000
        fine = landsat.read([4, 5]) * landsat.scales[0] + landsat.offsets[0]
    # Red and narrow near infrared have nearly the same limits on both.
    inside = ~np.ma.getmaskarray(coarse)[:, 2:-2, 2:-2]
    difference = (coarse.data - fine)[:, 2:-2, 2:-2][inside]
    assert abs(np.median(difference)) < 0.003
    assert np.percentile(np.abs(difference), 90) < 0.03


def test_the_speckle_is_that_of_a_few_looks(scene: Path) -> None:
    radar, label = read(scene, SENTINEL1), labels_on(scene, SENTINEL1)
    power = 10 ** (radar[0][label == FOREST].compressed() / 10)
    looks = (power.mean() / power.std()) ** 2
    assert 2.5 < looks < 6


def test_the_labels_have_names_and_colours(scene: Path) -> None:
    with rasterio.open(scene / LABELS) as dataset:
        assert set(np.unique(dataset.read(1))) <= set(CLASSES)
        for value, (name, colour) in CLASSES.items():
            assert dataset.colormap(1)[value] == (*colour, 255)
            assert dataset.tags(1)[f"CLASS_{value}"] == name
    assert "<Category>Forest</Category>" in (scene / f"{LABELS}.aux.xml").read_text()


def test_the_record_says_what_the_files_are_and_that_they_are_simulated(scene: Path) -> None:
    record = json.loads((scene / "scene.json").read_text())
    assert "simulated" in record["about"]
    assert set(record["files"]) == {path.name for path in scene.iterdir() if path.suffix in (".tif", ".geojson")}


def test_the_scene_is_small(scene: Path) -> None:
    assert sum(path.stat().st_size for path in scene.iterdir()) * (2560 / SIZE_M) ** 2 < 10e6


def test_the_same_seed_replaces_a_scene_by_the_same_and_leaves_nothing_else(scene: Path, tmp_path: Path) -> None:
    write_sample(tmp_path, 600, seed=3)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write_sample(tmp_path, 600, seed=3)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    write_sample(tmp_path, 600, seed=4)
    assert (tmp_path / SENTINEL2).read_bytes() != before[SENTINEL2]
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in scene.iterdir()}


def test_a_folder_with_foreign_files_of_these_names_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / LABELS).write_text("mine")
    with pytest.raises(OutputError, match=r"labels\.tif"):
        write_sample(tmp_path, 600)
    assert [path.name for path in tmp_path.iterdir()] == [LABELS]
    assert (tmp_path / LABELS).read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_sample(tmp_path / "file" / "scene", 600)


@pytest.mark.parametrize(("size_m", "seed"), [(100, 0), (1010, 0), (600, -1)])
def test_an_impossible_size_or_seed_is_refused(tmp_path: Path, size_m: int, seed: int) -> None:
    with pytest.raises(JobError):
        write_sample(tmp_path, size_m, seed)
    assert not list(tmp_path.iterdir())
