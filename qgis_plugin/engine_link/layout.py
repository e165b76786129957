"""The folders of the engine's environments: names, manifests, sizes. One folder for each set of pinned requirements."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional

from .paths import environments_folder, plugin_folder

#: Written last: an environment without it is not finished and is never used.
MANIFEST = "smarties-environment.json"
#: What of an unfinished environment is done, so that the next try begins there.
STEPS = "smarties-steps.json"


@dataclass(frozen=True)
class Manifest:
    """What a finished environment says of itself; ``note`` tells why it is not what was asked for."""

    requirements: str
    build: str
    versions: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


def requirements_file() -> Path:
    """The pinned requirements of the engine."""
    return plugin_folder() / "requirements.txt"


def constraints_file() -> Path:
    """The pinned versions of everything that the requirements pull in."""
    return plugin_folder() / "constraints.txt"


def requirements_hash() -> str:
    """Twelve hex digits that change when a pin changes; comments and line ends do not count."""
    digest = hashlib.sha256()
    for path in (requirements_file(), constraints_file()):
        lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
        digest.update("\n".join(line for line in lines if line).encode() + b"\0")
    return digest.hexdigest()[:12]


def environment_folder(build: str) -> Path:
    """Where the environment for today's requirements stands or will stand."""
    return environments_folder() / f"{requirements_hash()}-{build}"


def python_of(folder: Path, platform: str = sys.platform) -> Path:
    """The interpreter of the environment in ``folder``."""
    return folder / "Scripts" / "python.exe" if platform == "win32" else folder / "bin" / "python"


def read_manifest(folder: Path) -> Optional[Manifest]:
    """The manifest of a finished environment; None where there is none or it is damaged."""
    values = read_json(folder / MANIFEST)
    if not isinstance(values.get("requirements"), str) or not isinstance(values.get("build"), str):
        return None
    versions = values.get("versions")
    return Manifest(
        values["requirements"],
        values["build"],
        {str(key): str(value) for key, value in versions.items()} if isinstance(versions, dict) else {},
        str(values.get("note", "")),
    )


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Declare the environment in ``folder`` finished."""
    values = {
        "requirements": manifest.requirements,
        "build": manifest.build,
        "versions": dict(manifest.versions),
        "note": manifest.note,
    }
    write_json(folder / MANIFEST, values)


def read_json(path: Path) -> Dict[str, Any]:
    """The object in a JSON file; empty where the file is absent or damaged."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write a JSON file so that it is whole or not there."""
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(json.dumps(values, indent=2), encoding="utf-8")
    os.replace(temporary, path)


def finished_environments() -> List[Path]:
    """All folders with a finished environment, the newest last."""
    folder = environments_folder()
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if read_manifest(path) is not None]
    return sorted(found, key=lambda path: (path / MANIFEST).stat().st_mtime)


def old_environments() -> List[Path]:
    """Folders of environments for other requirements than today's, finished or not."""
    folder, current = environments_folder(), requirements_hash()
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and path.name.partition("-")[0] != current)


def folder_bytes(folder: Path) -> int:
    """The size of all files in ``folder``; what cannot be read counts as nothing."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size
            except OSError:
                pass
    return total
