"""The job of many scenes: what no run can honour."""

from __future__ import annotations

import pytest

from engine.errors import JobError
from engine.jobs.embed_many import EmbedManyJob


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"part": "0/3"}, "no part 0 of 3"),
        ({"part": "4/3"}, "no part 4 of 3"),
        ({"part": "a/b"}, "“a/b” is not understood"),
        ({"part": "1/2", "address": "auto"}, "not on a cluster"),
        ({"workers": 0}, "0 is impossible for workers"),
        ({"attempts": 0}, "0 is impossible for attempts"),
    ],
)
def test_what_no_run_can_honour_is_refused(settings, reason):
    with pytest.raises(JobError, match=reason):
        EmbedManyJob("m.csv", "out", **settings).check()


def test_parts_are_counted_from_one():
    job = EmbedManyJob("m.csv", "out", part="3/10")
    job.check()
    assert job.numbered_part() == (3, 10)
    EmbedManyJob("m.csv", "out", part="slurm").check()
