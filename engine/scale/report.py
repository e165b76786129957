"""What a run tells: a line per settled scene in a file, a summary at the end."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from engine.errors import OutputError
from engine.scale.outcome import DONE, FAILED, SKIPPED, Outcome
from engine.tasks.cost import duration_text

#: Failed scenes that the summary names; the report has all.
_MOST_NAMED = 20


@dataclass(frozen=True)
class Summary:
    """What became of a run: scenes by status, seconds in all, scenes done per machine, names of failed ones with why.

    ``lost`` counts the times that a scene was begun again because its worker had gone away.
    """

    report: str
    scenes: int
    done: int
    skipped: int
    failed: int
    lost: int
    seconds: float
    machines: dict[str, int]
    failures: dict[str, str]

    def text(self) -> str:
        """A few lines for a terminal."""
        lines = [f"{self.scenes} scenes: {self.done} done, {self.skipped} were up to date, {self.failed} failed."]
        pace = f", {3600 * self.done / self.seconds:.0f} scenes per hour" if self.done and self.seconds else ""
        lines.append(f"Took {duration_text(self.seconds)}{pace}.")
        width = max(map(len, self.machines), default=0)
        lines += [f"  {name:{width}}  {count} done" for name, count in sorted(self.machines.items())]
        if self.lost:
            lines.append(f"{self.lost} time{'s' * (self.lost != 1)} a worker was lost and its scene begun again.")
        lines += [f"  {name}: {sentence}" for name, sentence in list(self.failures.items())[:_MOST_NAMED]]
        if self.failed > _MOST_NAMED:
            lines.append(f"  and {self.failed - _MOST_NAMED} more")
        return "\n".join([*lines, f"Report: {self.report}"])

    def to_json(self) -> str:
        """The summary as a JSON object."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False)


class Report:
    """The file ``path``, a line per outcome as it comes; a context manager. Raises OutputError where it cannot be."""

    def __init__(self, path: Path, scenes: int) -> None:
        self.path = path
        self._scenes = scenes
        self._counts: Counter[str] = Counter()
        self._machines: Counter[str] = Counter()
        self._failures: dict[str, str] = {}
        self._lost = 0
        try:
            self._file = path.open("w", encoding="utf-8", buffering=1)
        except OSError as error:
            raise self._error(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, outcome: Outcome) -> None:
        """Write one line. Raises OutputError where the disk does not take it."""
        self._counts[outcome.status] += 1
        self._lost += outcome.attempts - 1
        if outcome.status == DONE:
            self._machines[outcome.machine] += 1
        if outcome.status == FAILED:
            self._failures[outcome.name] = outcome.sentence
        try:
            self._file.write(outcome.to_json() + "\n")
        except OSError as error:
            raise self._error(error) from error

    def summary(self, seconds: float) -> Summary:
        """What became of the scenes so far."""
        return Summary(
            report=str(self.path),
            scenes=self._scenes,
            done=self._counts[DONE],
            skipped=self._counts[SKIPPED],
            failed=self._counts[FAILED],
            lost=self._lost,
            seconds=seconds,
            machines=dict(self._machines),
            failures=dict(self._failures),
        )

    def _error(self, error: OSError) -> OutputError:
        return OutputError(f"The report {self.path} cannot be written ({error.strerror}).", "Free some space.")
