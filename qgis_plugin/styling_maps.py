"""How maps look: classes in their colours, values along a ramp with a legend, bands stretched, polygons of classes."""

from __future__ import annotations

import math
from typing import Any, List, Mapping, Optional, Sequence, Tuple

from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsColorRampShader,
    QgsContrastEnhancement,
    QgsFillSymbol,
    QgsGradientColorRamp,
    QgsGradientStop,
    QgsMultiBandColorRenderer,
    QgsPalettedRasterRenderer,
    QgsRasterLayer,
    QgsRasterMinMaxOrigin,
    QgsRasterShader,
    QgsRendererCategory,
    QgsSingleBandGrayRenderer,
    QgsSingleBandPseudoColorRenderer,
    QgsSingleSymbolRenderer,
    QgsVectorLayer,
)
from qgis.PyQt.QtGui import QColor

from .styling import style_stretched

#: Ramps whose steps look alike large, from matplotlib (CC0), at even distances.
VIRIDIS = ("#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725")
CIVIDIS = ("#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838")
MAGMA = ("#000004", "#1c1044", "#4f127b", "#812581", "#b5367a", "#e55064", "#fb8761", "#fec287", "#fcfdbf")
INFERNO = ("#000004", "#210c4a", "#57106e", "#8a226a", "#bc3754", "#e45a31", "#f98e09", "#f9cb35", "#fcffa4")

#: The shares of the pixels that lie below the ends of a measured ramp.
CUT = (0.02, 0.98)
#: Pixels that are enough to measure it, as QGIS itself has it.
_SAMPLE = 250_000


def style_classes(layer: QgsRasterLayer, classes: Sequence[Mapping[str, Any]]) -> None:
    """Show a class raster in the colours of its classes, their names as the legend."""
    entries = [
        QgsPalettedRasterRenderer.Class(int(each["value"]), QColor(str(each["colour"])), str(each["name"]))
        for each in classes
    ]
    layer.setRenderer(QgsPalettedRasterRenderer(layer.dataProvider(), 1, entries))


def style_ramp(
    layer: QgsRasterLayer, colours: Sequence[str], low: Optional[float] = None, high: Optional[float] = None
) -> None:
    """Show the first band along a ramp from ``low`` to ``high``; an end that is None is cut at 2 % of the pixels."""
    if low is None or high is None:
        measured = _cut(layer)
        low = measured[0] if low is None else low
        high = measured[1] if high is None else high
    low, high = _rounded(low, high)
    function = QgsColorRampShader(low, high, _gradient(colours))
    function.classifyColorRamp()
    shader = QgsRasterShader(low, high)
    shader.setRasterShaderFunction(function)
    renderer = QgsSingleBandPseudoColorRenderer(layer.dataProvider(), 1, shader)
    renderer.setClassificationMin(low)
    renderer.setClassificationMax(high)
    layer.setRenderer(renderer)


def style_bands(layer: QgsRasterLayer) -> None:
    """Show three bands as red, green and blue, or the first of fewer in grey, stretched to what is in them."""
    if layer.bandCount() >= 3:
        style_stretched(layer, (1, 2, 3))
        return
    layer.setRenderer(QgsSingleBandGrayRenderer(layer.dataProvider(), 1))
    layer.setContrastEnhancement(
        QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum,
        QgsRasterMinMaxOrigin.Limits.CumulativeCut,
    )


def style_probabilities(layer: QgsRasterLayer) -> None:
    """Show the probabilities of the first three classes as red, green and blue, of two those of the second."""
    if layer.bandCount() < 3:
        style_ramp(layer, CIVIDIS, 0.0, 1.0)
        return
    provider = layer.dataProvider()
    renderer = QgsMultiBandColorRenderer(provider, 1, 2, 3)
    setters = (
        renderer.setRedContrastEnhancement,
        renderer.setGreenContrastEnhancement,
        renderer.setBlueContrastEnhancement,
    )
    for band, set_enhancement in enumerate(setters, 1):
        enhancement = QgsContrastEnhancement(provider.dataType(band))
        enhancement.setContrastEnhancementAlgorithm(
            QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum
        )
        enhancement.setMinimumValue(0.0)
        enhancement.setMaximumValue(1.0)
        set_enhancement(enhancement)
    layer.setRenderer(renderer)


def style_class_polygons(layer: QgsVectorLayer, classes: Sequence[Mapping[str, Any]]) -> None:
    """Show polygons of classes in the colours of the raster they came from."""
    categories = [
        QgsRendererCategory(int(each["value"]), _fill(str(each["colour"])), str(each["name"])) for each in classes
    ]
    layer.setRenderer(QgsCategorizedSymbolRenderer("value", categories))


def style_training(layer: QgsVectorLayer) -> None:
    """Show the sample scene's training polygons by class, each in the colour that its feature names."""
    colours = {str(feature["class"]): str(feature["colour"]) for feature in layer.getFeatures()}
    categories = [QgsRendererCategory(name, _fill(colour), name) for name, colour in sorted(colours.items())]
    layer.setRenderer(QgsCategorizedSymbolRenderer("class", categories))


def style_found_polygons(layer: QgsVectorLayer) -> None:
    """Show found places by a line that is seen on any map, filled so lightly that it is seen through."""
    symbol = QgsFillSymbol.createSimple(
        {"color": "255,0,144,40", "outline_color": "255,0,144,255", "outline_width": "0.5"}
    )
    layer.setRenderer(QgsSingleSymbolRenderer(symbol))


def _fill(colour: str) -> QgsFillSymbol:
    darker = QColor(colour).darker(160)
    outline = f"{darker.red()},{darker.green()},{darker.blue()},255"
    return QgsFillSymbol.createSimple({"color": colour, "outline_color": outline, "outline_width": "0.2"})


def _gradient(colours: Sequence[str]) -> QgsGradientColorRamp:
    last = len(colours) - 1
    stops: List[QgsGradientStop] = [
        QgsGradientStop(place / last, QColor(colour)) for place, colour in enumerate(colours) if 0 < place < last
    ]
    return QgsGradientColorRamp(QColor(colours[0]), QColor(colours[-1]), False, stops)


def _cut(layer: QgsRasterLayer) -> Tuple[float, float]:
    """The values between which most pixels lie; apart from each other even where all are one."""
    provider = layer.dataProvider()
    whole = provider.bandStatistics(1, sampleSize=_SAMPLE)
    low, high = float(whole.minimumValue), float(whole.maximumValue)
    if low < high:
        low, high = provider.cumulativeCut(1, *CUT, sampleSize=_SAMPLE)
    # Where there is no value at all, the smallest is larger than the largest.
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        return 0.0, 1.0
    return (low, high) if low < high else (low - 0.5, low + 0.5)


def _rounded(low: float, high: float) -> Tuple[float, float]:
    """The ends of a ramp as a legend shows them: to a hundredth of what lies between them, or a little finer."""
    if not low < high:
        return low, high
    digits = 2 - math.floor(math.log10(high - low))
    return round(low, digits), round(high, digits)
