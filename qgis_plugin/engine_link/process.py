"""The engine as a child process that may be called, cancelled, killed and started again."""

from __future__ import annotations

import itertools
import queue
import threading
import time
from pathlib import Path
from typing import Any, Callable, Mapping, Optional, Sequence, Tuple, Union

from ...engine.errors import CancelledError, OtherReleaseError, SmartiesError
from ...engine.protocol import Cancel, ErrorReply, Hello, ProgressEvent, Request, Result
from ..translation import tr
from .child import Child, Ended, Inbox
from .messages import EngineCrashError, crashed, error_of, not_started
from .worker_log import WorkerLog

#: Loading the libraries takes seconds, from a cold disk a minute.
START_TIMEOUT_S = 60.0
#: How often a caller's ``cancelled`` is asked.
POLL_S = 0.05
#: A worker that does not stop within this time of a cancel is killed.
CANCEL_GRACE_S = 3.0
#: A worker that does not end within this time of a shutdown is killed.
CLOSE_GRACE_S = 2.0

ProgressCallback = Callable[[ProgressEvent], None]
CancelCallback = Callable[[], bool]


def ignore_progress(event: ProgressEvent) -> None:
    """Take a progress event and do nothing."""


def never_cancelled() -> bool:
    """Say that nobody wants the run to stop."""
    return False


class EngineProcess:
    """The worker that ``command`` starts; its methods may be called from any thread, and block.

    ``log`` takes what the worker prints. ``folder``: where it runs (default: the log's folder). ``on_end`` is called,
    from any thread, when a worker is gone, whatever the cause.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        folder: Optional[Path] = None,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        self.hello: Optional[Hello] = None
        self._command = list(command)
        self._environment = dict(environment)
        self._log = log
        self._folder = folder or log.parent
        self._on_end = on_end
        self._child: Optional[Child] = None
        self._ids = itertools.count(1)
        self._start_lock = threading.Lock()

    @property
    def alive(self) -> bool:
        """Whether a worker runs that has said hello."""
        child = self._child
        return child is not None and child.alive and self.hello is not None

    @property
    def pid(self) -> Optional[int]:
        """The process of the worker, while there is one."""
        child = self._child
        return child.pid if child is not None and child.alive else None

    def start(self, timeout_s: float = START_TIMEOUT_S, cancelled: CancelCallback = never_cancelled) -> Hello:
        """Start the worker unless one runs; gives its greeting.

        Raises EngineEnvironmentError where Python or a library is missing, OtherReleaseError for an engine of another
        version, EngineCrashError when it ends or is silent for ``timeout_s`` seconds, CancelledError.
        """
        with self._start_lock:
            return self._start(timeout_s, cancelled)[1]

    def _start(self, timeout_s: float, cancelled: CancelCallback) -> Tuple[Child, Hello]:
        child, hello = self._child, self.hello
        if child is not None and child.alive and hello is not None:
            return child, hello
        self.hello = None
        child = Child(self._command, self._environment, self._folder, WorkerLog(self._log), self._on_end)
        self._child = child
        try:
            hello = self._greet(child, timeout_s, cancelled)
        except BaseException:
            child.kill()
            raise
        self.hello = hello
        return child, hello

    def _greet(self, child: Child, timeout_s: float, cancelled: CancelCallback) -> Hello:
        deadline = time.monotonic() + timeout_s
        while True:
            if cancelled():
                raise CancelledError(tr("Cancelled while the engine was starting."))
            try:
                item = child.greeting.get(timeout=POLL_S)
            except queue.Empty:
                child.check()
                if time.monotonic() > deadline:
                    raise EngineCrashError(
                        tr("The engine did not answer within {seconds} s of its start.").format(
                            seconds=f"{timeout_s:g}"
                        ),
                        tr("Run it again; the log {log} says more.").format(log=self._log),
                    ) from None
                continue
            if isinstance(item, Hello):
                return item
            if isinstance(item, ErrorReply):
                raise error_of(item)
            if isinstance(item, OtherReleaseError):
                raise item
            raise not_started(child.returncode, child.log.last_line(), self._log)

    def call(
        self,
        method: str,
        params: Mapping[str, Any],
        progress: ProgressCallback = ignore_progress,
        cancelled: CancelCallback = never_cancelled,
        start_timeout_s: float = START_TIMEOUT_S,
    ) -> Any:
        """Run a task of the engine and give its result; starts the worker where none runs.

        ``progress`` and ``cancelled`` are called in the caller's thread. Raises what the engine raised (a SmartiesError
        with its code, message and hint), CancelledError, or EngineCrashError when the process died: the next call
        starts another. Of a run that did not end, nothing is left on disk.
        """
        request = Request(next(self._ids), method, params)
        with self._start_lock:
            child, _ = self._start(start_timeout_s, cancelled)
        inbox = child.open(request)
        answered = False
        try:
            answer = self._wait(child, request, inbox, progress, cancelled)
            answered = True
        finally:
            # A callback that failed, or Ctrl+C: nobody waits for the run any more.
            if not answered:
                child.send(Cancel(request.id))
            child.forget(request.id)
        if isinstance(answer, Result):
            return answer.result
        raise answer

    def _wait(
        self,
        child: Child,
        request: Request,
        inbox: Inbox[Any],
        progress: ProgressCallback,
        cancelled: CancelCallback,
    ) -> Union[Result, SmartiesError]:
        kill_at: Optional[float] = None
        while True:
            if kill_at is None and cancelled():
                child.send(Cancel(request.id))
                kill_at = time.monotonic() + CANCEL_GRACE_S
            if kill_at is not None and time.monotonic() > kill_at:
                child.kill()
            try:
                item = inbox.get(timeout=POLL_S)
            except queue.Empty:
                child.check()
                continue
            if isinstance(item, ProgressEvent):
                if kill_at is None:
                    progress(item)
            elif isinstance(item, Result):
                return item
            elif isinstance(item, ErrorReply):
                return error_of(item)
            elif isinstance(item, Ended):
                if kill_at is not None or child.closing:
                    return CancelledError(tr("Cancelled; nothing was written."))
                return crashed(child.returncode, self._log)

    def close(self, grace_s: float = CLOSE_GRACE_S) -> None:
        """End the worker, politely at first; a run at work ends as cancelled. Nothing running is no error."""
        child = self._child
        if child is not None:
            child.close(grace_s)
