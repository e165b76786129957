"""Shares in one process: pixels, what is skipped and what is made anew, failures, SLURM's variables, overlaps."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import threading
import time

import numpy as np
import pytest
import rasterio
from scene_lists import json_lines, report_of, write_scenes

from engine.errors import CancelledError, JobError, OutputError
from engine.jobs.embed import EmbedJob
from engine.jobs.embed_many import EmbedManyJob
from engine.raster import strips
from engine.raster.reader import GridReader
from engine.scale.parts import part_of
from engine.scale.run import check, run
from engine.tasks import embed


@pytest.fixture
def manifest(tmp_path, untrained):
    write_scenes(tmp_path / "in", 3, 60)
    return json_lines(tmp_path / "m.jsonl", [{"inputs": [f"in/S2_{number}.tif"]} for number in range(3)])


@pytest.fixture
def job(manifest, tmp_path, untrained):
    def make(part="1/1", **changes):
        settings = {"model": str(untrained), "chip": 28, "device": "cpu"} | changes.pop("settings", {})
        return EmbedManyJob(str(manifest), str(tmp_path / "out"), settings=settings, part=part, **changes)

    return make


def read(path):
    with rasterio.open(path) as dataset:
        return dataset.read()


def statuses(summary):
    return summary.done, summary.skipped, summary.failed


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_the_pixels_are_those_of_embed(job, tmp_path, untrained, dtype):
    assert statuses(run(job(settings={"dtype": dtype}, pictures=True))) == (3, 0, 0)
    alone = tmp_path / "alone.tif"
    embed.run(EmbedJob(inputs=(str(tmp_path / "in" / "S2_1.tif"),), output=str(alone), model=str(untrained), chip=28,
                       device="cpu", dtype=dtype, picture=str(tmp_path / "alone.picture.tif")))  # fmt: skip
    np.testing.assert_array_equal(read(tmp_path / "out" / "S2_1.tif"), read(alone))
    np.testing.assert_array_equal(read(tmp_path / "out" / "S2_1.picture.tif"), read(tmp_path / "alone.picture.tif"))


def test_only_what_changed_is_made_anew(job, tmp_path):
    run(job())
    out = tmp_path / "out"
    before = {path.name: path.stat().st_mtime_ns for path in out.glob("*.tif")}
    assert statuses(run(job())) == (0, 3, 0)
    assert before == {path.name: path.stat().st_mtime_ns for path in out.glob("*.tif")}
    # An image, an output, another output: changed, cut short, gone.
    with rasterio.open(tmp_path / "in" / "S2_0.tif", "r+") as dataset:
        dataset.write(dataset.read() + 1)
    os.truncate(out / "S2_1.tif", 100)
    assert statuses(run(job())) == (2, 1, 0)
    (out / "S2_2.tif").unlink()
    assert statuses(run(job())) == (1, 2, 0)
    assert statuses(run(job(settings={"dtype": "float16"}))) == (3, 0, 0)
    assert statuses(run(job(settings={"dtype": "float16", "batch": 2}))) == (0, 3, 0)


def test_a_failing_scene_stops_no_other_and_is_tried_again(job, tmp_path):
    broken = tmp_path / "in" / "S2_0.tif"
    whole = broken.read_bytes()
    broken.write_bytes(b"II*\0 no raster")
    summary = run(job())
    assert statuses(summary) == (2, 0, 1)
    assert "S2_0.tif cannot be opened as a raster" in summary.failures["S2_0"]
    assert "3 scenes: 2 done, 0 were up to date, 1 failed." in summary.text() and "S2_0: " in summary.text()
    line = report_of(tmp_path / "out" / "report-1-of-1.jsonl")["S2_0"]
    assert line["status"] == "failed" and line["sentence"] == summary.failures["S2_0"]
    text, failing = check(job())
    assert failing == 1 and "line 1, S2_0: " in text
    broken.write_bytes(whole)
    assert check(job())[1] == 0
    assert statuses(run(job())) == (1, 2, 0)


def test_a_file_of_somebody_else_is_not_replaced_unless_allowed(job, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "S2_1.tif").write_text("mine")
    summary = run(job())
    assert statuses(summary) == (2, 0, 1)
    assert "S2_1.tif is there already" in summary.failures["S2_1"]
    assert (tmp_path / "out" / "S2_1.tif").read_text() == "mine"
    assert statuses(run(job(overwrite=True))) == (1, 2, 0)


def test_cancelled_within_a_tile_it_goes_on_where_it_stopped(job, tmp_path):
    seen = []

    def progress(event):
        seen.append(event.message)

    with pytest.raises(CancelledError, match="1 of 3 scenes are settled") as stopped:
        run(job(), progress, lambda: "Scene 2 of 3: S2_1" in seen)
    assert "goes on from there" in str(stopped.value)
    assert sorted(path.name for path in (tmp_path / "out").glob("*.tif")) == ["S2_0.tif"]
    assert not list((tmp_path / "out").glob(".S2*"))
    assert statuses(run(job())) == (2, 1, 0)


def test_a_source_that_ends_in_the_middle_costs_its_scene_alone(job, tmp_path):
    source = tmp_path / "in" / "S2_1.tif"
    whole = source.read_bytes()

    def cut(event):
        if event.message == "Scene 2 of 3: S2_1":
            os.truncate(source, len(whole) // 3)

    summary = run(job(), cut)
    assert statuses(summary) == (2, 0, 1)
    assert "S2_1.tif" in summary.failures["S2_1"] and "cannot be" in summary.failures["S2_1"]
    assert not list((tmp_path / "out").glob(".S2*")) and not (tmp_path / "out" / "S2_1.tif").exists()
    source.write_bytes(whole)
    assert statuses(run(job())) == (1, 2, 0)


def test_a_slow_source_is_waited_for_aloud_and_loses_nothing(job, tmp_path, monkeypatch):
    run(job())
    at_once = [read(tmp_path / "out" / f"S2_{number}.tif") for number in range(3)]
    shutil.rmtree(tmp_path / "out")
    monkeypatch.setattr(strips, "_TELL_S", 0.01)
    monkeypatch.setattr(embed, "_SLOW_S", 0.05)
    read_window, seen = GridReader.read, []

    def slowly(self, *window):
        # Strips come from a thread of their own, wide as the raster; the values before them in windows.
        if window[2:] == (0, None) and "S2_1" in self.image.title:
            time.sleep(0.15)
        return read_window(self, *window)

    monkeypatch.setattr(GridReader, "read", slowly)
    assert statuses(run(job(), lambda event: seen.append(event.message))) == (3, 0, 0)
    waited = [text for text in seen if "Waiting" in text]
    assert waited and all(text.startswith("Scene 2 of 3: S2_1. Waiting for S2_1") for text in waited)
    for number, pixels in enumerate(at_once):
        np.testing.assert_array_equal(read(tmp_path / "out" / f"S2_{number}.tif"), pixels)


def test_a_full_disk_is_a_sentence_and_what_is_done_stays(job, tmp_path):
    disk = tmp_path / "out"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here: that needs root")
    try:

        def fill(event):
            # Somebody else takes all the room that is left while the second scene is made.
            if event.message == "Scene 2 of 3: S2_1" and not (disk / "other").exists():
                with contextlib.suppress(OSError), open(disk / "other", "wb", buffering=0) as file:
                    while file.write(bytes(4096)):
                        pass

        try:
            failures = run(job(), fill).failures
        except OutputError as error:
            # Not even the report has room.
            failures = {"S2_1": str(error)}
        assert "Free some space" in failures["S2_1"]
        assert [path.name for path in disk.glob("*.tif")] == ["S2_0.tif"] and not list(disk.glob(".S2*"))
        (disk / "other").unlink()
        assert statuses(run(job())) == (2, 1, 0)
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_read_only_disk_is_a_sentence(job, tmp_path):
    disk = tmp_path / "out"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here: that needs root")
    try:
        with pytest.raises(OutputError, match=r"cannot be made or written to \(Read-only file system"):
            run(job())
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_what_a_killed_process_left_is_removed_and_the_scene_made(job, tmp_path):
    run(job())
    out = tmp_path / "out"
    record = out / ".smarties" / "S2_1.json"
    record.write_text('{"fingerprint": "as it began", "files": null}')
    left = out / ".S2_1.partial-999.tif"
    other = out / ".S2_10.partial-999.tif"
    left.touch()
    other.touch()
    assert statuses(run(job())) == (1, 2, 0)
    assert not left.exists() and other.exists()


def test_two_overlapping_runs_share_the_work_and_both_see_all_done(job, tmp_path):
    summaries = []
    threads = [threading.Thread(target=lambda part=part: summaries.append(run(job(part)))) for part in ("1/1", "1/2")]
    for thread in threads:
        thread.start()
        time.sleep(0.05)
    for thread in threads:
        thread.join()
    assert [summary.failed for summary in summaries] == [0, 0]
    assert sum(summary.done for summary in summaries) == 3
    assert sum(summary.scenes for summary in summaries) == 5


@pytest.mark.parametrize(
    ("task", "array", "expected"),
    [("1", "1 10 10", (1, 10)), ("0", "0 9 10", (1, 10)), ("30", "10 30 3", (3, 3)), ("5", "5 5 1", (1, 1))],
)
def test_parts_from_slurms_variables(task, array, expected):
    first, last, count = array.split()
    environment = {"ID": task, "MIN": first, "MAX": last, "COUNT": count}
    variables = {f"SLURM_ARRAY_TASK_{name}": value for name, value in environment.items()}
    assert part_of(EmbedManyJob("m", "o", part="slurm"), variables) == expected


def test_parts_that_cannot_be_told():
    with pytest.raises(JobError, match="no task of an array"):
        part_of(EmbedManyJob("m", "o", part="slurm"), {})
    scattered = {"ID": "7", "MIN": "3", "MAX": "8", "COUNT": "3"}
    with pytest.raises(JobError, match="not evenly numbered"):
        part_of(EmbedManyJob("m", "o", part="slurm"), {f"SLURM_ARRAY_TASK_{k}": v for k, v in scattered.items()})


def test_an_output_folder_that_cannot_be(job, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="cannot be made or written to"):
        run(job())
