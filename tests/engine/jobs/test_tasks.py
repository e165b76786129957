"""The jobs of the tasks: what no run can honour is refused before any file is touched, and JSON loses nothing."""

from __future__ import annotations

import pytest

from engine.errors import JobError
from engine.jobs.change import ChangeJob
from engine.jobs.cluster import ClusterJob
from engine.jobs.reconstruct import ReconstructJob
from engine.jobs.reduce import ReduceJob
from engine.jobs.segment import SegmentJob
from engine.jobs.similarity import SimilarityJob
from engine.jobs.train_head import TrainHeadJob

IMAGES = ("a.tif",)
GOOD = {
    TrainHeadJob: {"labels": ("l.gpkg|fields",), "class_colours": ("wood=#00ff00",), "extent": (0.0, 0.0, 1.0, 1.0)},
    SegmentJob: {"head": "h.safetensors", "overlap": 0.5, "sieve_px": 9},
    ClusterJob: {"clusters": 255},
    SimilarityJob: {"like": ("7.1,46.2", "wood.gpkg"), "threshold": 0.8, "polygons": "p.gpkg"},
    ReduceJob: {"components": 5, "dtype": "float16"},
    ChangeJob: {"after": ("b.tif",), "after_sensors": ("auto",)},
    ReconstructJob: {"targets": ("sentinel-2-l2a:B08",), "output": "o.tif"},
}
BAD = [
    (TrainHeadJob, {"labels": ()}, "No labels"),
    (TrainHeadJob, {"kind": "forest"}, "'forest' is not known"),
    (TrainHeadJob, {"folds": 1}, "1 parts is impossible"),
    (TrainHeadJob, {"block_px": 0}, "0 px"),
    (TrainHeadJob, {"epochs": 0}, "0 epochs"),
    (TrainHeadJob, {"level": "chips", "kind": "upernet"}, "needs tokens"),
    (TrainHeadJob, {"class_colours": ("#00ff00",)}, "names no class"),
    (TrainHeadJob, {"chip": 0}, "chip of 0 px"),
    (SegmentJob, {"head": ""}, "No head"),
    (SegmentJob, {"confidence_kind": "hope"}, "'hope' is not known"),
    (SegmentJob, {"sieve_px": -1}, "-1 px"),
    (SegmentJob, {"overlap": 0.95}, "overlap of 0.95"),
    (ClusterJob, {"clusters": 1}, "1 clusters"),
    (SimilarityJob, {"like": ()}, "No example"),
    (SimilarityJob, {"threshold": None}, "need a threshold"),
    (SimilarityJob, {"threshold": 2.0}, "threshold of 2"),
    (ReduceJob, {"components": 0}, "0 components"),
    (ReduceJob, {"dtype": "int8"}, "'int8' is not known"),
    (ChangeJob, {"after": ()}, "Nothing to compare with"),
    (ReconstructJob, {"targets": ()}, "belong together"),
    (ReconstructJob, {"targets": (), "output": ""}, "Nothing to write"),
    (ReconstructJob, {"hidden_share": 1.0}, "share of 1"),
]


@pytest.mark.parametrize("kind", GOOD)
def test_a_job_survives_json(kind):
    job = kind(inputs=IMAGES, **GOOD[kind])
    job.check()
    assert kind.from_json(job.to_json()) == job


@pytest.mark.parametrize(("kind", "settings", "reason"), BAD)
def test_what_no_run_can_honour_is_refused(kind, settings, reason):
    with pytest.raises(JobError, match=reason):
        kind(inputs=IMAGES, **{**GOOD[kind], **settings}).check()
