"""Who is next: lost scenes at once, those of another run last, none for ever."""

from __future__ import annotations

from engine.jobs.embed import EmbedJob
from engine.scale.outcome import BUSY, DONE, FAILED, LOST, Outcome
from engine.scale.scene_queue import SceneQueue
from engine.scale.scenes import Scene


def queue_of(names, attempts=3):
    told = []
    scenes = [Scene(name, 1, EmbedJob(inputs=(f"{name}.tif",))) for name in names]
    return SceneQueue(scenes, attempts, told.append), told


def test_a_lost_scene_comes_next_again_and_no_other_is_repeated():
    queue, told = queue_of("abc")
    assert queue.next().name == "a"
    assert queue.next().name == "b"
    queue.take(Outcome("a", LOST, "gone", machine="m"))
    assert queue.next().name == "a"
    assert queue.next().name == "c"
    assert queue.next() is None
    for name in "abc":
        queue.take(Outcome(name, DONE))
    assert queue.is_done
    assert {outcome.name: outcome.attempts for outcome in told} == {"a": 2, "b": 1, "c": 1}


def test_a_scene_that_loses_every_worker_fails_with_a_sentence():
    queue, told = queue_of("a", attempts=2)
    for _ in range(2):
        queue.next()
        queue.take(Outcome("a", LOST, "It ended.", machine="node7"))
    assert queue.is_done and queue.next() is None
    assert (told[0].status, told[0].attempts) == (FAILED, 2)
    assert "lost 2 times, the last time on node7: It ended." in told[0].sentence


def test_what_another_run_makes_comes_last_and_waiting_is_no_attempt():
    queue, told = queue_of("ab")
    queue.next()
    queue.take(Outcome("a", BUSY))
    assert not queue.only_waits
    assert queue.next().name == "b"
    queue.take(Outcome("b", DONE))
    assert queue.only_waits
    for _ in range(5):
        assert queue.next().name == "a"
        queue.take(Outcome("a", BUSY))
    queue.next()
    queue.take(Outcome("a", DONE))
    assert queue.is_done and [outcome.attempts for outcome in told] == [1, 1]
