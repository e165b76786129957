"""Where an output grows until it is whole, and what dead runs left there.

Standard library only: who kills a worker removes what it left. Who writes holds a lock as long as it lives, so that no
process takes the work of a live one, be it on another computer that shares the disk, for a leftover.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import sys
from pathlib import Path
from types import TracebackType
from typing import Dict, List, Optional, Type, Union

_LOCK = ".lock"
#: What may follow the name of a partial file in that of a file that belongs to it: not a digit, process 12 is not 123.
_MORE = r"([.-].*)?"
#: What the system says to a lock that another process holds.
_HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)


def partial_path(output: Union[str, Path], pid: Optional[int] = None) -> Path:
    """The name beside ``output`` under which the process ``pid`` (default: this one) writes it: hidden, and its own."""
    path = Path(output)
    return path.with_name(f".{path.stem}.partial-{os.getpid() if pid is None else pid}{path.suffix}")


def remove_partial(output: Union[str, Path], pid: int) -> List[Path]:
    """Removes what the dead process ``pid`` left of ``output``, sidecars included; gives what was removed."""
    unfinished = partial_path(output, pid)
    return _remove(unfinished.parent, f".{Path(output).stem}.partial-{pid}")


class Claim:
    """The hidden name of one output, kept from other processes by a lock until it is released or this process ends.

    What dead runs left of the same output is removed first. ``path`` may become a file or a folder; files that belong
    to it have names that begin with its own and a dot or a dash. OSError where the folder takes no files.
    """

    def __init__(self, output: Union[str, Path]) -> None:
        for left in leftovers(output):
            left.release()
        self._hold(partial_path(output), None)

    @classmethod
    def _adopted(cls, path: Path, descriptor: int) -> Claim:
        claim = cls.__new__(cls)
        claim._hold(path, descriptor)
        return claim

    def _hold(self, path: Path, descriptor: Optional[int]) -> None:
        self.path = path
        self._lock = path.with_name(path.name + _LOCK)
        # A disk without locks gives none: nobody will take this run for a dead one then, nor clean up after it.
        self._descriptor = _locked(self._lock) if descriptor is None else descriptor
        self._released = False

    def __enter__(self) -> Path:
        return self.path

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.release()

    def release(self, keep: bool = False) -> None:
        """Remove what is there, or with ``keep`` leave it to a later run. Safe to call twice."""
        if self._released:
            return
        self._released = True
        if not keep:
            # What cannot be removed now is a leftover for the next run.
            with contextlib.suppress(OSError):
                _remove(self.path.parent, self.path.name, but=self._lock)
        if sys.platform == "win32" and self._descriptor is not None:
            # No open file can be removed there.
            os.close(self._descriptor)
            self._descriptor = None
        with contextlib.suppress(OSError):
            self._lock.unlink()
        if self._descriptor is not None:
            os.close(self._descriptor)


def leftovers(output: Union[str, Path]) -> List[Claim]:
    """What dead runs left of ``output``, claimed for this process; that of live ones is passed over."""
    path = Path(output)
    pattern = re.compile(re.escape(f".{path.stem}.partial-") + r"(\d+)" + re.escape(path.suffix) + _MORE)
    found: Dict[int, Path] = {}
    try:
        names = os.listdir(path.parent)
    except OSError:
        return []
    for name in names:
        match = pattern.fullmatch(name)
        if match:
            found[int(match.group(1))] = partial_path(path, int(match.group(1)))
    claims = []
    for _, left in sorted(found.items()):
        descriptor = None
        with contextlib.suppress(OSError):
            descriptor = _locked(left.with_name(left.name + _LOCK))
        if descriptor is not None:
            claims.append(Claim._adopted(left, descriptor))
    return claims


def _remove(folder: Path, start: str, but: Optional[Path] = None) -> List[Path]:
    """Remove all in ``folder`` that is called ``start``, or that and more behind a dot or a dash."""
    pattern = re.compile(re.escape(start) + _MORE)
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    removed = []
    for name in names:
        path = folder / name
        if not pattern.fullmatch(name) or path == but:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
        removed.append(path)
    return removed


def _locked(path: Path) -> Optional[int]:
    """A descriptor that holds the lock on ``path``; None where another holds it, or the disk knows no locks."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock_now(descriptor)
        except OSError as error:
            os.close(descriptor)
            if error.errno in (*_HELD, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL):
                return None
            raise
        with contextlib.suppress(FileNotFoundError):
            there = os.stat(path)
            if sys.platform == "win32" or os.path.samestat(there, os.fstat(descriptor)):
                return descriptor
        # It was removed, by the run that held it, between being opened and being locked.
        os.close(descriptor)


if sys.platform == "win32":
    import msvcrt

    def _lock_now(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock_now(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
