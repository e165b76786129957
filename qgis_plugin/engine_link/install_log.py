"""The log of a set-up: everything that pip and Python print, without passwords."""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from pathlib import Path
from typing import Iterable, List
from urllib.parse import quote

from .paths import log_folder

#: A name and a password in an address, as proxies and private package indexes have them.
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s'\"]+@")


def setup_log() -> Path:
    """The log of the last set-up."""
    return log_folder() / "setup.log"


def without_credentials(text: str, secrets: Iterable[str] = ()) -> str:
    """``text`` with the credentials of addresses, and every one of ``secrets``, replaced by asterisks."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***").replace(quote(secret, safe=""), "***")
    return _CREDENTIALS.sub("***@", text)


class InstallLog:
    """Begins a new setup.log and keeps the one before as setup.log.1; a log that cannot be written stops nothing."""

    def __init__(self, path: Path, secrets: Iterable[str] = ()) -> None:
        self.path = path
        self._secrets: List[str] = [secret for secret in secrets if secret]
        self._lock = threading.Lock()
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():
                os.replace(path, f"{path}.1")
            path.touch()

    def write(self, text: str) -> None:
        """Append one line."""
        line = without_credentials(text.rstrip(), self._secrets)
        with self._lock, contextlib.suppress(OSError), self.path.open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%H:%M:%S')} {line}\n")
