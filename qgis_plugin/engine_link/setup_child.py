"""Runs one command of a set-up: its lines go to the log and to a listener, and a cancel ends it with its children."""

from __future__ import annotations

import queue
import subprocess  # nosec B404 - an argument list, never a shell
import sys
import threading
import time
from typing import Callable, List, Mapping, Optional, Sequence

from ...engine.errors import CancelledError, EngineEnvironmentError
from ..translation import tr
from .child import group_options, kill_group
from .install_log import InstallLog

#: How soon a cancel is noticed.
_POLL_S = 0.1


def run_command(
    command: Sequence[str],
    environment: Mapping[str, str],
    log: InstallLog,
    cancelled: Callable[[], bool],
    on_line: Callable[[str], None] = lambda line: None,
    timeout_s: Optional[float] = None,
) -> List[str]:
    """Run ``command`` and return what it printed; CommandFailedError when it ends with an error or too late."""
    log.write("$ " + " ".join(command))
    try:
        process = subprocess.Popen(  # nosec B603
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            **group_options(sys.platform),
        )
    except OSError as error:
        raise EngineEnvironmentError(
            tr("{program} cannot be started: {reason}.").format(program=command[0], reason=error.strerror or error),
            tr("Choose another Python, or set up the engine again."),
        ) from error
    incoming: queue.SimpleQueue[Optional[bytes]] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(process, incoming), name="smarties set-up", daemon=True).start()
    printed: List[str] = []
    end = None if timeout_s is None else time.monotonic() + timeout_s
    try:
        while True:
            if cancelled():
                raise CancelledError(tr("The set-up was stopped. It goes on from there the next time."))
            if end is not None and time.monotonic() > end:
                raise CommandFailedError(-1, [*printed, "timed out"])
            try:
                line = incoming.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if line is None:
                break
            text = line.decode("utf-8", "replace").rstrip()
            if not text.startswith("Progress "):
                log.write(text)
                printed.append(text)
            on_line(text)
    finally:
        # Also after an orderly end: nothing that the command started may outlive it.
        kill_group(process)
        process.wait()
    if process.returncode:
        log.write(f"ended with {process.returncode}")
        raise CommandFailedError(process.returncode, printed)
    return printed


def _read(process: subprocess.Popen[bytes], incoming: queue.SimpleQueue[Optional[bytes]]) -> None:
    stream = process.stdout
    if stream is not None:
        with stream:
            for line in stream:
                incoming.put(line)
    process.wait()
    incoming.put(None)


class CommandFailedError(Exception):
    """A command ended with an error; ``lines`` is what it printed."""

    def __init__(self, returncode: int, lines: List[str]) -> None:
        super().__init__(f"ended with {returncode}")
        self.returncode = returncode
        self.lines = lines
