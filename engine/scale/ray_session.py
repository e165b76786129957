"""Ray, started on this machine or joined: quiet, without its dashboard and its statistics of use."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import logging
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import engine
from engine.errors import EngineEnvironmentError, JobError
from engine.log import LOGGER

_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # What hides GPUs from readers, and a warning of it.
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    # A busy machine may take longer than the 10 s that Ray waits for its own processes.
    "RAY_raylet_start_wait_time_s": "120",
}
#: On a busy machine Ray's start may run into limits of its own that cannot be set; the next try finds files in memory.
_STARTS = 3
#: Sockets lie below this folder, and their paths may have 107 bytes.
_LONGEST_FOLDER = 24


def require_ray() -> None:
    """Sets what Ray reads when it is imported. Raises EngineEnvironmentError where it is not installed."""
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    if importlib.util.find_spec("ray") is None:
        raise EngineEnvironmentError(
            "Ray, which spreads scenes over processes and machines, is not installed.",
            "Install it with pip install 'smarties-engine[scale]', or run a share without it: --part 1/1.",
        )


@contextlib.contextmanager
def ray_here(cpus: int, gpus: int) -> Iterator[None]:
    """Ray on this machine alone, with so many processors and GPUs to give away; nothing is left of it.

    Raises EngineEnvironmentError where it does not start.
    """
    system = tempfile.gettempdir()
    # A folder of its own there, for this user alone.
    folder = tempfile.mkdtemp(prefix="sm-", dir=system if len(system) <= _LONGEST_FOLDER else "/tmp")  # nosec B108
    before = os.environ.get("PYTHONPATH")
    # Workers run this very engine, wherever they find another.
    own = str(Path(engine.__file__).parents[1])
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (own, before)))
    try:
        with _connected(lambda: _start(cpus, gpus, folder)):
            yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def ray_cluster(address: str) -> Iterator[None]:
    """The cluster at ``address``, left as it was. Raises JobError where there is none."""

    import ray

    def join() -> None:
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.CRITICAL)
        except (ConnectionError, ValueError, RuntimeError, TimeoutError) as error:
            ray.shutdown()
            raise JobError(
                f"There is no Ray cluster at {address} ({_first_line(error)}).",
                "Start one with 'ray start --head', then give its HOST:PORT, or auto on one of its machines.",
            ) from error

    with _connected(join):
        yield


@contextlib.contextmanager
def _connected(connect: Callable[[], None]) -> Iterator[None]:
    """Connected by ``connect``; SIGTERM stays with who had it, where Ray would end the process at once.

    What Ray prints of machines that are lost goes to the log: the run tells it in its own words, and standard output
    may be read by a program.
    """
    import ray

    main = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGTERM)
    with contextlib.redirect_stdout(_LogStream()):
        try:
            connect()
            if main:
                signal.signal(signal.SIGTERM, handler)
            yield
        finally:
            ray.shutdown()
            if main:
                signal.signal(signal.SIGTERM, handler)


class _LogStream(io.TextIOBase):
    """A text stream whose lines go to the log."""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if text.strip():
            LOGGER.warning("Ray says: %s", text.rstrip())
        return len(text)


def _start(cpus: int, gpus: int, folder: str) -> None:
    import ray

    for left in reversed(range(_STARTS)):
        try:
            ray.init(
                address="local",
                num_cpus=cpus,
                num_gpus=gpus,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.CRITICAL,
                _temp_dir=folder,
            )
            return
        except Exception as error:  # Ray raises bare ones here
            LOGGER.warning("Ray did not start", exc_info=True)
            ray.shutdown()
            if not left:
                raise EngineEnvironmentError(
                    f"Ray does not start on this machine ({_first_line(error)}).",
                    "Free memory and processors and run it again, or run a share without it: --part 1/1.",
                ) from error


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".")[:200] if lines else type(error).__name__
