"""A layer to draw labels in: polygons with a class, coloured as soon as they are drawn."""

from __future__ import annotations

import itertools
from typing import Any, Dict, Iterator, List, Optional

from qgis.core import (
    Qgis,
    QgsCategorizedSymbolRenderer,
    QgsCoordinateReferenceSystem,
    QgsDefaultValue,
    QgsEditFormConfig,
    QgsEditorWidgetSetup,
    QgsExpression,
    QgsFillSymbol,
    QgsMapLayer,
    QgsProject,
    QgsRendererCategory,
    QgsVectorLayer,
)
from qgis.PyQt.QtGui import QColor

from ...engine.vector.palette import colour_for, distinct, shades
from ..translation import tr

#: The custom property of layers made here.
PROPERTY = "smarties/labels"
FIELD = "class"


def new_label_layer(crs: QgsCoordinateReferenceSystem) -> QgsVectorLayer:
    """An empty layer of polygons in memory, named as no other layer of the project."""
    names = {layer.name() for layer in QgsProject.instance().mapLayers().values()}
    name = next(
        name
        for number in itertools.count(1)
        for name in [tr("Labels") if number == 1 else tr("Labels {number}").format(number=number)]
        if name not in names
    )
    layer = QgsVectorLayer(f"Polygon?field={FIELD}:string(80)", name, "memory")
    layer.setCrs(crs)
    layer.setCustomProperty(PROPERTY, True)
    # In form and table the classes there are can be picked, and others typed.
    layer.setEditorWidgetSetup(0, QgsEditorWidgetSetup("UniqueValues", {"Editable": True}))
    layer.setRenderer(QgsCategorizedSymbolRenderer(FIELD, []))
    return layer


def is_label_layer(layer: Optional[QgsMapLayer]) -> bool:
    """Whether a layer was made here and can be drawn in."""
    return (
        isinstance(layer, QgsVectorLayer)
        and bool(layer.customProperty(PROPERTY))
        and layer.fields().lookupField(FIELD) >= 0
    )


def classes_of(layer: QgsVectorLayer) -> Dict[str, str]:
    """The classes of a label layer with their colours, in the order of its legend."""
    renderer = layer.renderer()
    if not isinstance(renderer, QgsCategorizedSymbolRenderer):
        return {}
    return {
        str(each.value()): each.symbol().color().name()
        for each in renderer.categories()
        if each.symbol() is not None and isinstance(each.value(), str) and each.value()
    }


def set_next_class(layer: QgsVectorLayer, name: str) -> None:
    """Give the next polygons this class, without asking; for "" QGIS asks with its form."""
    field = layer.fields().lookupField(FIELD)
    layer.setDefaultValueDefinition(field, QgsDefaultValue(QgsExpression.quotedString(name) if name else ""))
    config = layer.editFormConfig()
    config.setSuppress(_suppression("On" if name else "Default"))
    layer.setEditFormConfig(config)
    if name:
        add_classes(layer, [name])


def add_drawn_classes(layer: QgsVectorLayer) -> None:
    """Give a colour to classes that were typed into QGIS's form or table."""
    field = layer.fields().lookupField(FIELD)
    values = [value for value in layer.uniqueValues(field) if isinstance(value, str) and value]
    add_classes(layer, sorted(values))


def add_classes(layer: QgsVectorLayer, names: List[str]) -> None:
    """Show these classes, each in a colour of its own."""
    known = classes_of(layer)
    new = [name for name in names if name not in known]
    renderer = layer.renderer()
    if not new or not isinstance(renderer, QgsCategorizedSymbolRenderer):
        return
    renderer = renderer.clone()
    used = set(known.values())
    for name in new:
        colour = next(each for each in _colours(name) if each not in used)
        used.add(colour)
        renderer.addCategory(QgsRendererCategory(name, _symbol(colour), name))
    layer.setRenderer(renderer)
    layer.triggerRepaint()
    layer.emitStyleChanged()


def _suppression(name: str) -> Any:
    """Whether QGIS's form is held back: "On" or "Default". QGIS 3.32 moved the enum and renamed its members."""
    moved = getattr(Qgis, "AttributeFormSuppression", None)
    return getattr(moved or QgsEditFormConfig.FeatureFormSuppress, name if moved else f"Suppress{name}")


def _colours(name: str) -> Iterator[str]:
    """Colours for a class, the best first."""
    usual = colour_for(name)
    return itertools.chain(shades(usual) if usual else (), distinct(0))


def _symbol(colour: str) -> Any:
    """Seen through, so that one sees what is labelled."""
    shown = QColor(colour)
    rgb = f"{shown.red()},{shown.green()},{shown.blue()}"
    return QgsFillSymbol.createSimple({"color": f"{rgb},110", "outline_color": f"{rgb},255", "outline_width": "0.5"})
