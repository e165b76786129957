"""How the images are embedded, and where the embedding goes: the forms of the panel."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from qgis.PyQt.QtWidgets import QDoubleSpinBox, QSpinBox, QWidget

from ...engine.jobs.image import STATISTICS_AUTO, STATISTICS_ESTIMATE, STATISTICS_SENSOR
from ...engine.options import DEVICES, DTYPES, FUSIONS, LEVELS, MAX_CHIP_PX, MAX_OVERLAP, PRECISIONS
from ...engine.spectrum import MODES
from ..translation import tr
from .fields import select, spin
from .settings_form import GEOTIFF, SettingsForm

STATISTICS_FILE = "file"


class RunSettings(SettingsForm):
    """What most runs decide."""

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.fusion = self._add_choice(
            "FUSION",
            tr("Fusion"),
            [(value, _fusion_texts()[value]) for value in FUSIONS],
            tr("How several images become one embedding"),
        )
        chip = spin(
            QSpinBox(),
            tr("Chip"),
            tr("Pixels that fill one input of the model; a cell of the embedding covers a fourteenth of it"),
        )
        chip.setRange(0, MAX_CHIP_PX)
        chip.setSpecialValueText(tr("By sensor"))
        chip.setSuffix(tr(" px"))
        chip.valueChanged.connect(lambda _value: self.changed.emit())
        self.chip = chip
        self._add("CHIP", tr("Chip"), chip, lambda: chip.value() or None, lambda value: chip.setValue(int(value or 0)))
        overlap = spin(QSpinBox(), tr("Overlap"), tr("Share of a chip that its neighbour repeats: more is smoother"))
        overlap.setRange(0, round(100 * MAX_OVERLAP))
        overlap.setSuffix(" %")
        overlap.setValue(25)
        overlap.valueChanged.connect(lambda _value: self.changed.emit())
        self.overlap = overlap
        self._add(
            "OVERLAP",
            tr("Overlap"),
            overlap,
            lambda: overlap.value() / 100,
            lambda value: overlap.setValue(round(100 * float(value))),
        )
        self.statistics = self._add_choice(
            "STATISTICS",
            tr("Statistics"),
            [
                (STATISTICS_AUTO, tr("Automatic")),
                (STATISTICS_SENSOR, tr("The sensor's")),
                (STATISTICS_ESTIMATE, tr("Estimated from the image")),
                (STATISTICS_FILE, tr("From a file…")),
            ],
            tr("What the pixel values are scaled with. Automatic: the sensor's where they are known, else the image's"),
        )
        self.statistics_file = self._add_file(
            "STATISTICS_FILE", tr("Statistics file"), False, tr("Statistics (*.json);;All files (*)")
        )
        self.statistics.currentIndexChanged.connect(lambda _index: self._show_file())
        self._show_file()
        self.set_image_count(0)

    def set_image_count(self, count: int) -> None:
        """A fusion is chosen from two images on."""
        self.fusion.setEnabled(count > 1)

    def parameters(self) -> Dict[str, Any]:
        """As the form's, with a statistics file only where one is to be used."""
        values = super().parameters()
        if values["STATISTICS"] == STATISTICS_FILE:
            del values["STATISTICS"]
        else:
            values.pop("STATISTICS_FILE", None)
        if not self.fusion.isEnabled():
            values.pop("FUSION", None)
        return values

    def _show_file(self) -> None:
        self._show_row(self.statistics_file, self.statistics.currentData() == STATISTICS_FILE)


class AdvancedSettings(SettingsForm):
    """What few runs decide."""

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.reference = self._add_choice(
            "REFERENCE", tr("Reference"), [(None, tr("The finest image"))], tr("The image whose pixels the grid takes")
        )
        self.interpolation = self._add_choice(
            "INTERPOLATION",
            tr("Interpolation"),
            [(value, _interpolation_texts().get(value, value)) for value in MODES],
            tr("How a band between learnt wavelengths gets its layer"),
        )
        self._add_flag("ALLOW_OUTSIDE", tr("Bands far outside"), tr("Use them all the same"))
        self._add_choice(
            "LEVEL",
            tr("One vector per"),
            [(value, {"tokens": tr("Token"), "chips": tr("Chip")}.get(value, value)) for value in LEVELS],
        )
        self._add_file(
            "PROJECTIONS",
            tr("Learnt bands"),
            False,
            tr("Heads (*.safetensors)"),
            tr("None"),
        ).setToolTip(tr("A head that was trained with layers for bands which the model has never seen"))
        self._add_choice("DTYPE", tr("Values"), [(value, value) for value in DTYPES], tr("Type of the stored numbers"))
        valid = spin(QSpinBox(), tr("Least valid"), tr("A cell with a smaller share of valid pixels stays empty"))
        valid.setRange(0, 100)
        valid.setSuffix(" %")
        valid.setValue(50)
        valid.valueChanged.connect(lambda _value: self.changed.emit())
        self._add(
            "MIN_VALID",
            tr("Least valid"),
            valid,
            lambda: valid.value() / 100,
            lambda value: valid.setValue(round(100 * float(value))),
        )
        resolution = spin(QDoubleSpinBox(), tr("Pixel size"), tr("In units of the grid's coordinate system"))
        resolution.setDecimals(6)
        resolution.setRange(0, 1e6)
        resolution.setSpecialValueText(tr("As the reference"))
        resolution.valueChanged.connect(lambda _value: self.changed.emit())
        self._add(
            "RESOLUTION",
            tr("Pixel size"),
            resolution,
            lambda: resolution.value() or None,
            lambda value: resolution.setValue(float(value or 0)),
        )
        self._add_choice(
            "DEVICE",
            tr("Device"),
            [(value, {"auto": tr("Automatic"), "cpu": "CPU", "cuda": tr("NVIDIA GPU")}[value]) for value in DEVICES],
        )
        self._add_choice(
            "PRECISION",
            tr("Precision"),
            [(value, tr("Automatic") if value == "auto" else value) for value in PRECISIONS],
        )
        batch = spin(QSpinBox(), tr("Batch"), tr("Chips that go through the model together"))
        batch.setRange(0, 4096)
        batch.setSpecialValueText(tr("By device"))
        batch.valueChanged.connect(lambda _value: self.changed.emit())
        self._add(
            "BATCH", tr("Batch"), batch, lambda: batch.value() or None, lambda value: batch.setValue(int(value or 0))
        )

    def set_images(self, names: List[str]) -> None:
        """Offer these images as the reference, counted from 1."""
        kept = self.reference.currentData()
        blocked = self.reference.blockSignals(True)
        while self.reference.count() > 1:
            self.reference.removeItem(1)
        for number, name in enumerate(names, 1):
            self.reference.addItem(name, number)
        if not select(self.reference, kept):
            self.reference.setCurrentIndex(0)
        self.reference.blockSignals(blocked)


class OutputSettings(SettingsForm):
    """Where the embedding and its picture go."""

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        rasters = tr("GeoTIFF (*.tif *.tiff)")
        self.output = self._add_output("OUTPUT", tr("Embedding"), rasters, GEOTIFF)
        self.with_picture = self._add_flag(
            "WITH_PICTURE",
            "",
            tr("Picture of it in three colours"),
            True,
            tr("Its three main components as red, green and blue"),
        )
        self.picture = self._add_output("PICTURE", tr("Picture"), rasters, GEOTIFF)
        self.with_picture.toggled.connect(lambda wanted: self._show_row(self.picture, wanted))

    def parameters(self) -> Dict[str, Any]:
        """OUTPUT, and PICTURE where one is wanted; temporary files where none are named."""
        values = super().parameters()
        if not values.pop("WITH_PICTURE"):
            del values["PICTURE"]
        return values


def _fusion_texts() -> Dict[str, str]:
    return {
        "stack": tr("Stack: all bands as one image"),
        "concat": tr("Side by side: features of each image"),
        "mixup": tr("Mixed: tokens of two sensors swapped"),
    }


def _interpolation_texts() -> Dict[str, str]:
    return {
        "log": tr("By log wavelength"),
        "linear": tr("By wavelength"),
        "released": tr("As in the released code"),
        "nearest": tr("Nearest layer"),
    }
