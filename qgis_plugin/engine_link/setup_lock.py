"""One set-up at a time: a lock that the system releases by itself when its holder dies."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import IO, Iterator

from ...engine.errors import EngineEnvironmentError
from ..translation import tr


@contextlib.contextmanager
def set_up_lock(folder: Path) -> Iterator[None]:
    """Hold the lock in ``folder``; EngineEnvironmentError when another QGIS, or another part of this one, has it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "setup.lock").open("a+b") as file:
        if not _lock(file):
            raise EngineEnvironmentError(
                tr("Another window of QGIS is setting up the engine."), tr("Wait until it has finished.")
            )
        try:
            yield
        finally:
            _unlock(file)


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> bool:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(file: IO[bytes]) -> None:
        file.seek(0)
        with contextlib.suppress(OSError):
            msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            # A network folder without locks: better a set-up than none.
            return os.access(file.name, os.W_OK)
        return True

    def _unlock(file: IO[bytes]) -> None:
        with contextlib.suppress(OSError):
            fcntl.flock(file.fileno(), fcntl.LOCK_UN)
