"""What a run has finished, kept beside its unfinished output so that another run can continue it."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.errors import JobError
from engine.partial import Claim, leftovers

_SUFFIX = ".journal"


@dataclass(frozen=True)
class Journal:
    """Rows from the top that are on disk for good, and what the rest has to agree with.

    ``key`` is all that the values depend on, as JSON: who continues has the same. ``scales`` are int8's; ``clipped``
    and ``stored`` what ``StoredValues`` counted in the finished rows.
    """

    key: Mapping[str, Any]
    rows: int
    scales: tuple[float, ...] | None
    clipped: int
    stored: int

    def save(self, partial: Path) -> None:
        """Write it beside ``partial``, whole or not at all, and wait until the disk has it. OSError."""
        path = _journal_path(partial)
        fresh = path.with_name(path.name + ".new")
        with open(fresh, "w", encoding="utf-8") as file:
            json.dump(asdict(self), file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)

    @classmethod
    def load(cls, partial: Path) -> Journal | None:
        """That of ``partial``; None where there is none, or none that can be read."""
        try:
            values = json.loads(_journal_path(partial).read_text(encoding="utf-8"))
            scales = values["scales"]
            counts = [int(values[name]) for name in ("rows", "clipped", "stored")]
            key = {**values["key"]}
            return cls(key, counts[0], None if scales is None else tuple(map(float, scales)), *counts[1:])
        except (OSError, ValueError, TypeError, KeyError):
            return None


@dataclass(frozen=True)
class Unfinished:
    """The work of a dead run, claimed for this one."""

    claim: Claim
    journal: Journal


def unfinished(output: Path, key: Mapping[str, Any]) -> Unfinished | None:
    """The work to continue where ``output`` is to be made from ``key``; None where there is none.

    Of several the one that came furthest; the others are removed. Raises JobError where all that is there was made
    from something else, naming what differs.
    """
    with contextlib.ExitStack() as stack:
        found: list[Unfinished] = []
        for claim in leftovers(output):
            stack.callback(claim.release, keep=True)
            journal = Journal.load(claim.path)
            if journal is None or not journal.rows:
                claim.release()
            else:
                found.append(Unfinished(claim, journal))
        plain = json.loads(json.dumps(key))
        same = sorted((each for each in found if each.journal.key == plain), key=lambda each: each.journal.rows)
        if found and not same:
            names = ", ".join(_differing(found[-1].journal.key, plain)[:4])
            raise JobError(
                f"The unfinished {output.name} was begun with other settings or inputs ({names}).",
                "Give those it was begun with, or leave resume out to begin again.",
            )
        for each in found:
            if not same or each is not same[-1]:
                each.claim.release()
        stack.pop_all()
    return same[-1] if same else None


def _differing(own: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Names of what differs, those inside a mapping by their own."""
    names = []
    for name in sorted({*own, *other}):
        one, two = own.get(name), other.get(name)
        if one == two:
            continue
        if isinstance(one, Mapping) and isinstance(two, Mapping):
            names += _differing(one, two)
        else:
            names.append(name)
    return names


def _journal_path(partial: Path) -> Path:
    return partial.with_name(partial.name + _SUFFIX)
