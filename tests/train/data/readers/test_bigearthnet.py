"""BigEarthNet-MM: pairs by the metadata, band files of three sizes on one grid, damage skipped and counted."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
from pretraining_layouts import s1_patch, s2_patch, write_bigearthnet
from rasterio.enums import Resampling
from skimage.transform import resize as skimage_resize

from engine.errors import SourceError
from train.data.readers.bigearthnet import S1_BANDS, S2_BANDS, BigEarthNet, find_folders
from train.data.readers.source import Tally
from train.data.sides import DECIBEL_STEP


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    return write_bigearthnet(tmp_path_factory.mktemp("ben"), 3)


@pytest.fixture
def copy(root, tmp_path) -> Path:
    return Path(shutil.copytree(root, tmp_path / "ben"))


def band(patch: Path, name: str) -> np.ndarray:
    with rasterio.open(patch / f"{patch.name}_{name}.tif") as dataset:
        values: np.ndarray = dataset.read(1)
    return values


def test_pairs_follow_the_metadata_in_the_order_of_names(root):
    source = BigEarthNet(*find_folders([root], "pairs"))
    assert len(source) == 3
    assert [side.sensor for side in source.sides] == ["sentinel-2-l2a", "sentinel-1-grd"]
    assert source.licence == "CDLA-Permissive-1.0"
    records = list(source)
    assert [record.origin for record in records] == [f"{s2_patch(number)} & {s1_patch(number)}" for number in range(3)]
    s2, s1 = records[1].images
    patch = root / "BigEarthNet-v1.0" / s2_patch(1)
    np.testing.assert_array_equal(s2[S2_BANDS.index("B08")], band(patch, "B08"))
    for name in ("B05", "B09"):
        exact = skimage_resize(band(patch, name).astype(float), (120, 120), order=3, anti_aliasing=True)
        assert np.abs(s2[S2_BANDS.index(name)] - exact).max() <= 0.51
    radar = band(root / "BigEarthNet-S1-v1.0" / s1_patch(1), "VH")
    np.testing.assert_allclose(s1[S1_BANDS.index("VH")] * DECIBEL_STEP, radar, atol=DECIBEL_STEP / 2 * 1.01)


def test_small_bands_can_be_read_as_the_released_loader_does(root):
    source = BigEarthNet(*find_folders([root], "pairs"), upsampling="bilinear")
    patch = root / "BigEarthNet-v1.0" / s2_patch(0)
    with rasterio.open(patch / f"{patch.name}_B01.tif") as dataset:
        expected = dataset.read(1, out_shape=(120, 120), resampling=Resampling.bilinear)
    np.testing.assert_array_equal(source.read(0).records[0].images[0][0], expected)


def test_one_sensor_alone(root):
    s2 = BigEarthNet(*find_folders([root], "s2"), "s2")
    s1 = BigEarthNet(*find_folders([root / "BigEarthNet-S1-v1.0"], "s1"), "s1")
    assert [[image.shape for image in record.images] for source in (s2, s1) for record in source][::3] == [
        [(12, 120, 120)],
        [(2, 120, 120)],
    ]
    assert (s2.name, s1.name) == ("BigEarthNet-S2 v1.0", "BigEarthNet-S1 v1.0")


def test_a_list_chooses_and_lists_exclude(root):
    listed = [(s2_patch(2), s1_patch(2)), (s2_patch(0), s1_patch(0))]
    source = BigEarthNet(*find_folders([root], "pairs"), "pairs", listed, {s2_patch(2)})
    assert [record.origin for record in source] == [f"{s2_patch(0)} & {s1_patch(0)}"]
    assert source.outcome(0).remarks[0].reason == "are in a list of patches to leave out"


def test_damaged_patches_are_skipped_and_counted(copy):
    s2, s1 = copy / "BigEarthNet-v1.0", copy / "BigEarthNet-S1-v1.0"
    with (s2 / s2_patch(0) / f"{s2_patch(0)}_B04.tif").open("r+b") as file:
        file.truncate(700)
    (s1 / s1_patch(1) / f"{s1_patch(1)}_labels_metadata.json").write_text('{"corresponding_s2_patch": "../x"}')
    (s1 / s1_patch(2) / f"{s1_patch(2)}_VV.tif").unlink()
    source, tally = BigEarthNet(s2, s1), Tally()
    for item in range(len(source)):
        outcome = source.outcome(item)
        assert not outcome.records
        tally.add(outcome)
    assert tally.counts == {"cannot be read": 2, "name no Sentinel-2 patch in their metadata": 1}
    assert s1_patch(0) in tally.lines()[0]


def test_radar_without_a_measurement_is_marked(copy):
    path = copy / "BigEarthNet-S1-v1.0" / s1_patch(0) / f"{s1_patch(0)}_VV.tif"
    with rasterio.open(path, "r+") as dataset:
        values = dataset.read(1)
        values[:10] = np.nan
        dataset.write(values, 1)
    image = BigEarthNet(*find_folders([copy], "pairs")).read(0).records[0].images[1]
    assert (image[:, :10] == -32768).all()
    assert (image[:, 10:] > -32768).all()


def test_patches_of_other_places_and_sizes_are_skipped(copy):
    s2, s1 = copy / "BigEarthNet-v1.0", copy / "BigEarthNet-S1-v1.0"
    moved = [(s2_patch(0), s1_patch(1))]
    assert BigEarthNet(s2, s1, "pairs", moved).outcome(0).remarks[0].reason == "pairs lie at different places"
    small = s2 / s2_patch(0) / f"{s2_patch(0)}_B02.tif"
    shutil.copy(s2 / s2_patch(0) / f"{s2_patch(0)}_B02.tif", copy / "keep.tif")
    with rasterio.open(copy / "keep.tif") as dataset:
        profile, values = dataset.profile, dataset.read(1)
    with rasterio.open(small, "w", **{**profile, "width": 100}) as dataset:
        dataset.write(values[:, :100], 1)
    assert BigEarthNet(s2, s1).outcome(0).remarks[0].reason == "have another size than BigEarthNet's"


def test_folders_are_found_or_asked_for(root, tmp_path):
    pair = (root / "BigEarthNet-v1.0", root / "BigEarthNet-S1-v1.0")
    assert find_folders(pair, "pairs") == pair
    for sources in ([tmp_path], [tmp_path / "none"], [pair[0]]):
        with pytest.raises(SourceError):
            find_folders(sources, "pairs")


def test_real_patches(data_dir):
    folder = data_dir / "bigearthnet_pairs"
    records = list(BigEarthNet(folder / "s2-tiny", folder / "s1-tiny"))
    assert len(records) == 2
    for record in records:
        assert record.images[0].mean() == pytest.approx(2000, abs=700)
        assert record.images[1].mean() * DECIBEL_STEP == pytest.approx(-14, abs=3)
