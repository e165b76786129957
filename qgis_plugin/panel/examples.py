"""Examples of what is sought, for and against: places clicked on the map, and features of layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Optional

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsFeature,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsVectorLayer,
)

from ...engine.errors import JobError
from ..translation import tr


@dataclass(frozen=True)
class Example:
    """A geometry in its CRS that shows what is sought, or (not ``positive``) what is not."""

    geometry: QgsGeometry
    crs: QgsCoordinateReferenceSystem
    positive: bool
    name: str = ""

    @property
    def is_point(self) -> bool:
        """Whether it is a single place."""
        # Not MultiPoint; with heights or without.
        return str(self.geometry.asWkt(0)).startswith("Point")

    def text(self) -> str:
        """The example in a few words."""
        if self.name:
            return self.name
        point = self.geometry.asPoint()
        digits = 5 if self.crs.isGeographic() else 0
        return f"{point.x():.{digits}f}, {point.y():.{digits}f}"

    def geometry_in(self, crs: QgsCoordinateReferenceSystem) -> QgsGeometry:
        """The geometry in another CRS. Raises SmartiesError for a place that it does not know."""
        geometry = QgsGeometry(self.geometry)
        if crs.isValid() and self.crs.isValid() and crs != self.crs:
            try:
                geometry.transform(QgsCoordinateTransform(self.crs, crs, QgsProject.instance()))
            except QgsCsException as error:
                raise JobError(
                    tr("The example {example} cannot be brought into {crs}.").format(
                        example=self.text(), crs=crs.authid() or tr("the map's coordinate system")
                    ),
                    tr("Remove it, or choose another coordinate system for the project."),
                ) from error
        return geometry

    def state(self) -> Dict[str, Any]:
        """What the project keeps."""
        return {
            "wkt": self.geometry.asWkt(),
            "crs": self.crs.toWkt(),
            "positive": self.positive,
            "name": self.name,
        }


def example_of_state(state: Any) -> Optional[Example]:
    """The example that ``state`` gave; None for damage."""
    if not isinstance(state, dict):
        return None
    geometry = QgsGeometry.fromWkt(str(state.get("wkt", "")))
    if geometry.isNull() or geometry.isEmpty():
        return None
    crs = QgsCoordinateReferenceSystem.fromWkt(str(state.get("crs", "")))
    return Example(geometry, crs, bool(state.get("positive")), str(state.get("name") or ""))


def clicked(point: QgsPointXY, crs: QgsCoordinateReferenceSystem, positive: bool) -> Example:
    """A place on the map."""
    return Example(QgsGeometry.fromPointXY(point), QgsCoordinateReferenceSystem(crs), positive)


def selected_features(layer: QgsVectorLayer, positive: bool) -> List[Example]:
    """The selected features of a layer: polygons as they are, points one by one, of a line the middle."""
    examples = []
    for feature in layer.selectedFeatures():
        geometry = feature.geometry()
        if geometry.isNull() or geometry.isEmpty():
            continue
        name = tr("{layer}, feature {number}").format(layer=layer.name(), number=feature.id())
        if "Polygon" in geometry.asWkt(0).split("(")[0]:
            parts = [QgsGeometry(geometry)]
        elif geometry.length() > 0:
            parts = [geometry.interpolate(geometry.length() / 2)]
        else:
            parts = [QgsGeometry(part) for part in geometry.asGeometryCollection()]
        examples += [Example(part, layer.crs(), positive, name) for part in parts if not part.isNull()]
    return examples


def points_text(examples: List[Example], crs: QgsCoordinateReferenceSystem) -> str:
    """Points as a Processing parameter, «x,y; x,y [EPSG:32631]». Raises SmartiesError."""
    places = [each.geometry_in(crs).asPoint() for each in examples]
    text = "; ".join(f"{place.x()!r},{place.y()!r}" for place in places)
    return f"{text} [{crs.authid()}]" if text and crs.isValid() else text


def layer_of(examples: List[Example], crs: QgsCoordinateReferenceSystem, name: str) -> QgsVectorLayer:
    """A layer in memory of the examples that are polygons. Raises SmartiesError."""
    layer = QgsVectorLayer("MultiPolygon", name, "memory")
    layer.setCrs(crs)
    features = []
    for each in examples:
        feature = QgsFeature()
        geometry = each.geometry_in(crs)
        geometry.convertToMultiType()
        feature.setGeometry(geometry)
        features.append(feature)
    layer.dataProvider().addFeatures(features)
    return layer
