"""Makes the engine's environment, step by step; finished steps are remembered, so that the next try begins there."""

from __future__ import annotations

import contextlib
import errno
import json
import shutil
import sys
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Tuple

from ...engine.errors import EngineEnvironmentError, SmartiesError
from ..translation import tr
from .child_environment import child_environment
from .install_log import InstallLog, setup_log
from .interpreters import Interpreter, find_interpreter, no_interpreter, probe, without_venv
from .layout import (
    MANIFEST,
    STEPS,
    Manifest,
    constraints_file,
    environment_folder,
    folder_bytes,
    python_of,
    read_json,
    read_manifest,
    requirements_hash,
    write_json,
    write_manifest,
)
from .paths import environments_folder, plugin_folder
from .pip_calls import Pip, check_wheels, pip_environment, remove_torn_packages
from .pip_progress import PipProgress
from .setup_child import CommandFailedError, run_command
from .setup_lock import set_up_lock
from .torch_builds import choose_build, find_gpus

ProgressCallback = Callable[[float, str], None]
CancelCallback = Callable[[], bool]

#: Free space that a set-up needs, with what pip keeps for a resumed one. The CPU build takes 1.4 GB in the end
#: (measured on Linux); that of the CUDA build is an estimate from the sizes of NVIDIA's libraries.
NEEDED_BYTES: Dict[str, float] = {"cpu": 2.5e9, "cuda": 11e9}
#: Left to need when nearly all is there.
_LEAST_BYTES = 0.3e9
_CHECK_TIMEOUT_S = 300.0


@dataclass(frozen=True)
class InstallOptions:
    """What to make: ``wheels`` an offline folder, ``base_python`` the Python to make it from (None: the best found).

    ``network``: proxy and certificates as environment variables, ``secrets``: passwords that no log may show.
    """

    build: str = "cpu"
    wheels: Optional[Path] = None
    base_python: Optional[Path] = None
    network: Optional[Mapping[str, str]] = None
    secrets: Tuple[str, ...] = ()


def make_environment(options: InstallOptions, progress: ProgressCallback, cancelled: CancelCallback) -> Path:
    """Make the environment and return its folder, finished. Every failure is a SmartiesError, and in the log."""
    log = InstallLog(setup_log(), options.secrets)
    try:
        if options.wheels is not None:
            check_wheels(options.wheels)
        with set_up_lock(environments_folder()), _temporary_folder(environments_folder() / "tmp"):
            return _with_fallback(options, progress, cancelled, log)
    except SmartiesError as error:
        log.write(str(error))
        raise
    except OSError as error:
        log.write(traceback.format_exc())
        raise _disk_trouble(error) from error
    except Exception as error:
        log.write(traceback.format_exc())
        raise EngineEnvironmentError(
            tr("The set-up failed: {reason}.").format(reason=str(error) or type(error).__name__),
            tr("The log tells more."),
        ) from error


@contextlib.contextmanager
def _temporary_folder(folder: Path) -> Iterator[None]:
    """A folder for pip's gigabytes in transit: on the disk whose space was checked, and emptied after a kill."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _with_fallback(
    options: InstallOptions, progress: ProgressCallback, cancelled: CancelCallback, log: InstallLog
) -> Path:
    if options.build != "cuda":
        return _Setup(options, "cpu", progress, cancelled, log).run()
    progress(0.0, tr("Looking for an NVIDIA GPU"))
    tag, reason = _cuda_tag()
    if tag:
        try:
            return _Setup(options, tag, progress, cancelled, log).run()
        except GpuError as error:
            reason = error.message
            progress(0.9, reason)
            shutil.rmtree(environment_folder("cuda"), ignore_errors=True)
    log.write(reason)
    note = tr("{reason} The engine was set up for the CPU instead.").format(reason=reason)
    return _Setup(replace(options, build="cpu"), "cpu", progress, cancelled, log, note).run()


def _cuda_tag() -> Tuple[str, str]:
    gpus = find_gpus()
    if not gpus:
        return "", tr("No NVIDIA GPU with a working driver was found.")
    build = choose_build(gpus[0])
    return ("", build) if isinstance(build, str) else (build.tag, "")


class GpuError(EngineEnvironmentError):
    """The environment is made, but its PyTorch does not compute on the GPU."""


class _Setup:
    """One set-up of one folder. ``tag``: the build of PyTorch; ``note``: why it is not what was asked for."""

    def __init__(
        self,
        options: InstallOptions,
        tag: str,
        progress: ProgressCallback,
        cancelled: CancelCallback,
        log: InstallLog,
        note: str = "",
    ) -> None:
        self.options, self.tag, self.note, self.log = options, tag, note, log
        self._cancelled = cancelled
        self._progress = progress
        self.folder = environment_folder(options.build)
        self.python = python_of(self.folder)
        temporary = str(environments_folder() / "tmp")
        variables = {"TMPDIR": temporary, "TEMP": temporary, "TMP": temporary}
        self.environment = pip_environment({**(options.network or {}), **variables})
        self.steps = read_json(self.folder / STEPS)

    def run(self) -> Path:
        finished = read_manifest(self.folder)
        if finished is not None and self.python.is_file() and probe(self.python) is not None:
            self.progress(1.0, tr("The engine is ready"))
            return self.folder
        # What follows may change it: from here on it is not finished.
        (self.folder / MANIFEST).unlink(missing_ok=True)
        self.check_space()
        if not self._venv_stands():
            self.make_venv()
        pip = Pip(self._pip_command(), self.environment, self.log, self._cancelled, self.options.wheels)
        torn = remove_torn_packages(self.folder)
        if torn:
            self.log.write(f"half unpacked, fetched again: {', '.join(torn)}")
            self._forget("torch", "libraries")
        if not self._done("torch"):
            self.progress(0.05, tr("Fetching PyTorch, the largest part"))
            # macOS has one build, on the ordinary index.
            tag = "" if sys.platform == "darwin" else self.tag
            pip.install_torch(tag, PipProgress(self.progress, 0.05, 0.5, 2), self._larger_build)
            self._mark("torch")
        if not self._done("libraries"):
            self.progress(0.5, tr("Fetching the other libraries"))
            pip.install_libraries(PipProgress(self.progress, 0.5, 0.9, _constraint_count()))
            self._mark("libraries")
        self.finish()
        return self.folder

    def progress(self, fraction: float, text: str) -> None:
        self._progress(fraction, text)

    def check_space(self) -> None:
        free = shutil.disk_usage(_existing(self.folder)).free
        needed = max(_LEAST_BYTES, NEEDED_BYTES[self.options.build] - folder_bytes(self.folder))
        if free < needed:
            raise EngineEnvironmentError(
                tr("The engine needs {needed:.1f} GB of disk space, and {free:.1f} GB are free in {folder}.").format(
                    needed=needed / 1e9, free=free / 1e9, folder=environments_folder()
                ),
                tr("Free some space, or set the variable SMARTIES_HOME to a folder on another disk, and restart QGIS."),
            )

    def make_venv(self) -> None:
        self.progress(0.01, tr("Looking for a Python to start from"))
        base = base_interpreter(self.options.base_python)
        self.log.write(f"base {base}")
        self.progress(0.02, tr("Making an environment from Python {version}").format(version=_version(base)))
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        arguments = [] if base.ensurepip else ["--without-pip"]
        command = [str(base.path), "-m", "venv", *arguments, str(self.folder)]
        try:
            run_command(command, self.environment, self.log, self._cancelled)
        except CommandFailedError as error:
            raise without_venv(base) from error
        self.steps = {"base": str(base.path), "own_pip": base.ensurepip, "done": []}
        self._mark("venv")

    def finish(self) -> None:
        self.progress(0.92, tr("Checking the libraries"))
        report = check_report(self.python, self._cancelled, self.log, gpu=self.tag != "cpu")
        missing = report["missing"]
        if missing:
            self._forget("libraries")
            name, reason = next(iter(missing.items()))
            raise library_error(name, reason)
        if self.tag != "cpu" and not report["gpu"]["works"]:
            raise GpuError(tr("The GPU does not work with PyTorch: {reason}.").format(reason=report["gpu"]["reason"]))
        versions = {"python": report["python"], **report["versions"]}
        write_manifest(self.folder, Manifest(requirements_hash(), self.options.build, versions, self.note))
        self.log.write("finished")
        self.progress(1.0, tr("The engine is ready"))

    def _larger_build(self, note: str) -> None:
        self.note = f"{self.note} {note}".strip()
        self.log.write(note)
        self.progress(0.06, note)

    def _venv_stands(self) -> bool:
        return self._done("venv") and self.python.is_file() and probe(self.python) is not None

    def _pip_command(self) -> List[str]:
        if self.steps.get("own_pip", True):
            return [str(self.python), "-m", "pip"]
        return [str(self.steps.get("base")), "-m", "pip", "--python", str(self.python)]

    def _done(self, step: str) -> bool:
        return step in self.steps.get("done", [])

    def _mark(self, step: str) -> None:
        self.steps["done"] = [*self.steps.get("done", []), step]
        write_json(self.folder / STEPS, self.steps)

    def _forget(self, *steps: str) -> None:
        self.steps["done"] = [step for step in self.steps.get("done", []) if step not in steps]
        write_json(self.folder / STEPS, self.steps)


def base_interpreter(chosen: Optional[Path]) -> Interpreter:
    """The Python to start from: the one chosen, or the best of this machine."""
    if chosen is None:
        return find_interpreter()
    interpreter = probe(chosen)
    if interpreter is None:
        raise EngineEnvironmentError(
            tr("{path} is not a Python that starts.").format(path=chosen), tr("Choose another Python.")
        )
    if not interpreter.fits:
        raise no_interpreter([interpreter], sys.platform)
    if not interpreter.makes_environments:
        raise without_venv(interpreter)
    return interpreter


def check_report(python: Path, cancelled: CancelCallback, log: InstallLog, gpu: bool = False) -> Dict[str, Any]:
    """What check_libraries.py says under ``python``; EngineEnvironmentError when it says nothing."""
    script = Path(__file__).with_name("check_libraries.py")
    command = [str(python), "-I", "-W", "ignore", str(script), str(plugin_folder()), *(["--gpu"] if gpu else [])]
    try:
        printed = run_command(command, child_environment(), log, cancelled, timeout_s=_CHECK_TIMEOUT_S)
        # Libraries may print before it, and while Python ends.
        report = json.loads([line for line in printed if line.startswith("{")][-1])
    except (CommandFailedError, ValueError, IndexError) as error:
        raise EngineEnvironmentError(
            tr("{path} is not a Python that starts.").format(path=python),
            tr("Choose another Python, or set up the engine again."),
        ) from error
    return dict(report)


def library_error(name: str, reason: str) -> EngineEnvironmentError:
    """The error for a library that does not load, by its cause where that is known."""
    if "DLL load failed" in reason or "WinError 126" in reason or "WinError 127" in reason or "WinError 1114" in reason:
        hint = tr("Install Microsoft's “Visual C++ Redistributable 2015–2022 (x64)”, then set up the engine again.")
    elif "libexpat" in reason:
        hint = tr("Install the system package libexpat1 (Debian, Ubuntu) or expat (Fedora), then set up again.")
    elif "cannot open shared object file" in reason:
        hint = tr("Install the system library that is named, then set up the engine again.")
    else:
        hint = tr("Set up the engine again, or install the library into the interpreter that you chose.")
    return EngineEnvironmentError(
        tr("The library {name} cannot be loaded: {reason}.").format(name=name, reason=reason.rstrip(". ")[:300]), hint
    )


def _disk_trouble(error: OSError) -> EngineEnvironmentError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return EngineEnvironmentError(tr("The disk is full."), tr("Free some space and set up the engine again."))
    return EngineEnvironmentError(
        tr("{path} cannot be written: {reason}.").format(
            path=error.filename or environments_folder(), reason=error.strerror or error
        ),
        tr("Set the variable SMARTIES_HOME to a folder of yours, and restart QGIS."),
    )


def _constraint_count() -> int:
    return sum(1 for line in constraints_file().read_text(encoding="utf-8").splitlines() if "==" in line)


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def _version(interpreter: Interpreter) -> str:
    return ".".join(str(part) for part in interpreter.version)
