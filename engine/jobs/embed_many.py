"""The job of embedding many scenes, on one machine or many."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Dict, Optional, Tuple

from ..errors import JobError

#: What stands for "which part, and of how many" where SLURM's variables tell it.
PART_OF_SLURM = "slurm"


@dataclass(frozen=True)
class EmbedManyJob:
    """Which scenes, where their embeddings go, and who computes.

    ``manifest``: a CSV table or JSON lines, see ``engine.scale.manifest``. ``output``: the folder to write to.
    ``settings``: fields of ``EmbedJob`` for every scene whose line does not say otherwise. ``pictures``: draw each
    embedding's main components beside it. ``overwrite``: replace files of the scenes' names that this command did not
    make; what it made itself is renewed whenever its scene has changed.

    ``part``: "i/n" for the i-th of n shares, counted from 1, run in this process alone, "slurm" for the share that
    SLURM's array variables name; empty runs everything on Ray: on this machine, or on the cluster at ``address``
    ("host:port", or "auto" for the one this machine belongs to). ``workers``: pairs of a reader and an encoder (None:
    as many as the machines hold). ``encoder_cpus``: processor threads of an encoder without a GPU, ``reader_cpus``
    processors set aside for a reader (None: by the machines). ``workers_per_gpu``: workers that share a GPU.
    ``attempts``: how often a scene is begun whose worker is lost.
    """

    manifest: str
    output: str
    settings: Dict[str, Any] = field(default_factory=dict)
    pictures: bool = False
    overwrite: bool = False
    part: str = ""
    address: str = ""
    workers: Optional[int] = None
    encoder_cpus: Optional[int] = None
    reader_cpus: Optional[int] = None
    workers_per_gpu: int = 1
    attempts: int = 3

    def check(self) -> None:
        """Raises JobError for settings that no run can honour; touches no file."""
        if self.part and self.address:
            raise JobError("A part runs in one process, not on a cluster.", "Give either --part or --address.")
        if self.part and self.part != PART_OF_SLURM:
            self.numbered_part()
        numbers = {
            "workers": self.workers,
            "encoder_cpus": self.encoder_cpus,
            "reader_cpus": self.reader_cpus,
            "workers_per_gpu": self.workers_per_gpu,
            "attempts": self.attempts,
        }
        for name, number in numbers.items():
            if number is not None and number < 1:
                raise JobError(f"{number} is impossible for {name}.", "Use 1 or more.")

    def numbered_part(self) -> Tuple[int, int]:
        """Number, from 1, and count of a part "i/n". Raises JobError for another text, or a part that is not there."""
        found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", self.part.strip())
        if found is None:
            raise JobError(f"The part “{self.part}” is not understood.", "Give it as 3/10, the third of ten, or slurm.")
        number, count = int(found.group(1)), int(found.group(2))
        if not 1 <= number <= count:
            raise JobError(f"There is no part {number} of {count}.", "Parts are counted from 1.")
        return number, count
