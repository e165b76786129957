"""How a head is trained, and where it goes: the forms of the tab «Train»."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict, Optional

from qgis.core import QgsProcessingUtils, QgsProject
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QWidget

from ...engine.options import HEADS
from ..translation import tr
from .heads import kind_texts
from .settings_form import SettingsForm, beside

_SAFETENSORS = (".safetensors",)
#: Parts of the cross-validation to choose from.
_FOLDS = (0, 3, 5, 10, 20)


class HeadSettings(SettingsForm):
    """The kind of head, and whether its map is made at once."""

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.kind = self._add_choice(
            "KIND",
            tr("Kind of head"),
            [(value, kind_texts().get(value, value)) for value in HEADS],
        )
        for index, value in enumerate(HEADS):
            self.kind.setItemData(index, _kind_tips().get(value, ""), Qt.ItemDataRole.ToolTipRole)
        self.kind.currentIndexChanged.connect(lambda _index: self._say())
        self._say()
        tip = tr("Segment the same images with the new head; the map before it is replaced")
        self.map_at_once = self._add_flag("MAP_AT_ONCE", "", tr("Make the map at once"), True, tip)

    def parameters(self) -> Dict[str, Any]:
        """Of the training alone."""
        values = super().parameters()
        values.pop("MAP_AT_ONCE")
        return values

    def _say(self) -> None:
        self.kind.setToolTip(_kind_tips().get(self.kind.currentData(), ""))


class TrainDetails(SettingsForm):
    """What few trainings decide."""

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.folds = self._add_choice(
            "FOLDS",
            tr("Measure in"),
            [(count, tr("{count} parts").format(count=count) if count else tr("Do not measure")) for count in _FOLDS],
            tr("The polygons are divided into so many parts; each is judged by a head trained on the others"),
        )
        self.folds.setCurrentIndex(_FOLDS.index(5))
        self._defaults["FOLDS"] = 5
        tip = tr("A class with few labels counts as much as one with many")
        self.balance = self._add_flag("BALANCE", tr("Balance"), tr("All classes alike"), True, tip)
        self.ignore = self._add_text("IGNORE", tr("Leave out"), tr("e.g. cloud, 0"), tr("Classes, by commas"))
        tip = tr("Pixels along a block of labels that come as a raster or as points; one block is never divided")
        self.block = self._add_number("BLOCK_PX", tr("Blocks of"), (0, 4096), 0, tip, tr(" px"), tr("One chip"))
        tip = tr("Passes over the labels, of heads that are trained step by step")
        self.epochs = self._add_number("EPOCHS", tr("Epochs"), (0, 10_000), 0, tip, "", tr("By kind"))
        tip = tr("First learn a layer for each band that the model has never seen; takes longer")
        self.learn_bands = self._add_flag("LEARN_BANDS", tr("Unseen bands"), tr("Learn them, too"), False, tip)
        tip = tr("The same seed gives the same head")
        self.seed = self._add_number("SEED", tr("Seed"), (0, 999_999), 0, tip)


class HeadOutput(SettingsForm):
    """Files of the head and of its report."""

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self._default = ""
        self._temporary = ""
        self.output = self._add_output("OUTPUT", tr("Head"), tr("Heads (*.safetensors)"), _SAFETENSORS)
        tip = tr("A page with the accuracy, class by class, and pictures")
        self.report = self._add_flag("REPORT", "", tr("Report as an HTML page"), True, tip)

    def set_labels(self, labels: str, kind: str) -> None:
        """Name the head that nobody names after its labels: beside the project's file, where there is one."""
        home = QgsProject.instance().homePath()
        name = re.sub(r"[^\w\-]+", "_", labels).strip("_")[:60] or "head"
        file = f"{name}_{kind}.safetensors"
        if not home and Path(self._temporary).name != file:
            # One file for the same labels, however often they are learnt from.
            self._temporary = QgsProcessingUtils.generateTempFilename(file)
        self._default = str(Path(home) / file) if home else self._temporary
        shown = tr("{file} beside the project").format(file=file) if home else tr("Temporary file")
        self.output.lineEdit().setPlaceholderText(shown)
        self.output.lineEdit().setToolTip(self._default)

    def parameters(self) -> Dict[str, Any]:
        """The report goes beside the head."""
        values = super().parameters()
        if values["OUTPUT"] == "TEMPORARY_OUTPUT":
            values["OUTPUT"] = self._default
        if values.pop("REPORT"):
            values["REPORT"] = beside(values["OUTPUT"], "_report.html")
        return values


def _kind_tips() -> Dict[str, str]:
    return {
        "linear": tr("Logistic regression on the features of single places: fast, and hard to beat with few labels"),
        "knn": tr("Votes of the 20 most similar labelled places: no training, good for patchy classes"),
        "conv": tr("A convolution trained on windows of the embedding: for many labels"),
        "upernet": tr("A decoder that sees four depths of the model: finest borders, many labels, takes minutes"),
    }
