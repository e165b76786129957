"""Which model: one with a name, with its state on this machine, or a file of weights."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Sequence

from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ..translation import tr
from .fields import combo, select, words
from .quantities import size_text

#: The option behind which a file is chosen.
FILE = ""


class ModelChoice(QWidget):
    """``changed`` when another model holds; ``download`` with the name of a model that should be fetched."""

    changed = pyqtSignal()
    download = pyqtSignal(str)

    def __init__(self, names: Sequence[str], parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self._listing: Dict[str, Mapping[str, Any]] = {}
        self.choice = combo(tr("Model"), [(name, name) for name in names])
        self.choice.addItem(tr("A file of weights…"), FILE)
        self.choice.currentIndexChanged.connect(self._chosen)
        self.file = QgsFileWidget()
        self.file.setFilter(tr("Weights (*.safetensors)"))
        self.file.setDialogTitle(tr("A file of weights"))
        self.file.fileChanged.connect(lambda _path: self.changed.emit())
        self.download_button = QPushButton(tr("Download"))
        self.download_button.clicked.connect(lambda: self.download.emit(self.choice.currentData()))
        self._words = words()
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.choice, 1)
        row.addWidget(self.download_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self.file)
        layout.addWidget(self._words)
        self._tell()

    def set_listing(self, listing: Sequence[Mapping[str, Any]]) -> None:
        """Take over what the engine knows of the models."""
        self._listing = {str(model["name"]): model for model in listing}
        for name, model in self._listing.items():
            index = self.choice.findData(name)
            if index < 0:
                continue
            self.choice.setItemText(index, str(model.get("title") or name))
        self._tell()

    @property
    def known(self) -> bool:
        """Whether the engine told what it knows of the models."""
        return bool(self._listing)

    @property
    def downloaded(self) -> bool:
        """Whether the chosen model can be used now, as far as is known."""
        model = self._listing.get(self.choice.currentData())
        return model is None or model["state"] != "not downloaded"

    def parameters(self) -> Dict[str, Any]:
        """The Processing parameters of the model."""
        if self.choice.currentData() != FILE:
            return {"MODEL": self.choice.currentData()}
        path = self.file.filePath()
        return {"MODEL_FILE": path} if path else {}

    def state(self) -> Dict[str, Any]:
        """What the project keeps."""
        return {"model": self.choice.currentData(), "file": self.file.filePath()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what ``state`` gave."""
        self.file.setFilePath(str(state.get("file") or ""))
        if not select(self.choice, state.get("model")):
            self.choice.setCurrentIndex(0)
        self._tell()

    def _chosen(self) -> None:
        self._tell()
        self.changed.emit()

    def _tell(self) -> None:
        name = self.choice.currentData()
        model = self._listing.get(name)
        self.file.setVisible(name == FILE)
        absent = model is not None and model["state"] == "not downloaded"
        self.download_button.setVisible(absent)
        self._words.setText(_state_text(model))
        self._words.setVisible(bool(self._words.text()))
        self.choice.setToolTip(str(model["title"]) if model else "")


def _state_text(model: Optional[Mapping[str, Any]]) -> str:
    if model is None:
        return ""
    if model.get("kind") == "bundled":
        return tr("Trained on a few hundred megabytes of open images: a demonstration model, not a foundation model.")
    if model["state"] == "downloaded":
        return tr("Downloaded.")
    if model.get("bytes"):
        return tr("Not downloaded yet ({size}).").format(size=size_text(model["bytes"]))
    return tr("Not downloaded yet.")
