"""Packing a source: the same files for any number of workers, and nothing left behind."""

from __future__ import annotations

import os

import numpy as np
import pytest
from pretraining_layouts import s1_patch, write_bigearthnet

from engine.errors import EngineEnvironmentError, SourceError
from train.data.packing import pack
from train.data.readers.bigearthnet import BigEarthNet, find_folders
from train.data.readers.source import Outcome
from train.data.shards import Collection


class Killer(BigEarthNet):
    """A source that takes its process with it, as the kernel does where memory ends."""

    def read(self, item: int) -> Outcome:
        os._exit(9)


class Interrupter(BigEarthNet):
    """A source at whose second item the user loses patience."""

    def read(self, item: int) -> Outcome:
        if item == 1:
            raise KeyboardInterrupt
        return super().read(item)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return find_folders([write_bigearthnet(tmp_path_factory.mktemp("ben"), 5)], "pairs")


def test_workers_change_nothing_but_the_pace(folders, tmp_path):
    told: list[tuple[int, int, int]] = []
    source = BigEarthNet(*folders, excluded={s1_patch(1)})
    one = pack(source, tmp_path / "one", progress=lambda *event: told.append(event))
    two = pack(source, tmp_path / "two", workers=2)
    assert (one.records, one.items, one.remarks) == (two.records, two.items, two.remarks) == (4, 5, one.remarks)
    assert told[-1] == (5, 5, 4)
    for name in os.listdir(tmp_path / "one"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    collection = Collection(tmp_path / "two")
    np.testing.assert_array_equal(collection.read([3])[0][0], source.read(4).records[0].images[0])
    with pytest.raises(EngineEnvironmentError, match="worker ended"):
        pack(Killer(*folders), tmp_path / "killed", workers=2)
    assert sorted(os.listdir(tmp_path)) == ["one", "two"]


def test_a_limit_ends_early(folders, tmp_path):
    assert pack(BigEarthNet(*folders), tmp_path / "c", limit=2).items == 2
    assert len(Collection(tmp_path / "c")) == 2


def test_an_interrupt_leaves_nothing(folders, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        pack(Interrupter(*folders), tmp_path / "c")
    assert os.listdir(tmp_path) == []


def test_no_record_at_all_says_why(folders, tmp_path):
    everything = {s1_patch(number) for number in range(5)}
    with pytest.raises(SourceError, match=r"No record was found.*5 are in a list of patches to leave out"):
        pack(BigEarthNet(*folders, excluded=everything), tmp_path / "c")
    assert os.listdir(tmp_path) == []
