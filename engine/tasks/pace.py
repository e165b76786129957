"""How fast a model runs here: measured once on a batch of a job's own chips, and remembered."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace

import numpy as np

from engine.model.encoder import ModelInfo
from engine.model.load import identity
from engine.raster.radiometry import Radiometry
from engine.raster.statistics import BandStatistics
from engine.tasks.embed_setup import EmbedSetup
from engine.tasks.features import FeatureExtractor
from engine.tasks.inputs import PreparedImage

#: A measurement takes about as long as this, with so many attempts at most, or so many chips of a slow model:
#: one chip alone says little of a batch where other programs keep the machine busy.
_MEASURE_S = 0.5
_ATTEMPTS = 6
_LEAST_CHIPS = 4

_known: dict[Hashable, Pace] = {}


@dataclass(frozen=True)
class Pace:
    """What a plan needs to know of a model on a device; ``tile_s`` and ``load_s`` are measured seconds."""

    model: ModelInfo
    tokens: int
    patch: int
    model_width: int
    dims: int
    weight_bytes: int
    batch: int
    load_s: float
    tile_s: float


def pace_of(setup: EmbedSetup, cancelled: Callable[[], bool]) -> Pace:
    """The pace of a job's model for chips and bands like the job's.

    Loads the model and runs a batch the first time; afterwards, while the model's file
    stays as it is, only its name is looked up. Raises what ``load_encoder`` raises, CancelledError.
    """
    key = _key(setup)
    if key not in _known:
        _known[key] = _measure(setup, cancelled)
    return _known[key]


def learn(setup: EmbedSetup, tile_s: float) -> None:
    """Put the pace of a finished run in the place of the measured one, if there was any: it tells more."""
    key = _key(setup)
    if key in _known and tile_s > 0:
        _known[key] = replace(_known[key], tile_s=tile_s)


def _key(setup: EmbedSetup) -> Hashable:
    job = setup.job
    # A few bands more or less change little: twelve need no measurement of their own where eleven had one.
    bands = tuple(round(4 * math.log2(len(assigned))) for assigned in setup.assignments)
    # Layers of one's own change no time, but the model that is told of, and whether it fits them.
    own = setup.own.sha256 if setup.own else ""
    return (identity(job.model), own, str(setup.device), setup.precision, setup.chip, job.fusion, job.batch, bands)


def _measure(setup: EmbedSetup, cancelled: Callable[[], bool]) -> Pace:
    job = setup.job
    started = time.monotonic()
    encoder = setup.load_encoder()
    load_s = time.monotonic() - started
    images = [_stand_in(setup, number) for number in range(len(setup.detected))]
    with FeatureExtractor(encoder, images, job.fusion, setup.device, job.batch, cancelled) as extractor:

        def seconds(count: int) -> float:
            side = (setup.chip, setup.chip)
            values = [np.full((count, len(image.assignments), *side), 0.5, np.float32) for image in images]
            valid = [np.ones((count, *side), bool) for _ in images]
            begun = time.monotonic()
            extractor(values, valid, job.level)
            return time.monotonic() - begun

        # The first chip compiles the bands and fills caches.
        seconds(1)
        rates: list[float] = []
        spent = 0.0
        count = min(extractor.batch, _LEAST_CHIPS)
        while not rates or (spent < _MEASURE_S and len(rates) < _ATTEMPTS):
            rates.append(seconds(count) / count)
            spent += rates[-1] * count
            count = min(extractor.batch, max(_LEAST_CHIPS, int(_MEASURE_S / 2 / min(rates))))
        return Pace(
            model=encoder.info,
            tokens=encoder.config.grid,
            patch=encoder.patch,
            model_width=encoder.width,
            dims=extractor.width,
            weight_bytes=sum(weights.numel() * weights.element_size() for weights in encoder.parameters()),
            batch=extractor.batch,
            load_s=load_s,
            # Other programs only ever hold an attempt up.
            tile_s=min(rates),
        )


def _stand_in(setup: EmbedSetup, number: int) -> PreparedImage:
    """The image with made-up radiometry and statistics: they change values, not the time that they take."""
    detected, assignments = setup.detected[number], setup.assignments[number]
    count = len(assignments)
    radiometry = Radiometry((1.0,) * count, (0.0,) * count, (False,) * count, "", "")
    statistics = BandStatistics(
        detected.band_names, (0.0,) * count, (1.0,) * count, (0.5,) * count, (0.3,) * count, "made up"
    )
    return PreparedImage(detected, assignments, radiometry, statistics)
