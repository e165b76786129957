from __future__ import annotations

import numpy as np
import pytest
from evaluation_layouts import noise, write_raster, write_season, write_table

from engine.errors import GridError, SourceError
from train.evaluation.dataset import IGNORED
from train.evaluation.datasets.sickle import BANDS, Sickle


@pytest.fixture
def root(tmp_path):
    days = ["20180630", "20180705", "20180721", "20180806", "20181230", "20190101"]
    write_season(tmp_path, 1, days, missing={"20180806": "ST_B10"}, zeros=["20180721"])
    write_season(tmp_path, 2, ["20190108"])
    write_table(
        tmp_path, [(1, 1, "train", "jul-dec", 2018), (2, 2, "val", "Jan-Jun", 2019), (3, 3, "test", "jan-jun", 2019)]
    )
    return tmp_path


def test_usable_images_of_the_season_are_samples(root):
    dataset = Sickle(root)
    # Before July, half zeros, without thermal band and after 183 days: left out.
    assert dataset.ids("train") == ("1/LC08_142053_20180705", "1/LC08_142053_20181230")
    # The test split has no masks: the validation split is reported on.
    assert dataset.ids("validation") == ()
    assert dataset.ids("test") == ("2/LC08_142053_20190108",)


def test_an_image_and_its_crops(root):
    dataset = Sickle(root)
    sample = dataset.read("1/LC08_142053_20180705")
    (image,), (valid,) = sample.images, sample.valid
    assert image.shape == (8, 32, 32) and image.dtype == np.float32 and valid.all()
    published = noise((12, 11), "float32", 8000, 30000, 1)  # the second date
    assert image[0, 0, 0] == published[0, 0] and image[0, 31, 31] == published[11, 10]
    assert image[0, 16, 16] == published[6, 5] and set(np.unique(image[0])) == set(np.unique(published))
    # Paddy of the plot; a plot of another split, and what is no plot, count nowhere.
    assert (sample.label[:16] == 0).all() and (sample.label[16:] == IGNORED).all()
    assert dataset.classes == ("Paddy", "Non-paddy")


def test_other_crops_are_one_class(root):
    write_table(root, [(1, 1, "train", "jul-dec", 2018), (1001, 1001, "train", "jul-dec", 2018)])
    assert (Sickle(root).read("1/LC08_142053_20180705").label[16:24] == 1).all()


def test_thermal_is_interpolated_by_wavelength(root):
    (modality,) = Sickle(root).modalities
    assert [band.band.name for band in modality.bands] == list(BANDS) == list(modality.statistics.names)
    assert [band.summary for band in modality.bands] == [
        "aerosol", "blue_1", "green_2", "red_2", "near_infrared_3", "short_wave_infrared_3", "short_wave_infrared_4",
        "short_wave_infrared_4 0.842 + microwave_1 0.158",
    ]  # fmt: skip
    assert modality.statistics.source == "estimated from 2 training images"
    (modality,) = Sickle(root, mode="nearest").modalities
    assert modality.bands[-1].summary == "short_wave_infrared_4"


def test_a_split_file_names_chips_or_images(root):
    (root / "split.csv").write_text("2,train\n1/LC08_142053_20181230,test\n")
    dataset = Sickle(root, root / "split.csv")
    assert dataset.ids("train") == ("2/LC08_142053_20190108",)
    assert dataset.ids("test") == ("1/LC08_142053_20181230",)
    (root / "split.csv").write_text("9,train\n")
    with pytest.raises(SourceError, match="'9' is no image or chip"):
        Sickle(root, root / "split.csv")


def test_what_is_missing_or_wrong_is_told(root, tmp_path_factory):
    with pytest.raises(SourceError, match=r"holds no sickle_dataset_tabular\.csv"):
        Sickle(tmp_path_factory.mktemp("empty"))
    dataset = Sickle(root)
    with pytest.raises(SourceError, match="no season '8'"):
        dataset.read("8/LC08_142053_20180705")
    with pytest.raises(SourceError, match=r"20180101\.npz is missing"):
        dataset.read("1/LC08_142053_20180101")
    np.savez(root / "images/L8/npy/2/LC08_142053_20190108.npz", **{b: np.ones((3, 3 + (b == "SR_B4"))) for b in BANDS})
    with pytest.raises(GridError, match=r"\(3, 3\), \(3, 4\)"):
        dataset.read("2/LC08_142053_20190108")
    write_raster(root / "masks/10m/1.tif", np.ones((2, 32, 32), np.float32))
    with pytest.raises(GridError, match="2 bands; 6"):
        dataset.read("1/LC08_142053_20180705")
    write_table(root, [(1, 1, "train", "monsoon", 2018)])
    with pytest.raises(SourceError, match="STANDARD_SEASON monsoon"):
        Sickle(root)
    write_table(root, [(5, 1, "train", "jul-dec", 2018)])
    with pytest.raises(SourceError, match="no season with images"):
        Sickle(root)
