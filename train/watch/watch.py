"""Everything one looks at during a run, called after each step."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from train.run import Run
from train.watch.logbook import Logbook
from train.watch.probe import Probe
from train.watch.views import evaluation_model


class Watch:
    """Writes curves, pictures and the probe of ``run`` into ``out``, and prints a line now and then.

    All ranks call it, the first one writes. A run is never ended by what looks at it, once it has begun: what cannot
    be written or read is told in a line. JobError at the start where the recipe's probe is no folder of classes.
    """

    def __init__(self, run: Run, out: Path) -> None:
        self._run, self._out = run, out
        self._book: Logbook | None = None
        recipe = run.recipe
        self._probe = None
        if recipe.probe:
            self._probe = Probe(Path(recipe.probe), recipe.size, run.ranks.device, run.bf16)
        self._pictures_at = self._probe_at = time.monotonic()

    def __enter__(self) -> Watch:
        if self._run.ranks.first:
            self._book = Logbook(self._run, self._out)
        if self._run.done == 0 and self._probe is not None:
            # What an untrained encoder reaches: what the later figures are to be read against.
            self._look(pictures=False, probe=True)
        return self

    def __exit__(self, *_: object) -> None:
        if self._book is not None:
            self._book.close()

    @property
    def due(self) -> bool:
        """True when it is time to look at pictures or the probe; the first rank's clock decides."""
        return self._run.ranks.first and (self._pictures_due or self._probe_due)

    def stepped(
        self, loss: float, parts: Sequence[tuple[int, float]], rate: float, gradient_norm: float, seconds: float
    ) -> None:
        """After a step: its loss, the loss of each part by its collection, the rate it was taken with, its time."""
        if self._book is not None:
            self._book.stepped(loss, parts, rate, gradient_norm, seconds)

    def look(self) -> None:
        """Pictures and probe, what is due of them, both at the end of the run. All ranks call it, and give weights."""
        ranks, last = self._run.ranks, self._run.done == self._run.steps
        pictures = ranks.any(ranks.first and (last or self._pictures_due))
        probe = ranks.any(ranks.first and self._probe is not None and (last or self._probe_due))
        if pictures or probe:
            self._look(pictures, probe)

    @property
    def _pictures_due(self) -> bool:
        return time.monotonic() - self._pictures_at > 60 * self._run.recipe.pictures_minutes

    @property
    def _probe_due(self) -> bool:
        return self._probe is not None and time.monotonic() - self._probe_at > 60 * self._run.recipe.probe_minutes

    def _look(self, pictures: bool, probe: bool) -> None:
        model = evaluation_model(self._run)
        if model is not None and self._book is not None:
            if probe and self._probe is not None:
                self._book.look_at_probe(model, self._probe)
            if pictures:
                self._book.look_at_pictures(model)
        # Behind the looking: one that takes longer than its interval must not follow itself at once.
        now = time.monotonic()
        self._pictures_at = now if pictures else self._pictures_at
        self._probe_at = now if probe else self._probe_at
