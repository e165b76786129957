"""A text for a bug report: versions, devices and logs, without private paths, names or passwords."""

from __future__ import annotations

import getpass
import platform
import re
import socket
from configparser import ConfigParser, Error
from pathlib import Path
from typing import Dict, List, Mapping

from osgeo import gdal
from qgis.core import Qgis
from qgis.PyQt.QtCore import PYQT_VERSION_STR, QT_VERSION_STR

from ...engine import __version__ as engine_version
from ...engine.errors import SmartiesError
from .environment import environment_state, find_environment
from .install_log import without_credentials
from .layout import read_manifest, requirements_hash
from .paths import data_folder, log_folder, plugin_folder
from .settings import EngineSettings
from .torch_builds import Gpu, find_gpus

#: How many lines of the logs are given.
LOG_LINES = 200


def diagnostics() -> str:
    """The text, in English whatever the language of QGIS. Takes up to seconds where an NVIDIA driver is asked."""
    sections = [_versions(), _engine(), *_logs()]
    return without_private_words("\n\n".join("\n".join(lines) for lines in sections) + "\n")


def _versions() -> List[str]:
    return [
        f"SMARTIES plugin {plugin_version()}, engine {engine_version}",
        f"QGIS {Qgis.QGIS_VERSION}, Qt {QT_VERSION_STR}, PyQt {PYQT_VERSION_STR}",
        f"QGIS's GDAL {gdal.VersionInfo('RELEASE_NAME')}",
        f"QGIS's Python {platform.python_version()}",
        f"{platform.system()} {platform.release()}, {platform.machine()}",
    ]


def plugin_version() -> str:
    """The version in metadata.txt; "?" where it cannot be read."""
    parser = ConfigParser(interpolation=None)
    try:
        parser.read(plugin_folder() / "metadata.txt", encoding="utf-8")
        return parser.get("general", "version")
    except (Error, UnicodeDecodeError):
        return "?"


def _engine() -> List[str]:
    settings = EngineSettings.load()
    lines = [
        f"engine: {settings.mode}, build {settings.build}, requirements {requirements_hash()}",
        f"state: {environment_state().kind}",
    ]
    try:
        environment = find_environment()
        lines.append(f"python: {environment.python}")
        manifest = read_manifest(environment.folder) if environment.folder else None
        if manifest is not None:
            lines.append("libraries: " + _listed(manifest.versions))
            lines += [f"note: {manifest.note}"] if manifest.note else []
    except SmartiesError as error:
        lines.append(f"problem: {error}")
    lines += _hello()
    return lines + ([_gpu(gpu) for gpu in find_gpus()] or ["GPU: none found with nvidia-smi"])


def _gpu(gpu: Gpu) -> str:
    driver, capability = (".".join(str(part) for part in version) for version in (gpu.driver, gpu.capability))
    return f"GPU: {gpu.name}, driver {driver}, compute capability {capability}"


def _hello() -> List[str]:
    # Here and not above: the engine itself asks this package for its environment.
    from .engine import engine

    hello = engine().hello
    if hello is None:
        return ["worker: not started"]
    return [
        f"worker: engine {hello.engine}, {hello.device} ({hello.device_name}), {hello.precision}",
        "worker's libraries: " + _listed(hello.versions),
    ]


def _listed(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _logs() -> List[List[str]]:
    """The last lines of the newest logs, LOG_LINES in all."""
    folder = log_folder()
    paths = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime, reverse=True) if folder.is_dir() else []
    sections: List[List[str]] = []
    left = LOG_LINES
    for number, path in enumerate(paths):
        # Each log has its share, so that a long one does not hide the others.
        lines = tail(path, left // (len(paths) - number))
        left -= len(lines)
        sections.append([f"--- {path.name}", *lines])
    return sections


def tail(path: Path, count: int) -> List[str]:
    """The last ``count`` lines of a text file, read from its end."""
    if count <= 0:
        return []
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - 400 * count))
            text = file.read().decode("utf-8", "replace")
    except OSError as error:
        return [f"(cannot be read: {error.strerror})"]
    return text.splitlines()[-count:]


def without_private_words(text: str) -> str:
    """``text`` without the folders of the user, the names of user and machine, and credentials in addresses."""
    text = without_credentials(text)
    for path, word in _private_folders().items():
        for spelling in {path, path.replace("\\", "/"), path.replace("\\", "\\\\")}:
            text = _replaced(text, re.escape(spelling), word)
    for name, word in _private_names().items():
        # A word of its own, or a part of a path: never a piece of another word.
        text = _replaced(text, rf"(?<!\w){re.escape(name)}(?!\w)", word)
    return text


def _replaced(text: str, pattern: str, word: str) -> str:
    return re.sub(pattern, lambda match: word, text, flags=re.IGNORECASE)


def _private_folders() -> Dict[str, str]:
    """The longest first, so that a folder inside another keeps its own word."""
    found = {str(plugin_folder()): "<plugin>", str(data_folder()): "<data>", str(Path.home()): "~"}
    usable = {path: word for path, word in found.items() if len(path) > 1}
    return dict(sorted(usable.items(), key=lambda item: -len(item[0])))


def _private_names() -> Dict[str, str]:
    names: Dict[str, str] = {}
    try:
        names[getpass.getuser()] = "<user>"
    except (KeyError, OSError, ImportError):
        # No such user: nothing to hide.
        pass
    names[Path.home().name] = "<user>"
    host = socket.gethostname()
    names[host] = names[host.partition(".")[0]] = "<host>"
    # "localhost" tells nothing, and a single letter would blot the text.
    return {name: word for name, word in names.items() if len(name) > 1 and name.lower() != "localhost"}
