"""A result as two files, JSON and Markdown, under one name."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.errors import OutputError


def write_result(folder: Path, name: str, content: Mapping[str, Any], page: str) -> None:
    """Writes ``folder``/``name``.json and .md, each whole or not at all. OutputError where they cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / f"{name}.json", json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        write_text(folder / f"{name}.md", page)
    except OSError as error:
        raise OutputError(
            f"{folder / name} cannot be written: {error.strerror or error}.", "Choose another folder with --out."
        ) from error


def write_text(path: Path, text: str) -> None:
    """Writes a file under a temporary name and renames it when whole. Raises OSError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
