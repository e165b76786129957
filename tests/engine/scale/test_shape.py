"""How many workers machines hold."""

from __future__ import annotations

import pytest

from engine.errors import DeviceError, JobError
from engine.jobs.embed_many import EmbedManyJob
from engine.scale.shape import Shape, shape_here, shape_of_cluster


def job(device="auto", **settings):
    return EmbedManyJob("m.csv", "out", settings={"device": device}, **settings)


@pytest.mark.parametrize(
    ("settings", "cpus", "gpus", "expected"),
    [
        ({}, 1, 0, Shape(1, 1, 1, 0.0)),
        ({}, 2, 0, Shape(1, 2, 1, 0.0)),
        ({}, 16, 0, Shape(4, 4, 1, 0.0)),
        ({"workers": 2}, 16, 0, Shape(2, 8, 1, 0.0)),
        ({"workers": 4}, 2, 0, Shape(4, 1, 1, 0.0)),
        ({}, 16, 2, Shape(2, 1, 7, 1.0)),
        ({"workers_per_gpu": 3}, 8, 1, Shape(3, 1, 1, 0.3333)),
        ({"device": "cpu"}, 4, 2, Shape(1, 4, 1, 0.0)),
        ({}, 1, 1, Shape(1, 1, 1, 1.0)),
    ],
)
def test_one_machine(settings, cpus, gpus, expected):
    assert shape_here(job(**settings), 100, cpus, gpus) == expected


def test_there_are_no_more_workers_than_scenes():
    assert shape_here(job(), 2, 64, 0).workers == 2
    assert shape_of_cluster(job(), 1, [{"CPU": 64.0}]).workers == 1


@pytest.mark.parametrize(
    ("settings", "nodes", "expected"),
    [
        ({}, [{"CPU": 2.0}, {"CPU": 2.0}, {}], Shape(2, 1, 1, 0.0)),
        ({}, [{"CPU": 8.0, "GPU": 2.0}, {"CPU": 32.0}], Shape(2, 1, 8, 1.0)),
        ({"workers": 50}, [{"CPU": 8.0}], Shape(50, 4, 1, 0.0)),
        ({"workers_per_gpu": 2}, [{"CPU": 8.0, "GPU": 1.0}], Shape(2, 1, 3, 0.5)),
    ],
)
def test_a_cluster(settings, nodes, expected):
    assert shape_of_cluster(job(**settings), 100, nodes) == expected


def test_what_no_machine_can_give_is_refused():
    with pytest.raises(DeviceError, match="no GPU was found"):
        shape_here(job("cuda"), 9, 8, 0)
    with pytest.raises(JobError, match="needs 16 processors in one machine; the largest of the cluster's 2 machines"):
        shape_of_cluster(job(encoder_cpus=16), 9, [{"CPU": 8.0}, {"CPU": 8.0}])
    with pytest.raises(JobError, match="the largest of the cluster's 0 machines has 0"):
        shape_of_cluster(job(), 9, [])
