"""What became of a scene."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass

#: It was made now; it was there already; it cannot be made; another run is at it; its worker went away.
DONE, SKIPPED, FAILED, BUSY, LOST = "done", "skipped", "failed", "busy", "lost"
#: After these nothing more happens to the scene in this run.
SETTLED = (DONE, SKIPPED, FAILED)


@dataclass(frozen=True)
class Outcome:
    """What became of the scene ``name`` and where.

    ``status`` is one of those above, ``sentence`` says why, or what the user should know. ``seconds`` is the time from
    its begin, ``attempts`` how often it was begun, ``trace`` the traceback of a defect, for the log.
    """

    name: str
    status: str
    sentence: str = ""
    seconds: float = 0.0
    machine: str = ""
    device: str = ""
    output: str = ""
    attempts: int = 1
    trace: str = ""

    def to_json(self) -> str:
        """One line of the report: everything but the traceback."""
        values = dataclasses.asdict(self)
        del values["trace"]
        return json.dumps(values | {"seconds": round(self.seconds, 1)}, ensure_ascii=False)
