"""The engine as the rest of the plugin sees it: one worker for all of QGIS, started when needed and kept warm."""

from __future__ import annotations

import atexit
import collections
import contextlib
import os
import threading
import time
from pathlib import Path
from typing import Any, Callable, Deque, Dict, Iterator, List, Mapping, Optional, Tuple

from qgis.core import QgsApplication, QgsSettings
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...engine.errors import CancelledError
from ...engine.protocol import Hello, ProgressEvent
from ...engine.reach import ALLOWED_FOLDERS
from ..translation import tr
from .child_environment import child_environment
from .environment import EngineEnvironment, find_environment
from .messages import device_badge
from .network import network_environment
from .paths import data_folder, log_folder, plugin_folder
from .process import (
    CLOSE_GRACE_S,
    POLL_S,
    CancelCallback,
    EngineProcess,
    ProgressCallback,
    ignore_progress,
    never_cancelled,
)
from .settings import EngineSettings

#: From a cold disk, with a virus scanner at work, the libraries take minutes to load; the user may cancel.
START_TIMEOUT_S = 180.0

_TELLING = ("SMARTIES_", "CUDA_", "HTTP_", "HTTPS_", "ALL_PROXY", "NO_PROXY", "SSL_", "REQUESTS_", "CURL_")

STOPPED, STARTING, READY, BUSY = "stopped", "starting", "ready", "busy"

Listener = Callable[[str], None]


def engine_log() -> Path:
    """The log of the engine: what it prints, its errors with their tracebacks."""
    return log_folder() / "engine.log"


def worker_environment() -> Dict[str, str]:
    """The environment variables of the worker."""
    return child_environment(
        {
            **_network(),
            **_allowed_folders(),
            "PYTHONPATH": str(plugin_folder()),
            # The folder it runs in holds data, no modules.
            "PYTHONSAFEPATH": "1",
            # Its own log, apart from the one of its prints: two processes cannot rotate one file.
            "SMARTIES_LOG": str(log_folder() / "worker.log"),
        }
    )


def _network() -> Dict[str, str]:
    """QGIS's proxy and certificates; none where QGIS would have to ask for its master password from this thread."""
    locked = bool(QgsSettings().value("proxy/authcfg", "")) and not QgsApplication.authManager().masterPasswordIsSet()
    if locked and threading.current_thread() is not threading.main_thread():
        return {}
    return network_environment()


def _allowed_folders() -> Dict[str, str]:
    """The folders that the user allows in the settings, beside those of the environment."""
    folders = [os.environ.get(ALLOWED_FOLDERS, ""), *EngineSettings.stored().allowed_folders]
    return {ALLOWED_FOLDERS: os.pathsep.join(filter(None, folders))} if any(folders) else {}


def _telling(variables: Mapping[str, str]) -> Dict[str, str]:
    """The variables that change what the engine does; others come and go with other plugins."""
    return {name: value for name, value in variables.items() if name.upper().startswith(_TELLING)}


class Engine:
    """One worker, one run at a time; further callers wait in line. All methods may be called from any thread."""

    def __init__(self, keep_warm_s: Optional[float] = None) -> None:
        #: The greeting of the worker that ran last; None before the first.
        self.hello: Optional[Hello] = None
        self._keep_warm_s = keep_warm_s
        self._process: Optional[EngineProcess] = None
        self._key: Tuple[Any, ...] = ()
        self._state = STOPPED
        self._listeners: List[Listener] = []
        # Guards what follows and is held briefly; whoever stands first in the line owns _process and _key.
        self._lock = threading.Lock()
        self._line: Deque[object] = collections.deque()
        self._timer: Optional[threading.Timer] = None
        self._shut_down = False
        atexit.register(self.shutdown)

    # What is shown --------------------------------------------------------------------------------------------------

    @property
    def state(self) -> str:
        """ "stopped", "starting", "ready" (warm, nothing to do) or "busy"."""
        return self._state

    @property
    def is_shut_down(self) -> bool:
        """Whether this engine has ended for good."""
        return self._shut_down

    @property
    def pid(self) -> Optional[int]:
        """The process of the worker, while there is one."""
        process = self._process
        return process.pid if process else None

    def badge(self) -> str:
        """Where it computes, "CPU · 2 cores · fp32"; "not started" before the first start. It stays while at rest."""
        hello = self.hello
        return device_badge(hello) if hello else tr("not started")

    def add_listener(self, callback: Listener) -> None:
        """Have ``callback(state)`` called on each change of state, from whatever thread changes it."""
        with self._lock:
            if callback not in self._listeners:
                self._listeners.append(callback)

    def remove_listener(self, callback: Listener) -> None:
        """Call it no more; one that is not there is no error."""
        with self._lock, contextlib.suppress(ValueError):
            self._listeners.remove(callback)

    def _set_state(self, state: str) -> None:
        with self._lock:
            if state == self._state:
                return
            self._state = state
            listeners = list(self._listeners)
        for listener in listeners:
            # A listener that fails, mostly since its widget is gone, is no reason to stop a run.
            try:
                listener(state)
            except Exception:
                self.remove_listener(listener)

    # Runs -----------------------------------------------------------------------------------------------------------

    def call(
        self,
        method: str,
        params: Mapping[str, Any],
        progress: ProgressCallback = ignore_progress,
        cancelled: CancelCallback = never_cancelled,
    ) -> Any:
        """Run a task of the engine and give its result; blocks, so keep it out of the main thread.

        Starts the worker where none runs or the environment has changed. ``progress`` and ``cancelled`` are called in
        the caller's thread. Raises a SmartiesError: the engine's own, CancelledError, EngineCrashError, or
        EngineEnvironmentError where no engine is set up.
        """

        def stopped() -> bool:
            return self._shut_down or cancelled()

        with self._turn(progress, stopped):
            process = self._ready(progress, stopped)
            self._set_state(BUSY)
            try:
                return process.call(method, params, progress, stopped, START_TIMEOUT_S)
            finally:
                self.hello = process.hello or self.hello
                self._rest(process)

    @contextlib.contextmanager
    def _turn(self, progress: ProgressCallback, cancelled: CancelCallback) -> Iterator[None]:
        """Wait until no other run is at work; the first to come is the first served."""
        ticket = object()
        with self._lock:
            self._line.append(ticket)
            told = len(self._line) == 1
            self._stop_timer()
        try:
            while self._line[0] is not ticket:
                if cancelled():
                    raise CancelledError(tr("Cancelled before it began."))
                if not told:
                    told = True
                    progress(ProgressEvent(0, 0.0, tr("Waiting for the run before this one")))
                time.sleep(POLL_S)
            if self._shut_down:
                raise CancelledError(tr("The engine was shut down."))
            yield
        finally:
            with self._lock:
                self._line.remove(ticket)
            self._keep_warm()

    def _ready(self, progress: ProgressCallback, cancelled: CancelCallback) -> EngineProcess:
        """A worker of the environment that holds now, started; only for whoever's turn it is."""
        environment, variables = find_environment(), worker_environment()
        key = (environment, _telling(variables))
        process = self._process
        if process is not None and (key != self._key or not process.alive):
            process.close()
            process = self._process = None
        if process is not None:
            return process
        if key != self._key:
            self.hello = None
        process = self._make_process(environment, variables)
        self._key, self._process = key, process
        self._set_state(STARTING)
        progress(ProgressEvent(0, 0.0, tr("Starting the engine")))
        try:
            self.hello = process.start(START_TIMEOUT_S, cancelled)
        except BaseException:
            self._set_state(STOPPED)
            raise
        return process

    def _make_process(self, environment: EngineEnvironment, variables: Mapping[str, str]) -> EngineProcess:
        def ended() -> None:
            # Warm and without work, it may be ended by someone else; in a run, the caller hears of it.
            if self._process is process and self._state == READY:
                self._set_state(STOPPED)

        command = [str(environment.python), "-m", "engine", "worker"]
        process = EngineProcess(command, variables, engine_log(), data_folder(), ended)
        return process

    def _rest(self, process: EngineProcess) -> None:
        """After a run: say whether the worker is there for another."""
        if not process.alive or self._shut_down:
            self._set_state(STOPPED)
            return
        self._set_state(READY)
        # It may have ended between the two: then nobody else says so.
        if not process.alive:
            self._set_state(STOPPED)

    def _keep_warm(self) -> None:
        """Once nobody stands in line: let the worker rest for its time, then go."""
        seconds = EngineSettings.load().keep_warm_s if self._keep_warm_s is None else self._keep_warm_s
        with self._lock:
            # Not before the caller has left the line: a time of nothing would find the line still taken.
            if self._line or self._state != READY or self._shut_down:
                return
            self._stop_timer()
            self._timer = threading.Timer(seconds, self.stop)
            self._timer.daemon = True
            self._timer.start()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # Ends -----------------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Let the worker go unless it is at work, for its memory, or because its environment is about to change."""
        ticket = object()
        with self._lock:
            if self._line or self._shut_down:
                return
            # A call that comes now waits until the worker is gone, and starts another.
            self._line.append(ticket)
            self._stop_timer()
        try:
            if self._process is not None:
                self._process.close()
                self._process = None
            self._set_state(STOPPED)
        finally:
            with self._lock:
                self._line.remove(ticket)

    def shutdown(self) -> None:
        """End the worker for good, a run at work too; callers get a CancelledError. No process is left."""
        with self._lock:
            self._shut_down = True
            self._stop_timer()
        process = self._process
        if process is not None:
            process.close(CLOSE_GRACE_S)
        self._set_state(STOPPED)
        with self._lock:
            self._listeners.clear()
        atexit.unregister(self.shutdown)


_shared_lock = threading.Lock()
_shared: Optional[Engine] = None


def engine() -> Engine:
    """The engine that all of the plugin shares; a new one after a shutdown."""
    global _shared
    with _shared_lock:
        if _shared is None or _shared.is_shut_down:
            _shared = Engine()
        return _shared


class EngineWatcher(QObject):
    """Tells of the shared engine's state in the main thread: ``changed`` carries "stopped", "starting", …"""

    changed = pyqtSignal(str)

    def __init__(self, parent: Optional[QObject] = None) -> None:
        super().__init__(parent)
        self._engine = engine()
        # A signal emitted in another thread arrives in the thread of its receiver.
        self._engine.add_listener(self._tell)

    def _tell(self, state: str) -> None:
        self.changed.emit(state)

    def close(self) -> None:
        """Listen no more."""
        self._engine.remove_listener(self._tell)
