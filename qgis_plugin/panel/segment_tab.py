"""The tab «Segment»: a map of classes, made with a trained head."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Optional

from qgis.PyQt.QtWidgets import QWidget

from ...engine.options import CONFIDENCES
from ..translation import tr
from .embed_tab import EmbedTab
from .embedding_layers import EmbeddingLayers
from .head_choice import HeadChoice
from .heads import HeadList
from .section import Section
from .settings_form import GEOTIFF, SettingsForm, beside
from .source_tab import SourceTab
from .task_tab import TaskRun

_LAYERS = ("OUTPUT", "CONFIDENCE", "PROBABILITIES", "POLYGONS")


class SegmentTab(SourceTab):
    """Head, outputs, and where they go."""

    ALGORITHM = "smarties:segment"
    NAME = "segment"

    def __init__(
        self, embed: EmbedTab, embeddings: EmbeddingLayers, heads: HeadList, parent: Optional[QWidget] = None
    ) -> None:
        super().__init__(embed, embeddings, parent)
        self.head = HeadChoice(heads)
        self.parts["head"] = self.head
        self.head.changed.connect(self.tell)
        self.settings = SegmentSettings()
        self.add_form("settings", self.settings)
        self.add_sections(
            [
                Section(tr("Map of"), self.source),
                Section(tr("Head"), self.head),
                Section(tr("Output"), self.settings),
            ]
        )

    def title(self) -> str:
        """The heading."""
        return tr("Segment")

    def sentence(self) -> str:
        """What the task does."""
        return tr("Makes a map of classes with a head that was trained, here or elsewhere.")

    def verb(self) -> str:
        """The button's text."""
        return tr("Make the map")

    def parameters(self, as_text: bool = False) -> Dict[str, Any]:
        """As every tab's, and the head."""
        return {**super().parameters(as_text), "HEAD": self.head.path}

    def run(self) -> TaskRun:
        """All rasters and the polygons come onto the map."""
        return TaskRun(self.ALGORITHM, self.parameters(), _LAYERS)

    def reason(self) -> str:
        """Nothing to map, or nothing to map it with."""
        reason = super().reason()
        if reason:
            return reason
        if not self.head.path:
            return tr("Train a head in the tab Train, or choose the file of one.")
        if not Path(self.head.path).is_file():
            return tr("There is no file {path}. Choose another head.").format(path=self.head.path)
        return ""

    def done_text(self, run: TaskRun, duration: str) -> str:
        """What to say at the end."""
        return tr("The map of classes is there, after {duration}.").format(duration=duration)


class SegmentSettings(SettingsForm):
    """Which rasters besides the map, and how small a patch may be."""

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.output = self._add_output("OUTPUT", tr("Map"), tr("GeoTIFF (*.tif *.tiff)"), GEOTIFF)
        tip = tr("Smaller patches are given to their largest neighbour; 0 keeps them all")
        self.sieve = self._add_number("SIEVE", tr("Least patch"), (0, 100_000), 0, tip, tr(" px"))
        tip = tr("A second raster that tells how sure the head is at every pixel")
        self.confidence = self._add_flag("CONFIDENCE", "", tr("Confidence"), False, tip)
        self.confidence_kind = self._add_choice(
            "CONFIDENCE_KIND",
            tr("Confidence as"),
            [(value, _confidence_texts().get(value, value)) for value in CONFIDENCES],
        )
        tip = tr("A raster with the probability of each class as a band")
        self.probabilities = self._add_flag("PROBABILITIES", "", tr("Probability of each class"), False, tip)
        tip = tr("The patches of the map as polygons in a GeoPackage, with class and area")
        self.polygons = self._add_flag("POLYGONS", "", tr("Polygons"), False, tip)
        self.confidence.toggled.connect(lambda _on: self._show_kind())
        self._show_kind()

    def parameters(self) -> Dict[str, Any]:
        """What is wanted besides goes beside the map."""
        values = super().parameters()
        output = values["OUTPUT"]
        if not values.get("CONFIDENCE"):
            values.pop("CONFIDENCE_KIND")
        for name, ending in (
            ("CONFIDENCE", "_confidence.tif"),
            ("PROBABILITIES", "_probabilities.tif"),
            ("POLYGONS", "_polygons.gpkg"),
        ):
            if values.get(name):
                values[name] = beside(output, ending)
        return values

    def _show_kind(self) -> None:
        self._show_row(self.confidence_kind, self.confidence.isChecked())


def _confidence_texts() -> Dict[str, str]:
    return {
        "probability": tr("Probability of the class"),
        "entropy": tr("1 − entropy of all classes"),
    }
