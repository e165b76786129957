"""What becomes of maps in QGIS: their colours, names, descriptions and order."""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

from qgis.core import QgsProcessingContext

from ..styling import style_embedding, style_picture
from ..styling_maps import (
    CIVIDIS,
    INFERNO,
    MAGMA,
    VIRIDIS,
    style_bands,
    style_class_polygons,
    style_classes,
    style_found_polygons,
    style_probabilities,
    style_ramp,
)
from ..styling_metadata import images_title
from ..translation import tr
from .layer_styles import MapStyle, arrive

Answer = Mapping[str, Any]


def show_segmentation(answer: Answer, names: Sequence[str], context: QgsProcessingContext) -> None:
    """The class raster, below its polygons; confidence and probabilities below both, switched off."""
    raster, images, classes = str(answer["output"]), images_title(names), existing(answer["classes"])
    below = [path for path in (answer["confidence"], answer["probabilities"]) if path]
    _show(context, raster, raster, partial(style_classes, classes=classes),
          tr("Map of {images}").format(images=images),
          tr("The class of every pixel of {images}.").format(images=images), above=below)  # fmt: skip
    _show(context, answer["polygons"], raster, partial(style_class_polygons, classes=classes),
          tr("Polygons of {images}").format(images=images),
          tr("The areas of each class in {images}.").format(images=images), above=[raster, *below])  # fmt: skip
    _show(context, answer["confidence"], raster, partial(style_ramp, colours=CIVIDIS, low=0.0, high=1.0),
          tr("Confidence in {images}").format(images=images),
          tr("How sure the head is of the class of every pixel, from 0 to 1."), shown=False)  # fmt: skip
    _show(context, answer["probabilities"], raster, style_probabilities,
          tr("Probabilities in {images}").format(images=images),
          tr("The probability of every class in every pixel, one class per band."), shown=False)  # fmt: skip


def show_clusters(answer: Answer, names: Sequence[str], context: QgsProcessingContext) -> None:
    """The raster of clusters."""
    raster, images = str(answer["output"]), images_title(names)
    _show(context, raster, raster, partial(style_classes, classes=existing(answer["clusters"])),
          tr("Clusters of {images}").format(images=images),
          tr("Places of {images} that are alike, in alike colours.").format(images=images))  # fmt: skip


def show_similarity(answer: Answer, names: Sequence[str], context: QgsProcessingContext) -> None:
    """The similarity, and the places found above it."""
    raster, images = str(answer["output"]), images_title(names)
    low, high = answer["value_range"]
    _show(context, raster, raster, partial(style_ramp, colours=VIRIDIS, low=float(low), high=float(high)),
          tr("Similarity in {images}").format(images=images),
          tr("How alike every place of {images} is to the examples, from −1 to 1.").format(images=images))  # fmt: skip
    _show(context, answer["polygons"], raster, style_found_polygons,
          tr("Alike places in {images}").format(images=images),
          tr("Where the similarity is at or above the threshold."), above=[raster])  # fmt: skip


def show_components(answer: Answer, names: Sequence[str], context: QgsProcessingContext) -> None:
    """The components, switched off below their picture."""
    raster, images = str(answer["output"]), images_title(names)
    picture = str(answer["picture"] or "")
    paint = partial(style_embedding, rgb_bands=answer["rgb_bands"], rgb_ranges=answer["rgb_ranges"])
    _show(context, raster, raster, paint,
          tr("Components of {images}").format(images=images),
          tr("The main components of an embedding of {images}, one per band.").format(images=images),
          shown=not picture)  # fmt: skip
    _show(context, picture, raster, partial(style_picture, embedding=raster),
          tr("PCA picture of {images}").format(images=images),
          tr("The first three components as red, green and blue."), above=[raster], legend=False)  # fmt: skip


def show_change(answer: Answer, names: Sequence[str], context: QgsProcessingContext, after: Sequence[str]) -> None:
    """The distance between two dates or sensors."""
    raster, images = str(answer["output"]), images_title(names)
    _show(context, raster, raster, partial(style_ramp, colours=INFERNO),
          tr("Change from {before} to {after}").format(before=images, after=images_title(after)),
          tr("How far the features of every place lie apart: 0 for none, 2 at most."))  # fmt: skip


def show_reconstruction(answer: Answer, names: Sequence[str], context: QgsProcessingContext) -> None:
    """The predicted bands, and the anomaly below them."""
    raster, anomaly, images = str(answer["output"] or ""), str(answer["anomaly"] or ""), images_title(names)
    _show(context, raster, raster, style_bands,
          tr("Bands predicted from {images}").format(images=images),
          tr("What the model expects in bands that {images} lack.").format(images=images),
          above=[anomaly] if anomaly else [])  # fmt: skip
    _show(context, anomaly, anomaly, partial(style_ramp, colours=MAGMA),
          tr("Anomaly of {images}").format(images=images),
          tr("How wrong the model is about a place that it has to guess from those around it."))  # fmt: skip


def existing(classes: Sequence[Mapping[str, Any]]) -> List[Dict[str, Any]]:
    """The classes that occur in a map: a legend of 500 that are not there helps nobody."""
    return [dict(each) for each in classes if each.get("pixels", each.get("share"))]


def _show(
    context: QgsProcessingContext,
    path: Optional[str],
    raster: str,
    paint: Callable[[Any], None],
    title: str,
    what: str,
    above: Sequence[str] = (),
    shown: bool = True,
    legend: bool = True,
) -> None:
    if path:
        arrive(path, MapStyle(title, what, raster, paint, above, shown, legend), title, context)
