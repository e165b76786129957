"""Names that moved between Qt 5 and Qt 6, under one roof."""

from __future__ import annotations

try:
    from qgis.PyQt.QtGui import QAction, QActionGroup, QShortcut, QUndoCommand, QUndoStack
except ImportError:  # Qt 5 keeps them beside the widgets
    from qgis.PyQt.QtWidgets import QAction, QActionGroup, QShortcut, QUndoCommand, QUndoStack

__all__ = ["QAction", "QActionGroup", "QShortcut", "QUndoCommand", "QUndoStack"]
