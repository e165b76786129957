"""The line that tells how far a run is: one that is renewed on a terminal, one every half minute in a log."""

from __future__ import annotations

import shutil
import statistics
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from engine.commands.progress_display import time_left
from train.checkpoints import find_checkpoints

_TERMINAL_S, _LOG_S = 0.5, 30.0
#: Steps behind a figure of the pace: the median of so many bears the one that compiled, or waited for a disk.
_PACE_STEPS = 31
#: Steps, or parts of a collection, behind a smoothed loss.
_LOSS_MEMORY = 50


@dataclass
class Smoothed:
    """A mean that forgets: of the first values the plain one, later over about ``memory`` of them."""

    memory: int = _LOSS_MEMORY
    value: float = 0.0
    count: int = 0

    def add(self, value: float) -> float:
        """The mean with ``value`` in it."""
        self.count = min(self.count + 1, self.memory)
        self.value += (value - self.value) / self.count
        return self.value


@dataclass
class Pace:
    """Seconds per step and operations per second, from the last steps."""

    _seconds: deque[float] = field(default_factory=lambda: deque(maxlen=_PACE_STEPS))
    _rates: deque[float] = field(default_factory=lambda: deque(maxlen=_PACE_STEPS))

    def add(self, seconds: float, flops: float) -> None:
        """A step of ``flops`` operations that took ``seconds``."""
        self._seconds.append(seconds)
        self._rates.append(flops / seconds)

    @property
    def seconds(self) -> float:
        """Those of a step."""
        return statistics.median(self._seconds)

    @property
    def flops_per_s(self) -> float:
        """Operations per second."""
        return statistics.median(self._rates)


@dataclass(frozen=True)
class Figures:
    """What a line tells: ``done`` of ``steps``, smoothed losses, the learning rate, the pace of the run.

    ``share`` is that of the device's matrix rate ``peak_flops_per_s``; ``probe`` the last accuracy, None before it.
    """

    done: int
    steps: int
    loss: float
    by_collection: Mapping[str, float]
    rate: float
    pairs_per_s: float
    share: float
    peak_flops_per_s: float
    seconds_left: float
    probe: float | None = None


def words(figures: Figures, saved: str) -> str:
    """The line; what matters most stands first, for a narrow terminal."""
    parts = [
        f"step {figures.done:,}/{figures.steps:,}",
        f"loss {figures.loss:.4f}",
        f"lr {figures.rate:.2e}",
        f"{figures.pairs_per_s:,.0f} pairs/s" if figures.pairs_per_s >= 10 else f"{figures.pairs_per_s:.1f} pairs/s",
        f"{figures.share:.0%} of {flops_words(figures.peak_flops_per_s)}",
    ]
    if figures.done < figures.steps:
        parts += [time_left(figures.seconds_left), saved]
    if figures.probe is not None:
        parts.append(f"kNN {figures.probe:.1%}")
    if len(figures.by_collection) > 1:
        parts.append(", ".join(f"{name} {loss:.2f}" for name, loss in figures.by_collection.items()))
    return " · ".join(parts)


def flops_words(flops_per_s: float) -> str:
    """For people: "153 GFLOP/s", "1.2 TFLOP/s"."""
    for size, unit in ((1e15, "P"), (1e12, "T"), (1e9, "G")):
        if flops_per_s >= size:
            return f"{flops_per_s / size:.3g} {unit}FLOP/s"
    return f"{flops_per_s / 1e6:.3g} MFLOP/s"


def last_checkpoint(folder: Path, now: float) -> str:
    """For people: when the last checkpoint in ``folder`` was written, ``now`` in seconds since the epoch."""
    found = find_checkpoints(folder)
    try:
        minutes = (now - found[-1].stat().st_mtime) / 60
    except (IndexError, OSError):
        return "not saved yet"
    return f"saved {minutes:.0f} min ago" if minutes >= 1 else "saved just now"


class ProgressLine:
    """Shows figures on ``stream`` (stderr by default), now and then; ``folder`` is that of the checkpoints."""

    def __init__(self, folder: Path, stream: TextIO | None = None) -> None:
        self._folder, self._stream = folder, stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._interval_s = _TERMINAL_S if self._terminal else _LOG_S
        self._next = 0.0
        self._open = False

    def show(self, figures: Callable[[], Figures], now: bool = False) -> None:
        """A line of ``figures`` if it is time, or ``now``; they are asked for only then."""
        if not now and time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._interval_s
        text = words(figures(), last_checkpoint(self._folder, time.time()))
        if self._terminal:
            columns = shutil.get_terminal_size().columns - 1
            self._stream.write(f"\r{text[:columns]}\x1b[K")
            self._open = True
        else:
            self._stream.write(text + "\n")
        self._stream.flush()

    def say(self, text: str) -> None:
        """A line of its own."""
        self.close()
        self._stream.write(text + "\n")
        self._stream.flush()

    def close(self) -> None:
        """End the renewed line."""
        if self._open:
            self._stream.write("\n")
            self._stream.flush()
            self._open = False
