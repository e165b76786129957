"""The line says what one wants to know, once in a while."""

from __future__ import annotations

import io
import os
import time

import pytest

from train.watch.progress_line import Figures, Pace, ProgressLine, Smoothed, flops_words, last_checkpoint, words

FIGURES = Figures(
    done=1200, steps=14000, loss=0.78712, by_collection={"uc-merced": 0.81, "ssl4eo-s1": 0.7}, rate=7.03e-4,
    pairs_per_s=43.4, share=0.38, peak_flops_per_s=153e9, seconds_left=15120.0,
)  # fmt: skip


class Terminal(io.StringIO):
    """A stream that is one."""

    def isatty(self) -> bool:
        return True


def test_the_line():
    assert words(FIGURES, "saved 3 min ago") == (
        "step 1,200/14,000 · loss 0.7871 · lr 7.03e-04 · 43 pairs/s · 38% of 153 GFLOP/s · 4.2 h left · saved 3 min ago"
        " · uc-merced 0.81, ssl4eo-s1 0.70"
    )
    assert [flops_words(rate) for rate in (3e6, 94e9, 1.2e12, 1.5e15)] == [
        "3 MFLOP/s", "94 GFLOP/s", "1.2 TFLOP/s", "1.5 PFLOP/s"
    ]  # fmt: skip


def test_a_log_gets_a_line_now_and_then(tmp_path):
    log = io.StringIO()
    line = ProgressLine(tmp_path, log)
    for _ in range(3):
        line.show(lambda: FIGURES)
    line.say("step 1,200: kNN")
    line.show(lambda: FIGURES, now=True)
    line.close()
    shown = log.getvalue().splitlines()
    assert [text.split(" · ")[0] for text in shown] == ["step 1,200/14,000", "step 1,200: kNN", "step 1,200/14,000"]
    assert "not saved yet" in shown[0]


def test_a_terminal_keeps_one_line_that_fits(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    terminal = Terminal()
    line = ProgressLine(tmp_path, terminal)
    line.show(lambda: FIGURES)
    line.show(lambda: FIGURES, now=True)
    line.say("told")
    line.close()
    first, second = terminal.getvalue().split("\r")[1:]
    assert len(first.removesuffix("\x1b[K")) == 59
    assert second == f"{first}\ntold\n"


def test_the_age_of_the_last_checkpoint(tmp_path):
    assert last_checkpoint(tmp_path, time.time()) == "not saved yet"
    path = tmp_path / "checkpoint-00000012.safetensors"
    path.touch()
    os.utime(path, (1000, 1000))
    assert last_checkpoint(tmp_path, 1030) == "saved just now"
    assert last_checkpoint(tmp_path, 1750) == "saved 12 min ago"


def test_means_forget_and_the_pace_bears_a_slow_step():
    smoothed = Smoothed(memory=4)
    assert [smoothed.add(value) for value in (4.0, 2.0, 3.0)] == [4.0, 3.0, 3.0]
    for _ in range(60):
        smoothed.add(1.0)
    assert smoothed.value == pytest.approx(1.0, abs=1e-4)
    pace = Pace()
    for seconds in (90.0, 2.0, 2.0, 2.0):
        pace.add(seconds, 8e9)
    assert (pace.seconds, pace.flops_per_s) == (2.0, 4e9)
