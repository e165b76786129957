"""How far a run is: the event, a meter that estimates the time left, a throttle for slow listeners. Stdlib only."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

#: Before this many seconds and this share of the work a rate says more about start-up than about the run.
_SETTLE_S = 2.0
_SETTLE_FRACTION = 0.005
#: The rate forgets what happened longer ago than this, or than a quarter of the run where that is more.
_MEMORY_S = 8.0


@dataclass(frozen=True)
class Progress:
    """One event: ``fraction`` done (0 to 1), ``message`` for people, ``seconds_left`` (None until it can be known).

    ``waiting``: nothing has moved for a while, and the message says what the run waits for.
    ValueError when a number is out of range.
    """

    fraction: float
    message: str
    seconds_left: float | None = None
    waiting: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.fraction <= 1:
            raise ValueError(f"progress of {self.fraction}, expected 0 to 1")
        if self.seconds_left is not None and not 0 <= self.seconds_left < math.inf:
            raise ValueError(f"{self.seconds_left} seconds left")


ProgressCallback = Callable[[Progress], None]
#: Asked between tiles; True means stop now and raise CancelledError.
CancelCallback = Callable[[], bool]


class ProgressMeter:
    """Turns fractions into events with a time left.

    The rate is the work done over the time it took, both with an exponentially fading
    memory, so that it follows a run that speeds up or slows down; each ``part`` begins
    with a fresh one. Fractions never go back: a smaller one is reported as the largest so far.
    """

    def __init__(self, callback: ProgressCallback | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._callback = callback
        self._clock = clock
        self._fraction = self._since_fraction = 0.0
        self._last = self._since = clock()
        self._work = self._time = 0.0

    def update(self, fraction: float, message: str, waiting: bool = False) -> Progress:
        """Report that ``fraction`` (0 to 1, clipped) is done; gives the event, also to the callback.

        ValueError when ``fraction`` is not a number.
        """
        if math.isnan(fraction):
            raise ValueError("progress is not a number")
        now = self._clock()
        fraction = min(1.0, max(self._fraction, fraction))
        elapsed = now - self._last
        fade = math.exp(-elapsed / max(_MEMORY_S, (now - self._since) / 4))
        self._work = self._work * fade + fraction - self._fraction
        self._time = self._time * fade + elapsed
        self._fraction, self._last = fraction, now
        event = Progress(fraction, message, self._seconds_left(), waiting)
        if self._callback is not None:
            self._callback(event)
        return event

    def part(self, start: float, end: float) -> ProgressCallback:
        """A callback for one stage of the run: its fractions 0 to 1 become ``start`` to ``end`` of the whole."""
        begun = False

        def report(event: Progress) -> None:
            nonlocal begun
            if not begun:
                begun = True
                self._forget()
            self.update(start + (end - start) * event.fraction, event.message, event.waiting)

        return report

    def _forget(self) -> None:
        # Stages differ in pace: reading at a tenth of the way says nothing about encoding.
        self._since, self._since_fraction = self._last, self._fraction
        self._work = self._time = 0.0

    def _seconds_left(self) -> float | None:
        if self._fraction >= 1.0:
            return 0.0
        settled = self._last - self._since >= _SETTLE_S and self._fraction - self._since_fraction >= _SETTLE_FRACTION
        # A run that stands still has no rate; below a millionth the quotient may overflow.
        if not settled or self._work < 1e-6:
            return None
        return (1.0 - self._fraction) * self._time / self._work


def part_of(progress: ProgressCallback, start: float, end: float, words: str = "") -> ProgressCallback:
    """A callback for a stage of a run: its fractions 0 to 1 become ``start`` to ``end``, messages follow ``words``."""

    def report(event: Progress) -> None:
        message = f"{words}: {event.message}" if words and event.message else words or event.message
        progress(Progress(min(1.0, start + (end - start) * event.fraction), message, waiting=event.waiting))

    return report


class ProgressThrottle:
    """Passes events on at most once per ``interval_s``; the newest one held back follows when its time has come.

    Safe to call from several threads. ``close`` drops what is still held back and
    returns only when no event can follow any more.
    """

    def __init__(self, callback: ProgressCallback, interval_s: float) -> None:
        self._callback = callback
        self._interval_s = interval_s
        self._lock = threading.Lock()
        self._sent_at = -math.inf
        self._held: Progress | None = None
        self._timer: threading.Timer | None = None
        self._closed = False

    def __call__(self, event: Progress) -> None:
        """Send ``event`` now or, when the last one is too recent, later unless a newer one replaces it."""
        with self._lock:
            if self._closed:
                return
            wait = self._sent_at + self._interval_s - time.monotonic()
            if wait <= 0 and self._timer is None:
                self._send(event)
                return
            self._held = event
            if self._timer is None:
                self._timer = threading.Timer(wait, self._send_held)
                self._timer.daemon = True
                self._timer.start()

    def close(self) -> None:
        """Send nothing any more."""
        with self._lock:
            self._closed = True
            self._held = None
            if self._timer is not None:
                self._timer.cancel()

    def _send_held(self) -> None:
        with self._lock:
            self._timer = None
            if self._held is not None:
                self._send(self._held)

    def _send(self, event: Progress) -> None:
        self._held = None
        self._sent_at = time.monotonic()
        self._callback(event)
