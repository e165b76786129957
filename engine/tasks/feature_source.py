"""Where a task's features come from: embeddings the user gives, or ones made of images and kept for the next time."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from engine.errors import JobError, OutputError
from engine.jobs.embed import EmbedJob
from engine.jobs.features import FeatureJob
from engine.progress import CancelCallback, Progress, ProgressCallback
from engine.raster.feature_raster import FeatureRaster, embedding_behind
from engine.tasks import embed
from engine.tasks.embed_setup import set_up
from engine.tasks.feature_cache import cache_job, cached_path, prune, touch
from engine.tasks.provenance import random_note


@dataclass(frozen=True)
class FeatureSource:
    """An embedding to work on, and what the user should know of how it was made; ``reused`` says it was there.

    ``device`` is where the model ran for it, empty where it was there.
    """

    path: Path
    notes: tuple[str, ...] = ()
    reused: bool = True
    device: str = ""


def embedding_job(job: FeatureJob, output: str = "") -> EmbedJob:
    """The job of embedding that a task's settings stand for."""
    names = {field.name for field in dataclasses.fields(FeatureJob)}
    values = {name: value for name, value in vars(job).items() if name in names}
    return EmbedJob(**values, output=output)


def given_embeddings(inputs: tuple[str, ...]) -> list[Path]:
    """The embeddings that ``inputs`` are, pictures standing for theirs; empty where they are images.

    Raises JobError where some are and some are not.
    """
    found = [embedding_behind(name) for name in inputs]
    missing = [name for name, path in zip(inputs, found, strict=True) if path is None]
    if missing and len(missing) < len(found):
        raise JobError(
            f"{Path(missing[0]).name} is an image, others of the inputs are embeddings.",
            "Give either images or embeddings.",
        )
    return [path for path in found if path is not None]


def feature_sources(job: FeatureJob, progress: ProgressCallback, cancelled: CancelCallback) -> list[FeatureSource]:
    """The embeddings a task works on: those given, or the one of its images, made unless it is kept.

    Raises the SmartiesErrors of embedding.
    """
    job.check()
    given = given_embeddings(job.inputs)
    if given:
        return [given_source(path) for path in dict.fromkeys(given)]
    return [made_of_images(embedding_job(job), progress, cancelled)]


def feature_source(job: FeatureJob, progress: ProgressCallback, cancelled: CancelCallback) -> FeatureSource:
    """The one embedding a task works on; as ``feature_sources``, and JobError where several are given."""
    sources = feature_sources(job, progress, cancelled)
    if len(sources) > 1:
        raise JobError(f"{len(sources)} embeddings were given where one is worked on.", "Give one, or images.")
    return sources[0]


def given_source(path: Path) -> FeatureSource:
    """An embedding that the user gave. Raises SourceError where it cannot be read."""
    return FeatureSource(path, _notes(path))


def refuse_to_overwrite(outputs: Iterable[str], sources: Iterable[str | Path]) -> None:
    """Raises OutputError where an output has the name of a file that is read; empty names are passed over."""
    read = {Path(source).expanduser().resolve() for source in sources if str(source)}
    for output in outputs:
        if output and Path(output).resolve() in read:
            raise OutputError(f"{output} is one of the files to read.", "Choose another name for the output.")


def made_of_images(job: EmbedJob, progress: ProgressCallback, cancelled: CancelCallback) -> FeatureSource:
    """The kept embedding of a job of images; made now where there is none."""
    setup = set_up(job)
    path = cached_path(setup)
    if path.is_file():
        touch(path)
        progress(Progress(1, "Taking the embedding made before"))
        return given_source(path)
    result = embed.run(cache_job(job, path), progress, cancelled)
    prune(keep=path)
    return FeatureSource(path, result.notes, reused=False, device=result.device)


def _notes(path: Path) -> tuple[str, ...]:
    """What the user should know of an embedding made before."""
    with FeatureRaster(path) as raster:
        model = raster.record.model
    return (random_note(str(model["title"])),) if model.get("random") else ()
