from __future__ import annotations

import numpy as np
import pytest
from evaluation_layouts import write_raster, write_scenes

from engine.errors import GridError, SourceError
from engine.spectrum.layers import LAYER_BY_KEY
from train.evaluation.datasets.eurosat import EuroSAT
from train.evaluation.datasets.resisc45 import Resisc45
from train.evaluation.datasets.uc_merced import UCMerced
from train.evaluation.datasets.whu_rs19 import WhuRs19


def test_eurosat_reads_twelve_of_its_thirteen_bands(tmp_path):
    write_scenes(tmp_path / "EuroSAT_MS", {"Forest": ["Forest_1"], "SeaLake": ["SeaLake_12"]}, band_count=13)
    dataset = EuroSAT(tmp_path)
    (modality,) = dataset.modalities
    sample = dataset.read("SeaLake/SeaLake_12")
    # Band b of the file holds b: B01 … B09, then B11, B12 and, last in the file, B8A.
    assert sample.images[0][:, 0, 0].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13]
    assert [LAYER_BY_KEY[key].sensor_band for key in modality.bands] == [
        "B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B09", "B11", "B12", "B8A",
    ]  # fmt: skip
    assert modality.statistics.names == modality.bands
    assert (modality.statistics.p1[0], modality.statistics.p99[-1]) == (968, 5312)
    assert "short_wave_infrared_2" not in modality.bands
    assert sample.valid == (None,)
    assert dataset.classes[int(sample.label)] == "SeaLake" and sample.label.dtype == np.int64
    assert (dataset.name, dataset.task, len(dataset.classes)) == ("eurosat", "single-label", 10)


def test_the_old_archive_of_eurosat_is_found_with_torchgeos_lists(tmp_path):
    folder = tmp_path / "ds/images/remote_sensing/otherDatasets/sentinel_2/tif"
    write_scenes(folder, {"Forest": ["Forest_1", "Forest_2"], "River": ["River_1", "River_2"]}, band_count=13)
    for split, names in {"train": "Forest_1 River_2", "val": "River_1", "test": "Forest_2"}.items():
        (tmp_path / f"eurosat-{split}.txt").write_text("\n".join(f"{name}.jpg" for name in names.split()))
    dataset = EuroSAT(tmp_path)
    assert dataset.ids("train") == ("Forest/Forest_1", "River/River_2")
    assert (dataset.ids("validation"), dataset.ids("test")) == (("River/River_1",), ("Forest/Forest_2",))
    assert dataset.split_source == "eurosat-train.txt, eurosat-val.txt, eurosat-test.txt"


def test_the_papers_lists_test_on_their_validation_list(tmp_path):
    write_scenes(tmp_path, {"Airport": ["airport_16", "airport_18"], "footballField": ["footballField_06"]}, ".jpg")
    (tmp_path / "WHU-RS19-train.txt").write_text("./Airport/airport_16.jpg\n")
    (tmp_path / "WHU-RS19-val.txt").write_text("./footballField/footballField_06.jpg\n./Airport/airport_18.jpg\n")
    dataset = WhuRs19(tmp_path)
    assert dataset.ids("train") == ("Airport/airport_16",)
    assert dataset.ids("validation") == ()
    assert dataset.ids("test") == ("footballField/footballField_06", "Airport/airport_18")
    assert int(dataset.read("footballField/footballField_06").label) == 17
    (modality,) = dataset.modalities
    assert modality.name == "rgb" and modality.bands == ("red_1", "green_1", "blue_3")
    assert modality.statistics.p99 == (248.51044250456945, 248.81946905197088, 249.4375221467738)


def test_resisc45(tmp_path):
    stems = [f"sea_ice_{number:03d}" for number in range(1, 9)]
    write_scenes(tmp_path / "NWPU-RESISC45", {"sea_ice": stems}, ".jpg", side=16)
    dataset = Resisc45(tmp_path)
    ids = [sample_id for split in ("train", "validation", "test") for sample_id in dataset.ids(split)]
    assert sorted(ids) == [f"sea_ice/{stem}" for stem in stems]
    assert dataset.split_source == "by hash of the image's name"
    sample = dataset.read("sea_ice/sea_ice_004")
    assert sample.images[0].shape == (3, 16, 16) and sample.images[0].dtype == np.uint8
    assert len(dataset.classes) == 45 and dataset.classes[int(sample.label)] == "sea_ice"
    assert list(dataset.classes) == sorted(dataset.classes)


def test_uc_merced_is_split_by_the_number(tmp_path):
    images = {"beach": ["beach00", "beach39", "beach40"], "river": ["river99"]}
    write_scenes(tmp_path / "UCMerced_LandUse" / "Images", images)
    # Lists beside the data change nothing unless they are given.
    (tmp_path / "UC-Merced-train.txt").write_text("./beach/beach40.tif\n")
    (tmp_path / "UC-Merced-val.txt").write_text("./river/river99.tif\n")
    dataset = UCMerced(tmp_path)
    assert dataset.ids("train") == ("beach/beach00", "beach/beach39")
    assert dataset.ids("validation") == ()
    assert dataset.ids("test") == ("beach/beach40", "river/river99")
    assert dataset.split_source == "numbers 00–39 train, 40 and above test"
    assert UCMerced(tmp_path, number_from=80).ids("test") == ("river/river99",)
    given = UCMerced(tmp_path, tmp_path / "UC-Merced-train.txt")
    assert (given.ids("train"), given.ids("test")) == (("beach/beach40",), ("river/river99",))


def test_images_side_by_side_are_known_by_their_names(tmp_path):
    write_scenes(tmp_path, {"": ["Highway_2", "AnnualCrop_1", "Notes_1"]}, band_count=13)
    dataset = EuroSAT(tmp_path)
    assert sorted(dataset.ids("train") + dataset.ids("validation") + dataset.ids("test")) == [
        "AnnualCrop/AnnualCrop_1", "Highway/Highway_2",
    ]  # fmt: skip


def test_what_is_missing_or_wrong_is_told(tmp_path):
    with pytest.raises(
        SourceError, match="no images of eurosat: no folder AnnualCrop, Forest, … in it or its EuroSAT_MS"
    ):
        EuroSAT(tmp_path)
    write_scenes(tmp_path, {"Forest": ["Forest_1"]}, band_count=13)
    dataset = EuroSAT(tmp_path)
    with pytest.raises(SourceError, match="no image 'Forest/Forest_2'"):
        dataset.read("Forest/Forest_2")
    write_raster(tmp_path / "Forest" / "Forest_1.tif", np.ones((3, 8, 8), np.uint8))
    with pytest.raises(GridError, match="has 3 bands; 13"):
        dataset.read("Forest/Forest_1")
    (tmp_path / "eurosat-train.txt").write_text("Forest_7.jpg\n")
    with pytest.raises(SourceError, match=r"eurosat-train\.txt: 'Forest_7\.jpg' is no image"):
        EuroSAT(tmp_path)
