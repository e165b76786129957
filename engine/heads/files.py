"""Heads in files: safetensors whose header carries all that is known of them, and the same as JSON beside it."""

from __future__ import annotations

import importlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save

from engine.errors import CheckpointError
from engine.heads.head import HeadInfo, TokenHead
from engine.model.own_layers import OwnLayers
from engine.model.safetensors_header import read_header

if TYPE_CHECKING:
    from engine.heads.upernet import UPerNetHead

#: The entry of a safetensors header that holds ``HeadInfo.to_dict`` as JSON.
METADATA_KEY = "smarties_head"
#: Kind of head → module and class; modules are loaded when a head of theirs is.
_CLASSES: Mapping[str, tuple[str, str]] = {
    "linear": ("engine.heads.linear", "LinearHead"),
    "knn": ("engine.heads.knn", "KnnHead"),
    "conv": ("engine.heads.conv", "ConvHead"),
    "upernet": ("engine.heads.upernet", "UPerNetHead"),
}
#: Tensors of ``engine.model.own_layers`` in the same file.
_PROJECTIONS = "projections."
_TRAIN = "Give a .safetensors file that 'smarties train-head' wrote."
#: Figures of statistics that are written as text and read again differ by less.
_SAME = 1e-6


def json_beside(head: str | Path) -> Path:
    """The name of the JSON file that describes a head."""
    return Path(head).with_suffix(".json")


def save_head(tensors_file: Path, json_file: Path, head: TokenHead | UPerNetHead, own: OwnLayers | None = None) -> None:
    """Writes both files of a head, under whatever names (those of ``Outputs``).

    ``own`` are the projections of bands that it was trained with, which go into the same file.
    """
    both = head.tensors() | (own.tensors() if own else {})
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in both.items()}
    metadata = {METADATA_KEY: json.dumps(head.info.to_dict(), ensure_ascii=False)}
    # Not save_file, which makes files that only their owner can read.
    tensors_file.write_bytes(save(tensors, metadata=metadata))
    json_file.write_text(head.info.to_json() + "\n", encoding="utf-8")


def read_info(path: str | Path) -> HeadInfo:
    """What is known of a head, without its numbers. Raises CheckpointError as ``load_head`` does."""
    path = _safetensors_of(path)
    try:
        header = read_header(path)
    except CheckpointError as error:
        raise CheckpointError(error.message, _TRAIN) from error
    text = header.metadata.get(METADATA_KEY)
    if text is None:
        raise CheckpointError(f"{path.name} is no head: nothing in it says what it was trained on.", _TRAIN)
    try:
        return HeadInfo.from_dict(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise CheckpointError(
            f"What {path.name} says of itself is damaged, or of another version of this software.", "Train it again."
        ) from error


def load_head(path: str | Path) -> TokenHead | UPerNetHead:
    """The head of a file (or of the JSON beside one), on the CPU.

    CheckpointError for a file that is missing, damaged, or no head.
    """
    info = read_info(path)
    path = _safetensors_of(path)
    try:
        tensors = {name: each for name, each in load_file(path).items() if not name.startswith(_PROJECTIONS)}
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{path.name} cannot be read: {error}.", "Copy it again, or train it again.") from error
    module, name = _CLASSES[info.kind]
    head: TokenHead | UPerNetHead = getattr(importlib.import_module(module), name).from_tensors(info, tensors)
    return head


def check_fits(info: HeadInfo, fingerprint: Mapping[str, Any], what: str) -> None:
    """Raises CheckpointError unless features of ``fingerprint`` speak the language the head learnt.

    ``what`` names the features in the sentence, for instance the file of an embedding.
    """
    differences = list(_differences(info.fingerprint, fingerprint, info))
    if differences:
        raise CheckpointError(
            f"The head does not fit {what}: {'; '.join(differences)}.",
            "Give the images the head was trained for, or train a head on these.",
        )


def _safetensors_of(path: str | Path) -> Path:
    path = Path(path)
    path = path.with_suffix(".safetensors") if path.suffix.lower() == ".json" else path
    if not path.is_file():
        raise CheckpointError(f"There is no head {path}.", _TRAIN)
    return path


def _differences(ours: Mapping[str, Any], theirs: Mapping[str, Any], info: HeadInfo) -> Iterator[str]:
    """What keeps a head of fingerprint ``ours`` from being used on features of fingerprint ``theirs``, in words."""
    if ours["model"].get("sha256") != theirs["model"].get("sha256"):
        name = info.features["model"].get("title") or info.features["model"].get("name") or "another model"
        yield f"it was trained on {name}, and these features are of another model"
    elif (ours["model"].get("projections") or "") != (theirs["model"].get("projections") or ""):
        yield "the projections learnt for its own bands differ"
    if len(ours["bands"]) != len(theirs["bands"]):
        yield f"it was trained on {_images(len(ours['bands']))}, not on {_images(len(theirs['bands']))}"
    else:
        bands = list(_band_differences(ours, theirs, info))
        yield from bands
        if not bands:
            yield from _statistics_differences(ours, theirs, info)
    for key, sentence in (
        ("chip", "it was trained with chips of {} px, not of {}"),
        ("fusion", "it was trained with the fusion “{}”, not “{}”"),
        ("level", "it was trained on one vector per {}, not per {}"),
    ):
        if ours[key] != theirs[key]:
            values = (str(side[key]).removesuffix("s") if key == "level" else side[key] for side in (ours, theirs))
            yield sentence.format(*values)


def _band_differences(ours: Mapping[str, Any], theirs: Mapping[str, Any], info: HeadInfo) -> Iterator[str]:
    for number, (own, other) in enumerate(zip(ours["bands"], theirs["bands"], strict=True)):
        if len(own) == len(other) and all(_same_layers(a, b) for a, b in zip(own, other, strict=True)):
            continue
        named = ", ".join(str(band["name"]) for band in info.images[number]["bands"])
        which = f" of image {number + 1}" if len(ours["bands"]) > 1 else ""
        if len(own) != len(other):
            yield f"it was trained on {len(own)} bands{which} ({named}), not on {len(other)}"
        else:
            yield f"it was trained on the bands {named}{which}, and these are others"


def _statistics_differences(ours: Mapping[str, Any], theirs: Mapping[str, Any], info: HeadInfo) -> Iterator[str]:
    for number, (own, other) in enumerate(zip(ours["statistics"], theirs["statistics"], strict=True)):
        if all(_same_figures(own[key], other[key]) for key in own):
            continue
        which = f"image {number + 1}" if len(ours["statistics"]) > 1 else "the image"
        source = info.images[number]["statistics"].get("source") or "unknown"
        yield f"the statistics of {which} are not those the head was trained with ({source})"


def _same_layers(own: Mapping[str, float], other: Mapping[str, float]) -> bool:
    return own.keys() == other.keys() and all(math.isclose(own[key], other[key], abs_tol=_SAME) for key in own)


def _same_figures(own: Iterable[float], other: Iterable[float]) -> bool:
    pairs = list(zip(own, other, strict=True))
    return all(math.isclose(a, b, rel_tol=_SAME, abs_tol=_SAME) for a, b in pairs)


def _images(count: int) -> str:
    return "one image" if count == 1 else f"{count} images"
