"""How far a file may lead: to files in its own folder and below, and in folders that the user has allowed.

What a file names of its own accord (the sources of a VRT, overviews, masks) is followed no further: a raster that
came from somewhere must not make a run read what its user never named.
"""

from __future__ import annotations

import os
from pathlib import Path

from engine.errors import SourceError

#: Folders, separated as in PATH, whose rasters VRT files that lie elsewhere may name.
ALLOWED_FOLDERS = "SMARTIES_ALLOWED_FOLDERS"

_REMEDY = "Move it into that folder, or name the folder it lies in in the environment variable " + ALLOWED_FOLDERS + "."


class Reach:
    """What may be read because the user named ``path``, a file.

    Its folder and all below, both where the user says it lies and where symbolic links lead, and the folders of
    the environment variable ``SMARTIES_ALLOWED_FOLDERS``.
    """

    def __init__(self, path: Path) -> None:
        named = Path(os.path.abspath(path))
        allowed = [folder for folder in os.environ.get(ALLOWED_FOLDERS, "").split(os.pathsep) if folder.strip()]
        folders = [named.parent, *(Path(os.path.abspath(os.path.expanduser(folder.strip()))) for folder in allowed)]
        links = [Path(os.path.realpath(named)).parent, *(Path(os.path.realpath(folder)) for folder in folders)]
        self._folders = tuple(dict.fromkeys(_comparable(folder) for folder in (*folders, *links)))

    def check(self, named: Path, teller: str) -> None:
        """Refuse a file that ``teller`` leads to: outside, or neither a file nor a folder (a pipe, a device).

        Nothing outside is touched, not even to see whether it exists. One that is missing is no error.

        Raises:
            SourceError: it is outside, by its name or where its links lead.
        """
        if not self._holds(os.path.abspath(named)) or not self._holds(os.path.realpath(named)):
            raise SourceError(f"{teller} leads to {_short(os.path.normpath(named))}, outside its own folder.", _REMEDY)
        if named.exists() and not (named.is_file() or named.is_dir()):
            raise SourceError(f"{teller} leads to {_short(os.path.normpath(named))}, which is no file.", "Take it out.")

    def _holds(self, path: str) -> bool:
        own = _comparable(Path(path))
        return any(own == folder or folder in own.parents for folder in self._folders)


def _comparable(path: Path) -> Path:
    return Path(os.path.normcase(path))


def _short(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:59]}…{text[-60:]}"
