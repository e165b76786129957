"""The environment variables of a child process: QGIS's own, without what leads another Python to QGIS's libraries."""

from __future__ import annotations

import ntpath
import os
import sys
from typing import Dict, List, Mapping, Optional

# fmt: off
#: Names that begin with one of these point to the Python, GDAL, PROJ or Qt of QGIS, or to a terminal's environment.
_PREFIXES = (
    "PYTHON", "QGIS_", "PROJ_", "GDAL_", "OGR_", "QT_", "QML_", "CONDA_", "OSGEO", "DYLD_",
)
# fmt: on
_NAMES = frozenset({"LD_LIBRARY_PATH", "LD_PRELOAD", "VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT", "__PYVENV_LAUNCHER__"})
#: A launcher of an AppImage saves the user's value under this ending before it sets its own.
_SAVED = "_ORIG"
_RESTORED = ("LD_LIBRARY_PATH", "LD_PRELOAD")


def child_environment(extra: Optional[Mapping[str, str]] = None) -> Dict[str, str]:
    """A scrubbed copy of this process's environment for an interpreter that is not QGIS's, with ``extra`` on top."""
    environment = scrubbed(os.environ, sys.platform, _own_folders())
    environment["PYTHONUTF8"] = "1"
    # Packages that a user installed for another Python must not stand before the engine's.
    environment["PYTHONNOUSERSITE"] = "1"
    environment.update(extra or {})
    return environment


def scrubbed(environ: Mapping[str, str], platform: str, own_folders: List[str]) -> Dict[str, str]:
    """``environ`` without what belongs to QGIS; ``own_folders`` are left out of the search path on Windows."""
    kept = {name: value for name, value in environ.items() if not _is_dropped(name.upper())}
    if platform.startswith("linux"):
        for name in _RESTORED:
            saved = kept.pop(name + _SAVED, "")
            if saved:
                kept[name] = saved
    if platform == "win32":
        # Windows looks for libraries along PATH: QGIS's own copies would be taken for the engine's.
        folders = [*own_folders, environ.get("OSGEO4W_ROOT", "")]
        for name in [name for name in kept if name.upper() == "PATH"]:
            kept[name] = ";".join(
                entry for entry in kept[name].split(";") if not any(_is_inside(entry, folder) for folder in folders)
            )
    return kept


def _is_dropped(name: str) -> bool:
    return name in _NAMES or name.startswith(_PREFIXES)


def _is_inside(entry: str, folder: str) -> bool:
    if not entry.strip() or not folder.strip():
        return False
    inner, outer = (ntpath.normcase(ntpath.normpath(path)).rstrip("\\") for path in (entry, folder))
    return inner == outer or inner.startswith(outer + "\\")


def _own_folders() -> List[str]:
    return [sys.prefix, os.path.dirname(sys.executable)] if sys.platform == "win32" else []
