"""The log of what the engine prints, kept to a bounded size."""

from __future__ import annotations

import collections
import contextlib
import os
import threading
import time
from pathlib import Path
from typing import Deque

MAX_BYTES = 2_000_000
_TAIL_BYTES = 4_000


class WorkerLog:
    """Appends to ``path``; a full file becomes ``path``.1, which replaces the one before.

    A log that cannot be written is no reason to stop a run: what cannot be kept is dropped.
    """

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._tail: Deque[bytes] = collections.deque()
        self._tail_bytes = 0
        self._lock = threading.Lock()

    def write(self, data: bytes) -> None:
        """Append what the engine printed, to the file and to the tail."""
        self._remember(data)
        self._append(data)

    def note(self, text: str) -> None:
        """Append a line of this side's own."""
        self._append(f"--- {time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n".encode("utf-8", "replace"))

    def _append(self, data: bytes) -> None:
        with self._lock, contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Opened anew each time: a second QGIS appends to the same file, and Windows renames no open file.
            with contextlib.suppress(OSError):
                if self.path.stat().st_size + len(data) > self._max_bytes:
                    os.replace(self.path, f"{self.path}.1")
            with self.path.open("ab") as file:
                file.write(data)

    def last_line(self) -> str:
        """The last line printed that is not blank, at most 300 characters: mostly what went wrong."""
        lines = b"".join(self._tail).decode("utf-8", "replace").splitlines()
        return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "")

    def _remember(self, data: bytes) -> None:
        self._tail.append(data[-_TAIL_BYTES:])
        self._tail_bytes += len(self._tail[-1])
        while len(self._tail) > 1 and self._tail_bytes - len(self._tail[0]) >= _TAIL_BYTES:
            self._tail_bytes -= len(self._tail.popleft())
