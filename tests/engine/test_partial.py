"""What dead runs left is removed, what live ones write is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.partial import Claim, leftovers, partial_path, remove_partial

ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sys
from engine.partial import Claim
claim = Claim(sys.argv[1])
claim.path.write_text("half")
print(claim.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def writer(tmp_path: Path) -> subprocess.Popen:
    """Another process that writes out.tif, as long as nobody closes its stdin."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "out.tif")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    child.stdout.readline()
    yield child
    child.kill()
    child.communicate()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_work_of_a_live_process_is_passed_over_and_that_of_a_dead_one_removed(
    writer: subprocess.Popen, tmp_path: Path
) -> None:
    output = tmp_path / "out.tif"
    theirs = partial_path(output, writer.pid)
    assert leftovers(output) == []
    with Claim(output) as own:
        assert own != theirs
    assert theirs.read_text() == "half"
    writer.kill()
    writer.wait()
    assert theirs.exists()
    with Claim(output) as own:
        assert names(tmp_path) == {f"{own.name}.lock"}
        own.write_text("mine")
    assert names(tmp_path) == set()


def test_a_leftover_of_the_very_same_process_number_is_removed_too(tmp_path: Path) -> None:
    left = partial_path(tmp_path / "out.tif")
    left.write_text("of another container")
    with Claim(tmp_path / "out.tif") as own:
        assert own == left and not own.exists()


def test_only_what_belongs_to_the_output_and_the_process_goes(tmp_path: Path) -> None:
    mine = [".a[1].partial-12.tif", ".a[1].partial-12.tif.aux.xml", ".a[1].partial-12.gpkg-wal"]
    others = [".a[1].partial-123.tif", ".a[1].partial-1.tif", ".a1.partial-12.tif", ".b.partial-12.tif", "a[1].tif"]
    for name in (*mine, *others):
        (tmp_path / name).write_text("x")
    folder = tmp_path / ".a[1].partial-12.zarr"
    (folder / "c").mkdir(parents=True)
    removed = remove_partial(tmp_path / "a[1].tif", 12)
    assert {path.name for path in removed} == {*mine, folder.name}
    assert names(tmp_path) == set(others)


def test_what_is_kept_can_be_adopted_and_two_cannot_have_it(tmp_path: Path) -> None:
    output = tmp_path / "out.tif"
    claim = Claim(output)
    claim.path.write_text("finished rows")
    claim.release(keep=True)
    (adopted,) = leftovers(output)
    assert adopted.path.read_text() == "finished rows"
    assert leftovers(output) == []
    adopted.release()
    assert names(tmp_path) == set()


def test_outputs_of_one_stem_do_not_remove_one_another(tmp_path: Path) -> None:
    with Claim(tmp_path / "map.gpkg") as polygons:
        polygons.write_text("polygons")
        with Claim(tmp_path / "map.tif") as raster:
            raster.write_text("raster")
        assert polygons.read_text() == "polygons"


def test_a_folder_that_takes_no_files_is_the_systems_error() -> None:
    if not os.path.isdir("/proc/self"):
        pytest.skip("no /proc: nothing here refuses files even to root")
    with pytest.raises(OSError, match="out"):
        Claim("/proc/self/out.tif")
