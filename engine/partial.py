"""Where an output grows until it is whole. Standard library only: who kills a worker removes what it left."""

from __future__ import annotations

import os
from pathlib import Path
from typing import List, Optional, Union


def partial_path(output: Union[str, Path], pid: Optional[int] = None) -> Path:
    """The name beside ``output`` under which the process ``pid`` (default: this one) writes it: hidden, and its own."""
    path = Path(output)
    return path.with_name(f".{path.stem}.partial-{os.getpid() if pid is None else pid}{path.suffix}")


def remove_partial(output: Union[str, Path], pid: int) -> List[Path]:
    """Removes what the dead process ``pid`` left of ``output``, sidecars included; gives what was removed."""
    unfinished = partial_path(output, pid)
    removed = []
    for path in unfinished.parent.glob(f"{_literal(unfinished.stem)}*"):
        path.unlink(missing_ok=True)
        removed.append(path)
    return removed


def _literal(text: str) -> str:
    """``text`` for glob, where its brackets, stars and question marks are meant as such."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in text)
