"""Reads the header of a safetensors file, and trusts nothing in it before it is checked."""

from __future__ import annotations

import json
import math
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import CheckpointError

#: A header of ViT-H is 60 kB, one of a head with a large record 1 MB. The format allows 100 MB, which would take a
#: gigabyte once it is parsed.
MAX_HEADER_BYTES = 16 * 2**20
#: No tensor of a model has more; a product of a million numbers would take hours.
_MAX_DIMENSIONS = 16
#: Weights as float32: four times those of ViT-G/14 (1.8e9 parameters).
_MAX_WEIGHT_BYTES = 32 * 2**30

#: Bytes per value of the types the format knows.
ITEM_BYTES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1,
    "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1,
}  # fmt: skip

_PICKLE_SUFFIXES = (".pth", ".pt", ".bin", ".ckpt", ".pkl", ".pickle")
_ANOTHER = "Choose a SMARTIES model in a .safetensors file."


@dataclass(frozen=True)
class StoredTensor:
    """A tensor as the header describes it: ``dtype`` in the format's words ("F32"), and ``shape``."""

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Header:
    """What a file says it holds: free ``metadata`` and the tensors by name."""

    path: Path
    metadata: dict[str, str]
    tensors: dict[str, StoredTensor]


def read_header(path: str | Path) -> Header:
    """The header of a safetensors file, checked against the file's length; no weights are read.

    CheckpointError when the file is missing, unreadable, truncated, a pickle, not of this format, or holds more
    weights than this machine has memory.
    """
    path = Path(path)
    if path.suffix.lower() in _PICKLE_SUFFIXES:
        raise CheckpointError(
            f"{path.name} is a PyTorch pickle, a kind of file that can run any program when it is opened.",
            "Use the model's .safetensors file instead.",
        )
    if not path.is_file():
        raise CheckpointError(f"There is no model file {path}.", "Check the path.")
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
            # Checked before any memory is taken: eight foreign bytes can ask for exabytes.
            if length < 2 or length > MAX_HEADER_BYTES or length > size - 8:
                raise CheckpointError(f"{path.name} is truncated or not a safetensors file.", _ANOTHER)
            text = file.read(length)
    except OSError as error:
        raise CheckpointError(
            f"{path.name} cannot be read: {error.strerror or error}.", "Check its permissions."
        ) from error
    try:
        header = json.loads(text, object_pairs_hook=_without_duplicates)
        metadata, tensors, end = _parse(header)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"{path.name} is damaged, or not a safetensors file.", _ANOTHER) from error
    if end != size - 8 - length:
        raise CheckpointError(
            f"{path.name} is truncated or damaged: it holds {size:,} bytes, its header tells of {8 + length + end:,}.",
            "Download or copy it again.",
        )
    needed = sum(math.prod(each.shape) * max(4, ITEM_BYTES[each.dtype]) for each in tensors.values())
    if needed > min(_MAX_WEIGHT_BYTES, _installed_bytes()):
        # A sparse file on the disk can hold terabytes of nothing.
        raise CheckpointError(
            f"{path.name} holds {needed / 2**30:,.0f} GiB of weights, more than this machine has memory for.",
            _ANOTHER,
        )
    return Header(path, metadata, tensors)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        # Which of them counts is for each reader to choose: what is checked here might not be what is read.
        raise ValueError("a name stands twice")
    return fields


def _installed_bytes() -> int:
    """The memory of this machine, where the system tells it; else the limit that holds anywhere."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return _MAX_WEIGHT_BYTES


def _parse(header: Any) -> tuple[dict[str, str], dict[str, StoredTensor], int]:
    """Metadata, tensors, and the length of the data they need. ValueError and its like when nonsense."""
    metadata = {str(key): str(value) for key, value in header.pop("__metadata__", {}).items()}
    tensors = {}
    spans = []
    for name, entry in header.items():
        shape = tuple(entry["shape"])
        begin, end = entry["data_offsets"]
        if len(shape) > _MAX_DIMENSIONS:
            raise ValueError(f"{name} has {len(shape)} dimensions")
        if not all(type(number) is int and 0 <= number < 2**63 for number in (*shape, begin, end)):
            raise ValueError(f"impossible numbers for {name}")
        if end - begin != math.prod(shape) * ITEM_BYTES[entry["dtype"]]:
            raise ValueError(f"{name} does not fill its place")
        tensors[name] = StoredTensor(entry["dtype"], shape)
        spans.append((begin, end))
    position = 0
    for begin, end in sorted(spans):
        if begin != position:
            raise ValueError("tensors overlap or leave gaps")
        position = end
    return metadata, tensors, position
