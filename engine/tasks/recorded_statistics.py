"""The statistics that an earlier run used, for images that are new: so that their features compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.raster.statistics import BandStatistics
from engine.spectrum.assign import Assignment
from engine.tasks.inputs import DetectedImage

_FIGURES = ("p1", "p99", "mean", "std")
_SAME = 1e-6


def recorded_statistics(
    records: Sequence[Mapping[str, Any]],
    detected: Sequence[DetectedImage],
    assignments: Sequence[Sequence[Assignment]],
) -> list[BandStatistics] | None:
    """The statistics in ``records`` (``FeatureRecord.images``) for new images; None where their bands are others.

    Bands are told by their layers: names and order may be those of another product.
    """
    if len(records) != len(detected):
        return None
    found = []
    for record, image, assigned in zip(records, detected, assignments, strict=True):
        free = list(range(len(record["bands"])))
        order: list[int] = []
        for assignment in assigned:
            weights = assignment.to_dict()["weights"]
            place = next((place for place in free if _alike(record["bands"][place]["weights"], weights)), None)
            if place is None:
                return None
            free.remove(place)
            order.append(place)
        if free:
            return None
        kept = record["statistics"]
        figures = {key: tuple(kept[key][place] for place in order) for key in _FIGURES}
        found.append(BandStatistics(image.band_names, **figures, source=kept.get("source", "")))
    return found


def _alike(own: Mapping[str, float], other: Mapping[str, float]) -> bool:
    return own.keys() == other.keys() and all(abs(own[key] - other[key]) < _SAME for key in own)
