from __future__ import annotations

import numpy as np
import pytest
from evaluation_layouts import write_burn_scene, write_raster
from sklearn.model_selection import train_test_split

from engine.errors import GridError, SourceError
from train.evaluation.dataset import IGNORED
from train.evaluation.datasets.burnscars import BurnScars


@pytest.fixture
def root(tmp_path):
    for number in range(11):
        write_burn_scene(tmp_path / "training", f"T{number:02d}SDH", number)
    write_burn_scene(tmp_path / "validation", "T90SDH", 90)
    return tmp_path


def scenes(ids):
    return list(dict.fromkeys(sample_id.split(":")[0] for sample_id in ids))


def test_splits_are_those_of_pangaea(root):
    dataset = BurnScars(root, tile_px=16)
    images = sorted(path.name.removesuffix("_merged.tif") for path in (root / "training").glob("*_merged.tif"))
    train, validation = train_test_split(np.arange(11), test_size=0.1, random_state=23)
    assert scenes(dataset.ids("train")) == [f"training/{images[place]}" for place in train]
    assert scenes(dataset.ids("validation")) == [f"training/{images[place]}" for place in validation]
    assert dataset.ids("test") == tuple(
        f"validation/subsetted_512x512_HLS.S30.T90SDH.2020248.v1.4:{row}-{col}" for row in (0, 16) for col in (0, 16)
    )


def test_a_tile_and_its_mask(root):
    dataset = BurnScars(root, tile_px=16)
    image, mask = write_burn_scene(root / "validation", "T90SDH", 90)
    sample = dataset.read(dataset.ids("test")[0])
    (read,), (valid,) = sample.images, sample.valid
    assert read.shape == (6, 16, 16) and read.dtype == np.float32
    assert not valid[:2, :2].any() and valid.sum() == 16 * 16 - 4
    assert np.array_equal(read[:, valid], image[:, :16, :16][:, valid]) and np.abs(read).max() < 1
    assert np.array_equal(sample.label, mask[:16, :16]) and (sample.label == IGNORED).sum() == 4
    assert sample.label.dtype == np.int64
    assert dataset.classes == ("Not burned", "Burn scar")


def test_bands_and_statistics(root):
    dataset = BurnScars(root, tile_px=16)
    (modality,) = dataset.modalities
    assert [band.summary for band in modality.bands] == [
        "blue_1", "green_2", "red_2", "near_infrared_3", "short_wave_infrared_3", "short_wave_infrared_4",
    ]  # fmt: skip
    assert dataset.statistics_source == modality.statistics.source == "estimated from 36 training images"
    assert modality.statistics.count == (36 * 256 - 9 * 4,) * 6  # without the fill
    assert modality.statistics.p1[0] == pytest.approx(0.014, abs=0.002)
    assert modality.statistics.p99[0] == pytest.approx(0.396, abs=0.002)
    assert modality.statistics == BurnScars(root, tile_px=16).modalities[0].statistics


def test_tiles_reach_over_the_edge_of_other_sizes(root):
    dataset = BurnScars(root, tile_px=20)
    sample = dataset.read(dataset.ids("test")[3])
    assert sample.images[0].shape == (6, 20, 20)
    assert not sample.valid[0][12:].any() and (sample.label[:, 12:] == IGNORED).all()


def test_a_split_file_names_scenes(root):
    names = sorted(path.name.removesuffix("_merged.tif") for path in (root / "training").glob("*_merged.tif"))
    (root / "split.csv").write_text(f"training/{names[3]},train\ntraining/{names[1]},test\n")
    dataset = BurnScars(root, root / "split.csv", tile_px=32)
    assert dataset.ids("train") == (f"training/{names[3]}:0-0",)
    (root / "split.csv").write_text(f"training/{names[3]},test\n")
    with pytest.raises(SourceError, match="burnscars has no training samples here"):
        BurnScars(root, root / "split.csv")


def test_what_is_missing_or_wrong_is_told(root, tmp_path_factory):
    with pytest.raises(SourceError, match=r"holds no training/\*_merged\.tif"):
        BurnScars(tmp_path_factory.mktemp("empty"))
    dataset = BurnScars(root, tile_px=32)
    with pytest.raises(SourceError, match="no scene 'training/x'"):
        dataset.read("training/x:0-0")
    with pytest.raises(SourceError, match="no sample 'x'"):
        dataset.read("x")
    (sample_id,) = dataset.ids("test")
    scene = sample_id.split(":")[0]
    write_raster(root / f"{scene}_merged.tif", np.ones((4, 32, 32), np.float32))
    with pytest.raises(GridError, match="4 bands"):
        dataset.read(sample_id)
    write_burn_scene(root / "validation", "T90SDH", 90)
    (root / f"{scene}.mask.tif").unlink()
    with pytest.raises(SourceError, match=r"mask\.tif is missing"):
        dataset.read(sample_id)
