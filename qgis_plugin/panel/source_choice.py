"""What a task works on: the images of the tab «Embed», or an embedding that is in the project."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QVBoxLayout, QWidget

from ..layer_source import shorten
from ..translation import tr
from .embed_tab import EmbedTab
from .embedding_layers import EmbeddingLayer, EmbeddingLayers
from .fields import combo, select, words

#: The option of the images; every other option is the id of an embedding's layer.
IMAGES = "images"

#: Of the tab «Embed», what is no matter of the images.
_OF_EMBEDDING = ("OUTPUT", "PICTURE", "DTYPE")


class SourceChoice(QWidget):
    """A combo box that follows images and layers as they come and go, until somebody chooses; then it stays."""

    changed = pyqtSignal()

    def __init__(self, embed: EmbedTab, embeddings: EmbeddingLayers, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self._embed = embed
        self._embeddings = embeddings
        self._chosen: Optional[str] = None
        self.choice = combo(tr("Features of"), [(IMAGES, tr("The images of the tab Embed"))])
        self.choice.currentIndexChanged.connect(lambda _index: self._tell())
        self.choice.activated.connect(self._choose)
        self._words = words()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.choice)
        layout.addWidget(self._words)
        embed.changed.connect(self._images_changed)
        embeddings.changed.connect(self._fill)
        self._fill()

    @property
    def of_images(self) -> bool:
        """Whether the images are to be embedded, or were."""
        return bool(self.choice.currentData() == IMAGES)

    @property
    def embedding(self) -> Optional[EmbeddingLayer]:
        """The embedding chosen; None for the images."""
        return self._embeddings.find(self.choice.currentData())

    def parameters(self, as_text: bool = False) -> Dict[str, Any]:
        """INPUT, and for images all that «Embed» says of them."""
        embedding = self.embedding
        if embedding is not None:
            return {"INPUT": [embedding.path if as_text else embedding.layer_id]}
        values = self._embed.parameters(as_text)
        return {name: value for name, value in values.items() if name not in _OF_EMBEDDING}

    def reason(self) -> str:
        """Why there is nothing to work on; "" where there is."""
        if not self.of_images or self._embed.images:
            return ""
        if self._embeddings.layers:
            return tr("Add an image in the tab Embed, or choose an embedding.")
        return tr("Add an image in the tab Embed first.")

    def note(self) -> str:
        """What a run does before its own work."""
        if not self.of_images or not self._embed.images:
            return ""
        return tr("Embeds the images first, unless that was done before.")

    def state(self) -> Dict[str, Any]:
        """What the project keeps."""
        return {"source": self._chosen}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what ``state`` gave."""
        chosen = state.get("source")
        self._chosen = chosen if isinstance(chosen, str) else None
        self._fill()

    def _choose(self, _index: int) -> None:
        self._chosen = self.choice.currentData()

    def _images_changed(self) -> None:
        self._fill()
        if self.of_images:
            self._tell()

    def _fill(self) -> None:
        before = self.choice.currentData()
        blocked = self.choice.blockSignals(True)
        while self.choice.count() > 1:
            self.choice.removeItem(1)
        for each in self._embeddings.layers:
            self.choice.addItem(shorten(each.name, 48), each.layer_id)
            self.choice.setItemData(self.choice.count() - 1, each.name, Qt.ItemDataRole.ToolTipRole)
        if self._chosen is None or not select(self.choice, self._chosen):
            # Nobody has chosen: the images, or, without any, the embedding there is.
            self.choice.setCurrentIndex(0 if self._embed.images or self.choice.count() == 1 else 1)
        self.choice.blockSignals(blocked)
        if self.choice.currentData() != before:
            self._tell()
        else:
            self._say()

    def _tell(self) -> None:
        self._say()
        self.changed.emit()

    def _say(self) -> None:
        """The images by name."""
        self.choice.setToolTip(self.choice.itemData(self.choice.currentIndex(), Qt.ItemDataRole.ToolTipRole) or "")
        names = [shorten(image.name, 32) for image in self._embed.images] if self.of_images else []
        text = ", ".join(names[:4]) + (" …" if len(names) > 4 else "")
        self._words.setText(text)
        self._words.setVisible(bool(text))
