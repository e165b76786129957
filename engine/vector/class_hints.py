"""Names and colours that a raster of classes carries: its palette, its tags, GDAL's sidecar, Esri's table."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree  # nosec B405: files that declare entities are refused
from pathlib import Path

import pyogrio.raw
from rasterio.io import DatasetReader

from engine.raster.opening import READ_ERRORS
from engine.vector.classes import ClassHints
from engine.vector.read import VECTOR_ERRORS

#: 65,535 names and colours are 20 MB of XML.
_MAX_BYTES = 32 * 2**20
#: Columns of a GDAL raster attribute table, by their usage (GDALRATFieldUsage).
_RAT_VALUE, _RAT_NAME, _RAT_RED, _RAT_GREEN, _RAT_BLUE = (5, 3), 2, 6, 7, 8
_NAME_FIELDS = ("class_name", "classname", "class", "name", "label", "label3", "label2", "label1", "category")


def class_hints(dataset: DatasetReader, path: Path) -> ClassHints:
    """What the first band of an open raster, and the files beside it, say of its values.

    The palette and the tags "CLASS_n" lie in the file; rasterio does not give GDAL's category names and attribute
    tables, so the .aux.xml is read itself; Esri keeps names and colours in a .vat.dbf.
    """
    names, colours = _from_table(path.with_name(f"{path.name}.vat.dbf"))
    more_names, more_colours = _from_sidecar(path.with_name(f"{path.name}.aux.xml"))
    names, colours = {**names, **more_names}, {**colours, **more_colours}
    try:
        names.update(
            {int(tag[6:]): text for tag, text in dataset.tags(1).items() if re.fullmatch(r"CLASS_\d{1,5}", tag)}
        )
        palette = dataset.colormap(1)
    except READ_ERRORS:
        palette = {}
    for value, (red, green, blue, alpha) in palette.items():
        if alpha:
            colours[value] = f"#{red:02x}{green:02x}{blue:02x}"
    return ClassHints(names, colours)


def _from_sidecar(path: Path) -> tuple[dict[int, str], dict[int, str]]:
    """Names and colours in GDAL's .aux.xml; nothing where there is none, or none that can be trusted."""
    try:
        if not path.is_file() or path.stat().st_size > _MAX_BYTES:
            return {}, {}
        text = path.read_bytes()
        if b"<!doctype" in text.lower() or b"<!entity" in text.lower():
            return {}, {}
        root = ElementTree.fromstring(text)  # nosec B314: no entities, see above
    except (OSError, ElementTree.ParseError, ValueError, LookupError):
        return {}, {}
    band = next((each for each in root.iter("PAMRasterBand") if each.get("band", "1") == "1"), None)
    if band is None:
        return {}, {}
    names, colours = _from_attributes(band.find("GDALRasterAttributeTable"))
    for value, category in enumerate(band.findall("CategoryNames/Category")):
        if (category.text or "").strip():
            names[value] = str(category.text).strip()
    return names, colours


def _from_attributes(table: ElementTree.Element | None) -> tuple[dict[int, str], dict[int, str]]:
    """Names and colours in a GDAL raster attribute table."""
    if table is None:
        return {}, {}
    usages = [int(usage.text or 0) if (usage.text or "").isdigit() else 0 for usage in table.findall("FieldDefn/Usage")]
    titles = [(name.text or "").strip().lower() for name in table.findall("FieldDefn/Name")]
    value_at = next((place for place, usage in enumerate(usages) if usage in _RAT_VALUE), None)
    if value_at is None:
        value_at = titles.index("value") if "value" in titles else None
    name_at = usages.index(_RAT_NAME) if _RAT_NAME in usages else None
    colour_at = [usages.index(usage) if usage in usages else -1 for usage in (_RAT_RED, _RAT_GREEN, _RAT_BLUE)]
    names: dict[int, str] = {}
    colours: dict[int, str] = {}
    for number, row in enumerate(table.findall("Row")):
        cells = [(cell.text or "").strip() for cell in row.findall("F")]
        try:
            value = number if value_at is None else int(float(cells[value_at]))
            if name_at is not None and cells[name_at]:
                names[value] = cells[name_at]
            if min(colour_at) >= 0:
                _add_colour(colours, value, *(float(cells[place]) for place in colour_at))
        except (IndexError, ValueError, OverflowError):
            continue
    return names, colours


def _from_table(path: Path) -> tuple[dict[int, str], dict[int, str]]:
    """Names and colours in Esri's value attribute table, as CORINE and many land cover maps have."""
    if not path.is_file() or path.stat().st_size > _MAX_BYTES:
        return {}, {}
    try:
        meta, _, _, data = pyogrio.raw.read(path, read_geometry=False)
    except VECTOR_ERRORS:
        return {}, {}
    columns = {str(name).lower(): values for name, values in zip(meta["fields"], data, strict=True)}
    name_field = next((name for name in _NAME_FIELDS if name in columns and columns[name].dtype == object), None)
    names: dict[int, str] = {}
    colours: dict[int, str] = {}
    for row, raw in enumerate(columns.get("value", ())):
        try:
            value = int(raw)
            if name_field is not None and columns[name_field][row]:
                names[value] = str(columns[name_field][row]).strip()
            if {"red", "green", "blue"} <= columns.keys():
                parts = [float(columns[name][row]) for name in ("red", "green", "blue")]
                # Esri writes shares of 1, or bytes.
                scale = 255.0 if max(parts) <= 1 and columns["red"].dtype.kind == "f" else 1.0
                _add_colour(colours, value, *(part * scale for part in parts))
        except (ValueError, OverflowError):
            continue
    return names, colours


def _add_colour(colours: dict[int, str], value: int, red: float, green: float, blue: float) -> None:
    parts = [round(part) for part in (red, green, blue)]
    if all(0 <= part <= 255 for part in parts):
        colours[value] = "#" + "".join(f"{part:02x}" for part in parts)
