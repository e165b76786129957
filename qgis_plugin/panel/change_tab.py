"""The tab «Change»: how differently two dates, or two sensors, show a place."""

from __future__ import annotations

import functools
import json
from typing import Any, Dict, List, Mapping, Optional

from qgis.core import Qgis
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QVBoxLayout, QWidget

from ..layer_source import shorten
from ..translation import tr
from .embed_tab import EmbedTab
from .embedding_layers import EmbeddingLayers
from .fields import combo, select, words
from .layer_list import LayerList
from .message import show_note
from .panel_image import images_of_state, images_state, of_images
from .plan_query import job_of
from .section import Section
from .settings_form import GEOTIFF, SettingsForm
from .source_tab import SourceTab
from .task_tab import TaskRun


class ChangeTab(SourceTab):
    """Before, after, and where the map goes."""

    ALGORITHM = "smarties:change"
    NAME = "change"

    def __init__(
        self, iface: Any, embed: EmbedTab, embeddings: EmbeddingLayers, parent: Optional[QWidget] = None
    ) -> None:
        super().__init__(embed, embeddings, parent)
        self.after = AfterChoice(iface, self)
        self.parts["after"] = self.after
        self.after.changed.connect(self.tell)
        self.output = ChangeOutput()
        self.add_form("output", self.output)
        self.source.changed.connect(self.after.follow)
        embeddings.changed.connect(self.after.follow)
        self.after.follow()
        self.add_sections(
            [
                Section(tr("Before"), self.source),
                Section(tr("After"), self.after),
                Section(tr("Output"), self.output),
            ]
        )

    def title(self) -> str:
        """The heading."""
        return tr("Change")

    def sentence(self) -> str:
        """What the task does."""
        return tr("Maps how much every place has changed between two dates, or differs between two sensors.")

    def verb(self) -> str:
        """The button's text."""
        return tr("Compare")

    def parameters(self, as_text: bool = False) -> Dict[str, Any]:
        """As every tab's, and the second date."""
        values = {**super().parameters(as_text), **self.after.parameters(as_text)}
        if as_text and self.source.of_images:
            # The tables kept on the layers are unknown where the project is not.
            tables = job_of(self.parameters(), self.ALGORITHM).after_band_tables
            if any(tables):
                parsed = [json.loads(table) if table else None for table in tables]
                values["AFTER_BAND_TABLES"] = json.dumps(parsed, ensure_ascii=False)
        return values

    def reason(self) -> str:
        """Nothing to work on, or nothing to compare with."""
        return super().reason() or self.after.reason()

    def note(self) -> str:
        """Both dates are embedded where that was not done before."""
        return tr("Embeds both dates first, unless that was done before.") if super().note() else ""

    def layers_removed(self, layer_ids: List[str]) -> None:
        """Their images go."""
        self.after.layers.remove_layers(layer_ids)

    def done_text(self, run: TaskRun, duration: str) -> str:
        """What to say at the end."""
        return tr("The map of change is there, after {duration}.").format(duration=duration)


class AfterChoice(QWidget):
    """The second date: images where the first is of images, else an embedding."""

    changed = pyqtSignal()

    def __init__(self, iface: Any, tab: ChangeTab) -> None:
        super().__init__()
        self._tab = tab
        self._embeddings = tab.embeddings
        self.layers = LayerList(lambda: list(iface.layerTreeView().selectedLayers()))
        self.layers.changed.connect(self.changed)
        self.layers.refused.connect(functools.partial(show_note, iface, level=Qgis.MessageLevel.Warning))
        self.embedding = combo(tr("Embedding of the second date"), [])
        self.embedding.currentIndexChanged.connect(lambda _index: self.changed.emit())
        self._chosen: Optional[str] = None
        self.embedding.activated.connect(self._choose)
        self._words = words()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for widget in (self.layers, self.embedding, self._words):
            layout.addWidget(widget)

    def follow(self) -> None:
        """Offer what goes with the first date."""
        of_images = self._tab.source.of_images
        first = self._tab.source.embedding
        self.layers.setVisible(of_images)
        blocked = self.embedding.blockSignals(True)
        self.embedding.clear()
        for each in self._embeddings.layers:
            if first is None or each.layer_id != first.layer_id:
                self.embedding.addItem(shorten(each.name, 48), each.layer_id)
                self.embedding.setItemData(self.embedding.count() - 1, each.name, Qt.ItemDataRole.ToolTipRole)
        select(self.embedding, self._chosen)
        self.embedding.blockSignals(blocked)
        self.embedding.setVisible(not of_images and self.embedding.count() > 0)
        reason = self.reason()
        self._words.setText(reason)
        self._words.setVisible(not of_images and bool(reason))

    def parameters(self, as_text: bool = False) -> Dict[str, Any]:
        """AFTER, and for images what is known of their bands."""
        if not self._tab.source.of_images:
            found = self._embeddings.find(self.embedding.currentData())
            return {"AFTER": [] if found is None else [found.path if as_text else found.layer_id]}
        images = self.layers.images
        values: Dict[str, Any] = {"AFTER": [image.source if as_text else image.layer_id for image in images]}
        if any(image.sensor for image in images):
            values["AFTER_SENSORS"] = ",".join(of_images(images, "sensor", "auto"))
        return values

    def reason(self) -> str:
        """Why there is nothing to compare with."""
        if self._tab.source.of_images:
            return "" if self.layers.images else tr("Add the images of the second date.")
        if self.embedding.count():
            return ""
        return tr("The project has no other embedding: make one of the second date in the tab Embed.")

    def state(self) -> Dict[str, Any]:
        """What the project keeps."""
        return {"images": images_state(self.layers.images), "embedding": self._chosen}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what ``state`` gave; layers that are gone are left out."""
        self.layers.set_images(images_of_state(state.get("images")))
        chosen = state.get("embedding")
        self._chosen = chosen if isinstance(chosen, str) else None
        self.follow()

    def _choose(self, _index: int) -> None:
        self._chosen = self.embedding.currentData()


class ChangeOutput(SettingsForm):
    """Where the map goes."""

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.output = self._add_output("OUTPUT", tr("Map"), tr("GeoTIFF (*.tif *.tiff)"), GEOTIFF)
