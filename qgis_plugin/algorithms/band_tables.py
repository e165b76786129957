"""Band tables of a run: from the matrix and the JSON of an algorithm, else from the layers of the project."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from qgis.core import QgsRasterLayer

from ...engine.errors import BandTableError
from ...engine.spectrum.bands import Band
from ...engine.spectrum.raster_files import band_file
from ...engine.spectrum.table import BandTable, parse_table, read_table, table_to_json
from ..layer_bands import detect_layer, raster_metadata_of, stored_table
from ..translation import tr

#: The columns of the matrix, in their order; `column_titles` are their names for people.
COLUMNS = ("image", "band", "name", "centre", "from", "to", "unit", "polarisation", "use")
# As people write them in English and in French, the languages of the plugin.
_YES = frozenset(("yes", "y", "true", "on", "1", "use", "oui", "o", "vrai"))
_NO = frozenset(("no", "n", "false", "off", "0", "non", "faux"))

Row = Mapping[str, str]


def column_titles() -> List[str]:
    """The heads of the matrix, translated."""
    return [tr("Image"), tr("Band"), tr("Name"), tr("Centre"), tr("From"), tr("To"), tr("Unit"), tr("Polarisation"),
            tr("Use")]  # fmt: skip


def band_tables_of(images: Sequence[Sequence[QgsRasterLayer]], cells: Sequence[Any], text: str) -> Tuple[str, ...]:
    """One table per image as JSON or path, "" for none; empty where no image has one.

    ``images`` are the layers of each image, ``cells`` the matrix row by row, ``text`` the
    JSON list. An image that neither of these names has the table kept on its layer.
    Raises BandTableError.
    """
    given = _listed_tables(text, len(images))
    rows = _rows_by_image(cells, images)
    tables = []
    for number, layers in enumerate(images):
        if given[number] and rows.get(number):
            raise BandTableError(
                tr("Image {number} has bands in the matrix and in the JSON list.").format(number=number + 1),
                tr("Give them in one of the two."),
            )
        if rows.get(number):
            tables.append(_table_of_rows(layers, rows[number]))
        else:
            tables.append(given[number] or _kept_table(layers))
    return tuple(tables) if any(tables) else ()


def _listed_tables(text: str, count: int) -> List[str]:
    """The JSON list: per image a table, the path of one, or null. A lone object is the table of a lone image."""
    if not text.strip():
        return [""] * count
    try:
        content = json.loads(text)
    except ValueError as error:
        raise BandTableError(
            tr("The list of band tables is no JSON: {reason}.").format(reason=error),
            tr("Write [TABLE, null, …] with one table or null per image."),
        ) from error
    entries = content if isinstance(content, list) else [content]
    if len(entries) != count:
        raise BandTableError(
            tr("The list has {tables} band tables for {images} images.").format(tables=len(entries), images=count),
            tr("Write one table per image, null for an image without one."),
        )
    tables = []
    for entry in entries:
        if entry is None or entry == "":
            tables.append("")
        elif isinstance(entry, str):
            read_table(entry)
            tables.append(str(Path(entry).absolute()))
        else:
            table = json.dumps(entry, ensure_ascii=False)
            parse_table(table)
            tables.append(table)
    return tables


def _rows_by_image(cells: Sequence[Any], images: Sequence[Sequence[QgsRasterLayer]]) -> Dict[int, List[Row]]:
    if len(cells) % len(COLUMNS):
        raise BandTableError(
            tr("The band matrix has {cells} cells, which make no rows of {columns}.").format(
                cells=len(cells), columns=len(COLUMNS)
            ),
            tr("Give the columns {columns} for every band; a cell may be empty.").format(
                columns=", ".join(column_titles())
            ),
        )
    rows: Dict[int, List[Row]] = {}
    for start in range(0, len(cells), len(COLUMNS)):
        texts = ["" if cell is None else str(cell).strip() for cell in cells[start : start + len(COLUMNS)]]
        row = dict(zip(COLUMNS, texts))
        # The dialog fills new rows with zeros, which name no band and no wavelength.
        if any(value not in ("", "0", "NULL") for value in texts):
            rows.setdefault(_image_number(row["image"], images), []).append(row)
    return rows


def _image_number(cell: str, images: Sequence[Sequence[QgsRasterLayer]]) -> int:
    """The image that a cell names, counted from 0: by its number from 1 or by its layer's name."""
    if not cell and len(images) == 1:
        return 0
    if cell.isdigit() and 1 <= int(cell) <= len(images):
        return int(cell) - 1
    named = [number for number, layers in enumerate(images) if any(layer.name() == cell for layer in layers)]
    if len(named) == 1:
        return named[0]
    raise BandTableError(
        tr("The band matrix names the image “{image}”, which is none of the {count} images.").format(
            image=cell, count=len(images)
        ),
        tr("Write its number, counted from 1, or its layer's name."),
    )


def _table_of_rows(layers: Sequence[QgsRasterLayer], rows: Sequence[Row]) -> str:
    """Rows of the matrix as a table of all bands of an image; what no row names is left open."""
    names = _band_names(layers)
    entries: List[Dict[str, Any]] = [{} for _ in names]
    for row in rows:
        position = _band_number(row["band"], names, layers[0].name())
        if entries[position]:
            raise BandTableError(
                tr("The band matrix names band {band} of {layer} twice.").format(
                    band=row["band"], layer=layers[0].name()
                ),
                tr("Keep one of its rows."),
            )
        entries[position] = _entry(row)
    table = json.dumps({"bands": entries}, ensure_ascii=False)
    try:
        parse_table(table)
    except BandTableError as error:
        # The parser knows the band but not of which image.
        raise BandTableError(f"{layers[0].name()}: {error.message}", error.hint) from error
    return table


def _entry(row: Row) -> Dict[str, Any]:
    entry: Dict[str, Any] = {}
    if row["name"]:
        entry["name"] = row["name"]
    for field, column in (("centre", "centre"), ("min", "from"), ("max", "to")):
        if row[column] and row[column] != "0":
            entry[field] = f"{row[column].replace(',', '.')} {row['unit']}".strip()
    if row["polarisation"] and row["polarisation"] != "0":
        entry["polarisation"] = row["polarisation"]
    use = row["use"].lower()
    if use in _YES or use in _NO:
        entry["enabled"] = use in _YES
    elif use:
        raise BandTableError(
            tr("The band matrix says “{text}” in the column Use.").format(text=row["use"]), tr("Write yes or no.")
        )
    return entry


def _band_number(cell: str, names: Sequence[Sequence[str]], layer: str) -> int:
    """The band that a cell names, counted from 0: by its number from 1 or by one of its names."""
    if cell.isdigit() and 1 <= int(cell) <= len(names):
        return int(cell) - 1
    named = [number for number, known in enumerate(names) if cell.lower() in known]
    if len(named) == 1:
        return named[0]
    raise BandTableError(
        tr("The band matrix names the band “{band}”, which {layer} does not have.").format(band=cell, layer=layer),
        tr("Write its number, counted from 1 up to {count}, or its name.").format(count=len(names)),
    )


def _band_names(layers: Sequence[QgsRasterLayer]) -> List[Tuple[str, ...]]:
    """For every band of an image the names by which it may be called, in lower case."""
    if len(layers) > 1:
        return [(token.lower(),) for token in _tokens(layers)]
    metadata = raster_metadata_of(layers[0])
    try:
        detected: Sequence[Optional[str]] = [band.name for band in detect_layer(layers[0]).bands]
    except BandTableError:
        # Metadata with an impossible wavelength: the matrix is there to mend them.
        detected = [None] * metadata.band_count
    return [
        tuple(name.strip().lower() for name in names if name) for names in zip(metadata.band_names, detected)
    ]  # fmt: skip


def _kept_table(layers: Sequence[QgsRasterLayer]) -> str:
    """The table kept on the layer of an image; of band files that make one image, those of all of them together."""
    tables = [stored_table(layer) for layer in layers]
    kept = [table for table in tables if table is not None]
    if not kept:
        return ""
    if len(layers) == 1:
        return table_to_json(kept[0])
    bands: List[Band] = []
    for token, table in zip(_tokens(layers), tables):
        # The engine finds the bands of a product by their tokens.
        bands.append(Band(token) if table is None else replace(table.bands[0], name=token))
    sensor = next((table.sensor for table in kept if table.sensor), None)
    radiometry = next((table.radiometry for table in kept if table.radiometry), None)
    return table_to_json(BandTable(tuple(bands), sensor, radiometry))


def _tokens(layers: Sequence[QgsRasterLayer]) -> List[str]:
    found = [band_file(Path(layer.source())) for layer in layers]
    return [band.token if band is not None else layer.name() for band, layer in zip(found, layers)]
