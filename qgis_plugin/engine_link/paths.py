"""Where things stand: the plugin itself, and what it keeps outside its folder so that an upgrade loses nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def plugin_folder() -> Path:
    """The folder of the plugin, which is also the one that holds the package ``engine``."""
    return Path(__file__).resolve().parents[2]


def data_folder() -> Path:
    """The plugin's own folder in the user's data: ``$SMARTIES_HOME``, else this platform's place. It may not exist."""
    chosen = os.environ.get("SMARTIES_HOME")
    return Path(chosen).expanduser() if chosen else _user_data_folder(sys.platform) / "smarties"


def environments_folder() -> Path:
    """Holds one folder for each Python environment made for the engine."""
    return data_folder() / "environments"


def log_folder() -> Path:
    """Holds the logs of the set-up and of the engine."""
    return data_folder() / "logs"


def _user_data_folder(platform: str) -> Path:
    home = Path.home()
    if platform == "win32":
        # Not the roaming folder: gigabytes of libraries must not travel with a user's profile.
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    if platform == "darwin":
        return home / "Library" / "Application Support"
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
