"""How an embedding, the picture of its main components, and measured images look on the map."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence, Tuple, Union

from qgis.core import (
    QgsContrastEnhancement,
    QgsMapLayer,
    QgsMultiBandColorRenderer,
    QgsRasterLayer,
    QgsRasterMinMaxOrigin,
)

from .picture_embedding import remember_embedding


def style_picture(layer: QgsRasterLayer, embedding: str) -> None:
    """Show the bytes of a picture as they are: red, green, blue, and nothing where its alpha band is 0.

    ``embedding`` is the file that it was made with, which the layer keeps.
    """
    renderer = QgsMultiBandColorRenderer(layer.dataProvider(), 1, 2, 3)
    if layer.bandCount() > 3:
        renderer.setAlphaBand(4)
    layer.setRenderer(renderer)
    remember_embedding(layer, embedding)


def style_embedding(layer: QgsRasterLayer, rgb_bands: Sequence[int], rgb_ranges: Sequence[Tuple[float, float]]) -> None:
    """Show three features of an embedding as red, green and blue, each stretched over its range."""
    bands = [int(band) for band in rgb_bands]
    if len(bands) != 3 or len(rgb_ranges) != 3 or not all(1 <= band <= layer.bandCount() for band in bands):
        return
    provider = layer.dataProvider()
    renderer = QgsMultiBandColorRenderer(provider, bands[0], bands[1], bands[2])
    setters = (
        renderer.setRedContrastEnhancement,
        renderer.setGreenContrastEnhancement,
        renderer.setBlueContrastEnhancement,
    )
    for band, (low, high), set_enhancement in zip(bands, rgb_ranges, setters):
        enhancement = QgsContrastEnhancement(provider.dataType(band))
        enhancement.setContrastEnhancementAlgorithm(
            QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum
        )
        enhancement.setMinimumValue(float(low))
        enhancement.setMaximumValue(float(high))
        set_enhancement(enhancement)
    layer.setRenderer(renderer)


def style_stretched(layer: QgsRasterLayer, bands: Tuple[int, int, int]) -> None:
    """Show three bands as red, green and blue, each from its 2nd to its 98th percentile."""
    layer.setRenderer(QgsMultiBandColorRenderer(layer.dataProvider(), *bands))
    layer.setContrastEnhancement(
        QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum,
        QgsRasterMinMaxOrigin.Limits.CumulativeCut,
    )


def write_style(path: Union[str, Path], layer: QgsMapLayer) -> Path:
    """Write the layer's colours beside the file at ``path``, where QGIS finds them when it opens the file again."""
    style = Path(path).with_suffix(".qml")
    symbology = QgsMapLayer.StyleCategory.Symbology | QgsMapLayer.StyleCategory.Rendering
    layer.saveNamedStyle(str(style), symbology)
    return style
