"""The engine's log file: where tracebacks go, so that users read sentences."""

from __future__ import annotations

import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path

import platformdirs

LOGGER = logging.getLogger("smarties")


def log_path() -> Path:
    """The log file: ``$SMARTIES_LOG``, else ``engine.log`` in the user's log folder of this platform."""
    chosen = os.environ.get("SMARTIES_LOG")
    return Path(chosen) if chosen else Path(platformdirs.user_log_path("smarties")) / "engine.log"


def start_log() -> Path | None:
    """Sends the engine's messages and tracebacks, and libraries' warnings, to the log file and returns it.

    Returns None where no log can be written (a read-only home folder): a run is
    not refused for the lack of a log.
    """
    path = log_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=2_000_000, backupCount=2, encoding="utf-8")
    except OSError:
        LOGGER.addHandler(logging.NullHandler())
        return None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(process)d %(message)s"))
    logging.captureWarnings(True)
    for logger in (LOGGER, logging.getLogger("py.warnings")):
        for old in list(logger.handlers):
            logger.removeHandler(old)
            old.close()
        logger.addHandler(handler)
        logger.propagate = False
    LOGGER.setLevel(logging.INFO)
    return path
