"""How far a file may lead: to files in its own folder and below, and in folders that the user has allowed.

What a file names of its own accord (the sources of a VRT, overviews, masks, the embedding of a picture) is followed no
further: a raster that came from somewhere must not make a run read what its user never named.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Iterable

from .errors import SourceError

#: Folders, separated as in PATH, to which files that lie elsewhere may lead.
ALLOWED_FOLDERS = "SMARTIES_ALLOWED_FOLDERS"

_REMEDY = (
    "Move it into that folder, or allow the folder it lies in: in QGIS under “Set up the engine”, Allowed folders; "
    f"elsewhere in the environment variable {ALLOWED_FOLDERS}."
)


class Reach:
    """What may be read because the user named ``path``, a file.

    Its folder and all below, both where the user says it lies and where symbolic links lead, the folders of the
    environment variable ``SMARTIES_ALLOWED_FOLDERS``, and those in ``allowed``.
    """

    def __init__(self, path: Path, allowed: Iterable[str] = ()) -> None:
        named = Path(os.path.abspath(path))
        given = [*os.environ.get(ALLOWED_FOLDERS, "").split(os.pathsep), *allowed]
        known = [os.path.abspath(os.path.expanduser(folder.strip())) for folder in given if folder.strip()]
        folders = [named.parent, *(Path(folder) for folder in known)]
        links = [Path(os.path.realpath(named)).parent, *(Path(os.path.realpath(folder)) for folder in folders)]
        self._folders = tuple(dict.fromkeys(_comparable(folder) for folder in (*folders, *links)))

    def holds(self, named: Path) -> bool:
        """Whether a file lies within reach, by its name and where its links lead; nothing outside is touched."""
        return self._covers(os.path.abspath(named)) and self._covers(os.path.realpath(named))

    def check(self, named: Path, teller: str) -> None:
        """Refuse a file that ``teller`` leads to: outside, or neither a file nor a folder (a pipe, a device).

        Nothing outside is touched, not even to see whether it exists. One that is missing is no error.

        Raises:
            SourceError: it is outside, by its name or where its links lead.
        """
        if not self.holds(named):
            raise SourceError(f"{teller} leads to {_short(os.path.normpath(named))}, outside its own folder.", _REMEDY)
        # Those of os.path take a name that is too long for one that is missing.
        if os.path.exists(named) and not (os.path.isfile(named) or os.path.isdir(named)):
            raise SourceError(f"{teller} leads to {_short(os.path.normpath(named))}, which is no file.", "Take it out.")

    def _covers(self, path: str) -> bool:
        own = _comparable(Path(path))
        return any(own == folder or folder in own.parents for folder in self._folders)


def _comparable(path: Path) -> Path:
    return Path(os.path.normcase(path))


def _short(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:59]}…{text[-60:]}"
