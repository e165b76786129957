"""Runs that end before they are done: what is left, what is said, and what a run that continues them makes of it."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import rasterio
import zarr

from engine.errors import CancelledError, JobError, OutputError, SourceError
from engine.jobs.embed import EmbedJob
from engine.progress import Progress
from engine.raster import geoparquet, strips, writers, zarr_store
from engine.raster.reader import GridReader
from engine.tasks import embed

ROOT = Path(__file__).resolve().parents[3]
#: How often runs are killed here; more by hand: SMARTIES_KILLS=20.
KILLS = int(os.environ.get("SMARTIES_KILLS", "3"))
ROWS = 128

#: Loads everything once, then runs each job that comes in a process of its own, and says its number and how it ended.
RUNNER = """
import json, os, sys
from engine.raster import writers
from engine.jobs.embed import EmbedJob
from engine.tasks import embed
writers.CHECKPOINT_S, writers._BLOCK_HEIGHTS = 0.0, (16,)
for line in sys.stdin:
    child = os.fork()
    if not child:
        code = 1
        try:
            embed.run(EmbedJob.from_json(line))
            code = 0
        finally:
            os._exit(code)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


#: The same, but each job is asked of a worker, over the protocol as QGIS speaks it. The worker's process is forked
#: from one that has loaded everything; from then on it is that of "smarties worker".
WORKER_RUNNER = """
import json, os, sys
from engine import worker
from engine.protocol import Request, Result, ErrorReply, MessageReader, Shutdown, encode
from engine.raster import writers
from engine.tasks import embed
writers.CHECKPOINT_S, writers._BLOCK_HEIGHTS = 0.0, (16,)
for line in sys.stdin:
    asks, answers = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        os.dup2(asks[0], 0), os.dup2(answers[1], 1)
        for end in (*asks, *answers):
            os.close(end)
        try:
            code = worker.main()
        finally:
            os._exit(code)
    os.close(asks[0]), os.close(answers[1])
    print(child, flush=True)
    os.write(asks[1], encode(Request(1, "embed", json.loads(line))))
    reader, whole = MessageReader(), False
    while data := os.read(answers[0], 65536):
        for message in reader.feed(data):
            whole |= isinstance(message, Result)
            if isinstance(message, (Result, ErrorReply)):
                os.write(asks[1], encode(Shutdown()))
    os.close(asks[1]), os.close(answers[0])
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(code or int(not whole), flush=True)
"""


@pytest.fixture(autouse=True)
def _many_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every 16 rows are kept: 8 times in a run."""
    monkeypatch.setattr(writers, "CHECKPOINT_S", 0.0)
    monkeypatch.setattr(writers, "_BLOCK_HEIGHTS", (16,))


@pytest.fixture
def job(scene: dict[str, Path], untrained: Path, tmp_path: Path) -> EmbedJob:
    """128 × 128 cells, each of several tiles that overlap across strips."""
    return EmbedJob(
        inputs=(str(scene["s2"]),),
        model=str(untrained),
        chip=28,
        overlap=0.5,
        batch=4,
        output=str(tmp_path / "out.tif"),
    )


def changed(job: EmbedJob, **more: object) -> EmbedJob:
    return EmbedJob(**{**vars(job), **more})


def values(path: Path) -> np.ndarray:
    if path.suffix == ".zarr":
        return np.asarray(zarr.open_array(path / "embedding", mode="r", zarr_format=3)[:])
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        return np.stack([*map(np.asarray, table["embedding"].to_numpy(zero_copy_only=False))])
    with rasterio.open(path) as raster:
        return raster.read()


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def stop_at(fraction: float):
    """A progress callback and a cancel callback: the run is cancelled once it has come so far."""
    far = []
    return (lambda event: far.append(event.fraction)), (lambda: bool(far) and far[-1] >= fraction)


def run_until(fraction: float, job: EmbedJob) -> CancelledError:
    with pytest.raises(CancelledError) as caught:
        embed.run(job, *stop_at(fraction))
    return caught.value


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """A disk that takes ``size`` bytes: the system itself refuses every write beyond."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


@pytest.mark.parametrize(
    ("suffix", "dtype", "cog", "runner_of"),
    [
        (".tif", "int8", False, RUNNER),
        (".zarr", "float16", False, RUNNER),
        (".parquet", "float32", False, RUNNER),
        (".tif", "float32", True, RUNNER),
        (".tif", "int8", False, WORKER_RUNNER),
    ],
    ids=["geotiff", "zarr", "geoparquet", "cog", "worker"],
)
def test_runs_killed_at_any_moment_leave_nothing_under_the_name_and_are_continued_to_the_same_pixels(
    job: EmbedJob, tmp_path: Path, suffix: str, dtype: str, cog: bool, runner_of: str
) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    job = changed(job, dtype=dtype, cog=cog)
    unbroken = embed.run(changed(job, output=str(whole / f"out{suffix}"), picture=str(whole / "pca.tif")))
    folder = tmp_path / "killed"
    folder.mkdir()
    out, picture = folder / f"out{suffix}", folder / "pca.tif"
    killed = changed(job, output=str(out), picture=str(picture), resume=True)
    runner = subprocess.Popen(
        [sys.executable, "-c", runner_of], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert runner.stdin is not None and runner.stdout is not None
    chance = random.Random(suffix)
    kills, rows = 0, set()
    # What follows the strips is shared: fewer where only the making of the format, or the way in, is another.
    enough = KILLS if runner_of == RUNNER and suffix != ".parquet" and not cog else max(2, KILLS // 3)
    # A kill before the first checkpoint shows nothing of what is continued: then there are more of them.
    while kills < enough or (not rows and kills < 20):
        runner.stdin.write(killed.to_json() + "\n")
        runner.stdin.flush()
        pid = int(runner.stdout.readline())
        # Somewhere in a run: what is left of one that is continued is shorter.
        time.sleep(chance.uniform(0, unbroken.seconds))
        with suppress(ProcessLookupError):  # it was faster
            os.kill(pid, signal.SIGKILL)
        if int(runner.stdout.readline()) == 0:
            # Whole: begun anew.
            assert names(folder) == {out.name, picture.name}
            np.testing.assert_array_equal(values(out), values(whole / out.name))
            for path in (out, picture):
                remove(path)
            continue
        kills += 1
        assert not picture.exists() or out.exists()
        if out.exists():
            np.testing.assert_array_equal(values(out), values(whole / out.name))
            remove(out)
            remove(picture)
        for journal in folder.glob(".*.journal"):
            rows.add(json.loads(journal.read_text())["rows"])
    runner.stdin.close()
    runner.wait()
    assert rows, "no run was killed after a checkpoint"
    result = embed.run(changed(killed, overwrite=True))
    assert names(folder) == {out.name, picture.name}
    np.testing.assert_array_equal(values(out), values(whole / out.name))
    np.testing.assert_array_equal(values(picture), values(whole / picture.name))
    assert (result.rgb_bands, result.rgb_ranges) == (unbroken.rgb_bands, unbroken.rgb_ranges)


@pytest.mark.parametrize("fraction", [0.35, 0.6, 0.9])
def test_a_run_is_continued_from_its_finished_rows_with_the_same_pixels(
    job: EmbedJob, tmp_path: Path, fraction: float
) -> None:
    unbroken = embed.run(changed(job, output=str(tmp_path / "whole.tif"), picture=str(tmp_path / "whole.pca.tif")))
    job = changed(job, picture=str(tmp_path / "pca.tif"), resume=True)
    error = run_until(fraction, job)
    (journal,) = tmp_path.glob(".*.journal")
    rows = json.loads(journal.read_text())["rows"]
    assert 0 < rows < ROWS and f"{rows} of {ROWS} rows are kept" in error.hint
    seen: list[Progress] = []
    result = embed.run(job, seen.append)
    assert any(f"Continued at row {rows} of {ROWS}" in note for note in result.notes)
    # The tiles of finished strips are not run again.
    tiles = [int(event.message.split()[2]) for event in seen if event.message.startswith("Embedding tile")]
    assert tiles[0] >= (rows / ROWS - 0.2) * tiles[-1]
    np.testing.assert_array_equal(values(tmp_path / "out.tif"), values(tmp_path / "whole.tif"))
    np.testing.assert_array_equal(values(tmp_path / "pca.tif"), values(tmp_path / "whole.pca.tif"))
    assert (result.rgb_bands, result.rgb_ranges) == (unbroken.rgb_bands, unbroken.rgb_ranges)
    assert names(tmp_path) == {"out.tif", "whole.tif", "pca.tif", "whole.pca.tif"}


def test_other_settings_do_not_continue_a_run_and_lose_nothing_of_it(job: EmbedJob, tmp_path: Path) -> None:
    job = changed(job, resume=True)
    run_until(0.5, job)
    left = names(tmp_path)
    with pytest.raises(JobError, match=r"unfinished out\.tif was begun with other .*\(dtype, overlap\)"):
        embed.run(changed(job, overlap=0.25, dtype="float16"))
    assert names(tmp_path) == left
    embed.run(changed(job, resume=False, overlap=0.25))
    assert names(tmp_path) == {"out.tif"}


def test_a_source_that_has_changed_does_not_continue_a_run(job: EmbedJob, tmp_path: Path) -> None:
    source = tmp_path / "source.tif"
    source.write_bytes(Path(job.inputs[0]).read_bytes())
    job = changed(job, inputs=(str(source),), sensors=("sentinel-2-l2a",), resume=True)
    run_until(0.5, job)
    os.utime(source, (1, 1))
    with pytest.raises(JobError, match=r"other settings or inputs \(images\)"):
        embed.run(job)


def test_a_damaged_leftover_is_not_continued(job: EmbedJob, tmp_path: Path) -> None:
    job = changed(job, resume=True)
    run_until(0.5, job)
    (partial,) = (path for path in tmp_path.iterdir() if path.suffix == ".tif")
    os.truncate(partial, partial.stat().st_size // 4)
    with pytest.raises(OutputError, match="damaged and cannot be continued"):
        embed.run(job)
    embed.run(changed(job, resume=False))
    assert names(tmp_path) == {"out.tif"}


def test_without_resume_nothing_is_kept(job: EmbedJob, tmp_path: Path) -> None:
    assert "kept" not in run_until(0.5, job).hint
    assert names(tmp_path) == set()


def test_a_full_disk_loses_no_finished_row_of_a_run_that_may_be_continued(job: EmbedJob, tmp_path: Path) -> None:
    embed.run(changed(job, output=str(tmp_path / "whole.tif")))
    job = changed(job, resume=True)
    size = (tmp_path / "whole.tif").stat().st_size
    with pytest.raises(OutputError, match="disk ran full") as caught, files_no_larger_than(size // 2):
        embed.run(job)
    assert "rows are kept" in caught.value.hint and not (tmp_path / "out.tif").exists()
    embed.run(job)
    np.testing.assert_array_equal(values(tmp_path / "out.tif"), values(tmp_path / "whole.tif"))
    assert names(tmp_path) == {"out.tif", "whole.tif"}


#: What the progress says while another format is made of the finished raster, by the output's name.
MAKING = {"out.zarr": "Writing the Zarr", "out.parquet": "Writing the GeoParquet", "cog.tif": "Laying the COG out"}
FORMATS = pytest.mark.parametrize("name", ["out.tif", *MAKING])


def named(job: EmbedJob, name: str, folder: Path, **more: object) -> EmbedJob:
    return changed(job, output=str(folder / name), cog=name == "cog.tif", **more)


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A file system of its own, in memory."""
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True)
    if done.returncode:
        pytest.skip("no file system can be mounted here: that needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("name", MAKING)
def test_a_disk_that_fills_while_a_format_is_made_costs_no_row_of_a_run_that_may_be_continued(
    job: EmbedJob, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Many pieces, so that most are still to be written when the first is told of.
    monkeypatch.setattr(geoparquet, "_GROUP_BYTES", 1)
    monkeypatch.setattr(zarr_store, "_CHUNK_BYTES", 1)
    monkeypatch.setattr(zarr_store, "_THREADS", 2)
    embed.run(named(job, name, tmp_path))
    with mounted(tmp_path / "disk", "size=64m") as disk:
        own = named(job, name, disk, resume=True)

        def fill(event: Progress) -> None:
            # Somebody else takes all the room that is left.
            if event.message.startswith(MAKING[name]) and not (disk / "other").exists():
                with suppress(OSError), open(disk / "other", "wb", buffering=0) as file:
                    while file.write(bytes(4096)):
                        pass

        with pytest.raises(OutputError, match=rf"disk ran full while {name}") as caught:
            embed.run(own, fill)
        assert "rows are kept" in caught.value.hint
        assert {each for each in names(disk) if not each.startswith(".")} == {"other"}
        (disk / "other").unlink()
        result = embed.run(own)
        assert any("Continued at row" in note for note in result.notes)
        np.testing.assert_array_equal(values(disk / name), values(tmp_path / name))
        assert names(disk) == {name}


@FORMATS
def test_a_disk_that_is_read_only_is_one_sentence_before_anything_is_computed(
    job: EmbedJob, tmp_path: Path, name: str
) -> None:
    seen: list[str] = []
    with mounted(tmp_path / "disk", "size=1m,ro") as disk:
        with pytest.raises(OutputError, match=rf"{name} cannot be written.*[Rr]ead-only") as caught:
            embed.run(named(job, name, disk), lambda event: seen.append(event.message))
        assert caught.value.hint and names(disk) == set()
    assert not any(message.startswith("Embedding tile") for message in seen)


def tall(path: Path) -> Path:
    """A raster of 40 chips, unpacked, so that its end lies at the end of the file."""
    pixels = np.random.default_rng(0).integers(1, 3000, (3, 40 * 28, 56)).astype(np.uint16)
    with rasterio.open(
        path, "w", driver="GTiff", width=56, height=40 * 28, count=3, dtype="uint16", crs="EPSG:32633",
        transform=rasterio.transform.from_origin(4e5, 5e6, 10, 10), interleave="pixel",
    ) as dataset:  # fmt: skip
        dataset.write(pixels)
        dataset.descriptions = ("B02", "B03", "B04")
    return path


# All grow as a GeoTIFF while their source is read: one of those that are made of it stands for them.
WHILE_READING = pytest.mark.parametrize("name", ["out.tif", "out.zarr"])


@pytest.mark.parametrize(("name", "resume"), [("out.tif", False), ("out.tif", True), ("out.zarr", True)])
def test_a_source_cut_off_in_the_middle_is_one_sentence_and_what_was_there_stays(
    job: EmbedJob, tmp_path: Path, name: str, resume: bool
) -> None:
    source = tall(tmp_path / "source.tif")
    whole = source.read_bytes()
    job = named(job, name, tmp_path, inputs=(str(source),), sensors=("sentinel-2-l2a",), overwrite=True, resume=resume)
    embed.run(job)
    before = values(tmp_path / name)

    def cut(event: Progress) -> None:
        if event.fraction > 0.3:
            os.truncate(source, len(whole) // 2)

    with pytest.raises(SourceError, match=r"source\.tif: rows \d+–\d+, .* cannot be read") as caught:
        embed.run(job, cut)
    np.testing.assert_array_equal(values(tmp_path / name), before)
    assert ("rows are kept" in caught.value.hint) == resume
    assert any(each.startswith(".") for each in names(tmp_path)) == resume


@WHILE_READING
def test_a_source_that_is_deleted_in_the_middle_is_read_to_its_end(job: EmbedJob, tmp_path: Path, name: str) -> None:
    source = tall(tmp_path / "source.tif")
    job = named(job, name, tmp_path, inputs=(str(source),), sensors=("sentinel-2-l2a",), overwrite=True)
    embed.run(job)
    expected = values(tmp_path / name)

    def delete(event: Progress) -> None:
        if event.fraction > 0.3:
            source.unlink(missing_ok=True)

    embed.run(job, delete)
    assert not source.exists()
    np.testing.assert_array_equal(values(tmp_path / name), expected)
    assert names(tmp_path) == {name}


@WHILE_READING
def test_a_slow_source_is_waited_for_aloud_and_cancel_is_heard(
    job: EmbedJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    job = named(job, name, tmp_path)
    monkeypatch.setattr(strips, "_TELL_S", 0.01)
    monkeypatch.setattr(embed, "_SLOW_S", 0.05)
    read = GridReader.read

    def slowly(self: GridReader, *window: int | None) -> tuple[np.ndarray, np.ndarray]:
        # Strips come from a thread of their own, wide as the raster; the values before them in windows.
        if window[2:] == (0, None):
            time.sleep(0.15)
        return read(self, *window)

    monkeypatch.setattr(GridReader, "read", slowly)
    seen: list[str] = []
    with pytest.raises(CancelledError):
        embed.run(job, lambda event: seen.append(event.message), lambda: any("Waiting" in text for text in seen))
    assert any(text.startswith("Waiting for S2") for text in seen)
    assert names(tmp_path) == set()
