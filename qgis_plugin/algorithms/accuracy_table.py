"""The accuracy of a head as a table in QGIS: one row per class, and one for all of them."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional

from qgis.core import QgsProcessingAlgorithm, QgsProcessingContext

from ..translation import tr
from .feature_tables import write_table

#: The columns, with QGIS's names of their types.
COLUMNS = (
    ("class", "string"),
    ("value", "integer"),
    ("colour", "string"),
    ("groups", "integer"),
    ("pixels", "integer"),
    ("precision", "double"),
    ("recall", "double"),
    ("f1", "double"),
    ("iou", "double"),
)


def write_accuracy(
    algorithm: QgsProcessingAlgorithm,
    name: str,
    accuracy: Mapping[str, Any],
    parameters: Dict[str, Any],
    context: QgsProcessingContext,
) -> Optional[str]:
    """Write the rows to the sink of the parameter ``name``; where they went."""
    return write_table(algorithm, name, COLUMNS, accuracy_rows(accuracy), parameters, context)


def accuracy_rows(accuracy: Mapping[str, Any]) -> List[Dict[str, Any]]:
    """A row per class; before them one for all, its recall being the share of all labels that are right."""
    classes = [
        {
            "class": str(each["name"]),
            **{column: each.get(column) for column, _ in COLUMNS if column != "class"},
        }
        for each in accuracy.get("per_class") or ()
    ]
    if not classes:
        return []
    everything = {
        "class": tr("all classes"),
        "value": None,
        "colour": None,
        "groups": sum(each["groups"] or 0 for each in classes),
        "pixels": sum(each["pixels"] or 0 for each in classes),
        "precision": accuracy.get("overall"),
        "recall": accuracy.get("overall"),
        "f1": accuracy.get("mean_f1"),
        "iou": accuracy.get("mean_iou"),
    }
    return [everything, *classes]
