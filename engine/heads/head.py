"""What every head is: what it was learnt on, its classes, and how vectors become scores and probabilities."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import torch

from engine.errors import CheckpointError
from engine.options import HEADS, MAX_CLASSES, MAX_CLASSES_UINT8
from engine.raster.map_writer import MapClass

#: The form of the JSON that ``HeadInfo.to_json`` writes.
HEAD_FORMAT = 1
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
#: What a head's ``features`` hold, with their types: those of ``FeatureJob``, and the model and the width.
_FEATURES: Mapping[str, type | tuple[type, ...]] = {
    "model": dict, "dims": int, "chip": int, "overlap": (int, float), "fusion": str, "level": str,
    "min_valid": (int, float), "interpolation": str, "allow_outside": bool, "projections": bool,
}  # fmt: skip


@dataclass(frozen=True)
class HeadInfo:
    """What a head was learnt on, and what it tells apart.

    ``kind`` is one of ``engine.options.HEADS``. ``fingerprint`` is that of the embedding it was trained on
    (``FeatureRecord.fingerprint``). ``features`` holds what to embed other images with: "chip", "overlap", "fusion",
    "level", "min_valid", "interpolation" and "allow_outside" as in ``FeatureJob``; "model" with "source" (what
    ``--model`` was), "name", "title", "sha256" and "random"; "dims", the length of a vector; "projections", True
    where the head's tensors carry projections of bands (``projections.*``). ``images`` are the embedding's records of
    its images: bands, statistics, sensor. ``classes`` stand in the order of the scores. ``accuracy`` is the
    measurement of ``engine.heads.accuracy``, None where there is none. ``training`` are the settings of the training,
    ``versions`` the software; ``created`` a date in UTC (ISO 8601).
    """

    kind: str
    fingerprint: dict[str, Any]
    features: dict[str, Any]
    images: list[dict[str, Any]]
    classes: tuple[MapClass, ...]
    accuracy: dict[str, Any] | None
    training: dict[str, Any]
    versions: dict[str, str]
    created: str

    @property
    def dims(self) -> int:
        """The length of a vector that the head takes."""
        return int(self.features["dims"])

    @property
    def dtype(self) -> str:
        """Type of the class raster: "uint8" where every value leaves room for nodata, else "uint16"."""
        return "uint8" if max(each.value for each in self.classes) < MAX_CLASSES_UINT8 else "uint16"

    @property
    def nodata(self) -> int:
        """The class raster's value for places without data."""
        return MAX_CLASSES_UINT8 if self.dtype == "uint8" else MAX_CLASSES

    def with_accuracy(self, accuracy: dict[str, Any] | None) -> HeadInfo:
        """The same, measured."""
        return replace(self, accuracy=accuracy)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values; ``from_dict`` reads them back equal."""
        classes = [{"value": each.value, "name": each.name, "colour": each.colour} for each in self.classes]
        return {"smarties_head": HEAD_FORMAT, **vars(self), "classes": classes}

    def to_json(self) -> str:
        """As JSON text for people and programs."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False)

    @classmethod
    def from_dict(cls, values: Any) -> HeadInfo:
        """From ``to_dict``'s values, checked. Raises ValueError, TypeError or KeyError for anything else."""
        if values["smarties_head"] != HEAD_FORMAT:
            raise ValueError(f"format {values['smarties_head']}")
        if values["kind"] not in HEADS:
            raise ValueError(f"kind {values['kind']}")
        classes = tuple(MapClass(int(each["value"]), str(each["name"]), each["colour"]) for each in values["classes"])
        numbers = [each.value for each in classes]
        if len(set(numbers)) != len(numbers) or len(numbers) < 2 or not 0 <= min(numbers) <= max(numbers) < MAX_CLASSES:
            raise ValueError("impossible classes")
        if not all(_COLOUR.fullmatch(each.colour) for each in classes):
            raise ValueError("impossible colours")
        for name, kind in _FEATURES.items():
            if not isinstance(values["features"][name], kind):
                raise TypeError(f"the setting {name}")
        for name, kind in (("fingerprint", dict), ("images", list), ("training", dict), ("versions", dict)):
            if not isinstance(values[name], kind):
                raise TypeError(name)
        accuracy = values["accuracy"]
        if accuracy is not None and not isinstance(accuracy, dict):
            raise TypeError("accuracy")
        return cls(
            kind=values["kind"],
            fingerprint=values["fingerprint"],
            features=values["features"],
            images=values["images"],
            classes=classes,
            accuracy=accuracy,
            training=values["training"],
            versions=values["versions"],
            created=str(values["created"]),
        )


class TokenHead(ABC):
    """A head that scores each vector on its own; what is scored may be interpolated and only then be compared.

    ``KIND`` is its name in ``engine.options.HEADS``.
    """

    KIND: ClassVar[str]

    def __init__(self, info: HeadInfo) -> None:
        self.info = info

    @abstractmethod
    def scores(self, tokens: torch.Tensor) -> torch.Tensor:
        """Vectors (n, dims) float32 → scores (n, K), on the tensors' device; K classes as in ``info.classes``."""

    @abstractmethod
    def probabilities(self, scores: torch.Tensor) -> torch.Tensor:
        """Scores (…, K), interpolated or not → probabilities (…, K) that add up to 1."""

    @abstractmethod
    def tensors(self) -> dict[str, torch.Tensor]:
        """What the head is, by name, as ``from_tensors`` takes it."""

    @abstractmethod
    def to(self, device: torch.device) -> Self:
        """The same head, computing on ``device``."""

    @classmethod
    @abstractmethod
    def from_tensors(cls, info: HeadInfo, tensors: Mapping[str, torch.Tensor]) -> Self:
        """The head that ``tensors`` gave. Raises CheckpointError where they do not fit."""


def expect_shapes(kind: str, tensors: Mapping[str, torch.Tensor], shapes: Mapping[str, tuple[int | None, ...]]) -> None:
    """Raises CheckpointError unless ``tensors`` has these shapes, in numbers that are finite; None fits any size."""
    for name, shape in shapes.items():
        tensor = tensors.get(name)
        if tensor is None:
            raise CheckpointError(f"The {kind} head lacks its {name}.", "Train it again.")
        fits = len(tensor.shape) == len(shape) and all(
            wanted is None or size == wanted for size, wanted in zip(tensor.shape, shape, strict=False)
        )
        if not fits:
            found, wanted_text = _shape(tuple(tensor.shape)), _shape(shape)
            raise CheckpointError(f"The {kind} head's {name} is {found}, not {wanted_text}.", "Train it again.")
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise CheckpointError(f"The {kind} head's {name} holds numbers that are not finite.", "Train it again.")


def _shape(sizes: tuple[int | None, ...]) -> str:
    return " × ".join("any" if size is None else str(size) for size in sizes)
