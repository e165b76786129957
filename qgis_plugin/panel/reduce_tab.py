"""The tab «Reduce»: the main components of an embedding, as bands and as a picture."""

from __future__ import annotations

from typing import Any, Dict, Optional

from qgis.PyQt.QtWidgets import QWidget

from ..translation import tr
from .embed_tab import EmbedTab
from .embedding_layers import EmbeddingLayers
from .section import Section
from .settings_form import GEOTIFF, SettingsForm, beside
from .source_tab import SourceTab
from .task_tab import TaskRun

_THIS, _OTHER = "this", "other"


class ReduceTab(SourceTab):
    """How many components, whose, and where they go."""

    ALGORITHM = "smarties:reduce"
    NAME = "reduce"

    def __init__(self, embed: EmbedTab, embeddings: EmbeddingLayers, parent: Optional[QWidget] = None) -> None:
        super().__init__(embed, embeddings, parent)
        self.settings = ReduceSettings()
        self.output = ReduceOutput()
        self.add_form("settings", self.settings)
        self.add_form("output", self.output)
        self.settings.basis_of.currentIndexChanged.connect(lambda _index: self._offer_saving())
        self._offer_saving()
        self.add_sections(
            [
                Section(tr("Features of"), self.source),
                Section(tr("Components"), self.settings),
                Section(tr("Output"), self.output),
            ]
        )

    def title(self) -> str:
        """The heading."""
        return tr("Reduce")

    def sentence(self) -> str:
        """What the task does."""
        return tr("Sums up an embedding in its few main components; scenes that share a basis share their colours.")

    def verb(self) -> str:
        """The button's text."""
        return tr("Reduce")

    def reason(self) -> str:
        """Nothing to work on, or no basis."""
        reason = super().reason()
        if not reason and self.settings.basis_of.currentData() == _OTHER and not self.settings.basis.filePath():
            return tr("Choose the file of the other scene's basis.")
        return reason

    def run(self) -> TaskRun:
        """The picture comes onto the map, too."""
        return TaskRun(self.ALGORITHM, self.parameters(), ("OUTPUT", "PICTURE"))

    def done_text(self, run: TaskRun, duration: str) -> str:
        """What to say at the end."""
        return tr("The components are on the map, after {duration}.").format(duration=duration)

    def _offer_saving(self) -> None:
        self.output.offer_saving(self.settings.basis_of.currentData() == _THIS)


class ReduceSettings(SettingsForm):
    """Number and basis."""

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        tip = tr("Three make a picture; a classifier of your own may want more")
        self.components = self._add_number("COMPONENTS", tr("Number"), (1, 512), 3, tip)
        self.basis_of = self._add_choice(
            "BASIS_OF",
            tr("Basis"),
            [(_THIS, tr("Of this scene")), (_OTHER, tr("Of another scene…"))],
            tr("With the basis of another scene, the same colour means the same in both"),
        )
        self.basis = self._add_file("BASIS", tr("Basis file"), False, tr("Basis (*.safetensors)"))
        self.basis_of.currentIndexChanged.connect(lambda _index: self._show_basis())
        self._show_basis()

    def parameters(self) -> Dict[str, Any]:
        """As the form's, with a basis only where another scene's is used."""
        values = super().parameters()
        if values.pop("BASIS_OF") == _THIS:
            values.pop("BASIS", None)
        return values

    def _show_basis(self) -> None:
        self._show_row(self.basis, self.basis_of.currentData() == _OTHER)


class ReduceOutput(SettingsForm):
    """Components, picture, and the basis for other scenes."""

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        rasters = tr("GeoTIFF (*.tif *.tiff)")
        self.output = self._add_output("OUTPUT", tr("Components"), rasters, GEOTIFF)
        tip = tr("The first three components as red, green and blue")
        self.with_picture = self._add_flag("WITH_PICTURE", "", tr("Picture of it in three colours"), True, tip)
        self.save_basis = self._add_file(
            "SAVE_BASIS", tr("Keep the basis"), True, tr("Basis (*.safetensors)"), tr("Not kept")
        )

    def parameters(self) -> Dict[str, Any]:
        """The picture goes beside the components."""
        values = super().parameters()
        if values.pop("WITH_PICTURE"):
            values["PICTURE"] = beside(values["OUTPUT"], "_picture.tif")
        if not self.save_basis.isEnabled():
            values.pop("SAVE_BASIS", None)
        elif values.get("SAVE_BASIS") and not values["SAVE_BASIS"].lower().endswith(".safetensors"):
            values["SAVE_BASIS"] += ".safetensors"
        return values

    def offer_saving(self, offered: bool) -> None:
        """Another scene's basis is kept already."""
        self.save_basis.setEnabled(offered)
