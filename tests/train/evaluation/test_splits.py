from __future__ import annotations

import hashlib

import numpy as np
import pytest

from engine.errors import JobError
from train.evaluation.splits import split_hash, training_part

IDS = tuple(f"image_{number}" for number in range(1000))
LABELS = np.repeat([0, 1, 2], [900, 95, 5])


def test_a_part_is_stratified_deterministic_and_nested():
    tenth = training_part(IDS, 0.1, 7, LABELS)
    counts = np.bincount([LABELS[IDS.index(each)] for each in tenth])
    assert counts.tolist() == [90, 10, 1]  # 9.5 and 0.5 samples: every class keeps one at least
    assert list(tenth) == sorted(tenth, key=IDS.index)
    assert set(training_part(IDS, 0.01, 7, LABELS)) < set(tenth)
    assert set(training_part(IDS[::-1], 0.1, 7, LABELS[::-1])) == set(tenth)
    assert set(training_part(IDS, 0.1, 8, LABELS)) != set(tenth)
    # The same on every machine, in every version.
    assert split_hash(tenth).startswith("043176b7f32ab272")


def test_without_labels_and_whole():
    assert len(training_part(IDS, 0.01, 0)) == 10
    assert training_part(IDS, 1.0, 0) == IDS
    for share in (0, -1, 1.5, float("nan")):
        with pytest.raises(JobError, match="not a share"):
            training_part(IDS, share, 0)


def test_the_hash_is_that_of_the_sorted_ids():
    assert split_hash(["b", "a"]) == hashlib.sha256(b"a\nb").hexdigest() == split_hash(("a", "b"))
