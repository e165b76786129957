"""One life of the worker: a process with its pipes, from its start to its end.

Three threads serve it, so that no pipe ever fills up and no caller ever blocks on one: the writer sends, the
listener takes answers and gives each to the call it belongs to, the drain moves what is printed to the log.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess  # nosec B404
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Union

from ...engine.errors import EngineEnvironmentError, OtherReleaseError, ProtocolError
from ...engine.partial import remove_partial
from ...engine.protocol import ErrorReply, Hello, Message, MessageReader, Request, Shutdown, encode
from ..translation import tr
from .worker_log import WorkerLog

_READ_BYTES = 64 * 1024
#: How long the end of a process may take to show after its pipes closed.
_END_S = 2.0
#: How long a worker without work may take to end by itself.
_IDLE_GRACE_S = 0.2
#: Parameters that name what a task writes.
_OUTPUTS = ("output", "picture")


class Ended:
    """Stands in the inbox of every open call when the process is gone."""


#: Messages of one request as they come, then perhaps Ended.
Inbox = queue.SimpleQueue


class Child:
    """A running worker. ``greeting`` receives its first word: a Hello, an ErrorReply, an OtherReleaseError or Ended."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        log: WorkerLog,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        self.log = log
        self.folder = folder
        self.greeting: queue.SimpleQueue[Union[Hello, ErrorReply, OtherReleaseError, Ended]] = queue.SimpleQueue()
        self._on_end = on_end
        self._lock = threading.Lock()
        self._requests: Dict[int, Request] = {}
        self._inboxes: Dict[int, Inbox] = {}
        self._outgoing: queue.SimpleQueue[Optional[bytes]] = queue.SimpleQueue()
        #: Whether it was asked to end, so that its end is no crash.
        self.closing = False
        self._finishing = threading.Lock()
        self._ended = threading.Event()
        log.note(f"starts {' '.join(command)}")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # An argument list, without a shell.
            self._process = subprocess.Popen(  # nosec B603
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd=str(folder),
                env=dict(environment),
                **group_options(sys.platform),
            )
        except OSError as error:
            log.note(f"cannot start: {error}")
            raise EngineEnvironmentError(
                tr("The engine's Python {path} cannot be started: {reason}.").format(
                    path=command[0], reason=error.strerror or error
                ),
                tr("Set up the engine again, or choose another interpreter."),
            ) from error
        self.pid = self._process.pid
        self._drain_thread = self._begin(self._drain, "smarties log")
        self._begin(self._write, "smarties requests")
        self._begin(self._listen, "smarties answers")

    def _begin(self, target: Callable[[], None], name: str) -> threading.Thread:
        # Daemons: QGIS ends without waiting for them, and with it the worker, whose stdin closes.
        thread = threading.Thread(target=target, name=name, daemon=True)
        thread.start()
        return thread

    @property
    def alive(self) -> bool:
        """Whether a request may still be answered."""
        return not self._ended.is_set()

    @property
    def returncode(self) -> int:
        """How the process ended; 0 while it runs."""
        return self._process.returncode or 0

    def open(self, request: Request) -> Inbox:
        """Send a request; its messages come into the inbox, and Ended when the process is gone."""
        line = encode(request)
        inbox: Inbox = queue.SimpleQueue()
        with self._lock:
            if self._ended.is_set():
                inbox.put(Ended())
                return inbox
            self._requests[request.id] = request
            self._inboxes[request.id] = inbox
        self._outgoing.put(line)
        return inbox

    def forget(self, request_id: int) -> None:
        """Take no further messages of this request."""
        with self._lock:
            self._requests.pop(request_id, None)
            self._inboxes.pop(request_id, None)

    def send(self, message: Message) -> None:
        """Send a message that has no answer of its own."""
        self._outgoing.put(encode(message))

    def check(self) -> None:
        """Notice an end that the pipes do not show, because a program that the worker started holds them open."""
        if self._process.poll() is not None and not self._ended.wait(_END_S):
            self._finish()

    def close(self, grace_s: float) -> None:
        """Ask the worker to end; end it when its runs have stopped, or after ``grace_s`` seconds."""
        self.closing = True
        if self.alive:
            self.send(Shutdown())
            self._outgoing.put(None)
            deadline = time.monotonic() + grace_s
            idle = False
            while not self._ended.wait(0.02) and time.monotonic() < deadline:
                if not idle and not self._requests:
                    # Without work it has nothing to lose, and unloading its libraries may take it seconds.
                    idle = True
                    deadline = min(deadline, time.monotonic() + _IDLE_GRACE_S)
        self.kill()

    def kill(self) -> None:
        """End the process and all it started, now; returns when they are gone and their partial files removed."""
        if self.alive:
            kill_group(self._process)
            if not self._ended.wait(_END_S):
                self._finish()

    # The threads ----------------------------------------------------------------------------------------------------

    def _write(self) -> None:
        stream: Any = self._process.stdin
        # A broken pipe is the end of the process, which the listener notices.
        with contextlib.suppress(OSError, ValueError):
            while True:
                line = self._outgoing.get()
                if line is None:
                    break
                left = memoryview(line)
                while left:
                    written = stream.write(left)
                    left = left[written:]
        with contextlib.suppress(OSError):
            stream.close()

    def _listen(self) -> None:
        reader = MessageReader()
        for data in _chunks(self._process.stdout):
            for item in reader.feed(data):
                self._take(item)
        self._finish()

    def _take(self, item: Union[Message, ProtocolError]) -> None:
        request_id = getattr(item, "id", None)
        if request_id is not None:
            with self._lock:
                inbox = self._inboxes.get(request_id)
            # Without an inbox: the caller has left.
            if inbox is not None:
                inbox.put(item)
        elif isinstance(item, (Hello, ErrorReply)):
            self.greeting.put(item)
            if isinstance(item, ErrorReply):
                self.log.note(f"the engine refused a line: {item.message}")
        elif isinstance(item, ProtocolError):
            self.log.note(f"not understood: {item}")
            # A stray line, printed before the worker began, is no word of it.
            if isinstance(item, OtherReleaseError):
                self.greeting.put(item)

    def _drain(self) -> None:
        for data in _chunks(self._process.stderr):
            self.log.write(data)

    def _finish(self) -> None:
        """The end, once: nothing of the process is left, nor of what it was writing; then the callers learn of it."""
        with self._finishing:
            if self._ended.is_set():
                return
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_S)
            kill_group(self._process)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_S)
            self._drain_thread.join(_END_S)
            self.log.note(f"ended with {self.returncode}")
            with self._lock:
                requests = list(self._requests.values())
            for request in requests:
                self._remove_partial_files(request)
            with self._lock:
                self._ended.set()
                inboxes = list(self._inboxes.values())
                self._requests.clear()
                self._inboxes.clear()
        self._outgoing.put(None)
        self.greeting.put(Ended())
        for inbox in inboxes:
            inbox.put(Ended())
        self._on_end()

    def _remove_partial_files(self, request: Request) -> None:
        if request.params.get("resume"):
            # The next run goes on from what is there, or removes it.
            return
        for name in _OUTPUTS:
            output = request.params.get(name)
            if not isinstance(output, str) or not output:
                continue
            # Windows keeps the files of a process that was killed for a moment.
            for _ in range(5):
                try:
                    # What stands under a relative name lies where the worker runs.
                    remove_partial(self.folder / output, self.pid)
                    break
                except (OSError, ValueError) as error:
                    self.log.note(f"cannot remove the unfinished {output}: {error}")
                    time.sleep(0.2)


def _chunks(stream: Any) -> Any:
    """What comes through a pipe, as it comes, until its end."""
    with contextlib.suppress(OSError, ValueError), stream:
        while True:
            data = os.read(stream.fileno(), _READ_BYTES)
            if not data:
                return
            yield data


def group_options(platform: str) -> Dict[str, Any]:
    """Options of Popen that keep a process and all it starts together, apart from QGIS, and without a window."""
    if platform == "win32":
        # CREATE_NEW_PROCESS_GROUP and CREATE_NO_WINDOW, which only Windows' own Python names.
        return {"creationflags": 0x00000200 | 0x08000000}
    return {"start_new_session": True}


def kill_group(process: Any, platform: str = sys.platform) -> None:
    """End a process begun with ``group_options`` and all that it started; one that has ended is no error."""
    if platform != "win32":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        return
    if process.poll() is None:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(  # nosec B603
                taskkill_command(process.pid), capture_output=True, timeout=10, check=False, **group_options(platform)
            )
        with contextlib.suppress(OSError):
            process.kill()


def taskkill_command(pid: int) -> List[str]:
    """The command that ends a process tree on Windows, by its full path: PATH may be anything."""
    root = os.environ.get("SystemRoot", r"C:\Windows")
    return [rf"{root}\System32\taskkill.exe", "/PID", str(pid), "/T", "/F"]
