"""A job is the only description of a run: it survives JSON, and impossible settings are named."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import JobError
from engine.jobs.embed import EmbedJob

JOBS = st.builds(
    EmbedJob,
    inputs=st.lists(st.text(min_size=1), min_size=1, max_size=3).map(tuple),
    output=st.text(min_size=1),
    sensors=st.lists(st.text()).map(tuple),
    extent=st.none() | st.tuples(*[st.floats(-1e7, 1e7)] * 4),
    crs=st.none() | st.text(),
    resolution=st.none() | st.floats(0.01, 1e5),
    chip=st.none() | st.integers(1, 4000),
    overlap=st.floats(0, 0.9),
    overwrite=st.booleans(),
    batch=st.none() | st.integers(1, 512),
)


@given(JOBS)
def test_job_survives_json(job):
    assert EmbedJob.from_json(job.to_json()) == job


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"output": "o.tif"}, "inputs"),
        ({"inputs": ["a.tif"], "output": "o.tif", "colour": 1}, "colour"),
        ({"inputs": "a.tif", "output": "o.tif"}, "inputs"),
        ({"inputs": ["a.tif"], "output": "o.tif", "chip": 1.5}, "chip"),
        ({"inputs": ["a.tif"], "output": "o.tif", "chip": True}, "chip"),
        ({"inputs": ["a.tif"], "output": "o.tif", "overlap": "much"}, "overlap"),
        ({"inputs": ["a.tif"], "output": "o.tif", "extent": [1, 2, 3]}, "extent"),
        ({"inputs": ["a.tif"], "output": None}, "output"),
        (["a.tif"], "object"),
    ],
)
def test_wrong_settings_are_named(values, named):
    with pytest.raises(JobError, match=named):
        EmbedJob.from_dict(values)


def test_picture_and_embedding_have_names_of_their_own(tmp_path):
    EmbedJob(inputs=("a",), output="o.tif", picture="p.tif").check()
    EmbedJob(inputs=("a",), output="", picture="").check()
    with pytest.raises(JobError, match="same name"):
        EmbedJob(inputs=("a",), output=str(tmp_path / "o.tif"), picture=str(tmp_path / "x" / ".." / "o.tif")).check()


def test_text_that_is_no_json_is_named():
    with pytest.raises(JobError, match="JSON"):
        EmbedJob.from_json("{inputs}")


def test_whole_numbers_are_taken_for_floats():
    assert EmbedJob.from_dict({"inputs": ["a"], "output": "o", "resolution": 10}).resolution == 10.0


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**400), 10**400) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
SETTINGS = [field.name for field in dataclasses.fields(EmbedJob)]


@given(st.dictionaries(st.sampled_from(SETTINGS) | st.text(max_size=5), json_values, max_size=6) | json_values)
def test_any_values_give_a_job_or_one_clear_error(values):
    try:
        job = EmbedJob.from_dict(values)
        job.check()
    except JobError as error:
        assert error.message.strip() and error.hint.strip() and len(str(error)) < 1500
    else:
        assert EmbedJob.from_dict(job.to_dict()) == job


@given(st.text(max_size=30) | json_values.map(json.dumps) | st.just("[" * 100_000))
def test_any_text_gives_a_job_or_one_clear_error(text):
    try:
        EmbedJob.from_json(text)
    except JobError as error:
        assert error.message.strip() and error.hint.strip() and len(str(error)) < 1500
