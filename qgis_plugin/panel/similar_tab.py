"""The tab «Similar»: click on the map, get what is alike."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional

from qgis.core import QgsCoordinateReferenceSystem, QgsProcessingUtils, QgsVectorLayer
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QWidget

from ..translation import tr
from ..vector_source import copy_of
from .embed_tab import EmbedTab
from .embedding_layers import EmbeddingLayers
from .example_list import ExampleList
from .examples import Example, layer_of, points_text
from .layer_tree import activate
from .result_layer import ResultLayer
from .section import Section
from .settings_form import SettingsForm
from .source_tab import SourceTab
from .task_tab import TaskRun
from .threshold_choice import ThresholdChoice

#: How long nobody must click before the search begins: a double click is one search.
_QUIET_MS = 150
_TEMPORARY = "TEMPORARY_OUTPUT"


class SimilarTab(SourceTab):
    """Examples, the map of similarity that follows every click, and the places above a threshold."""

    ALGORITHM = "smarties:similarity"
    NAME = "similar"

    def __init__(
        self, iface: Any, embed: EmbedTab, embeddings: EmbeddingLayers, parent: Optional[QWidget] = None
    ) -> None:
        super().__init__(embed, embeddings, parent)
        self._iface = iface
        self._canvas = iface.mapCanvas()
        self.result = ResultLayer()
        self._active = ""
        #: Layers of examples that Processing reads: they must not go before.
        self._held: List[QgsVectorLayer] = []
        self.examples = ExampleList(iface)
        self.settings = SimilarSettings()
        self.threshold = ThresholdChoice()
        self.parts["examples"] = self.examples
        self.add_form("settings", self.settings)
        self.parts["threshold"] = self.threshold
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_QUIET_MS)
        self._timer.timeout.connect(lambda: self.requested.emit(self._search))
        self.source.changed.connect(self._source_changed)
        self.examples.changed.connect(self._examples_changed)
        self.settings.centred.toggled.connect(lambda _on: self._search_soon())
        self.threshold.changed.connect(self._show_threshold)
        self.threshold.export.connect(lambda: self.requested.emit(self._export))
        self.add_sections(
            [
                Section(tr("Features of"), self.source),
                Section(tr("Examples"), self.examples),
                Section(tr("Search"), self.settings),
                Section(tr("Places above a threshold"), self.threshold),
            ]
        )
        self._offer()

    def title(self) -> str:
        """The heading."""
        return tr("Find alike places")

    def sentence(self) -> str:
        """What the task does."""
        return tr("Click on something in the map: every place is coloured by how alike it is.")

    def verb(self) -> str:
        """The button's text."""
        return tr("Find alike")

    def parameters(self, as_text: bool = False) -> Dict[str, Any]:
        """As every tab's, and the examples."""
        values = {**super().parameters(as_text), **self._example_parameters(as_text), "OUTPUT": _TEMPORARY}
        return values

    def run(self) -> TaskRun:
        """The result comes into its layer, or a new one."""
        self._remember_active()
        loads = ("OUTPUT",) if self.result.layer is None else ()
        return TaskRun(self.ALGORITHM, self.parameters(), loads, quiet=True)

    def reason(self) -> str:
        """Nothing to search, or nothing to search for."""
        reason = super().reason()
        if reason:
            return reason
        if not self.examples.examples:
            return tr("Pick on the map what you look for.")
        if not any(example.positive for example in self.examples.examples):
            return tr("Pick at least one place that you do look for: a click without Shift.")
        return ""

    def done_text(self, run: TaskRun, duration: str) -> str:
        """What to say at the end."""
        return tr("The alike places are on the map as polygons, after {duration}.").format(duration=duration)

    def finished(self, run: TaskRun, results: Mapping[str, Any]) -> Optional[TaskRun]:
        """Show the similarity, the places above the threshold."""
        if "POLYGONS" not in run.parameters:
            layer = self.result.renew(str(results["OUTPUT"]), keep_style=True)
            if layer is not None:
                self.threshold.follow(layer)
                self._show_threshold()
        self._offer()
        return None

    def place(self, layer_ids: List[str]) -> None:
        """On top; the active layer may be the one whose features are examples."""
        super().place(layer_ids)
        activate(self._iface, self._active)

    def ended(self) -> None:
        """The layers of examples were read."""
        self._held.clear()

    def restore(self, state: Mapping[str, Any]) -> None:
        """As every tab's."""
        super().restore(state)
        self._timer.stop()
        self.result.forget()
        self._offer()

    def layers_removed(self, layer_ids: List[str]) -> None:
        """The result may be among them."""
        self._offer()

    def close_tab(self) -> None:
        """Leave no tool and no mark on the map."""
        self._timer.stop()
        self.examples.close_list()

    # -- what follows ----------------------------------------------------------------------------

    def _source_changed(self) -> None:
        """Another embedding is another map."""
        self.result.forget()
        self._offer()

    def _examples_changed(self) -> None:
        self.tell()
        if self.settings.live.isChecked():
            self._search_soon()

    def _search_soon(self) -> None:
        if not self._restoring and not self.reason():
            self._timer.start()

    def _search(self) -> Optional[TaskRun]:
        """The run for the examples as they are when the engine is free."""
        return None if self.reason() else self.run()

    def _export(self) -> Optional[TaskRun]:
        if self.reason():
            return None
        self._remember_active()
        values = {**self.parameters(), "THRESHOLD": self.threshold.threshold, "POLYGONS": _TEMPORARY}
        return TaskRun(self.ALGORITHM, values, ("POLYGONS",))

    def _remember_active(self) -> None:
        active = self._iface.activeLayer()
        self._active = active.id() if active is not None else ""

    def _show_threshold(self) -> None:
        layer = self.result.layer
        if layer is None:
            return
        unchanged = self.result.is_ours()
        self.threshold.show_on(layer)
        if unchanged:
            self.result.remember_style()

    def _offer(self) -> None:
        """A threshold needs values; a click needs something to search."""
        self.threshold.setEnabled(self.result.layer is not None)
        reason = self.source.reason()
        self.examples.pick_button.setEnabled(not reason)
        if reason:
            self.examples.close_tool()

    def _example_parameters(self, as_text: bool) -> Dict[str, Any]:
        """Points as text; polygons as a layer, or for another process as a file."""
        crs = self._canvas.mapSettings().destinationCrs()
        if crs.isValid() and not crs.authid():
            # A CRS made by hand has no name to write down.
            crs = QgsCoordinateReferenceSystem("EPSG:4326")
        values: Dict[str, Any] = {}
        for positive, points, layer in ((True, "POINTS", "LIKE"), (False, "UNLIKE_POINTS", "UNLIKE")):
            chosen = [each for each in self.examples.examples if each.positive == positive]
            text = points_text([each for each in chosen if each.is_point], crs)
            shapes = [each for each in chosen if not each.is_point]
            if text:
                values[points] = text
            if shapes:
                values[layer] = self._shapes(shapes, crs, layer.lower(), as_text)
        return values

    def _shapes(self, shapes: List[Example], crs: QgsCoordinateReferenceSystem, name: str, as_text: bool) -> Any:
        layer = layer_of(shapes, crs, name)
        if as_text:
            return copy_of(layer, Path(tempfile.mkdtemp(prefix="examples", dir=QgsProcessingUtils.tempFolder())))
        self._held.append(layer)
        return layer


class SimilarSettings(SettingsForm):
    """How to search, and when."""

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        tip = tr("Search anew with every example that is picked or removed")
        self.live = self._add_flag("LIVE", "", tr("Search at every click"), True, tip)
        tip = tr("Take off what all places have in common, so that the values tell of what they differ in")
        self.centred = self._add_flag("CENTRED", "", tr("Take the mean off"), True, tip)

    def parameters(self) -> Dict[str, Any]:
        """Of the search alone."""
        values = super().parameters()
        values.pop("LIVE")
        return values
