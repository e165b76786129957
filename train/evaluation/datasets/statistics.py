"""Statistics of datasets: published figures, or estimated from training images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from engine.errors import SourceError
from engine.raster.statistics import BandStatistics, StreamingStatistics

FOLDER = Path(__file__).resolve().parents[1] / "statistics"
PUBLISHED = "published with the paper's code"

#: Training images that an estimate is made from, at most.
ESTIMATE_IMAGES = 500

#: Reads an image (C, h, w) and its valid pixels (h, w), None where all are.
ReadImage = Callable[[str], tuple[np.ndarray, np.ndarray | None]]


def published_statistics(name: str, bands: Sequence[str] = ()) -> BandStatistics:
    """The published statistics called ``name``, of ``bands`` in that order (all in the order of the files without)."""
    statistics = BandStatistics.from_json((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return statistics.select(bands or statistics.names)


def estimate_from(train: Sequence[str], what: str) -> tuple[str, ...]:
    """At most ESTIMATE_IMAGES of the training samples, evenly spread. SourceError where there is none."""
    if not train:
        raise SourceError(
            f"{what} has no training samples here, from which its statistics would be estimated.",
            "Check that the folder holds the training part, and that the split file names some of it.",
        )
    places = np.linspace(0, len(train) - 1, min(len(train), ESTIMATE_IMAGES)).round().astype(int)
    return tuple(train[place] for place in places)


def estimate_statistics(train: Sequence[str], read: ReadImage, names: Sequence[str], what: str) -> BandStatistics:
    """The statistics of the bands ``names``, of at most ESTIMATE_IMAGES of the training samples.

    The same samples give the same figures. SourceError where there is no sample, StatisticsError for a band without
    a valid pixel.
    """
    streaming: StreamingStatistics | None = None
    for sample_id in estimate_from(train, what):
        image, valid = read(sample_id)
        if streaming is None:
            streaming = StreamingStatistics(len(names), image.dtype)
        streaming.update(image, np.ones(image.shape[1:], bool) if valid is None else valid)
    assert streaming is not None, "estimate_from() gives at least one sample"
    return streaming.result(names, f"estimated from {min(len(train), ESTIMATE_IMAGES)} training images")
