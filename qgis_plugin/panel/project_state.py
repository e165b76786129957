"""What the panel keeps in the project: its images and its settings."""

from __future__ import annotations

import json
from typing import Any, Dict

from qgis.core import Qgis, QgsMessageLog, QgsProject

from ..translation import tr

SCOPE = "smarties"


def save_state(key: str, state: Dict[str, Any]) -> None:
    """Keep ``state`` in the project; it reaches the file when the project is saved."""
    QgsProject.instance().writeEntry(SCOPE, key, json.dumps(state, ensure_ascii=False))


def load_state(key: str) -> Dict[str, Any]:
    """What was kept in the project; empty where there is nothing, or nothing that can be read."""
    text, known = QgsProject.instance().readEntry(SCOPE, key, "")
    if not known or not text:
        return {}
    try:
        state = json.loads(text)
    except ValueError:
        state = None
    if not isinstance(state, dict):
        QgsMessageLog.logMessage(
            tr("What the project keeps of the SMARTIES panel is damaged and left out."),
            "SMARTIES",
            Qgis.MessageLevel.Warning,
            False,
        )
        return {}
    return state
