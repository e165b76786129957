"""Points as a text, "x,y; x,y [EPSG:4326]", or as Processing's own point."""

from __future__ import annotations

import re
from typing import Any, List, Optional, Tuple

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsPointXY,
    QgsProcessingContext,
    QgsReferencedPointXY,
)

from ...engine.errors import JobError
from ..translation import tr

#: A point and the CRS it is given in; None where that is not said.
Located = Tuple[QgsPointXY, Optional[QgsCoordinateReferenceSystem]]

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_POINT = re.compile(rf"({_NUMBER})\s*[,\s]\s*({_NUMBER})\s*(?:\[([^\]]+)\])?")


def parse_points(value: Any) -> List[Located]:
    """The points of a parameter's value; a CRS behind the last one is that of all that name none. Raises JobError."""
    if isinstance(value, QgsReferencedPointXY):
        return [(QgsPointXY(value), value.crs() if value.crs().isValid() else None)]
    if isinstance(value, QgsPointXY):
        return [(value, None)]
    texts = [text.strip() for text in re.split(r"[;\n]", str(value or "")) if text.strip()]
    points: List[Located] = []
    for text in texts:
        found = _POINT.fullmatch(text)
        if found is None:
            raise JobError(
                tr("“{text}” is no point.").format(text=text),
                tr("Write x,y; x,y [EPSG:4326] with a point as the decimal mark."),
            )
        points.append((QgsPointXY(float(found.group(1)), float(found.group(2))), _crs(found.group(3))))
    last = points[-1][1] if points else None
    return [(point, crs or last) for point, crs in points]


def in_one_crs(
    groups: List[List[Located]], context: QgsProcessingContext
) -> Tuple[List[List[str]], Optional[QgsCoordinateReferenceSystem]]:
    """Each group of points as the engine's "X,Y", all in one CRS, and that CRS; None: that of the image.

    Raises JobError where only some points say theirs, or one cannot be brought to that of the first.
    """
    systems = [crs for group in groups for _, crs in group]
    target = next((crs for crs in systems if crs is not None), None)
    if target is not None and None in systems:
        raise JobError(
            tr("Some of the points have a CRS and others have none."),
            tr("Write [EPSG:…] behind the last of each list."),
        )
    return [[_text(point, crs, target, context) for point, crs in group] for group in groups], target


def _text(
    point: QgsPointXY,
    crs: Optional[QgsCoordinateReferenceSystem],
    target: Optional[QgsCoordinateReferenceSystem],
    context: QgsProcessingContext,
) -> str:
    if crs is not None and target is not None and crs != target:
        try:
            point = QgsCoordinateTransform(crs, target, context.transformContext()).transform(point)
        except QgsCsException as error:
            raise JobError(
                tr("The point {x}, {y} does not lie in {crs}.").format(x=point.x(), y=point.y(), crs=target.authid()),
                tr("Check its coordinates and its CRS."),
            ) from error
    return f"{point.x()!r},{point.y()!r}"


def _crs(text: Optional[str]) -> Optional[QgsCoordinateReferenceSystem]:
    if text is None:
        return None
    crs = QgsCoordinateReferenceSystem(text.strip())
    if not crs.isValid():
        raise JobError(tr("“{text}” is no CRS.").format(text=text), tr("Write a code such as EPSG:4326."))
    return crs
