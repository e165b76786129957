"""The simulated scene as a task of the worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.progress import CancelCallback, ProgressCallback
from engine.sample import SIZE_M, write_sample


def call(params: dict[str, Any], progress: ProgressCallback, cancelled: CancelCallback) -> list[str]:
    """Writes the scene into ``folder``, ``size_m`` wide, with ``seed`` (default 0); returns the files."""
    size_m, seed = int(params.get("size_m", SIZE_M)), int(params.get("seed", 0))
    return [str(path) for path in write_sample(Path(params["folder"]), size_m=size_m, seed=seed)]
