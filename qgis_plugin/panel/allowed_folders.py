"""The folders that files may lead to, beside their own: a list that is kept in the settings as it changes."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import List, Optional

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ...engine.reach import ALLOWED_FOLDERS
from ..engine_link.settings import EngineSettings, can_be_allowed
from ..translation import tr
from .short_list import ShortList


class AllowedFolders(QWidget):
    """``changed`` when other folders are allowed; the next run knows them. ``refused`` says why one cannot be."""

    changed = pyqtSignal()
    refused = pyqtSignal(str)

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        tip = tr(
            "A VRT names other files; so do overviews, masks, and the pictures of embeddings. A file from somewhere "
            "must not make a run read what you never named: it is followed within its own folder, and here."
        )
        self.about = _text(
            tr(
                "A VRT that leads out of its own folder is refused, unless it leads into one of these. What you change "
                "here holds from the next run on."
            )
        )
        self.view = ShortList()
        self.view.setAccessibleName(tr("Allowed folders"))
        self.view.setAccessibleDescription(tip)
        self.view.itemSelectionChanged.connect(self._refresh_buttons)
        self.view.remove_pressed.connect(self.remove_chosen)
        self.add_button = QPushButton(tr("Add…"))
        self.add_button.setToolTip(tr("Choose a folder; the folders below it are allowed with it"))
        self.add_button.clicked.connect(self._ask)
        self.remove_button = QPushButton(tr("Remove"))
        self.remove_button.setToolTip(tr("Allow the chosen folders no longer (Delete)"))
        self.remove_button.clicked.connect(self.remove_chosen)
        for button in (self.add_button, self.remove_button):
            # Enter belongs to the button that the dialog is there for.
            button.setAutoDefault(False)
        for widget in (self.about, self.view):
            widget.setToolTip(tip)
        buttons = QHBoxLayout()
        buttons.addWidget(self.add_button)
        buttons.addWidget(self.remove_button)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        # Under the words of the heading, not under its arrow.
        layout.setContentsMargins(self.fontMetrics().height() * 3 // 2, 0, 0, 0)
        layout.setSpacing(4)
        for widget in (self.about, self.view):
            layout.addWidget(widget)
        layout.addLayout(buttons)
        self.refresh()

    @property
    def folders(self) -> List[str]:
        """The folders of the settings."""
        return list(EngineSettings.stored().allowed_folders)

    def add(self, folder: str) -> None:
        """Allow one more folder."""
        folder = str(Path(folder).absolute())
        if not can_be_allowed(folder):
            text = tr("{folder} cannot be allowed: in a list of folders “{sign}” stands between two. Rename it.")
            self.refused.emit("⚠ " + text.format(folder=folder, sign=os.pathsep))
        elif folder not in self.folders:
            self._keep([*self.folders, folder])

    def remove_chosen(self) -> None:
        """Allow the folders chosen in the list no longer."""
        chosen = {str(item.data(Qt.ItemDataRole.UserRole)) for item in self.view.selectedItems()}
        if chosen:
            self._keep([folder for folder in self.folders if folder not in chosen])

    def refresh(self) -> None:
        """Show what is allowed: by the environment, where only its owner changes it, and in the settings."""
        self.view.clear()
        for folder in filter(None, os.environ.get(ALLOWED_FOLDERS, "").split(os.pathsep)):
            item = QListWidgetItem(folder)
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            item.setToolTip(tr("Named by the environment variable {name}").format(name=ALLOWED_FOLDERS))
            self.view.addItem(item)
        for folder in self.folders:
            item = QListWidgetItem(folder)
            item.setData(Qt.ItemDataRole.UserRole, folder)
            item.setToolTip(folder)
            self.view.addItem(item)
        self.view.setVisible(self.view.count() > 0)
        self.view.updateGeometry()
        self._refresh_buttons()

    def _ask(self) -> None:
        folders = self.folders
        title = tr("Choose a folder that files may lead to")
        folder = QFileDialog.getExistingDirectory(self, title, folders[-1] if folders else "")
        if folder:
            self.add(folder)

    def _keep(self, folders: List[str]) -> None:
        replace(EngineSettings.stored(), allowed_folders=tuple(folders)).save()
        self.refresh()
        self.changed.emit()

    def _refresh_buttons(self) -> None:
        self.remove_button.setVisible(bool(self.folders))
        self.remove_button.setEnabled(bool(self.view.selectedItems()))


def _text(text: str) -> QLabel:
    # Not one that may be narrow at any price: what scrolls would give it the height of its narrowest.
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
