"""A worker with toy tasks, run as a child process by the tests beside it; the engine's own code serves them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from engine.errors import CancelledError, EngineEnvironmentError, RadiometryError
from engine.partial import partial_path
from engine.progress import Progress
from engine.protocol import Hello
from engine.worker import main


def echo(params, progress, cancelled):
    return params


def variables(params, progress, cancelled):
    return {"variables": dict(os.environ), "folder": os.getcwd(), "path": sys.path, "pid": os.getpid()}


def tiles(params, progress, cancelled):
    """Works like a task: writes beside its output, asks between pieces of a tile whether to go on."""
    partial = partial_path(params["output"]) if "output" in params else None
    for step in range(params["steps"]):
        if cancelled():
            if partial:
                partial.unlink()
            raise CancelledError("Cancelled; nothing was written.")
        if partial:
            partial.write_bytes(b"half")
        time.sleep(0.02)
        progress(Progress((step + 1) / params["steps"], f"step {step}"))
    return {"done": params.get("name")}


def stubborn(params, progress, cancelled):
    """Never looks at ``cancelled``; has begun to write, and has started a program."""
    for name in ("output", "picture"):
        if name in params:
            partial = partial_path(params[name])
            partial.write_bytes(b"half")
            partial.with_name(partial.name + ".aux.xml").write_text("<PAMDataset/>")
    program = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    progress(Progress(0.5, str(program.pid)))
    time.sleep(600)


def refuse(params, progress, cancelled):
    raise RadiometryError("The values reach 65535.", "Say what they are.")


def memory(params, progress, cancelled):
    raise MemoryError


def flood(params, progress, cancelled):
    """Prints more than any pipe holds."""
    for number in range(params["lines"]):
        os.write(2, b"%08d %s\n" % (number, b"x" * 1000))
    return {}


def die(params, progress, cancelled):
    progress(Progress(0.1, "about to die"))
    if "signal" in params:
        os.kill(os.getpid(), params["signal"])
        time.sleep(60)
    os.write(2, b"the library has had enough\n")
    os._exit(params["code"])


TASKS = (echo, variables, tiles, stubborn, refuse, memory, flood, die)
METHODS = {function.__name__: f"{__name__}:{function.__name__}" for function in TASKS}


def greet():
    return Hello(1, "0.0", "cpu", "CPU (2 cores, AVX2), fp32", "fp32", {"python": "3"})


def broken_greet():
    raise EngineEnvironmentError("A library the engine needs cannot be loaded: torch.", "Install it again.")


if __name__ == "__main__":
    kind, *rest = sys.argv[1:]
    if kind == "noisy":
        os.write(1, b"a library says hello first\n")
    elif kind == "silent":
        time.sleep(600)
    elif kind == "version":
        os.write(1, b'{"hello": {"protocol": 2, "speaks": "another language"}}\n')
        time.sleep(600)
    elif kind == "ends":
        sys.exit("No module named engine")
    elif kind == "deaf":
        # Says hello and reads nothing: requests fill the pipe.
        os.write(
            1, b'{"hello":{"protocol":1,"engine":"0","device":"","device_name":"","precision":"","versions":{}}}\n'
        )
        time.sleep(600)
    elif kind == "stale":
        # Every start leaves a trace, so that a test can count them.
        with Path(rest[0]).open("a") as file:
            file.write(f"{os.getpid()}\n")
    signal.signal(signal.SIGHUP, signal.SIG_IGN) if hasattr(signal, "SIGHUP") else None
    sys.exit(main(METHODS, broken_greet if kind == "broken" else greet))
