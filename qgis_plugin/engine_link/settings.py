"""Which Python runs the engine, as the user chose it: kept in QGIS's settings under ``smarties/``."""

from __future__ import annotations

import os
from dataclasses import dataclass

from qgis.core import QgsSettings

#: A headless run or CI names its interpreter here, whatever the settings say.
INTERPRETER_VARIABLE = "SMARTIES_ENGINE_PYTHON"

MODES = ("managed", "interpreter")
BUILDS = ("cpu", "cuda")


@dataclass(frozen=True)
class EngineSettings:
    """``mode`` "managed": the environment that the plugin made; "interpreter": the Python named by the user."""

    mode: str = "managed"
    interpreter: str = ""
    build: str = "cpu"
    keep_warm_s: int = 600

    @staticmethod
    def load() -> EngineSettings:
        """What holds now: the environment variable before the settings. May be called from any thread."""
        stored = EngineSettings.stored()
        interpreter = os.environ.get(INTERPRETER_VARIABLE, "")
        if not interpreter:
            return stored
        return EngineSettings("interpreter", interpreter, stored.build, stored.keep_warm_s)

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
        )

    def save(self) -> None:
        """Write all of it to the settings."""
        settings = QgsSettings()
        settings.setValue("smarties/engine/mode", self.mode)
        settings.setValue("smarties/engine/interpreter", self.interpreter)
        settings.setValue("smarties/engine/build", self.build)
        settings.setValue("smarties/engine/keep_warm_s", self.keep_warm_s)
