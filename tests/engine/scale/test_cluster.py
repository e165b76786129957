"""Two machines on Ray, both of this machine: a process is killed, the driver is killed, a machine is lost."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from scene_lists import json_lines, report_of, write_scenes

from engine.jobs.embed import EmbedJob
from engine.tasks import embed

pytest.importorskip("ray", reason="Ray is not installed (pip install -r requirements-scale.txt -c constraints-dev.txt)")

ROOT = Path(__file__).resolve().parents[3]
SCENES = 4
CHIP, OVERLAP = 28, 0.75
PATIENCE_S = 240


def wait_for(condition, process):
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    raise AssertionError(f"nothing came of {condition.__name__}")


def holders(path):
    """The processes of this machine that have a file open, as the system tells: number and title."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        # A process may end meanwhile, or be somebody else's.
        with contextlib.suppress(OSError):
            if str(path) in {os.path.realpath(link) for link in (process / "fd").iterdir()}:
                found[int(process.name)] = (process / "cmdline").read_bytes().decode(errors="replace").strip("\0 ")
    return found


@dataclass
class Story:
    """What was seen: who had a scene's image and its output open, the reports of both runs, the second one's exit
    code, what the terminal got."""

    out: Path
    reading: dict[int, str]
    writing: dict[int, str]
    after_kill: dict[str, dict]
    finished: dict[str, dict]
    code: int
    told: str
    leftovers: list[Path]


@pytest.fixture(scope="module")
def cluster():
    """A cluster of two machines with two processors each, room for one worker on each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("OMP_NUM_THREADS", "1")
        from engine.scale.ray_session import require_ray

        require_ray()
        import ray
        from ray.cluster_utils import Cluster

        cluster = Cluster()
        machine = {"num_cpus": 2, "num_gpus": 0, "object_store_memory": 100 * 2**20, "include_dashboard": False}
        cluster.add_node(**machine)
        second = cluster.add_node(**machine)
        yield cluster, second
        cluster.shutdown()
        ray.shutdown()


@pytest.fixture(scope="module")
def story(cluster, tmp_path_factory, untrained):
    cluster, second = cluster
    folder = tmp_path_factory.mktemp("many")
    out = folder / "out"
    write_scenes(folder / "in", SCENES, 330)
    manifest = json_lines(folder / "m.jsonl", [{"inputs": [f"in/S2_{number}.tif"]} for number in range(SCENES)])
    command = [
        sys.executable, "-m", "engine", "embed-many", manifest, "--out", out, "--address", cluster.address,
        "--model", untrained, "--chip", str(CHIP), "--overlap", str(OVERLAP), "--encoder-cpus", "1",
    ]  # fmt: skip

    def start():
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def at_work():
        """The encoders' process numbers, by what they have begun."""
        return {path.name: int(path.name.split("-")[1].split(".")[0]) for path in out.glob(".S2_*.partial-*.tif")}

    def who_does_what():
        """Who has an image open and who its unfinished output, of a scene that is being encoded."""
        for name in at_work():
            reading = holders(folder / "in" / f"{name[1:].split('.')[0]}.tif")
            writing = holders(out / name)
            if reading and writing:
                return reading, writing
        return None

    # A process is killed in the middle of a scene, and the driver once that scene has been made again.
    driver = start()
    reading, writing = wait_for(who_does_what, driver)
    os.kill(next(iter(wait_for(at_work, driver).values())), signal.SIGKILL)
    report = out / "report.jsonl"
    wait_for(lambda: any(line["attempts"] > 1 for line in report_of(report).values()), driver)
    after_kill = report_of(report)
    driver.kill()
    driver.communicate()

    # The same again; a whole machine is lost on the way.
    left = at_work()
    driver = start()
    wait_for(lambda: at_work().items() - left.items(), driver)
    cluster.remove_node(second, allow_graceful=False)
    told, _ = driver.communicate(timeout=PATIENCE_S)
    return Story(out, reading, writing, after_kill, report_of(report), driver.returncode, told, list(out.glob(".S2*")))


def test_readers_and_encoders_are_processes_of_their_own(story):
    # The pixels come out right (below), so the one that alone has the image open has read them for the other.
    assert len(story.reading) == 1 and "SceneReader" in next(iter(story.reading.values())), story.reading
    assert len(story.writing) == 1 and "SceneEncoder" in next(iter(story.writing.values())), story.writing
    assert not story.reading.keys() & story.writing.keys()


def test_a_killed_process_costs_one_scene(story):
    attempts = [line["attempts"] for line in story.after_kill.values()]
    assert sorted(attempts)[-1] == 2 and sum(attempts) == len(attempts) + 1
    assert {line["status"] for line in story.after_kill.values()} == {"done"}


def test_after_a_killed_driver_what_is_done_is_skipped_and_the_rest_made(story):
    assert story.code == 0, story.told
    assert len(story.finished) == SCENES
    skipped = {name for name, line in story.finished.items() if line["status"] == "skipped"}
    assert set(story.after_kill) <= skipped
    assert {line["status"] for line in story.finished.values()} <= {"done", "skipped"}
    assert story.leftovers == []


def test_a_lost_machine_costs_at_most_the_scene_it_was_at(story):
    assert sum(line["attempts"] - 1 for line in story.finished.values()) <= 1


def test_the_terminal_gets_progress_and_a_summary_and_nothing_of_ray(story):
    assert f"{SCENES} scenes: " in story.told and " at work" in story.told
    assert "ray" not in story.told.lower().replace("starting ray", ""), story.told


def test_the_pixels_are_those_of_embed(story, tmp_path, untrained):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for number in (0, SCENES - 1):
            source = story.out.parent / "in" / f"S2_{number}.tif"
            embed.run(EmbedJob(inputs=(str(source),), output=str(tmp_path / f"{number}.tif"), model=str(untrained),
                               chip=CHIP, overlap=OVERLAP, device="cpu"))  # fmt: skip
            with (
                rasterio.open(tmp_path / f"{number}.tif") as one,
                rasterio.open(story.out / f"S2_{number}.tif") as other,
            ):
                np.testing.assert_array_equal(one.read(), other.read())
    finally:
        torch.set_num_threads(threads)
