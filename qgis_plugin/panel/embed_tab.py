"""The tab «Embed»: images and their bands, grid, extent, model, settings and output, as parameters of a run."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, List, Mapping, Optional

from qgis.core import QgsMapLayer
from qgis.PyQt.QtWidgets import QPushButton, QVBoxLayout, QWidget

from ...engine.spectrum import BandTable
from ..layer_bands import store_table
from ..translation import tr
from .band_table_view import BandTableView
from .extent_choice import ExtentChoice
from .fields import form, words
from .grid_line import GridLines
from .layer_list import LayerList
from .model_choice import ModelChoice
from .panel_image import PanelImage, images_of_state, images_state, of_images
from .plan_query import ALGORITHM, job_of, plan_params
from .run_settings import AdvancedSettings, OutputSettings, RunSettings
from .section import Section
from .task_tab import TaskRun, TaskTab


class EmbedTab(TaskTab):
    """Holds what the user chose; ``changed`` after any change of it."""

    ALGORITHM = ALGORITHM
    NAME = "embed"

    def __init__(self, iface: Any, model_names: List[str], parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.layers = LayerList(lambda: list(iface.layerTreeView().selectedLayers()))
        self.bands = BandTableView()
        self.grid = GridLines()
        self.extent = ExtentChoice(iface.mapCanvas())
        self.model = ModelChoice(model_names)
        self.settings = RunSettings()
        self.advanced = AdvancedSettings()
        self.output = OutputSettings()

        where = QWidget()
        where_form = form(where)
        where_form.addRow(self.grid)
        where_form.addRow(tr("Extent"), self.extent)
        self.bands_problem = words()
        self.forget_button = QPushButton(tr("Forget the band table"))
        self.forget_button.setToolTip(tr("Go back to what the image itself says"))
        self.forget_button.clicked.connect(lambda: self._table_changed(None, show=True))
        bands = QWidget()
        bands_layout = QVBoxLayout(bands)
        bands_layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.bands_problem, self.forget_button, self.bands):
            bands_layout.addWidget(widget)
        self.bands_section = Section(tr("Bands"), bands)
        self.advanced_section = Section(tr("Advanced"), self.advanced, unfolded=False)
        sections = [
            Section(tr("Images"), self.layers),
            self.bands_section,
            Section(tr("Grid and extent"), where),
            Section(tr("Model"), self.model),
            Section(tr("Settings"), self.settings),
            self.advanced_section,
            Section(tr("Output"), self.output),
        ]
        self.add_sections(sections)

        self.layers.chosen.connect(self._show_bands)
        self.layers.changed.connect(self._images_changed)
        self.bands.table_changed.connect(self._table_changed)
        self.bands.sensor_chosen.connect(self._sensor_chosen)
        self.advanced.interpolation.currentIndexChanged.connect(
            lambda _index: self.bands.model.set_interpolation(self.advanced.interpolation.currentData())
        )
        for part in (self.extent, self.model, self.settings, self.advanced, self.output):
            part.changed.connect(self.tell)
        self._images_changed()
        self._show_bands(None)

    def title(self) -> str:
        """The heading."""
        return tr("Embed images")

    def sentence(self) -> str:
        """What the task does."""
        return tr("Describes every place of the images by a vector, for maps and searches to build on.")

    def verb(self) -> str:
        """The button's text."""
        return tr("Embed")

    def tip(self) -> str:
        """What the button does."""
        return tr("Embed the images")

    def reason(self) -> str:
        """Why it cannot run."""
        return "" if self.images else tr("Add an image first.")

    def plan_parameters(self) -> Callable[[], Dict[str, Any]]:
        """The engine's question for a plan."""
        return lambda: plan_params(self.parameters())

    def run(self) -> TaskRun:
        """Embedding and picture come onto the map."""
        return TaskRun(ALGORITHM, self.parameters(), ("OUTPUT", "PICTURE"))

    def done_text(self, run: TaskRun, duration: str) -> str:
        """What to say at the end."""
        return tr("The embedding is on the map, after {duration}.").format(duration=duration)

    def layers_removed(self, layer_ids: List[str]) -> None:
        """Their images go."""
        self.layers.remove_layers(layer_ids)

    def close_tab(self) -> None:
        """Give the map its tool back."""
        self.extent.close_tool()

    @property
    def images(self) -> List[PanelImage]:
        """The images, in their order."""
        return self.layers.images

    def parameters(self, as_text: bool = False) -> Dict[str, Any]:
        """The parameters of the run; ``as_text``: with files instead of the project's layers."""
        images = self.images
        values: Dict[str, Any] = {"INPUT": [image.source if as_text else image.layer_id for image in images]}
        if any(image.sensor for image in images):
            values["SENSORS"] = ",".join(of_images(images, "sensor", "auto"))
        values.update(self.model.parameters())
        values.update(self.settings.parameters())
        values.update(self.advanced.parameters())
        extent = self.extent.parameter()
        if extent is not None:
            values["EXTENT"] = extent
        values.update(self.output.parameters())
        if as_text:
            # The tables kept on the layers are unknown where the project is not.
            tables = job_of({**values, "INPUT": [image.layer_id for image in images]}).band_tables
            if any(tables):
                parsed = [json.loads(table) if table else None for table in tables]
                values["BAND_TABLES"] = json.dumps(parsed, ensure_ascii=False)
        return values

    def state(self) -> Dict[str, Any]:
        """What the project keeps; band tables are kept on their layers."""
        return {
            "images": images_state(self.images),
            "extent": self.extent.state(),
            "model": self.model.state(),
            "settings": self.settings.state(),
            "advanced": self.advanced.state(),
            "output": self.output.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what ``state`` gave; without one everything is as at first. Damage is left out."""
        self._restoring = True
        try:
            self.layers.set_images(images_of_state(state.get("images")))
            for part, key in (
                (self.extent, "extent"),
                (self.model, "model"),
                (self.settings, "settings"),
                (self.advanced, "advanced"),
                (self.output, "output"),
            ):
                values = state.get(key)
                part.restore(values if isinstance(values, dict) else {})
        finally:
            self._restoring = False
        self.tell()

    def refresh_names(self) -> None:
        """Show the names that the layers have now."""
        renamed = False
        for image in self.images:
            layer = image.layer
            if layer is not None and layer.name() != image.name:
                image.name = layer.name()
                self.layers.refresh(image)
                renamed = True
        if not renamed:
            return
        images = self.images
        self.extent.set_layers([(image.layer_id, image.name) for image in images])
        self.advanced.set_images(of_images(images, "name", ""))
        chosen = self.layers.chosen_image
        if chosen is not None:
            self.bands_section.set_title(tr("Bands of {name}").format(name=chosen.name))
        self.tell()

    def _images_changed(self) -> None:
        images = self.images
        self.extent.set_layers([(image.layer_id, image.name) for image in images])
        self.advanced.set_images(of_images(images, "name", ""))
        self.settings.set_image_count(len(images))
        self.tell()

    def _show_bands(self, image: Optional[PanelImage]) -> None:
        self.bands_section.setVisible(image is not None)
        if image is None:
            return
        self.bands_section.set_title(tr("Bands of {name}").format(name=image.name))
        problem = image.problem
        self.bands_problem.setVisible(problem is not None)
        self.bands_problem.setText(f"⚠ {problem}" if problem is not None else "")
        self.forget_button.setVisible(problem is not None and image.table is not None)
        known = image.found or image.detection
        self.bands.setVisible(known is not None)
        if known is not None:
            self.bands.set_layer(image.name, known, image.table)
        else:
            self.bands.clear()

    def _table_changed(self, table: Optional[BandTable], show: bool = False) -> None:
        image = self.layers.chosen_image
        if image is None:
            return
        layer: Optional[QgsMapLayer] = image.layer
        if layer is None:
            return
        store_table(layer, table)
        image.read()
        self.layers.refresh(image)
        if show or image.detection is None:
            self._show_bands(image)
        self.tell()

    def _sensor_chosen(self, sensor: Optional[str]) -> None:
        image = self.layers.chosen_image
        if image is None:
            return
        image.sensor = sensor
        image.read()
        self.layers.refresh(image)
        self._show_bands(image)
        self.tell()
