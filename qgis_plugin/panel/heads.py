"""Heads on disk: what the JSON beside each tells, and which of them were trained in this project."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..translation import tr

#: As many as are offered; older ones are found as files.
_MOST = 12
#: A head of pixels is a few kilobytes, one of thousands of classes a few megabytes.
_MOST_BYTES = 64 * 2**20


@dataclass(frozen=True)
class HeadFile:
    """A trained head: its kind, its classes by name and colour, and how it was measured (None: it was not)."""

    path: str
    kind: str
    classes: Tuple[Tuple[str, str], ...]
    accuracy: Optional[Mapping[str, Any]]

    @property
    def overall(self) -> Optional[float]:
        """The share of right pixels in held-out places."""
        value = (self.accuracy or {}).get("overall")
        return float(value) if isinstance(value, (int, float)) else None

    def title(self) -> str:
        """A name for lists: file, kind and accuracy."""
        parts = [Path(self.path).stem, kind_texts().get(self.kind, self.kind)]
        if self.overall is not None:
            parts.append(percent(self.overall))
        return " · ".join(parts)


def read_head(path: str) -> Optional[HeadFile]:
    """What the JSON beside a head says; None where there is none that can be read."""
    beside = Path(path).with_suffix(".json")
    try:
        if not Path(path).is_file() or beside.stat().st_size > _MOST_BYTES:
            return None
        values = json.loads(beside.read_text(encoding="utf-8"))
        classes = tuple((str(each["name"]), str(each["colour"])) for each in values["classes"])
        accuracy = values.get("accuracy")
        return HeadFile(path, str(values["kind"]), classes, accuracy if isinstance(accuracy, dict) else None)
    except (OSError, ValueError, KeyError, TypeError):
        return None


class HeadList(QObject):
    """The heads trained in this project, the newest first; ``changed`` when there are others."""

    changed = pyqtSignal()

    def __init__(self, parent: Optional[QObject] = None) -> None:
        super().__init__(parent)
        self._paths: List[str] = []

    @property
    def heads(self) -> List[HeadFile]:
        """Those that are still there."""
        found = [read_head(path) for path in self._paths]
        return [head for head in found if head is not None]

    def add(self, path: str) -> None:
        """A head was trained, perhaps anew."""
        self._paths = [path, *(each for each in self._paths if each != path)][:_MOST]
        self.changed.emit()

    def state(self) -> Dict[str, Any]:
        """What the project keeps."""
        return {"paths": self._paths}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what ``state`` gave."""
        kept = state.get("paths")
        self._paths = [path for path in kept if isinstance(path, str)] if isinstance(kept, list) else []
        self.changed.emit()


def kind_texts() -> Dict[str, str]:
    """The kinds of heads, in words."""
    return {
        "linear": tr("Linear"),
        "knn": tr("Nearest neighbours"),
        "conv": tr("Convolution"),
        "upernet": tr("UPerNet"),
    }


def percent(share: float) -> str:
    """«87 %»."""
    return tr("{share} %").format(share=hundredths(share))


def hundredths(share: float) -> str:
    """«87»; with a decimal where rounding would claim all."""
    text = f"{100 * share:.0f}"
    return f"{100 * share:.1f}" if text == "100" and share < 1 else text


def legend_html(classes: Sequence[Tuple[str, str]], most: int = 24) -> str:
    """Classes as coloured squares with names, for a label of rich text."""
    entries = [
        f'<span style="color:{html.escape(colour)}">■</span>&nbsp;{html.escape(name)}'
        for name, colour in classes[:most]
    ]
    if len(classes) > most:
        entries.append(html.escape(tr("and {count} more").format(count=len(classes) - most)))
    return " &nbsp; ".join(entries)
