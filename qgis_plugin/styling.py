"""How results look on the map and what their metadata say: an embedding, and the picture of its main components."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence, Tuple, Union

from osgeo import gdal
from qgis.core import (
    QgsContrastEnhancement,
    QgsLayerMetadata,
    QgsMapLayer,
    QgsMultiBandColorRenderer,
    QgsRasterLayer,
    QgsRasterMinMaxOrigin,
)

from .layer_source import title_of
from .translation import tr

#: The custom property of a picture that names the embedding it was made of.
EMBEDDING_PROPERTY = "smarties/embedding"

_TAGS = ("SMARTIES_JOB", "SMARTIES_MODEL", "SMARTIES_IMAGES")


def style_picture(layer: QgsRasterLayer) -> None:
    """Show the bytes of a picture as they are: red, green, blue, and nothing where its alpha band is 0."""
    renderer = QgsMultiBandColorRenderer(layer.dataProvider(), 1, 2, 3)
    if layer.bandCount() > 3:
        renderer.setAlphaBand(4)
    layer.setRenderer(renderer)
    tags = read_tags(layer.source())
    if tags.get("SMARTIES_EMBEDDING"):
        # The tag has the file's name alone, so that both files can move together.
        embedding = Path(layer.source()).parent / tags["SMARTIES_EMBEDDING"]
        layer.setCustomProperty(EMBEDDING_PROPERTY, str(embedding))


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


def write_style(path: Union[str, Path], layer: QgsRasterLayer) -> Path:
    """Write the layer's colours beside the raster at ``path``, where QGIS finds them when it opens the file again."""
    style = Path(path).with_suffix(".qml")
    symbology = QgsMapLayer.StyleCategory.Symbology | QgsMapLayer.StyleCategory.Rendering
    layer.saveNamedStyle(str(style), symbology)
    return style


def set_metadata(layer: QgsRasterLayer) -> None:
    """Fill the layer's metadata from what the engine wrote into the raster; a raster of others is left alone."""
    tags = read_tags(layer.source())
    job, model, images = (_parsed(tags.get(name, "")) for name in _TAGS)
    if not isinstance(model, dict) or not model:
        return
    if images is None and tags.get("SMARTIES_EMBEDDING"):
        # Of a picture's images its embedding tells.
        beside = Path(layer.source()).parent / tags["SMARTIES_EMBEDDING"]
        images = _parsed(read_tags(str(beside)).get("SMARTIES_IMAGES", ""))
    images = [image for image in images if isinstance(image, dict)] if isinstance(images, list) else []
    job = job if isinstance(job, dict) else {}
    metadata: QgsLayerMetadata = layer.metadata()
    names = [str(image.get("name")) for image in images] or [Path(str(path)).stem for path in job.get("inputs") or ()]
    is_picture = bool(tags.get("SMARTIES_EMBEDDING"))
    title = picture_name(names) if is_picture else embedding_name(names)
    metadata.setIdentifier(Path(layer.source()).name)
    metadata.setType("dataset")
    metadata.setTitle(title)
    metadata.setAbstract(_abstract(is_picture, model, images, names, job))
    metadata.setHistory(_history(tags, model, job))
    words = ["SMARTIES", tr("embedding"), str(model.get("name") or ""), *_sensors(images)]
    metadata.setKeywords({"SMARTIES": [word for word in dict.fromkeys(words) if word]})
    metadata.setCrs(layer.crs())
    layer.setMetadata(metadata)


def embedding_name(names: Sequence[str]) -> str:
    """The name of an embedding's layer: «Embedding of S1_x + S2_y»."""
    return tr("Embedding of {images}").format(images=title_of([_stem(name) for name in names]))


def picture_name(names: Sequence[str]) -> str:
    """The name of a picture's layer: «PCA picture of S1_x + S2_y»."""
    return tr("PCA picture of {images}").format(images=title_of([_stem(name) for name in names]))


def is_random(path: str) -> bool:
    """Whether a raster was made by a model with random weights."""
    model = _parsed(read_tags(path).get("SMARTIES_MODEL", ""))
    return isinstance(model, dict) and bool(model.get("random"))


def read_tags(path: str) -> Dict[str, str]:
    """The metadata of a raster file; empty where it cannot be opened."""
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    try:
        dataset = gdal.OpenEx(path, gdal.OF_RASTER)
        return dict(dataset.GetMetadata_Dict()) if dataset is not None else {}
    except RuntimeError:
        # Another plugin may have switched GDAL's exceptions on for the whole process.
        return {}
    finally:
        gdal.PopErrorHandler()


def _stem(name: str) -> str:
    return name[: -len(".tif")] if name.lower().endswith(".tif") else name


def _parsed(text: str) -> Any:
    """JSON values, None where the text is none: a tag may have been cut by another program."""
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def _abstract(
    is_picture: bool, model: Mapping[str, Any], images: Sequence[Any], names: Sequence[str], job: Mapping[str, Any]
) -> str:
    sentences: List[str] = []
    if is_picture:
        sentences.append(
            tr("The three main components of an embedding of {images}, as red, green and blue.").format(
                images=", ".join(names)
            )
        )
    else:
        sentences.append(
            tr("One vector per cell that describes what {images} show there; one feature per band.").format(
                images=", ".join(names)
            )
        )
    sentences.append(tr("Made by {model}.").format(model=model.get("title") or model.get("name")))
    if model.get("random"):
        sentences.append(tr("The weights of this model are random: it shows structure, but knows nothing yet."))
    for image in images:
        bands = [str(band.get("name")) for band in image.get("bands") or ()]
        text = tr("{image}: bands {bands}; {radiometry}.")
        found = (image.get("radiometry") or {}).get("found") or tr("values as stored")
        sentences.append(text.format(image=image.get("name"), bands=_listed(bands), radiometry=found))
    if job.get("chip"):
        sentences.append(tr("Chips of {chip} px.").format(chip=job["chip"]))
    return "\n".join(sentences)


def _history(tags: Mapping[str, str], model: Mapping[str, Any], job: Mapping[str, Any]) -> List[str]:
    lines = []
    if tags.get("TIFFTAG_SOFTWARE"):
        lines.append(tr("Written by {software}").format(software=tags["TIFFTAG_SOFTWARE"]))
    if model.get("sha256"):
        lines.append(tr("Model file: sha256 {digest}").format(digest=model["sha256"]))
    if tags.get("SMARTIES_GRID"):
        lines.append(tr("Grid of the images: {grid}").format(grid=tags["SMARTIES_GRID"]))
    if tags.get("SMARTIES_DEVICE"):
        lines.append(tr("Computed on {device}").format(device=tags["SMARTIES_DEVICE"]))
    lines += [tr("Input: {path}").format(path=path) for path in job.get("inputs") or ()]
    if tags.get("SMARTIES_JOB"):
        lines.append(tr("Job: {job}").format(job=tags["SMARTIES_JOB"]))
    return lines


def _sensors(images: Sequence[Mapping[str, Any]]) -> List[str]:
    return [str(image["sensor"]) for image in images if image.get("sensor")]


def _listed(names: Sequence[str], limit: int = 16) -> str:
    return ", ".join(names[:limit]) + (" …" if len(names) > limit else "")
