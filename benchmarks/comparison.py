"""What every benchmark of speed shares: ways timed in turn, what is wanted of them, and the record."""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from benchmarks.machine import IDLE, Probe, busy_share, machine, probe, take_two_cores

RESULTS = Path(__file__).parent / "results"

#: Seconds of every run of every way, in the order of time; the first way is what the others are compared with.
Seconds = dict[str, list[float]]


@dataclass(frozen=True)
class Comparison:
    """Several ways of doing the same: ``seconds`` of each, the first being the baseline.

    ``differences`` tells how far the results of the others lie from the baseline's, as a share of its largest value
    or as their name says. ``wanted`` is the least ratio for those ways of which one is promised.
    """

    what: str
    seconds: Seconds
    differences: Mapping[str, float]
    wanted: Mapping[str, float] = field(default_factory=dict)

    def ratios(self, way: str) -> list[float]:
        """How many times as fast as the baseline ``way`` was, round by round."""
        baseline = next(iter(self.seconds.values()))
        return [slow / fast for slow, fast in zip(_by_round(baseline), _by_round(self.seconds[way]), strict=True)]

    def figures(self) -> list[Figure]:
        """The promised ratios, as figures."""
        return [
            Figure(f"{self.what}: {way}", statistics.median(self.ratios(way)), "times as fast", at_least=least)
            for way, least in self.wanted.items()
        ]


@dataclass(frozen=True)
class Figure:
    """Something measured that is no comparison of times, with its unit and the limits it is to keep."""

    what: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the limits are kept; None where there are none."""
        if self.at_least is None and self.at_most is None:
            return None
        return (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )


Found = Sequence[Comparison | Figure]


def in_turn(ways: Mapping[str, Callable[[], object]], rounds: int, least_s: float = 0.3) -> Seconds:
    """Seconds of a run of every way, twice per round: A B B A, so that a drift of the machine meets all alike.

    A short run is repeated for ``least_s`` and its mean taken. Every way has to have run before.
    """
    seconds: Seconds = {name: [] for name in ways}
    for _ in range(rounds):
        for name in (*ways, *reversed([*ways])):
            seconds[name].append(seconds_of(ways[name], least_s))
    return seconds


def seconds_of(run: Callable[[], object], least_s: float = 0.0) -> float:
    """Seconds of one run, the mean over as many as take ``least_s``."""
    started, runs = time.perf_counter(), 0
    while True:
        run()
        runs += 1
        passed = time.perf_counter() - started
        if passed >= least_s:
            return passed / runs


def difference(what: str, found: ArrayLike, expected: ArrayLike, limit: float) -> float:
    """The largest difference of two results, as a share of the largest expected value.

    Ends the program where it is above ``limit``: two ways that do not agree are not compared.
    """
    wanted = np.asarray(expected, np.float64)
    share = float(np.abs(np.asarray(found, np.float64) - wanted).max() / np.abs(wanted).max())
    if not share <= limit:
        raise SystemExit(
            f"{what}: the results differ by {share:.1e} of the largest value, at most {limit:g} is allowed"
        )
    return share


def benchmark(name: str, title: str, description: str, measure: Callable[[int], Found], rounds: int = 5) -> None:
    """The ``main`` of a benchmark: measures on two cores, prints a table, and writes JSON and Markdown.

    ``measure`` takes the number of rounds, checks that its ways agree, and only then takes times. Nothing is written
    unless the machine was idle before and after: figures taken beside other work are no figures.
    """
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    take_two_cores()
    busy, before = busy_share(), probe()
    found = measure(arguments.rounds)
    after, busy = probe(), max(busy, busy_share())
    record = made_record(name, title, found, before, after, busy)
    print(page(record))
    if busy > IDLE:
        print(f"The machine was busy with other work ({busy:.0%}): nothing is written.")
        return
    path = arguments.out / f"{name}-{record['machine']['date']}"
    arguments.out.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    path.with_suffix(".md").write_text(page(record))


def made_record(name: str, title: str, found: Found, before: Probe, after: Probe, busy: float) -> dict[str, Any]:
    """All that is known of a run, as JSON values."""
    comparisons = [each for each in found if isinstance(each, Comparison)]
    figures = [figure for each in found for figure in (each.figures() if isinstance(each, Comparison) else [each])]
    return {
        "benchmark": name,
        "title": title,
        "machine": machine(),
        "busy": busy,
        "probe": {"before": before, "after": after},
        "comparisons": [
            {**asdict(each), "ratios": {way: each.ratios(way) for way in each.seconds}} for each in comparisons
        ],
        "figures": [{**asdict(figure), "met": figure.met} for figure in figures],
    }


def page(record: dict[str, Any]) -> str:
    """A record as Markdown."""
    where = record["machine"]
    parts = [
        f"# {record['title']}",
        f"{where['date']}, {where['processor']} ({', '.join(where['instruction_sets'])}), {where['cores']} cores,"
        f" {where['threads']} threads, torch {where['torch']}, GDAL {where['gdal']}; precision “auto” is"
        f" {where['precision']} here.",
    ]
    if record["comparisons"]:
        parts.append(_table(record["comparisons"]))
    if record["figures"]:
        rows = [
            f"| {each['what']} | {number(each['value'])} {each['unit']} | {_limits(each)} | {_verdict(each['met'])} |"
            for each in record["figures"]
        ]
        parts.append("\n".join(["| measured | | wanted | |", "|---|---|---|---|", *rows]))
    before, after = (_probe_text(record["probe"][when]) for when in ("before", "after"))
    parts.append(
        f"The machine before and after: {before}; {after}. Other work took {record['busy']:.0%} of it at most."
    )
    return "\n\n".join(parts) + "\n"


def number(value: float) -> str:
    """Three significant digits, thousands apart."""
    if value == 0:
        return "0"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _table(comparisons: Sequence[dict[str, Any]]) -> str:
    rows = ["| | | seconds, median (range) | against the first, median (range) | difference of the result |"]
    rows.append("|---|---|---|---|---|")
    runs = 0
    for each in comparisons:
        for way, seconds in each["seconds"].items():
            runs = max(runs, len(seconds))
            difference = each["differences"].get(way)
            rows.append(
                f"| {each['what']} | {way} | {_spread(seconds)} | {_spread(each['ratios'][way])} |"
                f" {'' if difference is None else f'{difference:.1e}'} |"
            )
    return "\n".join(rows) + f"\n\nUp to {runs} runs of each, in turn (A B B A); ratios are taken round by round."


def _spread(values: Sequence[float]) -> str:
    return f"{number(statistics.median(values))} ({number(min(values))} to {number(max(values))})"


def _limits(figure: Mapping[str, Any]) -> str:
    limits = [("at least", figure["at_least"]), ("at most", figure["at_most"])]
    return ", ".join(f"{word} {number(limit)}" for word, limit in limits if limit is not None)


def _verdict(met: bool | None) -> str:
    return "" if met is None else "met" if met else "missed"


def _probe_text(found: Probe) -> str:
    rates = [f"{found[f'{name}_flops'] / 1e9:,.0f} GFLOP/s in {name}" for name in ("fp32", "bf16")
             if f"{name}_flops" in found]  # fmt: skip
    return ", ".join([*rates, f"{found['bytes_per_second'] / 1e9:.1f} GB/s"])


def _by_round(seconds: Sequence[float]) -> list[float]:
    return [first + second for first, second in zip(seconds[::2], seconds[1::2], strict=True)]
