"""What an embedding carries about itself, and what a user should know of it."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import rasterio

import engine
from engine.jobs.embed import EmbedJob
from engine.model.encoder import ModelInfo
from engine.model.own_layers import WITHOUT_LAYER, own_layer_of
from engine.raster.grid import Grid
from engine.spectrum.assign import Assignment
from engine.spectrum.bands import Band
from engine.tasks.inputs import DetectedImage, PreparedImage


def band_names(width: int, fusion: str, detected: Sequence[DetectedImage]) -> list[str]:
    """Names of the embedding's bands; with features side by side, the image each half belongs to."""
    if fusion == "stack" or len(detected) == 1:
        return [f"feature {number + 1}" for number in range(width)]
    each = width // len(detected)
    return [
        f"{number + 1}: feature {number % each + 1} of {detected[number // each].image.title}"
        for number in range(width)
    ]


def provenance(
    job: EmbedJob,
    model: ModelInfo,
    images: Sequence[PreparedImage],
    grid: Grid,
    device: str,
    own_bands: Sequence[Band],
) -> dict[str, str]:
    """The output's metadata: what was embedded, by which model, from which bands, with which software.

    ``own_bands`` are those that have layers of the user's own.
    """
    versions = {
        name: importlib.metadata.version(name) for name in ("torch", "timm", "rasterio", "numpy", "scikit-image")
    }
    versions |= {"smarties": engine.__version__, "python": platform.python_version(), "gdal": rasterio.__gdal_version__}
    titles = " + ".join(image.detected.image.title for image in images)
    return {
        "TIFFTAG_SOFTWARE": f"SMARTIES for QGIS {engine.__version__}",
        "TIFFTAG_IMAGEDESCRIPTION": f"Embedding of {titles} by {model.title}",
        "SMARTIES_JOB": job.to_json(),
        "SMARTIES_MODEL": _json(
            {
                "name": model.name,
                "title": model.title,
                "sha256": model.sha256,
                "random": model.random,
                "projections": model.projections,
            }
        ),
        "SMARTIES_IMAGES": _json([_image_record(image, own_bands) for image in images]),
        "SMARTIES_GRID": grid.describe(),
        "SMARTIES_LATTICE": _json({"transform": [*grid.transform][:6], "width": grid.width, "height": grid.height}),
        "SMARTIES_DEVICE": device,
        "SMARTIES_VERSIONS": _json(versions),
    }


def _image_record(image: PreparedImage, own_bands: Sequence[Band]) -> dict[str, Any]:
    """The record of an image; bands that ran on a layer of the user's own say so ("own_layer")."""
    record = image.record()
    for band, assignment in zip(record["bands"], image.assignments, strict=True):
        if own_layer_of(assignment, own_bands) is not None:
            band["own_layer"] = True
    return record


def picture_provenance(embedding: dict[str, str], output: Path, picture: Path) -> dict[str, str]:
    """The metadata of a picture of ``output``: where that lies, seen from the picture, and what it was made of."""
    try:
        place = os.path.relpath(output, picture.parent)
    except ValueError:
        # On Windows there is no way from one drive to another.
        place = os.path.abspath(output)
    kept = ("TIFFTAG_SOFTWARE", "SMARTIES_JOB", "SMARTIES_MODEL")
    return {
        **{key: embedding[key] for key in kept},
        "TIFFTAG_IMAGEDESCRIPTION": f"Principal components of: {embedding['TIFFTAG_IMAGEDESCRIPTION']}",
        "SMARTIES_EMBEDDING": Path(place).as_posix(),
    }


def notes_of(images: Sequence[PreparedImage], model: ModelInfo, own_bands: Sequence[Band]) -> Iterator[str]:
    """What the user should know of a finished embedding; ``own_bands`` as in ``provenance``."""
    yield from model_notes(model)
    for image in images:
        title = image.detected.image.title
        yield from (f"{title}: {note}" for note in image.detected.detection.notes)
        yield f"{title}: {image.radiometry.found}; {image.radiometry.action}."
        if image.radiometry.doubt:
            yield f"{title}: {image.radiometry.doubt}"
        yield from band_notes(image.detected, image.assignments, own_bands)


def model_notes(model: ModelInfo) -> Iterator[str]:
    """What the user should know of the model."""
    if model.random:
        yield random_note(model.title)
    yield from model.notes


def random_note(title: str) -> str:
    """What the user should know of a model with random weights."""
    return f"The model is {title}: its embedding shows structure, but knows nothing yet."


def band_notes(detected: DetectedImage, assignments: Sequence[Assignment], own_bands: Sequence[Band]) -> Iterator[str]:
    """Which bands of an image are left out, and which run without a learnt layer or on one of the user's own."""
    title, detection = detected.image.title, detected.detection
    off = [band for band in detection.bands if not band.enabled]
    if off:
        yield f"{title}: {len(off)} of {len(detection.bands)} bands are left out ({_reasons(off)})."
    own = [each.band.name for each in assignments if own_layer_of(each, own_bands) is not None]
    if own:
        yield f"{title}: {_listed(own)} {'runs' if len(own) == 1 else 'run'} on projections of your own."
    interpolated = [
        each.band.name for each in assignments if each.verdict in WITHOUT_LAYER and each.band.name not in own
    ]
    if interpolated:
        named = _listed(interpolated)
        yield f"{title}: no layer was learnt for {named}; {len(interpolated)} band(s) run on interpolated layers."


def _reasons(off: list[Any]) -> str:
    reasons = list(dict.fromkeys(band.note.rstrip(".") or "switched off" for band in off))
    return "; ".join(reasons[:4]) + ("; …" if len(reasons) > 4 else "")


def _listed(names: list[str]) -> str:
    return ", ".join(names[:6]) + (" …" if len(names) > 6 else "")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
