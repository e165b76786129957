"""A worker with toy tasks, run as a child process by test_worker.py."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from typing import Any

from engine.errors import CancelledError, EngineEnvironmentError, RadiometryError
from engine.progress import CancelCallback, Progress, ProgressCallback
from engine.protocol import PROTOCOL_VERSION, Hello
from engine.worker import main


def echo(params: dict[str, Any], progress: ProgressCallback, cancelled: CancelCallback) -> Any:
    return params


def noise(params: dict[str, Any], progress: ProgressCallback, cancelled: CancelCallback) -> Any:
    """Prints in every way a library can."""
    print("noise from print", flush=True)
    sys.__stdout__.write('{"id": 1, "result": "forged"}\n')  # type: ignore[union-attr]
    sys.__stdout__.flush()  # type: ignore[union-attr]
    os.write(1, b"noise from C\n")
    libc = ctypes.CDLL(None)
    libc.puts(b"noise from stdio")
    libc.fflush(None)
    # A program that prints, and reads what is left on stdin.
    program = "import sys; print('noise from a program'); sys.exit(len(sys.stdin.read()))"
    return {"eaten": subprocess.run([sys.executable, "-c", program], check=False).returncode}


def tiles(params: dict[str, Any], progress: ProgressCallback, cancelled: CancelCallback) -> Any:
    """Works like a task: asks between pieces of a tile whether to go on."""
    progress(Progress(0.0, "working"))
    for step in range(params["steps"]):
        if cancelled():
            raise CancelledError("Cancelled; nothing was written.")
        time.sleep(0.02)
        progress(Progress((step + 1) / params["steps"], f"step {step}"))
    return {"done": params.get("name")}


def stubborn(params: dict[str, Any], progress: ProgressCallback, cancelled: CancelCallback) -> Any:
    """Never looks at ``cancelled``."""
    progress(Progress(0.0, "working"))
    time.sleep(60)


def refuse(params: dict[str, Any], progress: ProgressCallback, cancelled: CancelCallback) -> Any:
    raise RadiometryError("The values reach 65535.", "Say what they are with --radiometry.")


def defect(params: dict[str, Any], progress: ProgressCallback, cancelled: CancelCallback) -> Any:
    raise {"key": KeyError("nir"), "memory": MemoryError(), "exit": SystemExit(3)}[params["what"]]


def unsendable(params: dict[str, Any], progress: ProgressCallback, cancelled: CancelCallback) -> Any:
    return {"share": float("nan")}


METHODS = {
    function.__name__: f"{__name__}:{function.__name__}"
    for function in (echo, noise, tiles, stubborn, refuse, defect, unsendable)
}
METHODS["unloadable"] = "no_such_library.module:call"


def greet() -> Hello:
    return Hello(PROTOCOL_VERSION, "0.0", "cpu", "a test", "fp32", {})


def broken_greet() -> Hello:
    raise EngineEnvironmentError("A library the engine needs cannot be loaded: torch.", "Install it again.")


def orphan() -> None:
    """Starts a worker like QGIS does, gives it work, and is killed at once."""
    child = subprocess.Popen([sys.executable, __file__, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None and child.stdout is not None
    child.stdout.readline()
    child.stdin.write(b'{"id": 1, "method": "tiles", "params": {"steps": 3000}}\n')
    child.stdin.flush()
    child.stdout.readline()
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    if sys.argv[1] == "orphan":
        orphan()
    sys.exit(main(METHODS, broken_greet if sys.argv[1] == "broken" else greet, grace_s=1.0))
