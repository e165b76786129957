"""The loader reads ahead what each rank needs, tells errors, and ends."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from pretraining_runs import s1_side, s2_side, write_collection

from train.data.loader import AHEAD, Loader
from train.data.sampler import Sampler
from train.data.shards import Collection


@pytest.fixture
def collections(tmp_path):
    write_collection(tmp_path / "pairs", (s2_side(5), s1_side(5)), 11, 1)
    write_collection(tmp_path / "alone", (s2_side(5),), 7, 2)
    return [Collection(tmp_path / "pairs"), Collection(tmp_path / "alone")]


def sampler() -> Sampler:
    return Sampler([11, 7], [2, 1], 4, seed=8)


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "loader"]


def loaded(collections, rank, world, count):
    with Loader(collections, sampler(), rank, world, 16, pin=False) as loader:
        return [part for part, _ in zip(loader, range(count), strict=False)]


def test_ranks_share_a_part_without_overlap(collections):
    alone = loaded(collections, 0, 1, 12)
    ranks = [loaded(collections, rank, 2, 12) for rank in range(2)]
    for whole, first, second in zip(alone, *ranks, strict=True):
        assert whole.part.collection == first.part.collection
        assert len(whole.images) == len(collections[whole.part.collection].sides)
        for name in ("crop", "turn", "take", "hide"):
            shares = [getattr(part.draws, name) for part in (first, second)]
            assert torch.equal(torch.cat(shares), getattr(whole.draws, name))
        for image, *shares in zip(whole.images, first.images, second.images, strict=True):
            np.testing.assert_array_equal(np.concatenate([share.numpy() for share in shares]), image.numpy())
        stored = collections[whole.part.collection].read(whole.part.records)
        np.testing.assert_array_equal(whole.images[0].numpy(), stored[0])
    assert not threads()


def test_the_state_behind_a_part_leads_to_the_next(collections):
    parts = loaded(collections, 0, 1, 9)
    again = sampler()
    again.restore(parts[3].after)
    assert again.next().records.tolist() == parts[4].part.records.tolist()


def test_errors_surface_and_the_thread_ends(collections):
    # A collection that has lost records since the sampler was made.
    with Loader(collections, Sampler([11, 30], [1, 1], 4, 0), 0, 1, 16, pin=False) as loader:
        with pytest.raises(IndexError, match="of 7"):
            for _ in loader:
                pass
        with pytest.raises(IndexError, match="of 7"):
            next(iter(loader))
    assert not threads()
    with pytest.raises(ValueError, match="3 ranks"):
        Loader(collections, sampler(), 0, 3, 16, pin=False)


def test_closing_ends_a_thread_that_waits(collections):
    loader = Loader(collections, sampler(), 0, 1, 16, pin=False)
    while not loader._queue.full():
        pass
    assert loader._queue.qsize() == AHEAD
    loader.close()
    loader.close()
    assert not threads()
