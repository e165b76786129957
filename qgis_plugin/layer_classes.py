"""The classes that a layer shows: their field, names and colours, as its style has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, Optional, Tuple

from qgis.core import (
    NULL,
    QgsCategorizedSymbolRenderer,
    QgsMapLayer,
    QgsPalettedRasterRenderer,
    QgsRasterLayer,
    QgsVectorLayer,
)

#: A class's value as text, its name, its colour as "#rrggbb"; "" where there is none.
Entry = Tuple[str, str, str]


@dataclass(frozen=True)
class LayerClasses:
    """Names as "VALUE=NAME", colours as "VALUE=#rrggbb"; ``field`` is that of a vector layer's style, "" for none."""

    field: str = ""
    names: Tuple[str, ...] = ()
    colours: Tuple[str, ...] = ()


def classes_shown(layer: QgsMapLayer, field: str = "") -> LayerClasses:
    """The classes in the style of a layer: categories of a vector layer, the palette of a raster.

    ``field``: the one that holds the class; a style that shows another field tells nothing of it. Entries of the
    style that no feature has are left out, as is what a raster's file says itself.
    """
    if isinstance(layer, QgsRasterLayer):
        return _palette(layer)
    shown = _categories(layer) if isinstance(layer, QgsVectorLayer) else None
    if shown is None:
        return LayerClasses()
    number = layer.fields().lookupField(shown.classAttribute().strip('"'))
    if number < 0:
        # The style shows an expression.
        return LayerClasses()
    name = layer.fields().at(number).name()
    if field and field != name:
        return LayerClasses()
    entries: List[Entry] = []
    for category in shown.categories():
        symbol, value = category.symbol(), category.value()
        colour = symbol.color().name() if symbol is not None else ""
        if isinstance(value, (list, tuple)):
            # One entry of the legend for several classes: it names none of them.
            entries += [(_text(each), "", colour) for each in value]
        else:
            entries.append((_text(value), category.label(), colour))
    present = {_text(value) for value in layer.uniqueValues(number)}
    return _classes(name, [entry for entry in entries if entry[0] in present])


def _palette(layer: QgsRasterLayer) -> LayerClasses:
    renderer = layer.renderer()
    if not isinstance(renderer, QgsPalettedRasterRenderer):
        return LayerClasses()
    in_file = {int(item.value): item for item in layer.dataProvider().colorTable(renderer.band())}
    entries: List[Entry] = []
    for each in renderer.classes():
        item = in_file.get(int(each.value))
        told = item is not None and item.color.rgb() == each.color.rgb()
        known = item is not None and item.label == each.label
        entries.append((_text(each.value), "" if known else each.label, "" if told else each.color.name()))
    return _classes("", entries)


def _categories(layer: QgsVectorLayer) -> Optional[QgsCategorizedSymbolRenderer]:
    renderer = layer.renderer()
    while renderer is not None and not isinstance(renderer, QgsCategorizedSymbolRenderer):
        renderer = renderer.embeddedRenderer()
    return renderer


def _classes(field: str, entries: List[Entry]) -> LayerClasses:
    names, colours = [], []
    for value, label, colour in entries:
        # A legend's last entry, for all other values, has none.
        if not value:
            continue
        if label.strip() and label.strip() != value:
            names.append(f"{value}={label.strip()}")
        if colour:
            colours.append(f"{value}={colour}")
    return LayerClasses(field, tuple(names), tuple(colours))


def _text(value: Any) -> str:
    """A class's value as the engine writes it: whole numbers without a point; "" for none."""
    if value is None or value == NULL:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value.toString("yyyy-MM-dd")) if hasattr(value, "toString") else str(value).strip()
