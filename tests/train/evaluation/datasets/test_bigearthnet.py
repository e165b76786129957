from __future__ import annotations

import json

import numpy as np
import pytest
from evaluation_layouts import PATCH_PX, S2_BANDS, SIDES, write_patch, write_raster
from skimage.transform import resize as skimage_resize

from engine.errors import GridError, SourceError
from engine.spectrum.layers import LAYER_BY_KEY
from train.evaluation.datasets.bigearthnet import BigEarthNet
from train.evaluation.datasets.bigearthnet_classes import CLASSES, numbers_of

S2 = ("S2A_MSIL2A_20170617T113321_4_55", "S2A_MSIL2A_20170617T113321_36_85", "S2B_MSIL2A_20180421T114349_7_12")
S1 = (
    "S1A_IW_GRDH_1SDV_20170617T064724_29UPU_4_55",
    "S1A_IW_GRDH_1SDV_20170617T064724_29UPU_36_85",
    "S1B_IW_GRDH_1SDV_20180420T063852_29UPU_7_12",
)
LABELS = (["Pastures"], ["Non-irrigated arable land", "Sea and ocean", "Airports"], ["Burnt areas"])


@pytest.fixture
def root(tmp_path):
    for s2, s1, labels in zip(S2, S1, LABELS, strict=True):
        write_patch(tmp_path / "BigEarthNet-v1.0", s2, labels)
        write_patch(tmp_path / "BigEarthNet-S1-v1.0", s1, labels, s2)
    return tmp_path


def lists(root, rows, names="bigearthnet-{}.csv"):
    for split, row in zip(("train", "val", "test"), rows, strict=True):
        (root / names.format(split)).write_text(row + "\n")


def test_both_sensors_of_a_pair_come_on_one_grid(root):
    lists(root, [f"{s2},{s1}" for s2, s1 in zip(S2, S1, strict=True)])
    dataset = BigEarthNet("bigearthnet-mm", root)
    assert (dataset.ids("train"), dataset.ids("validation"), dataset.ids("test")) == tuple((name,) for name in S1)
    assert [modality.name for modality in dataset.modalities] == ["s1", "s2"]
    sample = dataset.read(S1[1])
    assert [image.shape for image in sample.images] == [(2, PATCH_PX, PATCH_PX), (12, PATCH_PX, PATCH_PX)]
    assert {image.dtype for image in sample.images} == {np.dtype(np.float32)}
    # A constant stays one, whatever resolution its band was published in; VV before VH.
    assert sample.images[1][:, 3, 5].tolist() == [100.0 * (place + 1) for place in range(12)]
    assert sample.images[0][0].mean() > sample.images[0][1].mean()
    assert [CLASSES[number] for number in np.flatnonzero(sample.label)] == ["Arable land", "Marine waters"]
    assert sample.label.dtype == bool and sample.label.shape == (19,)


@pytest.mark.parametrize("names", ["bigearthnet-{}.csv", "{}.csv", "splits/{}.csv"])
def test_one_sensor_takes_its_patches_from_the_lists_of_both(root, names):
    (root / "splits").mkdir()
    lists(root, [f"{s2},{s1}" for s2, s1 in zip(S2, S1, strict=True)], names)
    assert BigEarthNet("bigearthnet-s2", root).ids("test") == (S2[2],)
    assert BigEarthNet("bigearthnet-s1", root).ids("test") == (S1[2],)
    assert not BigEarthNet("bigearthnet-s1", root).read(S1[2]).label.any()


def test_statistics_are_the_published_ones_in_the_order_of_the_bands(root):
    dataset = BigEarthNet("bigearthnet-mm", root)
    s1, s2 = dataset.modalities
    assert s1.bands == ("microwave_1", "microwave_2")
    assert s1.statistics.p1 == (-29.519697483502714, -33.421480627395354)
    assert tuple(LAYER_BY_KEY[str(key)].sensor_band for key in s2.bands) == S2_BANDS
    assert s2.statistics.p99[9] == 5170.23299517986
    assert dataset.statistics_source == "published with the paper's code"


def test_bands_of_20_and_60_m_are_resized_exactly(tmp_path):
    write_patch(tmp_path, S2[0], ["Pastures"])
    coarse = np.random.default_rng(3).integers(0, 4000, (1, 4, 4)).astype(np.uint16)
    write_raster(tmp_path / S2[0] / f"{S2[0]}_B01.tif", coarse)
    image = BigEarthNet("bigearthnet-s2", tmp_path).read(S2[0]).images[0]
    expected = skimage_resize(
        coarse[0].astype(np.float64), (PATCH_PX, PATCH_PX), order=3, anti_aliasing=True, preserve_range=True
    )
    assert np.abs(image[0] - expected).max() < 0.05


def test_without_lists_a_place_is_in_one_split_for_both_sensors_and_all_dates(tmp_path):
    places = [f"{column}_{row}" for column in range(6) for row in range(6)]
    for place in places:
        for name in (f"S2A_MSIL2A_20170617T113321_{place}", f"S2B_MSIL2A_20180421T114349_{place}"):
            (tmp_path / "S2" / name).mkdir(parents=True)
        (tmp_path / "S1" / f"S1A_IW_GRDH_1SDV_20170617T064724_29UPU_{place}").mkdir(parents=True)
    s1, s2 = BigEarthNet("bigearthnet-s1", tmp_path), BigEarthNet("bigearthnet-s2", tmp_path)
    for split in ("train", "validation", "test"):
        ends = {"_".join(sample_id.split("_")[-2:]) for sample_id in s1.ids(split)}
        assert ends == {"_".join(sample_id.split("_")[-2:]) for sample_id in s2.ids(split)}
        assert len(s2.ids(split)) == 2 * len(ends) > 0
    assert s1.split_source == "by hash of the patch's place in its tile"


def test_the_papers_lists_name_pairs(root):
    (root / "BigEarthNet-MM-train10prcnt.txt").write_text(f"{S2[0]} {S1[0]}\n{S2[2]} {S1[2]}\n")
    (root / "BigEarthNet-MM-val.txt").write_text(f"{S2[1]} {S1[1]}\n")
    dataset = BigEarthNet("bigearthnet-mm", root, root / "BigEarthNet-MM-train10prcnt.txt")
    assert (dataset.ids("train"), dataset.ids("test")) == ((S1[0], S1[2]), (S1[1],))


def test_43_classes_become_19():
    assert len(CLASSES) == 19
    assert numbers_of(["Water bodies", "Water courses", "Continuous urban fabric"], "x") == (0, 17)
    assert (
        numbers_of(["Transitional woodland/shrub"], "x") == numbers_of(["Transitional woodland, shrub"], "x") == (13,)
    )
    assert numbers_of(["Bare rock", "Intertidal flats"], "x") == ()
    with pytest.raises(SourceError, match="'Lawn', which is no class"):
        numbers_of(["Lawn"], "x")


def test_what_is_missing_or_wrong_is_told(root):
    with pytest.raises(SourceError, match="no Sentinel-1 patches"):
        BigEarthNet("bigearthnet-mm", root / "BigEarthNet-v1.0")
    dataset = BigEarthNet("bigearthnet-mm", root)
    with pytest.raises(SourceError, match=r"labels_metadata\.json is missing"):
        dataset.read("S1A_IW_GRDH_1SDV_20170617T064724_29UPU_1_1")
    folder = root / "BigEarthNet-v1.0" / S2[0]
    write_raster(folder / f"{S2[0]}_B05.tif", np.ones((1, 13, 12), np.uint16))
    with pytest.raises(GridError, match=r"B05\.tif is 13 × 12 px"):
        dataset.read(S1[0])
    (folder / f"{S2[0]}_B05.tif").unlink()
    with pytest.raises(SourceError, match=r"B05\.tif is missing"):
        dataset.read(S1[0])
    metadata = root / "BigEarthNet-S1-v1.0" / S1[1] / f"{S1[1]}_labels_metadata.json"
    metadata.write_text(json.dumps({"labels": ["Pastures"]}))
    with pytest.raises(SourceError, match="corresponding_s2_patch"):
        dataset.read(S1[1])
    metadata.write_text(json.dumps({}))
    with pytest.raises(SourceError, match="no list of labels"):
        dataset.read(S1[1])
    lists(root, S2)
    with pytest.raises(SourceError, match="names no Sentinel-1 patch"):
        BigEarthNet("bigearthnet-s1", root)


def test_sizes_of_the_tests_are_those_of_a_patch_in_small():
    assert {PATCH_PX // side for side in SIDES.values()} == {6, 2}
