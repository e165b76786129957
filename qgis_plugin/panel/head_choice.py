"""Which head a map is made with: one trained in this project, or a file."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional

from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QVBoxLayout, QWidget

from ..layer_source import shorten
from ..translation import tr
from .fields import combo, select, words
from .heads import HeadList, legend_html, read_head

#: The option behind which a file is chosen.
FILE = ""


class HeadChoice(QWidget):
    """``changed`` when another head holds, or the same one was trained anew."""

    changed = pyqtSignal()

    def __init__(self, heads: HeadList, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self._heads = heads
        self.choice = combo(tr("Head"), [])
        self.choice.currentIndexChanged.connect(lambda _index: self._tell())
        self.file = QgsFileWidget()
        self.file.setFilter(tr("Heads (*.safetensors)"))
        self.file.setDialogTitle(tr("A head"))
        self.file.setAccessibleName(tr("File of the head"))
        self.file.lineEdit().setPlaceholderText(tr("File of a head"))
        self.file.lineEdit().setMinimumWidth(40)
        self.file.fileChanged.connect(lambda _path: self._tell())
        self.legend = words()
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setAccessibleName(tr("Classes of the head"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        for widget in (self.choice, self.file, self.legend):
            layout.addWidget(widget)
        heads.changed.connect(self._heads_changed)
        self._fill()

    @property
    def path(self) -> str:
        """The file of the head; "" while there is none."""
        chosen = self.choice.currentData()
        return str(self.file.filePath().strip() if chosen == FILE else chosen)

    def state(self) -> Dict[str, Any]:
        """What the project keeps."""
        return {"head": self.choice.currentData(), "file": self.file.filePath()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what ``state`` gave."""
        self.file.setFilePath(str(state.get("file") or ""))
        self._fill()
        select(self.choice, state.get("head"))
        self._tell()

    def _heads_changed(self) -> None:
        """The newest head is what one wants to see."""
        self._fill()
        if self._heads.heads:
            self.choice.setCurrentIndex(0)
        self._tell()

    def _fill(self) -> None:
        kept = self.choice.currentData()
        blocked = self.choice.blockSignals(True)
        self.choice.clear()
        for head in self._heads.heads:
            self.choice.addItem(shorten(head.title(), 48), head.path)
            self.choice.setItemData(self.choice.count() - 1, head.path, Qt.ItemDataRole.ToolTipRole)
        self.choice.addItem(tr("A file…"), FILE)
        select(self.choice, kept)
        self.choice.blockSignals(blocked)

    def _tell(self) -> None:
        by_file = self.choice.currentData() == FILE
        self.choice.setVisible(self.choice.count() > 1)
        self.choice.setToolTip("" if by_file else self.path)
        self.file.setVisible(by_file)
        head = read_head(self.path) if self.path else None
        self.legend.setText(legend_html(head.classes) if head is not None else "")
        self.legend.setVisible(head is not None)
        self.changed.emit()
