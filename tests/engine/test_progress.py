from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.progress import Progress, ProgressMeter, ProgressThrottle


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_time_left_is_unknown_at_first_and_then_follows_the_rate() -> None:
    clock = Clock()
    meter = ProgressMeter(clock=clock)
    clock.now += 0.2
    assert meter.update(0.002, "a").seconds_left is None
    clock.now = 101.5
    assert meter.update(0.015, "a").seconds_left is None
    for second in range(2, 50):
        clock.now = 100.0 + second
        event = meter.update(second / 100, "tile")
        assert event.seconds_left == pytest.approx(100 - second, rel=0.05)


def test_time_left_adapts_when_the_run_becomes_slower() -> None:
    clock = Clock()
    meter = ProgressMeter(clock=clock)
    for step in range(1, 51):
        clock.now += 0.2
        meter.update(step / 100, "fast")
    for step in range(51, 91):
        clock.now += 2.0
        event = meter.update(step / 100, "slow")
    # 10 steps of 2 s are left; the mean over the whole run would say 10 s.
    assert event.seconds_left == pytest.approx(20, rel=0.2)


def test_no_time_left_is_invented_while_nothing_moves() -> None:
    clock = Clock()
    meter = ProgressMeter(clock=clock)
    for _ in range(10):
        clock.now += 1
        assert meter.update(0.0, "opening").seconds_left is None


def test_a_finished_run_has_no_seconds_left() -> None:
    assert ProgressMeter().update(1.0, "done") == Progress(1.0, "done", 0.0)


@given(
    steps=st.lists(
        st.tuples(st.floats(-2, 2, allow_nan=False), st.floats(0, 1e5, allow_nan=False)), min_size=1, max_size=30
    )
)
def test_fractions_stay_in_range_and_never_go_back_and_time_left_is_never_negative(
    steps: list[tuple[float, float]],
) -> None:
    clock = Clock()
    events: list[Progress] = []
    meter = ProgressMeter(events.append, clock=clock)
    for fraction, wait in steps:
        clock.now += wait
        meter.update(fraction, "m")
    assert len(events) == len(steps)
    fractions = [event.fraction for event in events]
    assert fractions == sorted(fractions) and 0 <= fractions[0] and fractions[-1] <= 1
    for event in events:
        assert event.seconds_left is None or 0 <= event.seconds_left < float("inf")


def test_a_fraction_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="not a number"):
        ProgressMeter().update(float("nan"), "m")


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan")])
def test_an_event_with_an_impossible_fraction_cannot_be_made(fraction: float) -> None:
    with pytest.raises(ValueError, match="expected 0 to 1"):
        Progress(fraction, "m")


@pytest.mark.parametrize("seconds", [-1.0, float("inf"), float("nan")])
def test_an_event_with_an_impossible_time_left_cannot_be_made(seconds: float) -> None:
    with pytest.raises(ValueError, match="seconds left"):
        Progress(0.5, "m", seconds)


def test_a_stage_fills_its_part_of_the_whole() -> None:
    events: list[Progress] = []
    meter = ProgressMeter(events.append)
    stage = meter.part(0.2, 0.6)
    stage(Progress(0.0, "reading"))
    stage(Progress(0.5, "reading"))
    stage(Progress(1.0, "read"))
    assert [round(event.fraction, 9) for event in events] == [0.2, 0.4, 0.6]
    assert events[-1].message == "read"


def test_a_stage_does_not_inherit_the_pace_of_the_one_before() -> None:
    clock = Clock()
    events: list[Progress] = []
    meter = ProgressMeter(events.append, clock=clock)
    reading, encoding = meter.part(0, 0.1), meter.part(0.1, 1)
    for step in range(1, 11):
        clock.now += 0.3
        reading(Progress(step / 10, "reading"))
    for step in range(1, 41):
        clock.now += 1
        encoding(Progress(step / 100, "encoding"))
        left = events[-1].seconds_left
        assert left is None if step < 2 else left == pytest.approx(100 - step, rel=0.35)
    assert left == pytest.approx(60, rel=0.02)


def test_a_throttle_limits_the_rate_and_still_delivers_the_newest_event() -> None:
    seen: list[tuple[float, Progress]] = []
    throttle = ProgressThrottle(lambda event: seen.append((time.monotonic(), event)), 0.05)
    start = time.monotonic()
    count = 0
    while time.monotonic() - start < 0.3:
        count += 1
        throttle(Progress(0.5, str(count)))
        time.sleep(0.001)
    deadline = time.monotonic() + 2
    while seen[-1][1].message != str(count) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert seen[0][1].message == "1"
    assert seen[-1][1].message == str(count)
    times = [moment for moment, _ in seen]
    assert min(later - earlier for earlier, later in itertools.pairwise(times)) >= 0.045
    messages = [int(event.message) for _, event in seen]
    assert messages == sorted(messages)


def test_a_closed_throttle_sends_nothing_more() -> None:
    seen: list[Progress] = []
    throttle = ProgressThrottle(seen.append, 0.05)
    throttle(Progress(0.1, "first"))
    throttle(Progress(0.2, "held back"))
    throttle.close()
    throttle(Progress(0.3, "late"))
    time.sleep(0.15)
    assert [event.message for event in seen] == ["first"]
