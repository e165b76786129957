"""What a head says of itself: taken from the embedding it is trained on and from the settings of its training."""

from __future__ import annotations

import datetime
import importlib.metadata
import platform
from dataclasses import replace
from typing import Any

import engine
from engine.errors import CheckpointError
from engine.heads.head import HeadInfo
from engine.jobs.train_head import TrainHeadJob
from engine.log import LOGGER
from engine.model.own_layers import OWN_BANDS, OwnLayers, read_own_layers
from engine.raster.feature_raster import FeatureRaster
from engine.raster.map_writer import MapClass

#: Settings of the embedding that new images are embedded with.
_KEPT = ("chip", "overlap", "fusion", "level", "min_valid", "interpolation", "allow_outside")
#: Settings of the training that describe it.
_TRAINING = (
    "labels", "class_field", "ignore", "balance", "folds", "block_px", "epochs", "learn_bands", "seed",
)  # fmt: skip


def head_info(job: TrainHeadJob, raster: FeatureRaster, classes: tuple[MapClass, ...]) -> HeadInfo:
    """The description of a head that ``job`` trains on ``raster``, not measured yet."""
    record = raster.record
    model = {key: record.model.get(key) for key in ("name", "title", "sha256", "random")}
    features: dict[str, Any] = {name: record.job[name] for name in _KEPT}
    features |= {"model": {"source": record.job["model"], **model}, "dims": raster.dims, "projections": False}
    versions = {name: importlib.metadata.version(name) for name in ("torch", "numpy", "scipy")}
    values = job.to_dict()
    return HeadInfo(
        kind=job.kind,
        fingerprint=record.fingerprint,
        features=features,
        images=record.images,
        classes=classes,
        accuracy=None,
        training={name: values[name] for name in _TRAINING},
        versions={"smarties": engine.__version__, "python": platform.python_version(), **versions},
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )


def own_layers(
    job: TrainHeadJob, raster: FeatureRaster, learnt: OwnLayers | None
) -> tuple[OwnLayers | None, list[str]]:
    """The projections of bands that an embedding was made with, None where there are none; and a note.

    They are those ``learnt`` for it, else read again from where they were: a head carries them with it.
    """
    wanted = raster.record.model.get("projections")
    if not wanted:
        return None, []
    if learnt is not None:
        return learnt, []
    for name in (str(raster.record.job.get("projections") or ""), job.projections):
        try:
            found = read_own_layers(name) if name else None
        except CheckpointError as error:
            LOGGER.info("no projections for the head: %s", error)
            continue
        if found is not None and found.sha256 == wanted:
            return found, []
    return None, [
        f"The projections that {raster.path.name} was made with are not there any more: the head maps embeddings made"
        " with them, not images."
    ]


def with_own_layers(info: HeadInfo, own: OwnLayers | None) -> HeadInfo:
    """The description of a head whose file also holds ``own``."""
    if own is None:
        return info
    return replace(info, features=info.features | {"projections": True, OWN_BANDS: own.description()})
