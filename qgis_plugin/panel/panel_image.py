"""An image of the panel: a raster layer, the sensor chosen for it, and what is known of its bands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence

from qgis.core import QgsMapLayer, QgsProject

from ...engine.errors import SmartiesError
from ...engine.spectrum import BandTable, Detection, RasterMetadata, detect, family_of
from ..layer_bands import raster_metadata_of, stored_table
from ..layer_source import group_bands, source_of
from ..translation import tr
from .band_status import UNKNOWN, status_of, worst


@dataclass
class PanelImage:
    """``sensor`` None: found by itself. ``found`` is what raster and sensor tell, ``detection`` that and the table.

    Where something is None, ``problem`` says why.
    """

    layer_id: str
    name: str
    sensor: Optional[str] = None
    source: str = ""
    table: Optional[BandTable] = None
    found: Optional[Detection] = None
    detection: Optional[Detection] = None
    problem: Optional[SmartiesError] = None

    @property
    def layer(self) -> Optional[QgsMapLayer]:
        """The layer, None when it has left the project."""
        return QgsProject.instance().mapLayer(self.layer_id)

    @property
    def band_count(self) -> int:
        """How many bands the raster has, 0 while that is not known."""
        known = self.detection or self.found
        return 0 if known is None else len(known.bands)

    def read(self) -> None:
        """Look at the layer and its stored table again."""
        layer = self.layer
        self.found = self.detection = self.problem = None
        if layer is None:
            self.problem = SmartiesError(tr("The layer is no longer in the project."))
            return
        self.name = layer.name()
        try:
            self.source = source_of(layer)
            self.table = stored_table(layer)
            metadata = raster_metadata_of(layer)
        except SmartiesError as error:
            self.problem = error
            return
        self._detect(metadata)

    def _detect(self, metadata: RasterMetadata) -> None:
        stated = self.table.sensor if self.table is not None else None
        try:
            self.found = detect(metadata, self.sensor)
            if self.sensor is None and stated and (self.found.sensor is None or self.found.sensor.name != stated):
                # The table was made for a sensor that somebody chose.
                self.sensor = stated
                self.found = detect(metadata, self.sensor)
        except SmartiesError as error:
            self.problem = error
        try:
            self.detection = self.found if self.table is None else detect(metadata, self.sensor, self.table)
            if self.detection is not None:
                # A table mends what the metadata have wrong.
                self.problem = None
        except SmartiesError as error:
            self.problem = error

    @property
    def worst(self) -> str:
        """The worst verdict of the bands that are on; that of a band nothing is known of where there is a problem."""
        if self.detection is None:
            return UNKNOWN
        sensor = self.detection.sensor
        family = family_of(self.detection.bands, sensor.family if sensor is not None else None)
        return worst(tuple(status_of(band, family=family).verdict for band in self.detection.bands))

    def summary(self) -> str:
        """Sensor and bands in a few words, or the problem."""
        if self.detection is None:
            return self.problem.message if self.problem is not None else ""
        bands = self.detection.bands
        on = sum(band.enabled for band in bands)
        sensor = self.detection.sensor
        title = sensor.title if sensor is not None else tr("Unknown sensor")
        return tr("{sensor} · {on} of {total} bands").format(sensor=title, on=on, total=len(bands))


def images_state(images: Sequence[PanelImage]) -> List[Dict[str, Any]]:
    """What the project keeps of images; band tables are kept on their layers."""
    return [{"layer": image.layer_id, "sensor": image.sensor} for image in images]


def images_of_state(kept: Any) -> List[PanelImage]:
    """The images that `images_state` gave, those whose layer is still there; damage is left out."""
    images = []
    for entry in kept if isinstance(kept, list) else []:
        if not isinstance(entry, dict):
            continue
        image = PanelImage(str(entry.get("layer")), "", str(entry["sensor"]) if entry.get("sensor") else None)
        if image.layer is not None:
            image.read()
            images.append(image)
    return images


def of_images(images: Sequence[PanelImage], field: str, default: str) -> List[str]:
    """A field of each image of a run: band files of one product are several layers, but one image."""
    groups = group_bands([image.source for image in images], [image.band_count for image in images])
    return [str(getattr(images[group[0]], field) or default) for group in groups]
