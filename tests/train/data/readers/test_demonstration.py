"""The corpus of the small model: what is in it, what is left out, and that pairs show the same ground."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from engine.errors import SourceError
from train.data.readers.demonstration import pack_demonstration
from train.data.shards import Collection


@pytest.fixture(scope="module")
def packed(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Collection]:
    out = tmp_path_factory.mktemp("packed")
    pack_demonstration(data_dir, out, report=lambda line: None)
    return {folder.name: Collection(folder) for folder in sorted(out.iterdir())}


def everything(collection: Collection) -> tuple[np.ndarray, ...]:
    return collection.read(range(len(collection)))


def test_every_source_is_there_with_its_licence(packed):
    assert set(packed) == {
        "bigearthnet-rgb", "bigearthnet-s1", "landsat8", "monthly-rgb", "monthly-s1", "naip", "s2-100k-rgb",
        "sen1floods11-rgb", "sen1floods11-s1", "ssl4eo-l1c-rgb", "ssl4eo-l1c-s1", "ssl4eo-rgb", "ssl4eo-s1",
        "uc-merced", "worldcereal-rgb", "worldcereal-s1",
    }  # fmt: skip
    assert all(collection.licence for collection in packed.values())
    # Share-alike would bind the weights.
    assert not any("SA" in collection.licence for collection in packed.values())


def test_uc_merced_keeps_the_numbers_from_40_on_for_measuring(packed):
    origins = packed["uc-merced"].origins(range(len(packed["uc-merced"])))
    numbers = [int(re.search(r"(\d+)$", origin)[1]) for origin in origins]
    assert len(origins) == 21 * 40
    assert set(numbers) == set(range(40))


def test_the_rendered_picture_shows_the_ground_of_its_image(packed):
    optical, rgb = everything(packed["s2-100k-rgb"])
    red = packed["s2-100k-rgb"].sides[0].bands.index("red_2")
    for image, picture in zip(optical, rgb, strict=True):
        stretched = np.clip(image[red], *np.percentile(image[red], (1, 99)))
        if stretched.std() > 20:
            assert np.corrcoef(stretched.ravel(), picture[0].ravel())[0, 1] > 0.99


def test_no_image_still_has_the_offset_of_processing_baseline_4(packed):
    # Ocean and forest reach the bottom of the scale once it is taken off.
    optical, _ = everything(packed["s2-100k-rgb"])
    darkest = np.percentile(optical, 1, axis=(1, 2, 3))
    assert np.median(darkest) < 500


def test_radar_is_in_hundredths_of_a_decibel_and_has_its_ground_in_common(packed):
    for name in ("worldcereal-s1", "sen1floods11-s1", "bigearthnet-s1", "ssl4eo-s1", "monthly-s1"):
        side = packed[name].sides[1]
        assert side.bands == ("microwave_1", "microwave_2")
        _, radar = everything(packed[name])
        decibel = radar.astype(float) * side.gain
        measured = decibel[radar != side.nodata]
        assert -35 < np.median(measured) < 0, name


def test_water_is_dark_in_both_sensors_of_a_pair(packed):
    optical, radar = everything(packed["sen1floods11-s1"])
    infrared = optical[:, packed["sen1floods11-s1"].sides[0].bands.index("near_infrared_1")]
    water = infrared < 600
    assert water.mean() > 0.01
    vertical = radar[:, 0] * 0.01
    assert vertical[water].mean() < vertical[~water].mean() - 2


def test_landsat_enters_through_the_layers_of_sentinel_2(packed):
    side = packed["landsat8"].sides[0]
    assert side.bands[:4] == ("aerosol", "blue_1", "green_2", "red_2")
    assert len(packed["landsat8"].sides) == 1


def test_without_the_data_nothing_is_left(tmp_path):
    with pytest.raises(SourceError, match="No record was found"):
        pack_demonstration(tmp_path / "nowhere", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
