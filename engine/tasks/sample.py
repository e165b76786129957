"""The simulated scene as a task of the worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.progress import CancelCallback, ProgressCallback
from engine.sample import write_sample


def call(params: dict[str, Any], progress: ProgressCallback, cancelled: CancelCallback) -> list[str]:
    """Writes the scene into ``folder`` with ``seed`` (default 0); returns the files."""
    return [str(path) for path in write_sample(Path(params["folder"]), seed=int(params.get("seed", 0)))]
