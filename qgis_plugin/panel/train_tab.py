"""The tab «Train»: from labelled places to a head, its accuracy, and its map."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional

from qgis.core import QgsVectorLayer
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QPushButton, QVBoxLayout, QWidget

from ..translation import tr
from .accuracy_view import AccuracyView
from .embed_tab import EmbedTab
from .embedding_layers import EmbeddingLayers
from .heads import HeadList, percent, read_head
from .label_choice import LabelChoice
from .layer_tree import activate, below_a_raster, put_below, raise_to_top
from .result_layer import ResultLayer
from .section import Section
from .source_tab import SourceTab
from .task_tab import TaskRun, known_parameters
from .train_settings import HeadOutput, HeadSettings, TrainDetails

_SEGMENT = "smarties:segment"


class TrainTab(SourceTab):
    """Labels, kind of head, what came out, and where it goes: train, look, add a polygon, train again."""

    ALGORITHM = "smarties:trainhead"
    NAME = "train"

    def __init__(
        self,
        iface: Any,
        embed: EmbedTab,
        embeddings: EmbeddingLayers,
        heads: HeadList,
        parent: Optional[QWidget] = None,
    ) -> None:
        super().__init__(embed, embeddings, parent)
        self._iface = iface
        self.heads = heads
        self.map = ResultLayer()
        self._report = ""
        self._source: Dict[str, Any] = {}
        self._active = ""
        self.labels = LabelChoice(iface, embed, embeddings)
        self.parts["labels"] = self.labels
        self.settings = HeadSettings()
        self.details = TrainDetails()
        self.output = HeadOutput()
        self.labels.changed.connect(self._name_head)
        self.settings.changed.connect(self._name_head)
        self.labels.changed.connect(self.tell)
        for name, form in (("settings", self.settings), ("details", self.details), ("output", self.output)):
            self.add_form(name, form)
        self.accuracy = AccuracyView()
        self.report_button = QPushButton(tr("Open the report"))
        self.report_button.setToolTip(tr("The accuracy with its confusion matrix and pictures, in the browser"))
        self.report_button.clicked.connect(self.open_report)
        result = QWidget()
        layout = QVBoxLayout(result)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.accuracy)
        layout.addWidget(self.report_button)
        self.accuracy_section = Section(tr("Accuracy"), result)
        self.accuracy_section.hide()
        self.add_sections(
            [
                Section(tr("Features of"), self.source),
                Section(tr("Labels"), self.labels),
                Section(tr("Head"), self.settings),
                self.accuracy_section,
                Section(tr("Output"), self.output),
                Section(tr("Advanced"), self.details, unfolded=False),
            ]
        )
        self._name_head()

    def title(self) -> str:
        """The heading."""
        return tr("Train a head")

    def sentence(self) -> str:
        """What the task does."""
        return tr("Learns from a few labelled places to tell their classes apart, and says how well it does.")

    def verb(self) -> str:
        """The button's text."""
        return tr("Train")

    def parameters(self, as_text: bool = False) -> Dict[str, Any]:
        """As every tab's, and the labels."""
        return {**super().parameters(as_text), **self.labels.parameters(as_text)}

    def run(self) -> TaskRun:
        """A head is a file: nothing comes onto the map before it is segmented."""
        # The project may have got a file meanwhile.
        self._name_head()
        self._source = known_parameters(_SEGMENT, self.source.parameters())
        active = self._iface.activeLayer()
        self._active = active.id() if active is not None else ""
        return TaskRun(self.ALGORITHM, self.parameters(), ())

    def reason(self) -> str:
        """Nothing to learn of, or nothing to learn from."""
        return super().reason() or self.labels.reason()

    def done_text(self, run: TaskRun, duration: str) -> str:
        """What to say at the end."""
        if run.algorithm == _SEGMENT:
            return tr("Head and map are ready.")
        return tr("The head is trained, after {duration}.").format(duration=duration)

    def finished(self, run: TaskRun, results: Mapping[str, Any]) -> Optional[TaskRun]:
        """Show how good the head is, and make its map."""
        if run.algorithm == _SEGMENT:
            self.map.renew(str(results["OUTPUT"]), keep_style=False)
            return None
        path = str(results["OUTPUT"])
        self._report = str(results.get("REPORT") or "")
        self._show(path, str(results.get("WARNINGS") or "").splitlines())
        self.heads.add(path)
        self.ensureWidgetVisible(self.accuracy_section, 0, 0)
        if not self.settings.map_at_once.isChecked():
            return None
        # The map that is there is renewed; without one Processing brings its layer.
        loads = ("OUTPUT",) if self.map.layer is None else ()
        return TaskRun(_SEGMENT, {**self._source, "HEAD": path, "OUTPUT": "TEMPORARY_OUTPUT"}, loads)

    def place(self, layer_ids: List[str]) -> None:
        """The map lies below the labels, whose layer stays the active one: the next polygon is drawn in it.

        Where a picture lies above the labels, both come to the top: nobody asks for a map to have it hidden.
        """
        labels = self.labels.layer
        if not isinstance(labels, QgsVectorLayer):
            super().place(layer_ids)
            return
        for layer_id in layer_ids:
            put_below(layer_id, labels.id())
        if below_a_raster(labels.id()):
            raise_to_top([labels.id(), *layer_ids])
        activate(self._iface, self._active)

    def open_report(self) -> None:
        """Show the report in the browser."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(self._report))

    def state(self) -> Dict[str, Any]:
        """As every tab's, and the report of the last head."""
        return {**super().state(), "heads": self.heads.state(), "report": self._report}

    def restore(self, state: Mapping[str, Any]) -> None:
        """As every tab's; the last head's accuracy is shown again."""
        super().restore(state)
        self.map.forget()
        kept = state.get("heads")
        self.heads.restore(kept if isinstance(kept, dict) else {})
        report = state.get("report")
        self._report = report if isinstance(report, str) else ""
        heads = self.heads.heads
        self.accuracy_section.setVisible(bool(heads))
        if heads:
            self._show(heads[0].path, [])

    def close_tab(self) -> None:
        """Let go of the project."""
        self.labels.close_choice()

    def _name_head(self) -> None:
        layer = self.labels.layer
        self.output.set_labels(layer.name() if layer is not None else "", self.settings.kind.currentData())

    def _show(self, path: str, warnings: List[str]) -> None:
        head = read_head(path)
        self.accuracy_section.setVisible(head is not None)
        if head is None:
            return
        overall = head.overall
        title = tr("Accuracy") if overall is None else tr("Accuracy: {share}").format(share=percent(overall))
        self.accuracy_section.set_title(title)
        self.accuracy_section.set_unfolded(True)
        self.accuracy.show_head(head, warnings)
        self.report_button.setVisible(bool(self._report) and Path(self._report).is_file())
