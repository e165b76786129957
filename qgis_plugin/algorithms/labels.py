"""The labelled places of a run: the engine's source, class field, names and colours of a layer of QGIS."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional

from qgis.core import QgsMapLayer, QgsProcessingUtils, QgsVectorLayer

from ...engine.errors import JobError
from ..layer_classes import classes_shown
from ..layer_source import source_of
from ..translation import tr
from ..vector_source import copy_of, copy_path, vector_file


@dataclass
class Copies:
    """The folder of copies of layers that have no file of their own; it goes with `clear`."""

    folder: Optional[Path] = None
    _made: List[str] = field(default_factory=list)

    def source(self, layer: QgsVectorLayer, fields: Optional[List[str]], write: bool) -> str:
        """The engine's source of a vector layer. A copy is made for ``write`` only, else its path is only named."""
        file = vector_file(layer)
        if file is not None:
            return file
        if not write:
            return str(copy_path(layer, Path()))
        if self.folder is None:
            self.folder = Path(tempfile.mkdtemp(prefix="labels", dir=QgsProcessingUtils.tempFolder()))
        # Two layers may have one name.
        place = self.folder / str(len(self._made))
        place.mkdir()
        self._made.append(copy_of(layer, place, fields))
        return self._made[-1]

    def clear(self) -> None:
        """Remove what was written."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None
            self._made = []


def label_fields(layer: QgsMapLayer, class_field: str, copies: Copies, write: bool) -> Dict[str, Any]:
    """``labels``, ``class_field``, ``class_names`` and ``class_colours`` of a `TrainHeadJob`. For the main thread.

    Without a ``class_field`` it is the one that the layer's style shows, if any. Raises SmartiesError.
    """
    shown = classes_shown(layer, class_field)
    if not isinstance(layer, QgsVectorLayer):
        source = source_of(layer)
    else:
        class_field = class_field or shown.field
        if class_field and layer.fields().lookupField(class_field) < 0:
            raise JobError(
                tr("{layer} has no field “{field}”.").format(layer=layer.name(), field=class_field),
                tr("Choose one of {fields}.").format(fields=", ".join(each.name() for each in layer.fields())),
            )
        source = copies.source(layer, [class_field] if class_field else None, write)
    return {
        "labels": (source,),
        "class_field": class_field if isinstance(layer, QgsVectorLayer) else "",
        "class_names": shown.names,
        "class_colours": shown.colours,
    }
