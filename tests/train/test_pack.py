"""The command that packs: every layout from its folders to a collection that is whole."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pretraining_layouts import (
    s1_patch,
    s2_patch,
    wkt,
    write_bigearthnet,
    write_crop,
    write_fmow_table,
    write_picture,
    write_raster,
)

from train import pack
from train.data.shards import Collection

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(capsys) -> Iterator[Callable[..., tuple[int, str, str]]]:
    """Runs the command in this process: exit code, stdout, stderr."""
    handler, hook = signal.getsignal(signal.SIGTERM), sys.unraisablehook

    def command(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            pack.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    yield command
    signal.signal(signal.SIGTERM, handler)
    sys.unraisablehook = hook


def test_bigearthnet(run, tmp_path):
    root = write_bigearthnet(tmp_path / "ben", 3)
    (tmp_path / "snow.csv").write_text(f"{s2_patch(0)}\n")
    (tmp_path / "clouds.csv").write_text(f"{s2_patch(2)}\n")
    out = tmp_path / "packed" / "ben"
    code, text, progress = run("bigearthnet", root, "--exclude", tmp_path / "snow.csv", "--out", out)
    assert code == 0
    assert "2 records of 3 items" in text
    assert f"1 are in a list of patches to leave out, for instance {s2_patch(0)} & {s1_patch(0)}" in text
    assert "100% 2 records" in progress
    code, text, _ = run("check", out)
    assert code == 0
    assert "BigEarthNet-MM v1.0: 2 records, 1 of 1 shards whole.\nLicence: CDLA-Permissive-1.0" in text
    (tmp_path / "pairs.txt").write_text(f"{s2_patch(1)} {s1_patch(1)}\n")
    both = ("--exclude", tmp_path / "snow.csv", "--exclude", tmp_path / "clouds.csv")
    code, _, _ = run("bigearthnet", root, "--patches", tmp_path / "pairs.txt", *both, "--out", tmp_path / "one")
    assert (code, Collection(tmp_path / "one").origins([0])) == (0, [f"{s2_patch(1)} & {s1_patch(1)}"])
    code, _, _ = run("bigearthnet", root, "--sensors", "s1", "--limit", 1, "--out", tmp_path / "s1")
    assert (code, [side.sensor for side in Collection(tmp_path / "s1").sides]) == (0, ["sentinel-1-grd"])


def test_fmow_writes_the_list_of_pairs_it_made(run, tmp_path):
    bounds = (32.69, 39.95, 32.70, 39.96)

    def ground(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
        return 0.5 + 0.4 * np.sin(lon * 3000)

    place = "train/zoo/zoo_4"
    write_picture(
        tmp_path / "rgb" / place / "zoo_4_0_rgb.jpg", ground, bounds, 5.0,
        timestamp="2016-01-01T00:00:00Z", raw_location=wkt(bounds),
    )  # fmt: skip
    write_crop(tmp_path / "s2" / place / "zoo_4_7.tif", ground, bounds)
    row = {"category": "zoo", "location_id": 4, "image_id": 7, "timestamp": "2016-01-03T12:00:00Z"}
    write_fmow_table(tmp_path / "s2" / "train.csv", [{**row, "polygon": wkt(bounds)}])
    code, text, _ = run("fmow", tmp_path / "rgb", tmp_path / "s2", "--side", 64, "--out", tmp_path / "fmow")
    assert code == 0
    listed = tmp_path / "fmow-pairs.csv"
    assert f"1 pairs listed in {listed}" in text
    assert listed.read_text() == f"rgb,sentinel,days_apart\n{place}/zoo_4_0_rgb.jpg,{place}/zoo_4_7.tif,2.5\n"
    assert [side.shape for side in Collection(tmp_path / "fmow").sides] == [(3, 64, 64), (12, 16, 16)]
    code, _, _ = run(
        "fmow", tmp_path / "rgb", tmp_path / "s2", "--pairs", listed, "--side", 64, "--out", tmp_path / "b"
    )
    assert code == 0
    assert Collection(tmp_path / "b").digest == Collection(tmp_path / "fmow").digest
    code, _, error = run("fmow", tmp_path / "rgb", tmp_path / "s2", "--side", 66, "--out", tmp_path / "c")
    assert code == 2
    assert "no multiple of 4" in error


def test_any_rasters(run, tmp_path):
    values = np.random.default_rng(0).integers(1, 255, (3, 40, 40), np.uint8)
    write_raster(tmp_path / "images" / "a.tif", values, None, None, photometric="RGB")
    options = ("--licence", "CC0-1.0", "--side", 16)
    sensor = ("--sensor", "maxar-rgb")
    assert run("folder", tmp_path / "images", *sensor, *options, "--out", tmp_path / "folder")[0] == 0
    (tmp_path / "list.csv").write_text("a,sensor_a\nimages/a.tif,maxar-rgb\n")
    assert run("csv", tmp_path / "list.csv", *options, "--out", tmp_path / "csv")[0] == 0
    first, second = Collection(tmp_path / "folder"), Collection(tmp_path / "csv")
    assert (len(first), first.name, second.name, second.licence) == (4, "images", "list", "CC0-1.0")
    assert first.digest == second.digest


def test_errors_are_one_sentence_and_code_2(run, tmp_path):
    code, _, error = run("bigearthnet", tmp_path, "--out", tmp_path / "c")
    assert code == 2
    assert error.startswith("Error: No folders of Sentinel-2 and Sentinel-1 patches")
    assert "Traceback" not in error
    root = write_bigearthnet(tmp_path / "ben", 1)
    (tmp_path / ".ben.partial-1").mkdir()
    (tmp_path / ".c.partial-1").mkdir()
    _, _, error = run("csv", tmp_path / "none.csv", "--licence", "x", "--out", tmp_path / "c")
    assert (
        error.splitlines()[0] == f"Left by a run that was killed, or of one that goes on: {tmp_path / '.c.partial-1'}"
    )
    code, _, error = run("bigearthnet", root, "--out", root)
    assert (code, error.splitlines()[0]) == (2, f"Error: {root} exists.")
    code, _, error = run("check", root)
    assert code == 2
    assert "not a packed collection" in error
    code, _, error = run("folder", root, "--out", tmp_path / "c")
    assert code == 2
    assert "--licence" in error


def test_damage_is_found_by_check(run, tmp_path):
    root = write_bigearthnet(tmp_path / "ben", 1)
    run("bigearthnet", root, "--out", tmp_path / "c")
    shard = tmp_path / "c" / "00000.bin"
    shard.write_bytes(shard.read_bytes()[:-1] + b"\x7f")
    code, _, error = run("check", tmp_path / "c")
    assert code == 2
    assert "00000.bin is damaged" in error


def test_a_full_disk_is_one_sentence(run, tmp_path):
    root = write_bigearthnet(tmp_path / "ben", 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        code, _, error = run("bigearthnet", root, "--out", tmp_path / "c")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert code == 2
    assert "c cannot be written: File too large" in error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ben"]


def test_run_as_a_file_and_ended_by_a_signal(tmp_path):
    """A scheduler's SIGTERM: exit code 130, nothing left of the output."""
    root = write_bigearthnet(tmp_path / "ben", 1)
    patches = tmp_path / "many.txt"
    patches.write_text(f"{s2_patch(0)} {s1_patch(0)}\n" * 20_000)
    command = [sys.executable, str(ROOT / "train" / "pack.py"), "bigearthnet", str(root)]
    process = subprocess.Popen(
        [*command, "--patches", str(patches), "--out", str(tmp_path / "c")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert process.stderr is not None
    assert "records" in process.stderr.readline()
    assert any(path.name.startswith(".c.partial") for path in tmp_path.iterdir())
    process.terminate()
    _, error = process.communicate(timeout=30)
    assert process.returncode == 130
    assert error.endswith("Interrupted; nothing was written.\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ben", "many.txt"]
