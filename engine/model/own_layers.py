"""Projection layers learnt for bands that the model has none for (METHOD, section 3), kept apart from the model.

A file of them, or a head that was trained with ``--learn-bands``, is a safetensors file with the tensors of
``OwnLayers.tensors`` and, in its metadata, the bands and the model that they belong to.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from engine.errors import BandTableError, CheckpointError
from engine.model.encoder import Encoder
from engine.model.safetensors_file import write_safetensors
from engine.model.safetensors_header import read_header
from engine.spectrum.assign import Assignment
from engine.spectrum.bands import Band
from engine.spectrum.layers import LAYERS
from engine.spectrum.table import band_from_dict, band_to_dict

#: The verdicts of bands that run on layers of others.
WITHOUT_LAYER = ("interpolated", "outside")

#: A layer learnt at one wavelength speaks for bands whose centre is as near as this, as a ratio: another product of
#: the sensor, or its twin on another satellite.
SAME_CENTRE = 0.01

WEIGHT, BIAS = "projections.weight", "projections.bias"
#: Where the metadata of a file of projections hold their description; a head's are among its features (``OWN_BANDS``).
METADATA_KEY = "smarties_projections"
HEAD_KEY, OWN_BANDS = "smarties_head", "own_bands"

_ANOTHER = "Give a head that 'smarties train-head --learn-bands' wrote."


@dataclass(frozen=True, eq=False)
class OwnLayers:
    """Layers for ``bands``: ``weight`` (n, D, P·P) and ``bias`` (n, D), float32, on the CPU.

    ``model_sha256`` and ``model_title`` are those of the model that they were learnt with.
    Raises CheckpointError for shapes that contradict each other and values that are not numbers.
    """

    bands: tuple[Band, ...]
    weight: torch.Tensor
    bias: torch.Tensor
    model_sha256: str
    model_title: str

    def __post_init__(self) -> None:
        count = len(self.bands)
        fits = self.weight.ndim == 3 and self.bias.shape == self.weight.shape[:2] and len(self.weight) == count > 0
        if not fits or any(band.centre_nm is None for band in self.bands):
            raise CheckpointError("The learnt projections do not belong to the bands that they name.", _ANOTHER)
        if not bool(self.weight.isfinite().all() and self.bias.isfinite().all()):
            raise CheckpointError("The learnt projections hold values that are not numbers.", _ANOTHER)

    @cached_property
    def sha256(self) -> str:
        """The digest of values, bands and model, the same in whatever file they lie."""
        words = json.dumps([self.model_sha256, [[band.name, band.centre_nm] for band in self.bands]])
        digest = hashlib.sha256(words.encode())
        for tensor in (self.weight, self.bias):
            digest.update(tensor.numpy().tobytes())
        return digest.hexdigest()

    def tensors(self) -> dict[str, torch.Tensor]:
        """What a file holds of them."""
        return {WEIGHT: self.weight, BIAS: self.bias}

    def description(self) -> dict[str, Any]:
        """What its metadata say of them, as JSON values: "sha256", "model" and "bands".

        A head has them among its features, as ``OWN_BANDS``.
        """
        return {
            "sha256": self.sha256,
            "model": {"sha256": self.model_sha256, "title": self.model_title},
            "bands": [band_to_dict(band) for band in self.bands],
        }

    @staticmethod
    def from_tensors(tensors: Mapping[str, torch.Tensor], description: Mapping[str, Any]) -> OwnLayers:
        """The layers that ``tensors`` and ``description`` stand for. Raises CheckpointError for anything else."""
        try:
            bands = tuple(band_from_dict(band) for band in description["bands"])
            model = description["model"]
            weight, bias = (tensors[name].to("cpu", torch.float32).contiguous() for name in (WEIGHT, BIAS))
            own = OwnLayers(bands, weight, bias, str(model["sha256"]), str(model["title"]))
        except (KeyError, TypeError, AttributeError, BandTableError) as error:
            raise CheckpointError("The learnt projections do not tell what they are for.", _ANOTHER) from error
        if own.sha256 != description.get("sha256"):
            raise CheckpointError("The learnt projections are not those that were saved: the file is damaged.")
        return own


def read_own_layers(path: str | Path) -> OwnLayers:
    """The projections in a file of them, or in a head. Raises CheckpointError where there are none."""
    path = Path(path)
    header = read_header(path)
    try:
        description = _description(header.metadata)
        if description is None or WEIGHT not in header.tensors:
            raise CheckpointError(f"{path.name} holds no projections of bands of your own.", _ANOTHER)
        with safe_open(path, framework="pt", device="cpu") as file:
            # Copied, so that the file can be replaced while they are in use.
            tensors = {name: file.get_tensor(name).clone() for name in (WEIGHT, BIAS)}
        return OwnLayers.from_tensors(tensors, description)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path.name} cannot be read: {error}.", "Copy it again.") from error
    except CheckpointError as error:
        raise CheckpointError(f"{path.name}: {error.message}", error.hint) from error


def save_own_layers(own: OwnLayers, path: Path) -> None:
    """Writes a file of projections, whole or not at all. Raises OutputError where it cannot be written."""
    description = json.dumps(own.description(), ensure_ascii=False)
    write_safetensors(own.tensors(), path, {METADATA_KEY: description})


def add_own_layers(encoder: Encoder, own: OwnLayers) -> None:
    """Adds the layers to a freshly loaded encoder, whose ``info`` tells of them from then on.

    Raises CheckpointError where they were learnt with another model.
    """
    learnt = encoder.spectrum_projection.layers[0].weight
    if own.model_sha256 != encoder.info.sha256 or own.weight.shape[1:] != learnt.shape:
        raise CheckpointError(
            f"The projections were learnt with {own.model_title}, the model is {encoder.info.title}.",
            "Use the same model, or learn them again.",
        )
    encoder.spectrum_projection.append_own(own.bands, own.weight, own.bias)
    encoder.info = replace(encoder.info, projections=own.sha256)


def own_layer_of(assignment: Assignment, bands: Sequence[Band]) -> int | None:
    """Which of ``bands``, that have layers of their own, is the assignment's band; None where none is.

    Only bands without a learnt layer are looked up. The nearest wavelength wins, of equally near ones the one of the
    same name.
    """
    band = assignment.band
    if assignment.verdict not in WITHOUT_LAYER or band.centre_nm is None:
        return None
    found = []
    for place, own in enumerate(bands):
        distance = abs((own.centre_nm or 0.0) / band.centre_nm - 1)
        if distance <= SAME_CENTRE and own.polarisation == band.polarisation:
            found.append((distance, own.name.casefold() != band.name.casefold(), place))
    return min(found)[2] if found else None


def with_own_layers(encoder: Encoder, assignments: Sequence[Assignment]) -> tuple[Assignment, ...]:
    """``assignments`` for the encoder: those of bands that it has layers of their own for ask for these."""
    bands = encoder.spectrum_projection.own_bands
    places = [own_layer_of(assignment, bands) for assignment in assignments]
    return tuple(
        assignment if place is None else replace(assignment, weights=((len(LAYERS) + place, 1.0),))
        for assignment, place in zip(assignments, places, strict=True)
    )


def _description(metadata: Mapping[str, str]) -> Any:
    """The description in a file's metadata, its own or that of the head it belongs to; None where there is none."""
    try:
        if METADATA_KEY in metadata:
            return json.loads(metadata[METADATA_KEY])
        return json.loads(metadata[HEAD_KEY])["features"].get(OWN_BANDS) if HEAD_KEY in metadata else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
