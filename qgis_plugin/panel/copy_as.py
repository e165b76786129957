"""A run of the panel as text: a shell command, and a Python call."""

from __future__ import annotations

import os
import pprint
import shlex
import subprocess  # nosec B404 - only its quoting is used, nothing is started
from typing import Any, List, Mapping

from qgis.core import QgsProcessingOutputLayerDefinition


def plain(value: Any) -> Any:
    """A Processing value as JSON knows it."""
    if isinstance(value, QgsProcessingOutputLayerDefinition):
        return value.sink.staticValue()
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def qgis_process_command(algorithm: str, parameters: Mapping[str, Any], windows: bool = os.name == "nt") -> str:
    """The command that runs the algorithm with these parameters in a shell; for cmd on Windows."""
    words: List[str] = ["qgis_process", "run", algorithm]
    for name, value in parameters.items():
        value = plain(value)
        # qgis_process makes a list of a name that is given several times.
        for item in value if isinstance(value, list) else [value]:
            if item is not None:
                words.append(f"--{name}={_word(item)}")
    return subprocess.list2cmdline(words) if windows else " ".join(shlex.quote(word) for word in words)


def python_call(algorithm: str, parameters: Mapping[str, Any]) -> str:
    """The lines that run the algorithm with these parameters in QGIS's Python console."""
    values = {name: plain(value) for name, value in parameters.items() if value is not None}
    body = pprint.pformat(values, indent=4, width=100, sort_dicts=False)
    return f"import processing\n\nresult = processing.run(\n    {algorithm!r},\n{_indented(body)},\n)\n"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
