"""What the algorithms that work on embeddings share: their group, and the parameters of images or embeddings."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping

from qgis.core import QgsProcessingContext, QgsProcessingParameterNumber

from ..translation import tr
from .base import advanced
from .feature_parameters import add_computing, add_feature_details, add_features, feature_fields
from .image_parameters import add_bands, add_grid, add_layers, add_reading
from .image_task import ImageTask


class MapTask(ImageTask):
    """A task of the group «Maps»."""

    GROUP = "maps"

    def group_title(self) -> str:
        """The group in the toolbox."""
        return tr("Maps")

    def add_images(self) -> None:
        """Images or embeddings, and what is known of their bands."""
        hint = tr("Rasters of any sensors that lie on each other, or an embedding made before, or its picture.")
        add_layers(self, "INPUT", tr("Images or embedding"), hint)
        add_bands(self)

    def add_feature_parameters(self) -> None:
        """How images are embedded; of an embedding made before none of it is looked at."""
        add_features(self)
        add_grid(self)
        add_reading(self)
        add_feature_details(self)
        add_computing(self)

    def add_seed(self) -> None:
        """The number that chance starts from."""
        seed = QgsProcessingParameterNumber(
            "SEED", tr("Seed"), QgsProcessingParameterNumber.Type.Integer, defaultValue=0, minValue=0
        )
        self.addParameter(advanced(seed, tr("The same number gives the same result.")))

    def settings(self, parameters: Dict[str, Any], context: QgsProcessingContext) -> Dict[str, Any]:
        """The features of the images; a subclass adds its own."""
        return feature_fields(self, parameters, context)


def words_of(text: str) -> List[str]:
    """The words of a list with commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


def classes_text(classes: Any) -> str:
    """The classes of an answer as the JSON text that models and scripts read."""
    entries: List[Mapping[str, Any]] = [dict(each) for each in classes]
    return json.dumps(entries, ensure_ascii=False)
