"""The Python that runs the engine: which one, in what state, how it is made. Never QGIS's own."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

from ...engine.errors import EngineEnvironmentError
from ..translation import tr
from .install_log import InstallLog
from .installer import InstallOptions, check_report, library_error, make_environment
from .layout import (
    environment_folder,
    finished_environments,
    folder_bytes,
    old_environments,
    python_of,
    read_manifest,
)
from .paths import log_folder
from .settings import BUILDS, EngineSettings

__all__ = [
    "EngineEnvironment",
    "EnvironmentState",
    "InstallOptions",
    "check_interpreter",
    "environment_state",
    "find_environment",
    "install",
    "old_bytes",
    "remove_old",
]

LEAST_PYTHON = (3, 11)
#: Libraries whose versions a user wants to see.
SHOWN = ("python", "torch", "timm", "rasterio")
_NAME = re.compile(r"[0-9a-f]{12}-(cpu|cuda)")


@dataclass(frozen=True)
class EngineEnvironment:
    """A Python with the engine's libraries; ``note`` says why it is not what was asked for."""

    python: Path
    kind: str
    build: str
    folder: Optional[Path]
    note: str = ""


@dataclass(frozen=True)
class EnvironmentState:
    """``kind``: "ready", "missing", "outdated" or "broken"; ``text`` says it in a sentence."""

    kind: str
    text: str


class _StateError(EngineEnvironmentError):
    """Why there is no environment, with the kind of state."""

    def __init__(self, kind: str, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.kind = kind


def find_environment() -> EngineEnvironment:
    """The Python to start the engine with; EngineEnvironmentError says what to do where there is none. Quick."""
    settings = EngineSettings.load()
    if settings.mode == "interpreter":
        return _chosen_interpreter(settings.interpreter)
    builds = sorted(BUILDS, key=lambda build: build != settings.build)
    for build in builds:
        folder = environment_folder(build)
        manifest = read_manifest(folder)
        if manifest is not None:
            python = python_of(folder)
            if not python.is_file() or not _base_stands(folder):
                raise _StateError(
                    "broken",
                    tr("The engine's environment is broken: the Python it was made from is gone."),
                    tr("Set up the engine again; what was downloaded is used again."),
                )
            return EngineEnvironment(python, "managed", build, folder, manifest.note)
    if finished_environments():
        raise _StateError(
            "outdated",
            tr("The engine's environment was made for another version of the plugin."),
            tr("Update it with “Set up the engine”."),
        )
    raise _StateError(
        "missing", tr("The engine is not set up yet."), tr("Set it up once with “Set up the engine”; it takes minutes.")
    )


def environment_state() -> EnvironmentState:
    """The state of the environment, for people. Quick."""
    try:
        environment = find_environment()
    except _StateError as error:
        return EnvironmentState(error.kind, str(error))
    if environment.folder is None:
        return EnvironmentState("ready", tr("The engine runs with {path}.").format(path=environment.python))
    manifest = read_manifest(environment.folder)
    versions = dict(manifest.versions) if manifest else {}
    text = tr("The engine is set up: Python {python}, PyTorch {torch}.").format(
        python=versions.get("python", "?"), torch=versions.get("torch", "?")
    )
    return EnvironmentState("ready", f"{text} {environment.note}".strip())


def install(
    options: InstallOptions, progress: Callable[[float, str], None], cancelled: Callable[[], bool]
) -> EngineEnvironment:
    """Make the engine's environment, or finish one that was begun. Minutes; call it outside the main thread."""
    folder = make_environment(options, progress, cancelled)
    manifest = read_manifest(folder)
    build = manifest.build if manifest else options.build
    return EngineEnvironment(python_of(folder), "managed", build, folder, manifest.note if manifest else "")


def check_interpreter(path: Path, cancelled: Callable[[], bool] = lambda: False) -> Dict[str, str]:
    """The versions of Python and of the engine's libraries under the interpreter at ``path``. Seconds.

    EngineEnvironmentError with a sentence when it is too old, or with one for each library that does not load.
    """
    _chosen_interpreter(str(path))
    report: Dict[str, Any] = check_report(path, cancelled, InstallLog(log_folder() / "interpreter.log"))
    if tuple(int(part) for part in report["python"].split(".")[:2]) < LEAST_PYTHON:
        raise EngineEnvironmentError(
            tr("{path} is Python {version}; the engine needs 3.11 or newer.").format(
                path=path, version=report["python"]
            ),
            tr("Choose another Python."),
        )
    missing: Dict[str, str] = report["missing"]
    if len(missing) == 1:
        raise library_error(*next(iter(missing.items())))
    if missing:
        lines = [library_error(name, reason).message for name, reason in missing.items()]
        raise EngineEnvironmentError(
            " ".join(lines), tr("Install them with: pip install -r requirements.txt -c constraints.txt.")
        )
    return {"python": report["python"], **report["versions"]}


def old_bytes() -> int:
    """How much disk space environments of older requirements take. May take seconds."""
    return sum(folder_bytes(folder) for folder in _removable())


def remove_old() -> int:
    """Delete the environments of older requirements; returns how many bytes became free."""
    freed = 0
    for folder in _removable():
        size = folder_bytes(folder)
        shutil.rmtree(folder, onerror=_force)
        if folder.exists():
            raise EngineEnvironmentError(
                tr("{folder} cannot be deleted.").format(folder=folder),
                tr("Close other windows of QGIS and try again."),
            )
        freed += size
    return freed


def _removable() -> List[Path]:
    # Only folders with the names that are given here, and never what a link points to.
    return [path for path in old_environments() if _NAME.fullmatch(path.name) and not path.is_symlink()]


def _force(function: Callable[..., Any], path: str, error: Any) -> None:
    # Windows does not delete files marked read-only.
    with contextlib.suppress(OSError):
        os.chmod(path, stat.S_IWRITE)
        function(path)


def _chosen_interpreter(interpreter: str) -> EngineEnvironment:
    path = Path(interpreter).expanduser()
    if not interpreter or not path.is_file():
        raise _StateError(
            "missing",
            tr("The interpreter chosen for the engine, {path}, does not exist.").format(path=interpreter or "—"),
            tr("Choose another one with “Set up the engine”."),
        )
    if not os.access(path, os.X_OK):
        raise _StateError(
            "broken",
            tr("The interpreter chosen for the engine, {path}, is not a program.").format(path=path),
            tr("Choose another one with “Set up the engine”."),
        )
    return EngineEnvironment(path, "interpreter", "", None)


def _base_stands(folder: Path, platform: str = sys.platform) -> bool:
    """Whether the Python that it was made from is still there; on Windows the environment only points to that one."""
    if platform != "win32":
        return True
    with contextlib.suppress(OSError):
        for line in (folder / "pyvenv.cfg").read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition("=")
            if key.strip() == "home":
                return (Path(value.strip()) / "python.exe").is_file()
    return False
