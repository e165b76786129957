"""Every record once per epoch, shares that follow the weights, and a state that goes on."""

from __future__ import annotations

import json

import numpy as np
import pytest

from train.data.sampler import Sampler


def parts_of(sampler: Sampler, count: int) -> list[tuple[int, list[int]]]:
    return [(part.collection, part.records.tolist()) for part in (sampler.next() for _ in range(count))]


def test_every_record_once_before_any_comes_again():
    # 10 records in parts of 4, 6 in parts of 4, and 3, fewer than a part: epochs end in the middle of parts.
    lengths = [10, 6, 3]
    parts = parts_of(Sampler(lengths, [10, 6, 3], 4, seed=3), 60)
    for collection, length in enumerate(lengths):
        records = [record for chosen, part in parts if chosen == collection for record in part]
        epochs = [records[start : start + length] for start in range(0, len(records) - length + 1, length)]
        assert len(epochs) > 5
        assert all(sorted(epoch) == list(range(length)) for epoch in epochs)
        assert len({tuple(epoch) for epoch in epochs}) > 1


def test_shares_follow_the_weights_at_any_time():
    weights = [44, 8, 2, 2, 1, 2, 1, 1, 1, 1, 1, 1, 1]
    sampler = Sampler([100] * len(weights), weights, 2, seed=0)
    taken = np.zeros(len(weights))
    for number in range(1, 400):
        taken[sampler.next().collection] += 1
        assert np.abs(taken - number * np.array(weights) / sum(weights)).max() < 1.5


def test_the_sequence_depends_on_the_seed_alone():
    one, same, other = (parts_of(Sampler([20, 9], [2, 1], 4, seed), 12) for seed in (1, 1, 2))
    assert one == same
    assert [chosen for chosen, _ in one] == [chosen for chosen, _ in other]
    assert one != other


@pytest.mark.parametrize("stop", [1, 7, 23])
def test_a_state_goes_on_where_it_was_taken(stop):
    whole = parts_of(Sampler([20, 9, 5], [2, 1, 1], 4, 1), 40)
    first = Sampler([20, 9, 5], [2, 1, 1], 4, 1)
    parts_of(first, stop)
    state = json.loads(json.dumps(first.state()))
    parts_of(first, 3)
    second = Sampler([20, 9, 5], [2, 1, 1], 4, 1)
    second.restore(state)
    assert parts_of(second, 40 - stop) == whole[stop:]


def test_what_does_not_fit_is_refused():
    state = Sampler([20, 9], [2, 1], 4, 1).state()
    for other in (Sampler([20, 9], [2, 1], 4, 2), Sampler([20, 9], [2, 1], 2, 1), Sampler([20], [2], 4, 1)):
        with pytest.raises(ValueError, match="another seed"):
            other.restore(state)
    for lengths, weights, size in (([], [], 1), ([1], [1, 2], 1), ([0], [1], 1), ([1], [0], 1), ([1], [1], 0)):
        with pytest.raises(ValueError, match=r"weights"):
            Sampler(lengths, weights, size, 0)
