from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio

from engine.errors import SourceError
from engine.model.checkpoints import save_checkpoint
from train.evaluation.dataset import IGNORED
from train.evaluation.token_comparison import FEW_CELLS, cell_scores, compare_tokens, markdown
from train.evaluation.token_scenes import Scene, blocks, cases, cell_labels, folds, raw_cells


def label_scene(path: Path, values: np.ndarray) -> Scene:
    height, width = values.shape
    with rasterio.open(path, "w", driver="GTiff", width=width, height=height, count=1, dtype="int16") as raster:
        raster.write(values.astype(np.int16), 1)
    return Scene("made", path, path, path)


def test_a_cell_has_its_most_frequent_class(tmp_path):
    values = np.zeros((20, 24), int)
    values[:8, 8:16] = 1
    values[0, 8:16] = 0
    values[:8, 16:] = -1
    values[:3, 16:] = 1
    assert cell_labels(label_scene(tmp_path / "labels.tif", values), {0: "dry", 1: "flood"}, 8).tolist() == [
        [0, 1, IGNORED], [0, 0, 0],
    ]  # fmt: skip


def test_training_and_test_lie_apart():
    one = np.zeros((64, 32), int)
    one[0, 0] = IGNORED
    parts = list(folds([one], 8))
    assert len(parts) == 4 and sum(int(part.test[0].sum()) for part in parts) == 64 * 32 - 1
    for part in parts:
        train, test = (np.flatnonzero(mask[0].any(axis=1)) for mask in (part.train, part.test))
        assert np.abs(train[:, None] - test).min() == 8 and len(test) == 16
    several = list(folds([one[:8, :8], one[8:20]], 8))
    assert [(part.train[0].any(), part.test[0].any()) for part in several] == [(False, True), (True, False)]
    numbers = blocks([one[:16], one], 8)
    assert numbers[0].max() + 1 == numbers[1].min() == 8 and numbers[1].max() == 39


def test_rare_classes_do_not_decide():
    counts = np.array([[90, 10, 0], [5, 45, 0], [FEW_CELLS - 1, 0, 0]])
    miou, accuracy = cell_scores(counts)
    assert miou == pytest.approx((90 / (100 + 14) + 45 / 60) / 2) and accuracy == pytest.approx(135 / 159)


def test_a_folder_without_the_places_is_refused(tmp_path):
    with pytest.raises(SourceError, match="neither"):
        list(cases(tmp_path))


def test_real_places_are_compared(data_dir, tiny_encoder, tmp_path):
    flood = next(case for case in cases(data_dir) if case.name == "flood")
    (scene,) = flood.scenes
    labels = cell_labels(scene, flood.classes, 8)
    assert labels.shape == (64, 32) and set(np.unique(labels)) == {0, 1}
    raw = raw_cells((scene.s1,), labels.shape, 8)
    assert raw.shape == (64, 32, 4)
    # Radar is darker over the flood.
    assert raw[labels == 1][:, 0].mean() < raw[labels == 0][:, 0].mean() - 2
    file = tmp_path / "tiny.safetensors"
    save_checkpoint(tiny_encoder, file)
    rows = compare_tokens(flood, str(file), tiny_encoder, (1,), 0, "cpu", tmp_path)
    first = [next(rows) for _ in range(3)]
    assert [(row.inputs, row.features, row.dims) for row in first] == [
        ("S1", "model", 48), ("S1", "random encoder", 48), ("S1", "raw pixels", 4),
    ]  # fmt: skip
    assert all(0.3 < row.regression_miou < 1 and 0.3 < row.knn_miou < 1 for row in first)
    assert "| S1 | raw pixels | 4 |" in markdown([flood], first, 28, "Tokens", ["made"])


def test_the_offset_of_some_scenes_is_taken_off_the_raw_pixels(data_dir):
    case = next(case for case in cases(data_dir) if case.name == "land-cover")
    assert len(case.scenes) == 3
    darkest = [raw_cells((scene.s2,), (28, 28), 8)[..., 1].min() for scene in case.scenes]
    # One of the three is stored with +1000.
    assert max(darkest) < 900
