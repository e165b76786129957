"""The labels to learn from: a layer, its class field, and the tools to draw labels of one's own."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Tuple

from qgis.core import QgsApplication, QgsIconUtils, QgsMapLayer, QgsProject, QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtCore import Qt, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QPushButton, QVBoxLayout, QWidget

from ...engine.errors import JobError
from ..layer_classes import classes_shown
from ..layer_source import shorten, source_of
from ..translation import tr
from ..vector_source import vector_file
from .draw_controls import DrawControls
from .embed_tab import EmbedTab
from .embedding_layers import EmbeddingLayers
from .fields import combo, form, select
from .label_layer import is_label_layer, new_label_layer

#: Names of fields that hold classes, the likeliest first.
_CLASS_FIELDS = (
    "class", "klasse", "label", "classe", "clase", "class_name", "landcover", "land_cover", "lulc", "category", "type",
    "name", "code", "class_id", "classvalue", "value",
)  # fmt: skip

#: How long nothing must be edited before it is looked at.
_QUIET_MS = 100


class LabelChoice(QWidget):
    """``changed`` when other labels hold."""

    changed = pyqtSignal()

    def __init__(
        self, iface: Any, embed: EmbedTab, embeddings: EmbeddingLayers, parent: Optional[QWidget] = None
    ) -> None:
        super().__init__(parent)
        self._iface = iface
        self._embed = embed
        self._embeddings = embeddings
        self._chosen: Optional[str] = None
        self._watched = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_QUIET_MS)
        self._timer.timeout.connect(self._edited)
        self.layer_choice = combo(
            tr("Labels"), [], tr("Polygons, lines or points with a class, or a raster of classes")
        )
        self.layer_choice.currentIndexChanged.connect(lambda _index: self._layer_changed())
        self.layer_choice.activated.connect(self._choose)
        self.field_choice = combo(tr("Class field"), [], tr("The field that holds the class"))
        self.field_choice.currentIndexChanged.connect(lambda _index: self.changed.emit())
        self.new_button = QPushButton(tr("New label layer"))
        self.new_button.setIcon(QgsApplication.getThemeIcon("/mActionNewVectorLayer.svg"))
        self.new_button.setToolTip(tr("Make a layer of polygons and begin to draw in it"))
        self.new_button.clicked.connect(self.make_layer)
        self.drawing = DrawControls(iface)
        self._rows = form()
        self._rows.addRow(tr("Layer"), self.layer_choice)
        self._rows.addRow(tr("Class field"), self.field_choice)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(self._rows)
        layout.addWidget(self.drawing)
        layout.addWidget(self.new_button)
        project = QgsProject.instance()
        project.layersAdded.connect(self._fill)
        project.layersRemoved.connect(self._fill)
        project.layerTreeRoot().nameChanged.connect(self._fill)
        embed.changed.connect(self._fill)
        self._fill()
        self._layer_changed()

    def close_choice(self) -> None:
        """Let go of project and layer."""
        self._timer.stop()
        self._watch(None)
        project = QgsProject.instance()
        project.layersAdded.disconnect(self._fill)
        project.layersRemoved.disconnect(self._fill)
        project.layerTreeRoot().nameChanged.disconnect(self._fill)

    @property
    def layer(self) -> Optional[QgsMapLayer]:
        """The layer of the labels."""
        return QgsProject.instance().mapLayer(self.layer_choice.currentData() or "")

    @property
    def field(self) -> str:
        """The field of the class; "" for a raster."""
        return str(self.field_choice.currentData() or "")

    def parameters(self, as_text: bool = False) -> Dict[str, Any]:
        """LABELS, and CLASS_FIELD for a vector layer."""
        layer = self.layer
        if layer is None:
            return {}
        values: Dict[str, Any] = {"LABELS": _file_of(layer) if as_text else layer.id()}
        if self.field:
            values["CLASS_FIELD"] = self.field
        return values

    def reason(self) -> str:
        """Why there is nothing to learn from, and what to do."""
        layer = self.layer
        if layer is None:
            return tr("Choose a layer of labels, or draw some: New label layer.")
        if not isinstance(layer, QgsVectorLayer):
            return ""
        if not self.field:
            return tr("{layer} has no field that could hold a class.").format(layer=layer.name())
        if is_label_layer(layer) and layer.featureCount() == 0:
            return tr("Draw polygons of two classes at least.")
        return ""

    def make_layer(self) -> None:
        """Add an empty label layer, and begin to draw in it."""
        crs = self._iface.mapCanvas().mapSettings().destinationCrs()
        if not crs.isValid() and self._embed.images:
            first = self._embed.images[0].layer
            crs = first.crs() if first is not None else crs
        layer = new_label_layer(crs)
        QgsProject.instance().addMapLayer(layer)
        self._chosen = layer.id()
        self._fill()
        self.drawing.draw()
        self.drawing.class_choice.setFocus()

    def state(self) -> Dict[str, Any]:
        """What the project keeps."""
        return {"layer": self._chosen, "field": self.field}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what ``state`` gave."""
        chosen = state.get("layer")
        self._chosen = chosen if isinstance(chosen, str) else None
        self._fill()
        select(self.field_choice, state.get("field"))

    # -- what follows ----------------------------------------------------------------------------

    def _choose(self, _index: int) -> None:
        self._chosen = self.layer_choice.currentData()

    def _fill(self, *_changes: object) -> None:
        """Offer what can be labels: the layers of vectors, and rasters that are neither images nor embeddings."""
        images = {image.layer_id for image in self._embed.images}
        images.update(each.layer_id for each in self._embeddings.layers)
        layers = [
            layer
            for layer in QgsProject.instance().mapLayers().values()
            if (isinstance(layer, QgsVectorLayer) and layer.isSpatial())
            or (isinstance(layer, QgsRasterLayer) and layer.bandCount() == 1 and layer.id() not in images)
        ]
        before = self.layer_choice.currentData()
        blocked = self.layer_choice.blockSignals(True)
        self.layer_choice.clear()
        self.layer_choice.addItem(tr("Choose a layer"), None)
        for layer in sorted(layers, key=lambda layer: (isinstance(layer, QgsRasterLayer), layer.name().casefold())):
            self.layer_choice.addItem(QgsIconUtils.iconForLayer(layer), shorten(layer.name(), 48), layer.id())
            self.layer_choice.setItemData(self.layer_choice.count() - 1, layer.name(), Qt.ItemDataRole.ToolTipRole)
        if self._chosen is None or not select(self.layer_choice, self._chosen):
            select(self.layer_choice, _likeliest(layers))
        self.layer_choice.blockSignals(blocked)
        if self.layer_choice.currentData() != before:
            self._layer_changed()

    def _layer_changed(self) -> None:
        layer = self.layer
        vector = layer if isinstance(layer, QgsVectorLayer) else None
        self._watch(vector)
        blocked = self.field_choice.blockSignals(True)
        self.field_choice.clear()
        for name in [] if vector is None else [field.name() for field in vector.fields()]:
            self.field_choice.addItem(name, name)
        if vector is not None:
            select(self.field_choice, class_field(vector))
        self.field_choice.blockSignals(blocked)
        label = self._rows.labelForField(self.field_choice)
        for widget in (self.field_choice, label):
            # A raster has no fields; those of our own layers are known.
            widget.setVisible(vector is not None and not is_label_layer(vector))
        self.drawing.set_layer(vector if is_label_layer(vector) else None)
        self.changed.emit()

    def _watch(self, layer: Optional[QgsVectorLayer]) -> None:
        """Hear of what is drawn in this layer alone."""
        before = QgsProject.instance().mapLayer(self._watched)
        for old, connect in ((before, False), (layer, True)):
            # One that has left the project took its connections along.
            if isinstance(old, QgsVectorLayer):
                for signal in (old.featureAdded, old.featureDeleted, old.attributeValueChanged, old.afterRollBack):
                    signal.connect(self._drawn) if connect else signal.disconnect(self._drawn)
        self._watched = layer.id() if layer is not None else ""

    def _drawn(self, *_what: object) -> None:
        """Something was edited; a whole table may be, value by value."""
        self._timer.start()

    def _edited(self) -> None:
        self.drawing.refresh()
        self.changed.emit()


def _file_of(layer: QgsMapLayer) -> str:
    """The layer's file for another process. Raises SmartiesError where no file shows what the layer shows."""
    if not isinstance(layer, QgsVectorLayer):
        return source_of(layer)
    file = vector_file(layer)
    if file is None:
        raise JobError(
            tr("The labels of {layer} are known to this QGIS alone: they are in memory, or not saved yet.").format(
                layer=layer.name()
            ),
            tr("Save them as a GeoPackage first; here they can be used as they are."),
        )
    return file


def class_field(layer: QgsVectorLayer) -> str:
    """The field that likely holds the class: that of the legend, one called so, or the first; "" without fields."""
    shown = classes_shown(layer).field
    if shown:
        return str(shown)
    names = {field.name().casefold(): field.name() for field in layer.fields()}
    known = [names[name] for name in _CLASS_FIELDS if name in names]
    others = [name for key, name in names.items() if key not in ("fid", "ogc_fid", "id", "gid", "objectid")]
    return next(iter([*known, *others, *names.values()]), "")


def _likeliest(layers: List[QgsMapLayer]) -> Optional[str]:
    """The layer to begin with: one of labels drawn here, else one with a field that is called like a class."""
    vectors = [layer for layer in layers if isinstance(layer, QgsVectorLayer)]
    drawn = [layer for layer in vectors if is_label_layer(layer)]
    if drawn:
        return str(drawn[-1].id())
    names: List[Tuple[int, str]] = []
    for layer in vectors:
        field = class_field(layer).casefold()
        if field in _CLASS_FIELDS:
            names.append((_CLASS_FIELDS.index(field), layer.id()))
    return min(names)[1] if names else None
