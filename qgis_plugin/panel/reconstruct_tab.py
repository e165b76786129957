"""The tab «Fill in»: bands that the images lack, and places that the model did not expect."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Set, Tuple

from qgis.gui import QgsCheckableComboBox
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QVBoxLayout, QWidget

from ...engine.spectrum import family_of, load_sensor
from ..layer_source import shorten
from ..translation import tr
from .band_status import SEEN, status_of
from .embed_tab import EmbedTab
from .fields import narrow, words
from .section import Section
from .settings_form import GEOTIFF, SettingsForm, beside
from .task_tab import TaskRun, TaskTab, known_parameters

#: The sensors whose bands the models of SMARTIES were trained to predict.
_SENSORS = ("sentinel-2-l2a", "sentinel-1-grd", "maxar-rgb")
_DEFAULT = "sentinel-2-l2a:B08"
#: A longer header belongs to no model.
_MOST_HEADER_BYTES = 64 * 2**20


class ReconstructTab(TaskTab):
    """Target bands and anomaly, of the images of the tab «Embed»."""

    ALGORITHM = "smarties:reconstruct"
    NAME = "reconstruct"

    def __init__(self, embed: EmbedTab, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.embed = embed
        self.images = words()
        self.model_note = words()
        self.targets = TargetChoice()
        self.settings = ReconstructSettings()
        about = QWidget()
        layout = QVBoxLayout(about)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.images)
        layout.addWidget(self.model_note)
        for part in (self.targets, self.settings):
            part.changed.connect(self.tell)
        embed.changed.connect(self._images_changed)
        self.add_sections(
            [
                Section(tr("Images"), about),
                Section(tr("Bands to predict"), self.targets),
                Section(tr("Output"), self.settings),
            ]
        )
        self._images_changed()

    def title(self) -> str:
        """The heading."""
        return tr("Fill in")

    def sentence(self) -> str:
        """What the task does."""
        return tr("Predicts bands that the images lack, and maps where the model is surprised by what it sees.")

    def verb(self) -> str:
        """The button's text."""
        return tr("Fill in")

    def tip(self) -> str:
        """What the button does."""
        return tr("Predict the bands")

    def parameters(self, as_text: bool = False) -> Dict[str, Any]:
        """The images with all that «Embed» says of them, and what is to be made."""
        values = known_parameters(self.ALGORITHM, self.embed.parameters(as_text))
        values.pop("OUTPUT", None)
        values.update(self.settings.parameters())
        targets = self.targets.targets
        values["TARGETS"] = ", ".join(targets)
        if not targets:
            values.pop("OUTPUT", None)
        return values

    def run(self) -> TaskRun:
        """Both rasters come onto the map."""
        return TaskRun(self.ALGORITHM, self.parameters(), ("OUTPUT", "ANOMALY"))

    def reason(self) -> str:
        """Nothing to look at, nothing to make, or no decoder to make it with."""
        if not self.embed.images:
            return tr("Add an image in the tab Embed first.")
        if not self.targets.targets and not self.settings.anomaly.isChecked():
            return tr("Choose a band to predict, or the map of surprises.")
        if self._decoder() is False:
            return tr("The chosen model has no decoder, which this needs. Choose another one in the tab Embed.")
        return ""

    def done_text(self, run: TaskRun, duration: str) -> str:
        """What to say at the end."""
        return tr("The prediction is on the map, after {duration}.").format(duration=duration)

    def state(self) -> Dict[str, Any]:
        """Each part's."""
        return {"targets": self.targets.state(), "settings": self.settings.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Each part takes its own."""
        self.restore_parts(state, {"targets": self.targets, "settings": self.settings})

    def _decoder(self) -> Optional[bool]:
        file = self.embed.model.parameters().get("MODEL_FILE")
        return has_decoder(file) if file else None

    def _images_changed(self) -> None:
        names = [shorten(image.name, 32) for image in self.embed.images]
        self.images.setText(", ".join(names) or tr("None yet."))
        self.model_note.setText(tr("⚠ The chosen model has no decoder: it can describe images, but not fill in bands."))
        self.model_note.setVisible(self._decoder() is False)
        self.targets.mark(layers_of_images(self.embed))
        self.tell()


class TargetChoice(QWidget):
    """Bands of the sensors that the models were trained on, as many as one likes."""

    changed = pyqtSignal()

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.choice = QgsCheckableComboBox()
        narrow(self.choice)
        self.choice.setAccessibleName(tr("Bands"))
        self.choice.setDefaultText(tr("No band"))
        self.choice.setToolTip(tr("Bands of the sensors that the model was trained on"))
        self._layers: List[Tuple[str, str]] = []
        for value, text, layer in target_bands():
            self.choice.addItemWithCheckState(text, Qt.CheckState.Unchecked, value)
            self._layers.append((text, layer))
        self.restore({})
        self.choice.checkedItemsChanged.connect(lambda _items: self.changed.emit())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.choice)

    @property
    def targets(self) -> List[str]:
        """The chosen bands, as «SENSOR:BAND»."""
        return [str(value) for value in self.choice.checkedItemsData()]

    def mark(self, layers: Set[str]) -> None:
        """Say of the bands that the images have that they have them."""
        for index, (text, layer) in enumerate(self._layers):
            self.choice.setItemText(index, tr("{band} (in the images)").format(band=text) if layer in layers else text)

    def state(self) -> Dict[str, Any]:
        """What the project keeps."""
        return {"bands": self.targets}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what ``state`` gave; near infrared is what most want."""
        kept = state.get("bands")
        chosen = kept if isinstance(kept, list) else [_DEFAULT]
        for index in range(self.choice.count()):
            checked = self.choice.itemData(index) in chosen
            self.choice.setItemCheckState(index, Qt.CheckState.Checked if checked else Qt.CheckState.Unchecked)


class ReconstructSettings(SettingsForm):
    """Where the bands go, and whether the surprises are mapped."""

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.output = self._add_output("OUTPUT", tr("Bands"), tr("GeoTIFF (*.tif *.tiff)"), GEOTIFF)
        tip = tr("How wrong the model is about what it was not shown: high where a place is unlike its surroundings")
        self.anomaly = self._add_flag("ANOMALY", "", tr("Map of surprises (anomaly)"), False, tip)

    def parameters(self) -> Dict[str, Any]:
        """The anomaly goes beside the bands."""
        values = super().parameters()
        if values.get("ANOMALY"):
            values["ANOMALY"] = beside(values["OUTPUT"], "_anomaly.tif")
        return values


def target_bands() -> List[Tuple[str, str, str]]:
    """Of each band that can be predicted: «SENSOR:BAND», the text to show, and its learnt layer; the default first."""
    found = []
    for name in _SENSORS:
        sensor = load_sensor(name)
        for band in sensor.bands:
            if not band.layer:
                continue
            where = f"{band.centre_nm:.0f} nm" if band.polarisation is None else tr("radar")
            text = f"{sensor.title} {band.name} · {where}"
            found.append((f"{name}:{band.name}", text, str(band.layer)))
    return sorted(found, key=lambda each: each[0] != _DEFAULT)


def layers_of_images(embed: EmbedTab) -> Set[str]:
    """The learnt layers of the bands that the images have."""
    found: Set[str] = set()
    for image in embed.images:
        if image.detection is None:
            continue
        sensor = image.detection.sensor
        family = family_of(image.detection.bands, sensor.family if sensor is not None else None)
        for band in image.detection.bands:
            status = status_of(band, family=family)
            if status.verdict == SEEN:
                found.update(status.layer_keys)
    return found


def has_decoder(path: str) -> Optional[bool]:
    """Whether a file of weights holds a decoder; None where that cannot be told from its header."""
    try:
        with Path(path).open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= _MOST_HEADER_BYTES:
                return None
            names = json.loads(file.read(length))
    except (OSError, ValueError):
        return None
    return any("decoder_embed" in name for name in names) if isinstance(names, dict) else None
