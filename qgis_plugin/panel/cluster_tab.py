"""The tab «Clusters»: a map of like places, without labels."""

from __future__ import annotations

from typing import Optional

from qgis.PyQt.QtWidgets import QWidget

from ...engine.jobs.cluster import MAX_CLUSTERS
from ..translation import tr
from .embed_tab import EmbedTab
from .embedding_layers import EmbeddingLayers
from .section import Section
from .settings_form import GEOTIFF, SettingsForm
from .source_tab import SourceTab
from .task_tab import TaskRun


class ClusterTab(SourceTab):
    """How many clusters, and where the map goes."""

    ALGORITHM = "smarties:cluster"
    NAME = "cluster"

    def __init__(self, embed: EmbedTab, embeddings: EmbeddingLayers, parent: Optional[QWidget] = None) -> None:
        super().__init__(embed, embeddings, parent)
        self.settings = ClusterSettings()
        self.output = ClusterOutput()
        self.add_form("settings", self.settings)
        self.add_form("output", self.output)
        self.add_sections(
            [
                Section(tr("Features of"), self.source),
                Section(tr("Clusters"), self.settings),
                Section(tr("Output"), self.output),
            ]
        )

    def title(self) -> str:
        """The heading."""
        return tr("Clusters")

    def sentence(self) -> str:
        """What the task does."""
        return tr("Divides the map into groups of places that look alike, without any labels.")

    def verb(self) -> str:
        """The button's text."""
        return tr("Find clusters")

    def done_text(self, run: TaskRun, duration: str) -> str:
        """What to say at the end."""
        return tr("The map of clusters is there, after {duration}.").format(duration=duration)


class ClusterSettings(SettingsForm):
    """How many, and the seed."""

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        tip = tr("Alike clusters get alike colours; begin with more and merge them by eye")
        self.clusters = self._add_number("CLUSTERS", tr("Number"), (2, MAX_CLUSTERS), 8, tip)
        tip = tr("The same seed gives the same clusters; another one a different start")
        self.seed = self._add_number("SEED", tr("Seed"), (0, 999_999), 0, tip)


class ClusterOutput(SettingsForm):
    """Where the map goes."""

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.output = self._add_output("OUTPUT", tr("Map"), tr("GeoTIFF (*.tif *.tiff)"), GEOTIFF)
