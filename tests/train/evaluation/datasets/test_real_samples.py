"""The readers on real files: what was published, and what the small copies at hand are."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio

from train.evaluation.datasets.registry import open_dataset


def all_ids(dataset):
    return [sample_id for split in ("train", "validation", "test") for sample_id in dataset.ids(split)]


def z_scores(dataset, images):
    """Values as the model sees them, per modality, at its statistics."""
    for modality, image in zip(dataset.modalities, images, strict=True):
        s = modality.statistics
        p1, p99, mean, std = (np.array(field)[:, None, None] for field in (s.p1, s.p99, s.mean, s.std))
        yield (np.clip((image - p1) / (p99 - p1), 0, 1) - mean) / std


def test_pairs_of_bigearthnet(data_dir):
    dataset = open_dataset("bigearthnet-mm", data_dir / "bigearthnet_pairs")
    ids = all_ids(dataset)
    assert len(ids) == 2
    for sample_id in ids:
        sample = dataset.read(sample_id)
        assert [image.shape for image in sample.images] == [(2, 120, 120), (12, 120, 120)]
        vv, vh = sample.images[0]
        assert -20 < vh.mean() < vv.mean() < 0
        named = {dataset.classes[number] for number in np.flatnonzero(sample.label)}
        assert named == ({"Pastures"} if sample_id.endswith("_4_55") else {"Arable land", "Pastures"})
        for values in z_scores(dataset, sample.images):
            assert np.abs(values.mean(axis=(1, 2))).max() < 2.5


def test_patches_of_bigearthnet(data_dir):
    dataset = open_dataset("bigearthnet-s2", data_dir / "bigearthnet_s2")
    ids = all_ids(dataset)
    assert len(ids) == 4
    sample = dataset.read("S2A_MSIL2A_20180510T94033_19_86")
    assert [dataset.classes[number] for number in np.flatnonzero(sample.label)] == [
        "Coniferous forest",
        "Inland wetlands",
    ]
    folder = data_dir / "bigearthnet_s2" / "S2A_MSIL2A_20180510T94033_19_86"
    for place, band in ((1, "B02"), (7, "B08"), (8, "B8A"), (9, "B09"), (11, "B12")):
        with rasterio.open(folder / f"{folder.name}_{band}.tif") as file:
            values = file.read(1).astype(float)
        side = 120 // values.shape[0]
        # Averages over the pixels as published are near those of the finer grid.
        means = sample.images[0][place].reshape(120 // side, side, 120 // side, side).mean(axis=(1, 3))
        assert np.corrcoef(means.ravel(), values.ravel())[0, 1] > 0.98
        assert sample.images[0][place].mean() == pytest.approx(values.mean(), rel=0.01)


def test_images_of_eurosat(data_dir):
    dataset = open_dataset("eurosat", data_dir / "eurosat_ms")
    assert sorted(all_ids(dataset)) == ["AnnualCrop/AnnualCrop_1", "Highway/Highway_2"]
    for sample_id in all_ids(dataset):
        sample = dataset.read(sample_id)
        assert sample.images[0].shape == (12, 64, 64) and sample.images[0].dtype == np.uint16
        assert dataset.classes[int(sample.label)] == sample_id.split("/")[0]
        # B8A, the last, is nearly B08, the eighth; cirrus, of a few digital numbers, is not among them.
        assert np.corrcoef(sample.images[0][7].ravel(), sample.images[0][-1].ravel())[0, 1] > 0.8
        assert sample.images[0].mean(axis=(1, 2)).min() > 100


def test_images_of_uc_merced(data_dir):
    dataset = open_dataset("uc-merced", data_dir / "ucmerced_00_58")
    assert (len(dataset.ids("train")), len(dataset.ids("validation")), len(dataset.ids("test"))) == (840, 0, 399)
    assert dataset.ids("train")[0] == "agricultural/agricultural00"
    labels = []
    for sample_id in dataset.ids("test")[::19]:
        sample = dataset.read(sample_id)
        assert len(sample.images[0]) == 3 and sample.images[0].dtype == np.uint8
        labels.append(int(sample.label))
    assert labels == list(range(21))
    values = next(z_scores(dataset, [dataset.read(sample_id).images[0] for sample_id in ["beach/beach10"]]))
    assert np.abs(values).max() < 5
