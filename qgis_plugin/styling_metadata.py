"""What the metadata of result layers say, in plain words, and what the layers are called."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Mapping, Sequence

from qgis.core import QgsLayerMetadata, QgsMapLayer

from .layer_source import title_of
from .picture_embedding import embedding_of
from .raster_tags import EMBEDDING_TAG, parsed_tag, read_embedding_tags, read_tags
from .translation import tr


def set_metadata(layer: QgsMapLayer, source: str = "", title: str = "", what: str = "") -> None:
    """Fill the layer's metadata from what the engine wrote into the raster; those of a raster of others are left alone.

    ``source``: the raster with the tags, where it is not the layer's own. ``title`` and ``what``, a sentence, say what
    the layer is; without them it is an embedding, or the picture of one.
    """
    path = source or layer.source()
    tags = read_tags(path)
    job, model, images = (parsed_tag(tags, name) for name in ("SMARTIES_JOB", "SMARTIES_MODEL", "SMARTIES_IMAGES"))
    if not isinstance(model, dict) or not model:
        return
    if images is None and not source:
        # Of a picture's images its embedding tells.
        images = parsed_tag(read_embedding_tags(embedding_of(layer)), "SMARTIES_IMAGES")
    images = [image for image in images if isinstance(image, dict)] if isinstance(images, list) else []
    job = job if isinstance(job, dict) else {}
    names = [str(image.get("name")) for image in images] or [Path(str(path)).stem for path in job.get("inputs") or ()]
    is_picture = bool(tags.get(EMBEDDING_TAG))
    metadata: QgsLayerMetadata = layer.metadata()
    metadata.setIdentifier(Path(layer.source().split("|")[0]).name)
    metadata.setType("dataset")
    metadata.setTitle(title or (picture_name(names) if is_picture else embedding_name(names)))
    metadata.setAbstract(_abstract(what or _what(is_picture, names), model, images, job))
    metadata.setHistory(_history(tags, model, job))
    words = ["SMARTIES", tr("map") if what else tr("embedding"), str(model.get("name") or ""), *_sensors(images)]
    metadata.setKeywords({"SMARTIES": [word for word in dict.fromkeys(words) if word]})
    metadata.setCrs(layer.crs())
    layer.setMetadata(metadata)


def embedding_name(names: Sequence[str]) -> str:
    """The name of an embedding's layer: «Embedding of S1_x + S2_y»."""
    return tr("Embedding of {images}").format(images=images_title(names))


def picture_name(names: Sequence[str]) -> str:
    """The name of a picture's layer: «PCA picture of S1_x + S2_y»."""
    return tr("PCA picture of {images}").format(images=images_title(names))


def images_title(names: Sequence[str]) -> str:
    """Images as one name, without endings: «S1_x + S2_y»."""
    return title_of([_stem(name) for name in names])


def _stem(name: str) -> str:
    return name[: -len(".tif")] if name.lower().endswith(".tif") else name


def _what(is_picture: bool, names: Sequence[str]) -> str:
    images = ", ".join(names)
    if is_picture:
        return tr("The three main components of an embedding of {images}, as red, green and blue.").format(
            images=images
        )
    return tr("One vector per cell that describes what {images} show there; one feature per band.").format(
        images=images
    )  # fmt: skip


def _abstract(what: str, model: Mapping[str, Any], images: Sequence[Any], job: Mapping[str, Any]) -> str:
    sentences = [what, tr("Made by {model}.").format(model=model.get("title") or model.get("name"))]
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
    inputs = [*(job.get("inputs") or ()), *(job.get("after") or ())]
    lines += [tr("Input: {path}").format(path=path) for path in inputs]
    if job.get("head"):
        lines.append(tr("Head: {path}").format(path=job["head"]))
    if tags.get("SMARTIES_JOB"):
        lines.append(tr("Job: {job}").format(job=tags["SMARTIES_JOB"]))
    return lines


def _sensors(images: Sequence[Mapping[str, Any]]) -> List[str]:
    return [str(image["sensor"]) for image in images if image.get("sensor")]


def _listed(names: Sequence[str], limit: int = 16) -> str:
    return ", ".join(names[:limit]) + (" …" if len(names) > limit else "")
