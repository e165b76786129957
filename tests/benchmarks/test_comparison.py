"""How ways are timed and told: in turn, round by round, with what was promised beside what was measured."""

from __future__ import annotations

import pytest

from benchmarks.comparison import Comparison, Figure, in_turn, made_record, page
from benchmarks.linear_time import line
from benchmarks.machine import busy_share, instruction_sets

PROBE = {"fp32_flops": 2e11, "bytes_per_second": 2e10}


def test_ways_run_forwards_and_backwards() -> None:
    order: list[str] = []
    seconds = in_turn({name: lambda name=name: order.append(name) for name in "abc"}, rounds=2, least_s=0)
    assert "".join(order) == "abccba" * 2
    assert {name: len(values) for name, values in seconds.items()} == {"a": 4, "b": 4, "c": 4}


def test_ratios_are_those_of_rounds() -> None:
    # The machine was half as fast in the second round: both ways met it, and the ratio does not.
    comparison = Comparison("x", {"plain": [4, 6, 8, 12], "ours": [1, 1, 2, 2]}, {}, {"ours": 5.5})
    assert comparison.ratios("ours") == [5.0, 5.0]
    assert [figure.met for figure in comparison.figures()] == [False]


@pytest.mark.parametrize(
    ("limits", "met"), [({}, None), ({"at_least": 2}, True), ({"at_most": 2}, False), ({"at_least": 3}, True)]
)
def test_limits(limits: dict[str, float], met: bool | None) -> None:
    assert Figure("x", 3, "s", **limits).met is met


def test_a_page_tells_what_was_missed() -> None:
    comparison = Comparison("tokens", {"plain": [3.0, 3.0], "ours": [1.0, 1.0]}, {"ours": 1e-6}, {"ours": 5.0})
    record = made_record("x", "A title", [comparison, Figure("peak", 1.5, "GB", at_most=2)], PROBE, PROBE, 0.02)
    text = page(record)
    assert "| tokens: ours | 3 times as fast | at least 5 | missed |" in text
    assert "| peak | 1.5 GB | at most 2 | met |" in text
    assert "200 GFLOP/s in fp32, 20.0 GB/s" in text
    assert record["machine"]["instruction_sets"] == instruction_sets()


def test_idle_and_busy_are_shares() -> None:
    assert 0 <= busy_share() <= 1


def test_a_line_explains_what_is_linear_and_no_more() -> None:
    assert line([1, 2, 4], [3, 5, 9]) == pytest.approx((2, 1, 1))
    assert line([1, 2, 4, 8], [1, 4, 16, 64])[2] < 0.97
