"""Whether two embeddings speak one language, and in which words to say that they do not."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

#: Figures of statistics that were written as text and read again differ by less.
_SAME = 1e-6


def setting_differences(own: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[str]:
    """What makes vectors of two fingerprints (``FeatureRecord.fingerprint``) incomparable, whatever the images are."""
    if own["model"]["sha256"] != other["model"]["sha256"]:
        yield "they are of different models"
    for key, what in (("chip", "chips of {} px and of {} px"), ("fusion", "the fusions “{}” and “{}”")):
        if own[key] != other[key]:
            yield what.format(own[key], other[key])
    if own["level"] != other["level"]:
        yield "one has a vector per token, the other per chip"


def image_differences(own: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[str]:
    """How the bands of two fingerprints and what was made of their values differ."""
    if own["model"].get("projections") != other["model"].get("projections"):
        yield "bands of one's own were projected otherwise"
    if len(own["bands"]) != len(other["bands"]):
        yield f"they are made of {_counted(len(own['bands']), 'image')} and of {len(other['bands'])}"
        return
    for number, (bands, others) in enumerate(zip(own["bands"], other["bands"], strict=True)):
        which = f" in image {number + 1}" if len(own["bands"]) > 1 else ""
        if len(bands) != len(others):
            yield f"there are {_counted(len(bands), 'band')} and {len(others)}{which}"
        elif not all(_same_layers(a, b) for a, b in zip(bands, others, strict=True)):
            yield f"the bands are others{which}"
        elif not _same_statistics(own["statistics"][number], other["statistics"][number]):
            yield f"the statistics differ{which}"


def _same_layers(own: Mapping[str, float], other: Mapping[str, float]) -> bool:
    return own.keys() == other.keys() and _same_figures(own.values(), [other[key] for key in own])


def _same_statistics(own: Mapping[str, Iterable[float]], other: Mapping[str, Iterable[float]]) -> bool:
    return all(_same_figures(own[key], other[key]) for key in own)


def _same_figures(own: Iterable[float], other: Iterable[float]) -> bool:
    pairs = zip(own, other, strict=True)
    return all(math.isclose(a, b, rel_tol=_SAME, abs_tol=_SAME) for a, b in pairs)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
