"""A worker of the engine as a program that starts it sees it, for measuring when it says what."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from engine.protocol import Cancel, ErrorReply, Hello, Message, MessageReader, ProgressEvent, Request, Result, encode

ROOT = Path(__file__).resolve().parents[1]

#: How the progress of an embedding begins once tiles are done.
TILE = "Embedding tile"


class WorkerClient:
    """Starts a worker on entering, and ends it on leaving; ``started`` is the time at which it was started."""

    def __init__(self, log: Path) -> None:
        self._environment = {**os.environ, "PYTHONPATH": str(ROOT), "SMARTIES_LOG": str(log)}
        self._reader = MessageReader()
        self._ids = itertools.count(1)

    def __enter__(self) -> WorkerClient:
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "engine", "worker"], cwd=ROOT, env=self._environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._messages = self._listen()
        greeting = next(self._messages)
        if not isinstance(greeting, Hello):
            raise SystemExit(f"the worker does not start: {greeting}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def request(self, method: str, params: dict[str, Any]) -> int:
        """Sends a request and gives its number."""
        number = next(self._ids)
        self._send(Request(number, method, params))
        return number

    def cancel(self, number: int) -> None:
        """Asks the worker to stop a request."""
        self._send(Cancel(number))

    def until_tile(self) -> ProgressEvent:
        """Waits for the progress that tells of the first tile. Ends the program where none comes."""
        for message in self._messages:
            if isinstance(message, ProgressEvent) and message.message.startswith(TILE):
                return message
            if not isinstance(message, ProgressEvent):
                raise SystemExit(f"no tile was embedded: {message}")
        raise SystemExit("the worker ended before a tile was embedded")

    def answer(self) -> Result | ErrorReply:
        """Waits for the end of a request."""
        for message in self._messages:
            if isinstance(message, (Result, ErrorReply)):
                return message
        raise SystemExit("the worker ended without an answer")

    def peak_bytes(self) -> int:
        """The most memory the worker has held so far (Linux only)."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) * 1024

    def _send(self, message: Message) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(encode(message))
        self._process.stdin.flush()

    def _listen(self) -> Iterator[Message]:
        assert self._process.stdout is not None
        while data := os.read(self._process.stdout.fileno(), 65536):
            for item in self._reader.feed(data):
                if isinstance(item, Exception):
                    raise item
                yield item
