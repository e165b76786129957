"""The models one can use: what the zoo holds, whether it is on this machine, and how it gets there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.model import zoo
from engine.progress import CancelCallback, ProgressCallback


def listing() -> list[dict[str, Any]]:
    """Every model of the zoo with its state, as JSON values."""
    return [
        {
            "name": entry.name,
            "title": entry.title,
            "kind": "bundled" if entry.bundled else "released",
            "state": _state(entry),
            "licence": entry.licence,
            "address": entry.address,
            "bytes": _size(entry),
        }
        for entry in zoo.entries()
    ]


def _size(entry: zoo.Entry) -> int | None:
    """The size of the model's file where it is on this machine; None elsewhere."""
    path = zoo.installed(entry.name)
    return path.stat().st_size if path else None


def _state(entry: zoo.Entry) -> str:
    here = zoo.installed(entry.name) is not None
    if entry.bundled:
        return "built in" if here else "missing"
    return "downloaded" if here else "not downloaded"


def report_models(known: list[dict[str, Any]]) -> str:
    """``listing`` as a table for people."""
    rows = [
        (model["name"], model["state"], _megabytes(model["bytes"]), model["licence"], model["title"]) for model in known
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _megabytes(size: int | None) -> str:
    return "" if size is None else f"{size / 1e6:.0f} MB"


def fetch_model(
    name: str, file: Path | None, progress: ProgressCallback | None = None, cancelled: CancelCallback | None = None
) -> Path:
    """Downloads the model, or takes ``file`` for it after the same checks; returns where it lies.

    One that is part of the program is only checked. Raises CheckpointError for a file that
    is not the model, an unknown name or a failed download.
    """
    return zoo.adopt(name, file) if file else zoo.fetch(name, progress, cancelled)


def call_listing(params: dict[str, Any], progress: ProgressCallback, cancelled: CancelCallback) -> list[dict[str, Any]]:
    """``listing`` for the worker; takes no parameters."""
    return listing()


def call_fetch(params: dict[str, Any], progress: ProgressCallback, cancelled: CancelCallback) -> dict[str, str]:
    """``fetch_model`` for the worker: params ``name`` and optionally ``file``."""
    file = params.get("file")
    return {"path": str(fetch_model(str(params["name"]), Path(file) if file else None, progress, cancelled))}
