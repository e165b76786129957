"""Which scene is next, and when all are settled."""

from __future__ import annotations

import dataclasses
from collections import Counter, deque
from collections.abc import Callable, Sequence

from engine.scale.outcome import BUSY, FAILED, LOST, SETTLED, Outcome
from engine.scale.scenes import Scene


class SceneQueue:
    """The scenes of a run until each is settled.

    A scene whose worker was lost comes next again, at most ``attempts`` times in all; one that another run is at comes
    again after all others. ``tell`` gets every outcome that settles a scene.
    """

    def __init__(self, scenes: Sequence[Scene], attempts: int, tell: Callable[[Outcome], None]) -> None:
        self._waiting = deque(scenes)
        self._at_work: dict[str, Scene] = {}
        self._begun: Counter[str] = Counter()
        self._elsewhere: set[str] = set()
        self._attempts = attempts
        self._tell = tell
        self.total = len(scenes)
        self.settled = 0

    @property
    def is_done(self) -> bool:
        """Whether every scene is settled."""
        return self.settled == self.total

    @property
    def only_waits(self) -> bool:
        """Whether another run is at every scene that is left: there is nothing to do but to look again later."""
        return bool(self._waiting) and all(scene.name in self._elsewhere for scene in self._waiting)

    def next(self) -> Scene | None:
        """The next scene to begin, None while there is none; each must come back by ``take``."""
        if not self._waiting:
            return None
        scene = self._waiting.popleft()
        self._at_work[scene.name] = scene
        self._begun[scene.name] += 1
        return scene

    def take(self, outcome: Outcome) -> None:
        """What became of a scene that ``next`` gave."""
        scene = self._at_work.pop(outcome.name)
        self._elsewhere.discard(scene.name)
        if outcome.status == BUSY:
            # Waiting is no attempt.
            self._begun[scene.name] -= 1
            self._elsewhere.add(scene.name)
            self._waiting.append(scene)
            return
        begun = self._begun[scene.name]
        if outcome.status == LOST:
            if begun < self._attempts:
                self._waiting.appendleft(scene)
                return
            times = "once" if begun == 1 else f"{begun} times"
            sentence = f"Its worker was lost {times}, the last time on {outcome.machine or 'an unknown machine'}: "
            sentence += f"{outcome.sentence} If its memory did not suffice, take a smaller chip, batch or int8."
            outcome = dataclasses.replace(outcome, status=FAILED, sentence=sentence)
        assert outcome.status in SETTLED, outcome.status  # nosec B101: the statuses are these
        self.settled += 1
        self._tell(dataclasses.replace(outcome, attempts=begun))
