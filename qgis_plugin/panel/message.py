"""What happened, in QGIS's message bar."""

from __future__ import annotations

from typing import Any, Callable, Optional

from qgis.core import Qgis, QgsMessageLog
from qgis.PyQt.QtWidgets import QPushButton

from ..translation import tr

TITLE = "SMARTIES"


def show_error(iface: Any, text: str, show_log: Optional[Callable[[], None]] = None) -> None:
    """Show one sentence that stays until it is closed, with a button that opens the log."""
    QgsMessageLog.logMessage(text, TITLE, Qgis.MessageLevel.Warning, False)
    bar = iface.messageBar()
    item = bar.createMessage(TITLE, text)
    if show_log is not None:
        button = QPushButton(tr("Show log"), item)
        button.clicked.connect(lambda: show_log())
        item.layout().addWidget(button)
    bar.pushWidget(item, Qgis.MessageLevel.Critical, 0)


def show_note(iface: Any, text: str, level: Optional[Qgis.MessageLevel] = None) -> None:
    """Show a sentence that goes away by itself."""
    iface.messageBar().pushMessage(TITLE, text, Qgis.MessageLevel.Info if level is None else level, 8)
