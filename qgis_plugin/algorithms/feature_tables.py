"""Tables without geometry as outputs: their fields, and their rows."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Mapping, Optional, Sequence, Tuple

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFeatureSink,
    QgsFields,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsVectorLayer,
    QgsWkbTypes,
)

#: A column's name with QGIS's name of its type.
Column = Tuple[str, str]


def write_table(
    algorithm: QgsProcessingAlgorithm,
    name: str,
    columns: Sequence[Column],
    rows: Iterable[Mapping[str, Any]],
    parameters: Dict[str, Any],
    context: QgsProcessingContext,
) -> Optional[str]:
    """Write ``rows`` to the sink of the parameter ``name``; where they went, None where nobody asked for them."""
    fields = _fields(columns)
    sink, destination = algorithm.parameterAsSink(
        parameters, name, context, fields, QgsWkbTypes.Type.NoGeometry, QgsCoordinateReferenceSystem()
    )
    if sink is None:
        return None
    for row in rows:
        feature = QgsFeature(fields)
        feature.setAttributes([row[column] for column, _ in columns])
        sink.addFeature(feature, QgsFeatureSink.Flag.FastInsert)
    return str(destination)


def _fields(columns: Sequence[Column]) -> QgsFields:
    # A layer in memory gives fields by the names of their types, which no version of Qt has renamed.
    described = "&".join(f"field={name}:{kind}" for name, kind in columns)
    return QgsVectorLayer(f"None?{described}", "table", "memory").fields()
