from __future__ import annotations

import json

import numpy as np
import pytest
from evaluation_layouts import write_mosaic

from engine.errors import SourceError
from train.evaluation.dataset import IGNORED
from train.evaluation.datasets.spacenet7 import AREAS, SpaceNet7

TRAIN, VALIDATION, TEST = "L15-0331E-1257N_1327_3160_13", "L15-0357E-1223N_1429_3296_13", "L15-0387E-1276N_1549_3087_13"


@pytest.fixture
def root(tmp_path):
    write_mosaic(tmp_path / "train" / TRAIN, "2018_01", 1)
    write_mosaic(tmp_path / "train" / TRAIN, "2018_02", 2)
    write_mosaic(tmp_path / "train" / TRAIN, "2018_03", 3, clouds=True)
    write_mosaic(tmp_path / "train" / VALIDATION, "2018_01", 4, labels="labels")
    write_mosaic(tmp_path / "train" / TEST, "2019_11", 5, labels="labels_raster")
    write_mosaic(tmp_path / "train" / "L15-0000E-0000N_0_0_13", "2019_11", 6)
    return tmp_path


def test_areas_are_those_of_pangaea(root):
    areas = json.loads(AREAS.read_text())
    assert [len(areas[split]) for split in ("train", "validation", "test")] == [30, 15, 14]
    assert len({area for split in areas.values() for area in split}) == 59
    dataset = SpaceNet7(root, tile_px=16)
    # The month with a mask of unusable data, and the area in none of the splits, are left out.
    assert dataset.ids("train") == tuple(
        f"{TRAIN}/2018_0{month}:{row}-{col}" for month in (1, 2) for row in (0, 16) for col in (0, 16)
    )
    assert len(dataset.ids("validation")) == len(dataset.ids("test")) == 4


@pytest.mark.parametrize(("split", "seed"), [("train", 1), ("validation", 4), ("test", 5)])
def test_a_tile_and_its_buildings(root, split, seed):
    dataset = SpaceNet7(root, tile_px=32)
    sample = dataset.read(dataset.ids(split)[0])
    (image,), (valid,) = sample.images, sample.valid
    assert image.shape == (3, 32, 32) and image.dtype == np.uint8
    # Alpha is 0 in the last of the 31 columns; the 32nd, and the last row, lie beyond the scene.
    assert valid[:31, :30].all() and not valid[:, 30:].any() and not valid[31].any()
    rows, cols = np.nonzero(sample.label == 1)
    assert (rows.min(), rows.max(), cols.min(), cols.max(), len(rows)) == (4, 7, 8, 11, 16)
    assert (sample.label[31] == IGNORED).all() and (sample.label[:, 31] == IGNORED).all()
    assert (sample.label[:31, :31] != IGNORED).all()


def test_bands_and_statistics(root):
    dataset = SpaceNet7(root, tile_px=32)
    (modality,) = dataset.modalities
    assert [band.summary for band in modality.bands] == ["red_1", "green_1", "blue_3"]
    assert dataset.statistics_source == "estimated from 2 training images"
    assert modality.statistics.count == (2 * 31 * 30,) * 3


def test_pangaeas_metadata_leave_months_out(root):
    month = {"aoi_id": TRAIN, "year": 2018, "label": True}
    content = {TRAIN: [{**month, "month": 1, "mask": True}, {**month, "month": 2, "mask": False}]}
    (root / "metadata_train.json").write_text(json.dumps(content))
    assert SpaceNet7(root).ids("train") == (f"{TRAIN}/2018_02:0-0",)
    (root / "metadata_train.json").write_text("[1]")
    with pytest.raises(SourceError, match="not the metadata of SpaceNet 7"):
        SpaceNet7(root)


def test_a_month_without_any_building(root):
    (outlines,) = (root / "train" / TRAIN / "labels_match_pix").glob("*2018_02*")
    outlines.write_text('{"type": "FeatureCollection", "features": []}')
    sample = SpaceNet7(root).read(f"{TRAIN}/2018_02:0-0")
    assert set(np.unique(sample.label)) == {IGNORED, 0}


def test_what_is_missing_or_wrong_is_told(root, tmp_path_factory):
    with pytest.raises(SourceError, match="images_masked"):
        SpaceNet7(tmp_path_factory.mktemp("empty"))
    dataset = SpaceNet7(root / "train")
    (outlines,) = (root / "train" / VALIDATION / "labels").glob("*.geojson")
    outlines.write_text('{"features": [{"geometry": {"type": "Polygon"}}]}')
    with pytest.raises(SourceError, match="holds no outlines"):
        dataset.read(dataset.ids("validation")[0])
    outlines.unlink()
    with pytest.raises(SourceError, match=r"_Buildings\.geojson is missing"):
        dataset.read(dataset.ids("validation")[0])
    (root / "split.csv").write_text(f"{TRAIN}/2018_03,train\n")
    with pytest.raises(SourceError, match="no clear month"):
        SpaceNet7(root, root / "split.csv")
    for area in (TRAIN, VALIDATION, TEST):
        (root / "train" / area).rename(root / area)
    with pytest.raises(SourceError, match="name no sample"):
        SpaceNet7(root)
