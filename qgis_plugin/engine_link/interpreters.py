"""The Pythons that an environment can be made from. Never sys.executable: on Windows and macOS it is QGIS."""

from __future__ import annotations

import json
import os
import shutil
import subprocess  # nosec B404 - fixed commands, never a shell
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterable, List, Mapping, Optional, Tuple

from ...engine.errors import EngineEnvironmentError
from ..translation import tr
from .child_environment import child_environment

#: What the pinned libraries offer wheels for, and which is tried first.
LEAST = (3, 11)
MOST = (3, 14)
_PREFERRED = ("3.12", "3.13", "3.11", "3.14")

_PROBE = (
    "import importlib.util, json, sys\n"
    "has = lambda name: importlib.util.find_spec(name) is not None\n"
    "pip = __import__('pip').__version__ if has('pip') else ''\n"
    "print(json.dumps({'executable': getattr(sys, '_base_executable', None) or sys.executable,"
    " 'version': list(sys.version_info[:3]), 'bits': sys.maxsize.bit_length() + 1,"
    " 'venv': has('venv'), 'ensurepip': has('ensurepip'), 'pip': pip}))\n"
)


@dataclass(frozen=True)
class Interpreter:
    """A Python that was started and answered. ``venv``: it has what an environment is made with."""

    path: Path
    version: Tuple[int, int, int]
    bits: int
    venv: bool
    ensurepip: bool
    pip: str

    @property
    def fits(self) -> bool:
        """Whether the pinned libraries have wheels for it."""
        return LEAST <= self.version[:2] <= MOST and self.bits == 64

    @property
    def makes_environments(self) -> bool:
        """Whether it can make one: with ensurepip, or with a pip that installs into another environment."""
        return self.venv and (self.ensurepip or _pip_version(self.pip) >= (22, 3))


def creation_flags(platform: str = sys.platform) -> int:
    """Keeps Windows from opening a console window for each child; 0 elsewhere."""
    return 0x08000000 if platform == "win32" else 0  # CREATE_NO_WINDOW, which subprocess has on Windows alone


def find_interpreter() -> Interpreter:
    """The best Python for a new environment; EngineEnvironmentError says what to install where there is none."""
    seen: List[Interpreter] = []
    for path in candidates():
        interpreter = probe(path)
        if interpreter is None:
            continue
        if interpreter.fits and interpreter.makes_environments:
            return interpreter
        seen.append(interpreter)
    raise no_interpreter(seen, sys.platform)


def no_interpreter(seen: Iterable[Interpreter], platform: str) -> EngineEnvironmentError:
    """The error for a machine where none of the Pythons ``seen`` will do."""
    for interpreter in seen:
        if interpreter.fits:
            return without_venv(interpreter, platform)
    if platform == "win32":
        hint = tr("Install Python 3.12 (64-bit) from python.org, which needs no administrator rights, and try again.")
    elif platform == "darwin":
        hint = tr("Install Python 3.12 from python.org or with “brew install python@3.12”, and try again.")
    else:
        hint = tr("Install the system packages python3.12 and python3.12-venv (or python3.11), and try again.")
    versions = sorted({interpreter.version for interpreter in seen})
    found = ", ".join(".".join(str(part) for part in version) for version in versions)
    message = tr("The engine needs Python 3.11 to 3.14, and none was found on this machine.")
    if found:
        message = tr("The engine needs Python 3.11 to 3.14 (64-bit); this machine has {found}.").format(found=found)
    return EngineEnvironmentError(message, hint)


def without_venv(interpreter: Interpreter, platform: str = sys.platform) -> EngineEnvironmentError:
    """The error for a Python that cannot make environments."""
    version = "{}.{}".format(*interpreter.version)
    message = tr("Python {version} cannot make environments here: its modules venv or ensurepip are missing.")
    if platform in ("win32", "darwin"):
        hint = tr("Install Python 3.12 from python.org and try again.")
    else:
        hint = tr("Install the system package python{version}-venv (Debian, Ubuntu) and try again.")
    return EngineEnvironmentError(message.format(version=version), hint.format(version=version))


def probe(path: Path, timeout_s: float = 20.0) -> Optional[Interpreter]:
    """Start the Python at ``path`` and ask it; None where it does not start or does not answer like one."""
    try:
        answer = subprocess.run(  # nosec B603
            [str(path), "-I", "-c", _PROBE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=timeout_s,
            env=child_environment(),
            creationflags=creation_flags(),
        )
        # Some builds print a greeting first.
        values = json.loads(answer.stdout.decode("utf-8", "replace").strip().splitlines()[-1])
        major, minor, micro = (int(part) for part in values["version"])
        base = Path(values["executable"])
        return Interpreter(
            base if base.is_file() else path,
            (major, minor, micro),
            int(values["bits"]),
            bool(values["venv"]),
            bool(values["ensurepip"]),
            str(values["pip"]),
        )
    except (OSError, subprocess.TimeoutExpired, ValueError, IndexError, KeyError, TypeError):
        return None


def candidates(
    platform: str = sys.platform, environ: Optional[Mapping[str, str]] = None, prefix: str = sys.prefix
) -> List[Path]:
    """Files that may be a Python, the best first, each once. None of them was started."""
    values = os.environ if environ is None else environ
    if platform == "win32":
        found = [*_from_py_launcher(values), *_installed_on_windows(values), *_of_osgeo4w(values, prefix)]
    elif platform == "darwin":
        found = [*_on_macos(), *_of_bundle(prefix)]
    else:
        found = _on_path(values)
    unique: Dict[str, Path] = {}
    for path in found:
        if path.is_file() and not _is_store_stub(path):
            unique.setdefault(os.path.normcase(str(path)), path)
    return list(unique.values())


def _on_path(environ: Mapping[str, str]) -> List[Path]:
    # A graphical session may have a shorter search path than a terminal.
    search = os.pathsep.join([environ.get("PATH", ""), "/usr/bin", "/usr/local/bin"])
    names = [*(f"python{version}" for version in _PREFERRED), "python3", "python"]
    return [Path(found) for found in (shutil.which(name, path=search) for name in names) if found]


def _on_macos() -> List[Path]:
    # Not /usr/bin/python3: it is a stub that opens Apple's installer of developer tools.
    folders = [
        *(f"/Library/Frameworks/Python.framework/Versions/{version}/bin" for version in _PREFERRED),
        "/opt/homebrew/bin",
        "/usr/local/bin",
    ]
    return [Path(folder) / f"python{version}" for version in _PREFERRED for folder in folders]


def _of_bundle(prefix: str) -> List[Path]:
    # QGIS.app carries a Python of its own; where, differs between its builds.
    places = [Path(prefix)]
    for parent in Path(prefix).parents:
        if parent.name == "Contents":
            places += [parent / "MacOS", parent / "Frameworks", parent / "Resources/python"]
    return [place / "bin" / name for place in places for name in ("python3", *_versioned_names())]


def _versioned_names() -> List[str]:
    return [f"python{version}" for version in _PREFERRED]


def _from_py_launcher(environ: Mapping[str, str]) -> List[Path]:
    windows = Path(environ.get("SystemRoot", r"C:\Windows"))
    launcher = shutil.which("py", path=environ.get("PATH", "")) or str(windows / "py.exe")
    try:
        answer = subprocess.run(  # nosec B603
            [launcher, "-0p"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=10,
            env=child_environment(),
            creationflags=creation_flags(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return parse_py_launcher(answer.stdout.decode("utf-8", "replace"))


def parse_py_launcher(text: str) -> List[Path]:
    """The paths in the answer of ``py -0p``, in the order preferred here."""
    found: Dict[str, Path] = {}
    for line in text.splitlines():
        # " -V:3.12 *        C:\Users\Zoé Ö\…\python.exe": a path may hold spaces, so it is all that follows.
        start = line.find(":\\")
        tag = line.split()[0].rpartition(":")[2].lstrip("-") if line.split() else ""
        if start > 0 and tag:
            found[tag.partition("-")[0]] = Path(line[start - 1 :].strip())
    known = [found[version] for version in _PREFERRED if version in found]
    return known


def _installed_on_windows(environ: Mapping[str, str]) -> List[Path]:
    folders = [Path(environ[name]) / "Programs" / "Python" for name in ("LOCALAPPDATA",) if environ.get(name)]
    folders += [Path(environ[name]) for name in ("ProgramFiles", "ProgramW6432") if environ.get(name)]
    folders.append(Path(environ.get("SystemDrive", "C:") + os.sep))
    names = ["Python" + version.replace(".", "") for version in _PREFERRED]
    return [folder / name / "python.exe" for name in names for folder in folders]


def _of_osgeo4w(environ: Mapping[str, str], prefix: str) -> List[Path]:
    # Last: an update of QGIS replaces this Python, and the environment would have to be made again.
    apps = [Path(environ["OSGEO4W_ROOT"]) / "apps"] if environ.get("OSGEO4W_ROOT") else []
    names = ["Python" + version.replace(".", "") for version in _PREFERRED]
    return [Path(prefix) / "python.exe", *(folder / name / "python.exe" for folder in apps for name in names)]


def _is_store_stub(path: Path) -> bool:
    # Windows puts empty files named python.exe on the path that open the Microsoft Store.
    return "WindowsApps" in path.parts


def _pip_version(text: str) -> Tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2] if part.isdecimal())
