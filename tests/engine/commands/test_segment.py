"""``smarties segment`` and ``smarties cache``: settings as the job has them, results on stdout."""

from __future__ import annotations

import dataclasses

import pytest

from engine.cli import cli, main
from engine.jobs.segment import SegmentJob
from engine.options import CONFIDENCES


def smarties(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return ended.value.code, captured.out, captured.err


def test_segment_offers_every_setting_of_its_job_with_its_default():
    command = cli.commands["segment"]
    values = command.make_context("segment", ["a.tif", "--head", "h"]).params
    del values["as_json"]
    job = SegmentJob(inputs=("a.tif",), head="h")
    assert {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()} == vars(job)
    kinds = next(each for each in command.params if each.name == "confidence_kind")
    assert tuple(kinds.type.choices) == CONFIDENCES
    assert {field.name for field in dataclasses.fields(job)} == set(values)


def test_an_error_is_one_sentence_and_exit_code_2(capsys, tmp_path):
    code, out, err = smarties(capsys, "segment", "a.tif", "--head", tmp_path / "no.safetensors", "--out", "o.tif")
    assert (code, out) == (2, "") and "There is no head" in err


def test_cache_tells_what_is_kept_and_clears_it(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("SMARTIES_CACHE", str(tmp_path / "cache"))
    assert smarties(capsys, "cache")[:2] == (0, f"Keeping 0 files, 0.0 MB, in {tmp_path / 'cache'}\n")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "a.tif").write_bytes(bytes(1_500_000))
    assert "Keeping 1 file, 1.5 MB" in smarties(capsys, "cache")[1]
    assert "Removed 1 file, 1.5 MB" in smarties(capsys, "cache", "--clear")[1]
    assert not list((tmp_path / "cache").iterdir())
