from __future__ import annotations

import numpy as np
import pytest
from evaluation_layouts import write_contest_patch

from engine.errors import SourceError
from engine.spectrum.layers import LAYER_BY_KEY
from train.evaluation.dataset import IGNORED
from train.evaluation.datasets.dfc2020 import DFC2020


@pytest.fixture
def root(tmp_path):
    for number in (1, 2):
        write_contest_patch(tmp_path, "test", number)
    write_contest_patch(tmp_path, "validation", 7, folders="{}_validation")
    return tmp_path


def test_the_test_patches_train_as_in_croma(root):
    dataset = DFC2020(root, tile_px=12, stride_px=6)
    assert [len(dataset.ids(split)) for split in ("train", "validation", "test")] == [18, 0, 9]
    assert dataset.ids("test")[:4] == (
        "validation/0_p7:0-0", "validation/0_p7:0-6", "validation/0_p7:0-12", "validation/0_p7:6-0",
    )  # fmt: skip
    assert dataset.ids("train")[9] == "test/0_p2:0-0"


def test_a_tile_of_both_sensors(root):
    labels = write_contest_patch(root, "validation", 7, folders="{}_validation")
    dataset = DFC2020(root, tile_px=12, stride_px=6)
    sample = dataset.read("validation/0_p7:6-12")
    s1, s2 = sample.images
    assert (s1.shape, s1.dtype, s2.shape, s2.dtype) == ((2, 12, 12), np.float32, (12, 12, 12), np.uint16)
    # Band b of the file holds b × 100 ± 50: the eleventh, cirrus, is not read.
    assert (s2.mean(axis=(1, 2)) / 100).round().tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13]
    assert -25 <= s1.min() and s1.max() <= -5
    part = labels[6:18, 12:24]
    values = (1, 2, 4, 5, 6, 7, 9, 10)
    names = ("Forest", "Shrubland", "Grassland", "Wetlands", "Croplands", "Urban/Built-up", "Barren", "Water")
    assert dataset.classes == names
    for value in range(11):
        number = values.index(value) if value in values else IGNORED
        assert (sample.label[part == value] == number).all()
    assert sample.valid == (None, None)


def test_published_mean_and_std_hold_for_the_estimated_range(root):
    dataset = DFC2020(root, tile_px=12, stride_px=6)
    s1, s2 = dataset.modalities
    assert [modality.name for modality in dataset.modalities] == ["s1", "s2"]
    assert [LAYER_BY_KEY[str(key)].sensor_band for key in (*s1.bands, *s2.bands)] == [
        "VV", "VH", "B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12",
    ]  # fmt: skip
    assert s1.statistics.mean == (0.4887, 0.498) and s2.statistics.std[0] == 0.2237
    # A uniform spread of ± 50 has a std of 50 / √3.
    for place, number in enumerate((1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13)):
        assert s2.statistics.p1[place] == pytest.approx(100 * number - 100 / np.sqrt(3), abs=6)
        assert s2.statistics.p99[place] == pytest.approx(100 * number + 100 / np.sqrt(3), abs=6)
    assert dataset.statistics_source == (
        "mean and std published with the paper's code, range estimated from 18 training images"
    )


def test_by_default_tiles_are_those_of_the_paper(tmp_path):
    write_contest_patch(tmp_path, "test", 3, side=256)
    dataset = DFC2020(tmp_path)
    assert len(dataset.ids("train")) == 9
    assert dataset.read("test/0_p3:160-160").label.shape == (96, 96)


@pytest.mark.parametrize("folders", ["{}", "{}_test"])
def test_other_names_of_the_folders(tmp_path, folders):
    write_contest_patch(tmp_path, "test", 1, folders)
    assert DFC2020(tmp_path).ids("train") == DFC2020(tmp_path / "ROIs0000_test").ids("train") != ()


def test_what_is_missing_or_wrong_is_told(root, tmp_path_factory):
    with pytest.raises(SourceError, match="holds no dfc…/"):
        DFC2020(tmp_path_factory.mktemp("empty"))
    dataset = DFC2020(root, tile_px=24)
    (root / "ROIs0000_validation/s1_validation/ROIs0000_validation_s1_0_p7.tif").unlink()
    with pytest.raises(SourceError, match=r"s1_0_p7\.tif is missing"):
        dataset.read("validation/0_p7:0-0")
    (root / "split.json").write_text('{"train": ["test/0_p2"], "test": ["test/0_p1"]}')
    assert DFC2020(root, root / "split.json", tile_px=24).ids("test") == ("test/0_p1:0-0",)
    (root / "split.json").write_text('{"train": ["test/0_p8"]}')
    with pytest.raises(SourceError, match="'test/0_p8' is no patch of DFC2020"):
        DFC2020(root, root / "split.json")
