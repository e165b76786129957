"""Which Python runs the engine and how far files may lead it, as the user chose: in QGIS's settings, ``smarties/``."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any, Tuple

from qgis.core import QgsSettings

#: A headless run or CI names its interpreter here, whatever the settings say.
INTERPRETER_VARIABLE = "SMARTIES_ENGINE_PYTHON"

MODES = ("managed", "interpreter")
BUILDS = ("cpu", "cuda")


@dataclass(frozen=True)
class EngineSettings:
    """``mode`` "managed": the environment that the plugin made; "interpreter": the Python named by the user.

    ``allowed_folders``: those to which files that lie elsewhere may lead, beside what ``engine.reach`` allows anyway.
    """

    mode: str = "managed"
    interpreter: str = ""
    build: str = "cpu"
    keep_warm_s: int = 600
    allowed_folders: Tuple[str, ...] = ()

    @staticmethod
    def load() -> EngineSettings:
        """What holds now: the environment variable before the settings. May be called from any thread."""
        stored = EngineSettings.stored()
        interpreter = os.environ.get(INTERPRETER_VARIABLE, "")
        if not interpreter:
            return stored
        return replace(stored, mode="interpreter", interpreter=interpreter)

    @staticmethod
    def stored() -> EngineSettings:
        """What the settings hold; a damaged value counts as absent."""
        settings = QgsSettings()
        default = EngineSettings()
        mode = str(settings.value("smarties/engine/mode", default.mode))
        build = str(settings.value("smarties/engine/build", default.build))
        try:
            keep_warm_s = max(0, int(settings.value("smarties/engine/keep_warm_s", default.keep_warm_s)))
        except (TypeError, ValueError):
            keep_warm_s = default.keep_warm_s
        return EngineSettings(
            mode if mode in MODES else default.mode,
            str(settings.value("smarties/engine/interpreter", "") or ""),
            build if build in BUILDS else default.build,
            keep_warm_s,
            _folders(settings.value("smarties/engine/allowed_folders")),
        )

    def save(self) -> None:
        """Write all of it to the settings."""
        settings = QgsSettings()
        settings.setValue("smarties/engine/mode", self.mode)
        settings.setValue("smarties/engine/interpreter", self.interpreter)
        settings.setValue("smarties/engine/build", self.build)
        settings.setValue("smarties/engine/keep_warm_s", self.keep_warm_s)
        settings.setValue("smarties/engine/allowed_folders", list(self.allowed_folders))


def can_be_allowed(folder: str) -> bool:
    """Whether a folder can be named in a variable as PATH is one: in full, and without what separates two folders."""
    return os.path.isabs(folder) and os.pathsep not in folder


def _folders(value: Any) -> Tuple[str, ...]:
    # QGIS gives a list with one entry back as that entry, and none as nothing.
    entries = value if isinstance(value, (list, tuple)) else [value]
    return tuple(dict.fromkeys(entry for entry in entries if isinstance(entry, str) and can_be_allowed(entry)))
