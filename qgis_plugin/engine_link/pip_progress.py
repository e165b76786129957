"""What pip prints, as a fraction and a line for people."""

from __future__ import annotations

import re
from typing import Callable

from ..translation import tr

_DOWNLOADING = re.compile(r"^\s*Downloading (\S+)(?: \(([\d.]+ [kMG]?B)\))?")
_COLLECTING = re.compile(r"^\s*(?:Collecting|Using cached|Processing) (\S+)")
_INSTALLING = re.compile(r"^Installing collected packages: (.*)")
_BYTES = re.compile(r"^Progress (\d+) of (\d+)")


class PipProgress:
    """Feeds ``progress`` from ``start`` to ``end`` while pip installs about ``packages`` packages."""

    def __init__(self, progress: Callable[[float, str], None], start: float, end: float, packages: int) -> None:
        self._progress = progress
        self._start, self._span = start, end - start
        self._packages = max(1, packages)
        self._seen = 0
        self._part = 0.0
        self._name = ""

    def line(self, text: str) -> None:
        """Take one line of pip's output."""
        arrived = _BYTES.match(text)
        if arrived:
            done, total = int(arrived.group(1)), int(arrived.group(2))
            if total:
                self._part = min(1.0, done / total)
                self._tell(
                    tr("Downloading {name}: {done:.0f} of {total:.0f} MB").format(
                        name=self._name, done=done / 1e6, total=total / 1e6
                    )
                )
            return
        downloading = _DOWNLOADING.match(text)
        if downloading:
            self._name = _package(downloading.group(1))
            size = downloading.group(2) or ""
            self._part = 0.0
            self._tell(tr("Downloading {name} {size}").format(name=self._name, size=size).strip())
            return
        collecting = _COLLECTING.match(text)
        if collecting:
            self._seen += 1 if "Collecting" in text else 0
            self._part = 0.0
            self._tell(tr("Fetching {name}").format(name=_package(collecting.group(1))))
            return
        installing = _INSTALLING.match(text)
        if installing:
            self._seen, self._part = self._packages, 0.0
            count = installing.group(1).count(",") + 1
            self._tell(tr("Unpacking packages: {count}. This takes a minute.").format(count=count))

    def _tell(self, text: str) -> None:
        # Unpacking has the last fifth.
        share = 0.8 * min(1.0, (max(0, self._seen - 1) + self._part) / self._packages)
        self._progress(self._start + self._span * share, text)


def _package(name: str) -> str:
    """ "torch" from "torch==2.13.0" or from the name of its wheel."""
    return re.split(r"[=<>!~\[;(]|-\d", name.rpartition("/")[2])[0]
