"""The engine as a child process: reads requests from stdin, runs them one after the other, answers on stdout.

Three threads. The reader takes messages as they come, so that a cancel reaches a
running task; the job thread runs the tasks; the main thread waits for the end, which
keeps it free to take signals at once. ``stop`` begins the end, whatever the cause.
"""

from __future__ import annotations

import contextlib
import errno
import faulthandler
import importlib
import importlib.metadata
import io
import logging
import os
import platform
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from engine import __version__
from engine.errors import CancelledError, EngineEnvironmentError, ProtocolError, SmartiesError
from engine.progress import CancelCallback, Progress, ProgressCallback, ProgressThrottle
from engine.protocol import (
    PROTOCOL_VERSION,
    Cancel,
    ErrorReply,
    Hello,
    Message,
    MessageReader,
    ProgressEvent,
    Request,
    Result,
    Shutdown,
    encode,
)

LOGGER = logging.getLogger("smarties")

#: How long a task may take to notice that it is to stop, before the process ends without it.
GRACE_S = 5.0
#: More progress than this nobody can read.
PROGRESS_INTERVAL_S = 0.1
#: macOS gives threads other than the main one half a MiB, too little for linear algebra libraries.
_JOB_STACK_BYTES = 16 * 1024 * 1024
_READ_BYTES = 64 * 1024

#: What a method of the registry is: ``call(params, progress, cancelled)`` gives a JSON value.
Task = Callable[[dict[str, Any], ProgressCallback, CancelCallback], Any]


@dataclass
class _Job:
    request: Request
    started: bool = False
    cancelled: threading.Event = field(default_factory=threading.Event)


class Worker:
    """Serves the tasks of ``methods`` (name → "module:function") on two descriptors, until ``stop``."""

    def __init__(self, methods: Mapping[str, str], read_fd: int, write_fd: int, grace_s: float) -> None:
        self._methods = methods
        self._read_fd = read_fd
        self._write_fd = write_fd
        self._grace_s = grace_s
        self._write_lock = threading.Lock()
        # Guards _jobs, _stopping and _Job.started: a request is answered once, by whoever takes it out of _jobs.
        self._jobs_lock = threading.Lock()
        self._jobs: dict[int, _Job] = {}
        self._stopping = False
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        # SimpleQueue.put is the one thing here that a signal handler may call at any moment.
        self._ends: queue.SimpleQueue[str] = queue.SimpleQueue()

    def serve(self) -> None:
        """Answer requests until the parent shuts the worker down, closes the stream or is gone."""
        previous = threading.stack_size(_JOB_STACK_BYTES)
        job_thread = threading.Thread(target=self._run_jobs, name="jobs", daemon=True)
        job_thread.start()
        threading.stack_size(previous)
        threading.Thread(target=self._read, name="reader", daemon=True).start()
        LOGGER.info("worker ends: %s", self._ends.get())
        # A thread outside Python: it ends the process even when a library never comes back or holds the interpreter.
        faulthandler.dump_traceback_later(self._grace_s, exit=True, file=2)
        with self._jobs_lock:
            self._stopping = True
            ids = list(self._jobs)
        for request_id in ids:
            self._cancel(request_id)
        self._queue.put(None)
        job_thread.join()

    def stop(self, reason: str) -> None:
        """Begin the end: cancel the running task, drop the queued ones. May be called from a signal handler."""
        self._ends.put(reason)

    def send(self, message: Message) -> None:
        """Write one message; a parent that no longer listens ends the worker."""
        self._write(encode(message))

    def _write(self, line: bytes) -> None:
        left = memoryview(line)
        with self._write_lock:
            try:
                while left:
                    left = left[os.write(self._write_fd, left) :]
            except OSError as error:
                self.stop(f"the parent does not listen ({error})")

    def _read(self) -> None:
        reader = MessageReader()
        while True:
            try:
                data = os.read(self._read_fd, _READ_BYTES)
            except OSError as error:
                self.stop(f"the stream of requests broke ({error})")
                return
            if not data:
                self.stop("the parent closed the stream")
                return
            for item in reader.feed(data):
                self._take(item)

    def _take(self, item: Message | ProtocolError) -> None:
        if isinstance(item, Request):
            self._enqueue(item)
        elif isinstance(item, Cancel):
            self._cancel(item.id)
        elif isinstance(item, Shutdown):
            self.stop("shutdown")
        elif isinstance(item, ProtocolError):
            LOGGER.warning("refused a line: %s", item)
            self.send(ErrorReply(None, item.code, item.message, item.hint))
        else:
            name = type(item).__name__
            self.send(ErrorReply(None, ProtocolError.code, f"A worker sends {name} messages and takes none."))

    def _enqueue(self, request: Request) -> None:
        job = _Job(request)
        with self._jobs_lock:
            if self._stopping:
                return
            taken = request.id in self._jobs
            if not taken:
                self._jobs[request.id] = job
        if taken:
            self.send(ErrorReply(None, ProtocolError.code, f"The id {request.id} belongs to a request still at work."))
        else:
            self._queue.put(job)

    def _cancel(self, request_id: int) -> None:
        with self._jobs_lock:
            job = self._jobs.get(request_id)
            # A task may have ended while its cancel was on the way.
            if job is None:
                return
            job.cancelled.set()
            if job.started:
                return
            del self._jobs[request_id]
        self.send(ErrorReply(request_id, CancelledError.code, "Cancelled before it began."))

    def _run_jobs(self) -> None:
        while True:
            job = self._queue.get()
            if job is None:
                return
            with self._jobs_lock:
                job.started = not job.cancelled.is_set()
            if job.started:
                answer = self._answer(job)
                # Out of the list before the answer goes: the parent may use the id again at once.
                with self._jobs_lock:
                    del self._jobs[job.request.id]
                self._write(answer)

    def _answer(self, job: _Job) -> bytes:
        request = job.request
        throttle = ProgressThrottle(lambda event: self._send_progress(request.id, event), PROGRESS_INTERVAL_S)
        try:
            value = self._task(request.method)(dict(request.params), throttle, job.cancelled.is_set)
            return _encode_result(request.id, value)
        except SmartiesError as error:
            LOGGER.info("%s: %s", request.method, error, exc_info=not isinstance(error, CancelledError))
            return encode(ErrorReply(request.id, error.code, error.message, error.hint))
        except BaseException as error:
            LOGGER.exception("%s failed", request.method)
            return encode(_unexpected(request.id, f"'{request.method}'", error))
        finally:
            throttle.close()

    def _send_progress(self, request_id: int, event: Progress) -> None:
        self.send(ProgressEvent(request_id, event.fraction, event.message, event.seconds_left))

    def _task(self, method: str) -> Task:
        target = self._methods.get(method)
        if target is None:
            known = ", ".join(sorted(self._methods))
            raise ProtocolError(f"The engine has no task '{method[:80]}'.", f"It has {known}.")
        module, _, function = target.partition(":")
        with _library_errors():
            task: Task = getattr(importlib.import_module(module), function)
        return task


def _encode_result(request_id: int, value: Any) -> bytes:
    try:
        return encode(Result(request_id, value))
    except ProtocolError as error:
        # The task's fault, not the parent's.
        raise TypeError(f"its result cannot be sent: {error.message}") from error


def _unexpected(request_id: int | None, what: str, error: BaseException) -> ErrorReply:
    """One sentence for what nobody foresaw; the traceback is in the log."""
    name = type(error).__name__
    # torch.cuda.OutOfMemoryError is told by its name: torch may not be loaded here.
    if isinstance(error, MemoryError) or name == "OutOfMemoryError":
        return ErrorReply(
            request_id, "memory", f"The memory does not suffice for {what}.", "Take a smaller batch or extent."
        )
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return ErrorReply(request_id, "disk_full", "The disk is full.", "Make room and run it again.")
    detail = " ".join(str(error).split())[:300]
    return ErrorReply(
        request_id,
        "internal",
        f"{what} failed unexpectedly ({name}{': ' if detail else ''}{detail}).",
        "The traceback is in the log; please report it.",
    )


@contextlib.contextmanager
def _library_errors() -> Iterator[None]:
    """A library that cannot be loaded (missing, or a DLL it needs is) is a matter of the environment, not a defect."""
    try:
        yield
    except (ImportError, OSError) as error:
        detail = " ".join(str(error).split())[:300]
        raise EngineEnvironmentError(
            f"A library the engine needs cannot be loaded: {detail}.", "Install the engine's environment again."
        ) from error


def hello() -> Hello:
    """The greeting of this process: loads torch to ask for the device.

    EngineEnvironmentError when a library cannot be loaded.
    """
    with _library_errors():
        import rasterio

        from engine.model.devices import choose_device, choose_precision, describe_device
    device = choose_device("auto")
    precision = choose_precision("auto", device)
    versions = {name: importlib.metadata.version(name) for name in ("torch", "timm", "rasterio", "numpy")}
    return Hello(
        protocol=PROTOCOL_VERSION,
        engine=__version__,
        device=str(device),
        device_name=describe_device(device, precision),
        precision=precision,
        versions={"python": platform.python_version(), "gdal": rasterio.__gdal_version__, **versions},
    )


def _take_over_streams() -> tuple[int, int]:
    """Keeps stdin and stdout for the protocol alone and gives their private descriptors.

    Afterwards descriptor 1 is stderr, so that a library or a program started by one can
    print without breaking the stream, and descriptor 0 is empty, so that none eats requests.
    """
    sys.stdout.flush()
    # Descriptors made by dup are not inherited by child processes.
    read_fd, write_fd = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    sys.stdout = sys.stderr
    sys.stdin = io.StringIO()
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(read_fd, os.O_BINARY)
        msvcrt.setmode(write_fd, os.O_BINARY)
    return read_fd, write_fd


def main(methods: Mapping[str, str] | None = None, greet: Callable[[], Hello] = hello, grace_s: float = GRACE_S) -> int:
    """Serve ``methods`` (default: the engine's registry) on stdin and stdout; gives the exit code.

    The first line sent is the hello; when the environment is broken, an error without
    id instead, and exit code 2. A line that is no message, a task that fails or an
    unknown method gets an error and the worker carries on. The end of stdin, a
    shutdown, SIGTERM or SIGINT cancels the running task and ends the process, within
    ``grace_s`` seconds even if the task does not stop.
    """
    read_fd, write_fd = _take_over_streams()
    log = logging.StreamHandler(sys.stderr)
    log.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    LOGGER.addHandler(log)
    LOGGER.setLevel(logging.INFO)
    faulthandler.enable()
    if methods is None:
        methods = importlib.import_module("engine.tasks.registry").METHODS
    worker = Worker(methods, read_fd, write_fd, grace_s)
    try:
        worker.send(greet())
    except SmartiesError as error:
        LOGGER.exception("the worker cannot start")
        worker.send(ErrorReply(None, error.code, error.message, error.hint))
        return 2
    except Exception as error:
        LOGGER.exception("the worker cannot start")
        worker.send(_unexpected(None, "The start of the engine", error))
        return 1

    def end(number: int, frame: FrameType | None) -> None:
        worker.stop(signal.Signals(number).name)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    worker.serve()
    return 0
