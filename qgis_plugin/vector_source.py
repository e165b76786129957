"""From vector layers of QGIS to what the engine opens: their file, or a copy of what they show now."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, List, Mapping, Optional

from qgis.core import (
    NULL,
    QgsCoordinateTransformContext,
    QgsFields,
    QgsProviderRegistry,
    QgsVectorFileWriter,
    QgsVectorLayer,
)

from ..engine.errors import OutputError, SourceError
from .translation import tr

#: The column of feature numbers of a copy; a name that no layer's own column is likely to have.
_NUMBERS = "smarties_number"


def vector_file(layer: QgsVectorLayer) -> Optional[str]:
    """The layer's file as "FILE" or "FILE|layername=LAYER"; None where no file alone shows what the layer shows.

    That is so for layers in memory or of services and databases, and for those with unsaved edits, a filter, joined
    or computed fields, or a CRS that is not the file's.
    """
    if layer.providerType() != "ogr" or layer.isModified() or layer.subsetString():
        return None
    if layer.crs() != layer.dataProvider().crs() or not _all_stored(layer.fields()):
        return None
    parts = QgsProviderRegistry.instance().decodeUri("ogr", layer.source())
    path, name = Path(str(parts.get("path") or "")), str(parts.get("layerName") or "")
    if parts.get("vsiPrefix") or not path.is_file() or not _names_one(layer, parts, name):
        return None
    if path.suffix.lower() == ".shp" and not path.with_suffix(".cpg").is_file():
        # Nothing but the layer's settings in QGIS tells how its texts are written.
        return None
    return str(path.absolute()) + (f"|layername={name}" if name else "")


def copy_of(layer: QgsVectorLayer, folder: Path, fields: Optional[List[str]] = None) -> str:
    """Write what the layer shows now, edits included, into ``folder`` as a GeoPackage; its path. For the main thread.

    ``fields``: names of those to take along; None for all. Raises SourceError for a layer that cannot be read,
    OutputError where there is no room.
    """
    if not layer.isValid():
        raise SourceError(
            tr("The data of {layer} cannot be read.").format(layer=layer.name()),
            tr("Repair the layer's data source."),
        )
    path = copy_path(layer, folder)
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = "GPKG"
    options.layerName = "labels"
    options.fileEncoding = "UTF-8"
    # GeoPackage's own name for it, “fid”, may be a column of the layer, with numbers that occur twice.
    options.layerOptions = [f"FID={_NUMBERS}"]
    options.attributes = _taken(layer.fields(), fields)
    options.skipAttributeCreation = not options.attributes
    result = QgsVectorFileWriter.writeAsVectorFormatV3(layer, str(path), QgsCoordinateTransformContext(), options)
    if result[0] != QgsVectorFileWriter.WriterError.NoError:
        raise OutputError(
            tr("The shapes of {layer} cannot be copied for the engine ({reason}).").format(
                layer=layer.name(), reason=result[1]
            ),
            tr("Save the layer as a GeoPackage and use that."),
        )
    return str(path)


def copy_path(layer: QgsVectorLayer, folder: Path) -> Path:
    """Where `copy_of` writes: a file that has the layer's name, for the notes that name it."""
    name = re.sub(r"[^\w\- ]+", "_", layer.name()).strip(" _")[:60]
    return folder / f"{name or 'labels'}.gpkg"


def _taken(fields: QgsFields, names: Optional[List[str]]) -> List[int]:
    """The numbers of the fields to write: those named, of all others but what counts the features."""
    if names is not None:
        return [fields.lookupField(name) for name in names if fields.lookupField(name) >= 0]
    return [number for number in range(fields.count()) if fields.at(number).name().lower() not in ("fid", "ogc_fid")]


def _all_stored(fields: QgsFields) -> bool:
    return all(fields.fieldOrigin(number) == QgsFields.FieldOrigin.OriginProvider for number in range(fields.count()))


def _names_one(layer: QgsVectorLayer, parts: Mapping[str, Any], name: str) -> bool:
    """Whether the address says by name which of the layers of the file is meant, and means all of it."""
    whole = all(parts.get(part) in (None, NULL, "") for part in ("layerId", "geometryType"))
    return whole and (bool(name) or len(layer.dataProvider().subLayers()) <= 1)
