"""What a head maps: its settings for images that are new to it, checked before anything is computed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import CheckpointError, JobError, SourceError
from engine.heads.files import check_fits
from engine.heads.head import HeadInfo
from engine.jobs.embed import EmbedJob
from engine.jobs.image import STATISTICS_AUTO, ImageJob
from engine.jobs.segment import SegmentJob
from engine.log import LOGGER
from engine.model import zoo
from engine.model.digest import file_sha256
from engine.progress import CancelCallback, ProgressCallback
from engine.raster.feature_raster import FeatureRaster, FeatureRecord
from engine.raster.statistics import BandStatistics
from engine.tasks.embed_setup import EmbedSetup, set_up
from engine.tasks.feature_cache import cached_path
from engine.tasks.feature_source import FeatureSource, given_embeddings, made_of_images, refuse_to_overwrite
from engine.tasks.inputs import prepare_images, refuse_to_overwrite_inputs, statistics_text
from engine.tasks.provenance import random_note
from engine.tasks.recorded_statistics import recorded_statistics

#: The settings of images, named alike in every job.
_IMAGE_SETTINGS = tuple(field.name for field in dataclasses.fields(ImageJob))
#: Values whose unit is not known are used as they are: then they have to be of the same unit.
_UNKNOWN_UNIT = "come from the raster itself"


@dataclass(frozen=True)
class Mapped:
    """An embedding to map, and its images (``setup``) where they were given."""

    setup: EmbedSetup | None
    source: FeatureSource


def given_embedding(job: SegmentJob) -> Path | None:
    """The embedding that the job names in place of images, None where it names images."""
    given = given_embeddings(job.inputs)
    if len(given) > 1:
        raise JobError(f"{len(given)} embeddings were given; one is mapped at a time.", "Give one, or its images.")
    return given[0] if given else None


def features_to_map(
    job: SegmentJob, info: HeadInfo, outputs: Sequence[Path], progress: ProgressCallback, cancelled: CancelCallback
) -> Mapped:
    """The embedding that a head of tokens maps; of images it is made, unless it is kept.

    Raises CheckpointError where it is not of the head's language, and the SmartiesErrors of embedding.
    """
    given = given_embedding(job)
    if given is not None:
        refuse_to_overwrite(map(str, outputs), [given])
        with FeatureRaster(given) as raster:
            check_fits(info, raster.record.fingerprint, given.name)
            model = raster.record.model
        return Mapped(None, FeatureSource(given, (random_note(model["title"]),) if model.get("random") else ()))
    setup = images_to_map(job, info, outputs, progress, cancelled)
    if not cached_path(setup).is_file():
        check_model(setup.job.model, info)
    source = made_of_images(setup.job, progress, cancelled)
    with FeatureRaster(source.path) as raster:
        check_fits(info, raster.record.fingerprint, _titles(setup))
        check_units(info, raster.record.images)
    return Mapped(setup, source)


def images_to_map(
    job: SegmentJob, info: HeadInfo, outputs: Sequence[Path], progress: ProgressCallback, cancelled: CancelCallback
) -> EmbedSetup:
    """The images of a job, or those behind its embedding, with the head's settings and statistics.

    Raises CheckpointError where their bands are not the head's, or statistics that were asked for are others.
    """
    given = given_embedding(job)
    images: ImageJob = job
    if given is not None:
        refuse_to_overwrite(map(str, outputs), [given])
        with FeatureRaster(given) as raster:
            check_fits(info, raster.record.fingerprint, given.name)
            images = _images_behind(raster)
    setup = set_up(_job_of_head(job, images, info))
    for path in outputs:
        refuse_to_overwrite_inputs(path, setup.detected)
    statistics = recorded_statistics(info.images, setup.detected, setup.assignments)
    if statistics is None:
        # The bands differ: the sentence tells how.
        check_fits(info, _fingerprint(setup, info, None), _titles(setup))
        raise ValueError("bands that are the head's and are not")
    asked: list[BandStatistics] | None = None
    if images.statistics != STATISTICS_AUTO and given is None:
        asked = [known for known in setup.statistics if known is not None]
        if len(asked) < len(setup.detected):
            prepared = prepare_images(
                setup.job, setup.detected, setup.assignments, setup.statistics, setup.grid, progress, cancelled
            )
            asked = [image.statistics for image in prepared]
        check_fits(info, _fingerprint(setup, info, [vars(each) for each in asked]), _titles(setup))
    if None in setup.statistics and _is_kept(setup, info):
        # Estimated in training from these very images: what was made then is taken again.
        return setup
    return dataclasses.replace(
        setup,
        job=dataclasses.replace(setup.job, statistics=statistics_text([_record(each) for each in statistics])),
        statistics=[*statistics],
    )


def check_model(model: str, info: HeadInfo) -> None:
    """Raises CheckpointError unless ``model`` is the one the head was trained with."""
    named = any(entry.name == model for entry in zoo.entries())
    sha256 = zoo.verified(model)[1] if named else file_sha256(Path(model))
    if sha256 != info.features["model"]["sha256"]:
        raise CheckpointError(
            f"{model} is not the model the head was trained with: its SHA-256 is {sha256[:12]}…, not"
            f" {str(info.features['model']['sha256'])[:12]}….",
            "Train the head again, or bring back the model of then: its file, or the version of SMARTIES it came with.",
        )


def check_units(info: HeadInfo, images: Sequence[dict[str, Any]]) -> None:
    """Raises CheckpointError where values of an unknown unit meet values of another one: nothing converts them."""
    for learnt, mapped in zip(info.images, images, strict=True):
        ours, theirs = learnt["radiometry"], mapped["radiometry"]
        unknown = _UNKNOWN_UNIT in ours["action"] or _UNKNOWN_UNIT in theirs["action"]
        if unknown and ours["found"] != theirs["found"]:
            raise CheckpointError(
                f"{mapped['name']}: {theirs['found']}; the head was trained on {ours['found']}, and nothing tells how"
                " to convert them.",
                "Give an image of the same product, or train a head on this one.",
            )


def _job_of_head(job: SegmentJob, images: ImageJob, info: HeadInfo) -> EmbedJob:
    """The job of embedding images as the head's were; nothing is written yet."""
    learnt = info.features
    settings = {name: getattr(images, name) for name in _IMAGE_SETTINGS}
    settings |= {
        "interpolation": learnt["interpolation"],
        "allow_outside": learnt["allow_outside"] or images.allow_outside,
    }
    return EmbedJob(
        **settings,
        device=job.device,
        precision=job.precision,
        batch=job.batch,
        model=_model_of_head(Path(job.head), info),
        chip=learnt["chip"],
        overlap=learnt["overlap"] if job.overlap is None else job.overlap,
        fusion=learnt["fusion"],
        level=learnt["level"],
        min_valid=learnt["min_valid"],
        projections=str(Path(job.head).with_suffix(".safetensors")) if learnt["projections"] else "",
        output="",
    )


def _model_of_head(head: Path, info: HeadInfo) -> str:
    """What ``--model`` was in training; a file that is not there any more is looked for by its name."""
    source = str(info.features["model"]["source"])
    if any(entry.name == source for entry in zoo.entries()) or Path(source).is_file():
        return source
    for folder in (head.parent, zoo.models_dir()):
        if (folder / Path(source).name).is_file():
            return str(folder / Path(source).name)
    raise CheckpointError(
        f"The head was trained with the model {source}, which is not there.",
        f"Put {Path(source).name} beside the head.",
    )


def _images_behind(raster: FeatureRaster) -> EmbedJob:
    """The job that made an embedding, with the statistics it led to."""
    job = EmbedJob.from_dict(raster.record.job)
    missing = [name for name in job.inputs if not Path(name.split("@")[0]).exists()]
    if missing:
        raise SourceError(
            f"A UPerNet head looks at images, and {missing[0]}, of which {raster.path.name} was made, is not there.",
            "Give the images.",
        )
    return dataclasses.replace(job, statistics=statistics_text([image["statistics"] for image in raster.record.images]))


def _fingerprint(setup: EmbedSetup, info: HeadInfo, statistics: Sequence[dict[str, Any]] | None) -> dict[str, Any]:
    """What the embedding's fingerprint would be; without statistics, of bands that are not the head's."""
    images = [
        {
            "bands": [{"weights": assignment.to_dict()["weights"]} for assignment in assigned],
            "statistics": statistics[number]
            if statistics
            else {key: [0.0] * len(assigned) for key in ("p1", "p99", "mean", "std")},
        }
        for number, assigned in enumerate(setup.assignments)
    ]
    settings = {"chip": setup.chip, "fusion": setup.job.fusion, "level": setup.job.level}
    return FeatureRecord(settings, info.fingerprint["model"], images, {}).fingerprint


def _is_kept(setup: EmbedSetup, info: HeadInfo) -> bool:
    """True where the embedding that the images give by themselves is kept, and is one that the head can read."""
    path = cached_path(setup)
    if not path.is_file():
        return False
    try:
        with FeatureRaster(path) as raster:
            check_fits(info, raster.record.fingerprint, path.name)
    except (CheckpointError, SourceError) as error:
        LOGGER.info("the kept embedding is not taken: %s", error)
        return False
    return True


def _record(statistics: BandStatistics) -> dict[str, Any]:
    """As ``BandStatistics.from_json`` reads them."""
    figures = {key: list(getattr(statistics, key)) for key in ("p1", "p99", "mean", "std")}
    return {"bands": list(statistics.names), **figures, "source": statistics.source}


def _titles(setup: EmbedSetup) -> str:
    return " + ".join(each.image.title for each in setup.detected)
