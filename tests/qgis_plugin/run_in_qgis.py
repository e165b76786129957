"""Run by `qgis --code`: loads the plugin, runs pytest or a script inside QGIS, and ends QGIS with their exit code.

scripts/test-qgis.sh gives pytest's arguments as JSON in SMARTIES_PYTEST_ARGUMENTS, scripts/run-in-qgis.sh a file in
SMARTIES_SCRIPT.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import traceback
from typing import Any

import qgis.utils
from qgis.PyQt.QtCore import QTimer


def print_exception(
    type_: Any, value: Any, trace: Any, message: Any, messagebar: Any = False, level: Any = None
) -> None:
    """What QGIS calls for an error in Python code, but printed: its own opens a dialog that nobody would close."""
    print(message or "", file=sys.stderr)
    traceback.print_exception(type_, value, trace)


def load_plugin() -> None:
    """Load and start the plugin as QGIS does at its start, where a failure would open that dialog."""
    qgis.utils.showException = print_exception
    qgis.utils.updateAvailablePlugins()
    if qgis.utils.loadPlugin("smarties"):
        qgis.utils.startPlugin("smarties")


def run() -> int:
    """Do what the environment asks for and give the exit code."""
    load_plugin()
    script = os.environ.get("SMARTIES_SCRIPT")
    if script:
        sys.argv = [script]
        try:
            runpy.run_path(script, run_name="__main__")
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else int(end.code is not None)
        return 0
    sys.argv = ["pytest"]
    import pytest

    return int(pytest.main(json.loads(os.environ["SMARTIES_PYTEST_ARGUMENTS"])))


def run_and_end() -> None:
    """Run, and end the process whatever happens."""
    code = 70  # nothing that pytest would say
    try:
        code = run()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # Not a polite exit: QGIS could ask whether to save the project, or crash on its way out.
        os._exit(code)


# Later, when QGIS has finished starting and its window is there.
QTimer.singleShot(1000, run_and_end)
