"""Embeddings kept between runs, by a hash of what they were made of: training again takes seconds."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from engine import __version__
from engine.jobs.embed import EmbedJob
from engine.log import LOGGER

if TYPE_CHECKING:
    from engine.tasks.embed_setup import EmbedSetup

#: What the kept embeddings may take on disk together, unless $SMARTIES_CACHE_GB says otherwise.
_MOST_BYTES = 20e9
#: The settings of a job that change nothing of its embedding, or stand in the key by what they led to.
_IDLE = (
    *("output", "dtype", "cog", "picture", "overwrite", "resume", "device", "batch", "inputs", "band_tables"),
    *("grid_like", "reference", "extent", "extent_crs", "crs", "resolution"),
    *("statistics", "projections", "model", "precision", "chip", "interpolation", "allow_outside"),
)


def cache_folder() -> Path:
    """Where embeddings are kept: ``$SMARTIES_CACHE``, else in the user's cache folder of this platform."""
    chosen = os.environ.get("SMARTIES_CACHE")
    return (
        Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("smarties", appauthor=False) / "features"
    )


def cached_path(setup: EmbedSetup) -> Path:
    """Where the embedding of a job is kept, whether it is there or not: named after all that it depends on."""
    return cache_folder() / f"{embedding_digest(setup)}.tif"


def embedding_digest(setup: EmbedSetup) -> str:
    """``embedding_key`` as 32 hexadecimal digits."""
    text = json.dumps(embedding_key(setup), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def embedding_key(setup: EmbedSetup) -> dict[str, Any]:
    """All that an embedding depends on, but for the type of its values.

    Files count by path, size and time of change, statistics and projections by their values.
    """
    # Imported here: looking after the folder, and an index in it, needs no model and not the seconds that torch takes.
    from engine.model.load import identity

    job = setup.job
    return {
        "version": __version__,
        "job": {name: value for name, value in job.to_dict().items() if name not in _IDLE},
        "chip": setup.chip,
        "precision": setup.precision,
        "model": identity(job.model),
        "grid": [*setup.grid.transform, setup.grid.width, setup.grid.height, str(setup.grid.crs)],
        "images": [[_file(path) for path in each.image.paths] for each in setup.detected],
        "bands": [[assignment.to_json() for assignment in assigned] for assigned in setup.assignments],
        # Estimated ones follow from images, bands and grid.
        "statistics": [
            None if known is None else [known.p1, known.p99, known.mean, known.std] for known in setup.statistics
        ],
        "projections": setup.own.sha256 if setup.own else "",
        "tables": [None if each.table is None else each.table.radiometry for each in setup.detected],
    }


def cache_job(job: EmbedJob, path: Path) -> EmbedJob:
    """The job that makes the embedding to be kept: in half precision, which changes no class and no colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return dataclasses.replace(job, output=str(path), picture="", dtype="float16", overwrite=True)


def touch(path: Path) -> None:
    """Remember that a kept embedding was used."""
    try:
        os.utime(path)
    except OSError as error:
        LOGGER.info("the time of %s cannot be set: %s", path, error)


def prune(keep: Path | None = None) -> None:
    """Remove the embeddings that were not used for longest until the rest fits; never ``keep``."""
    limit = float(os.environ.get("SMARTIES_CACHE_GB", _MOST_BYTES / 1e9)) * 1e9
    files = sorted(_kept(), key=lambda item: item[1].st_mtime, reverse=True)
    total = 0.0
    for path, status in files:
        total += status.st_size
        if total > limit and path != keep:
            LOGGER.info("removing %s from the cache", path)
            path.unlink(missing_ok=True)


def clear() -> tuple[int, int]:
    """Remove every kept file; gives their number and their bytes."""
    files = _kept()
    for path, _ in files:
        path.unlink(missing_ok=True)
    return len(files), sum(status.st_size for _, status in files)


def usage() -> tuple[int, int]:
    """The number of kept files and their bytes."""
    files = _kept()
    return len(files), sum(status.st_size for _, status in files)


def _kept() -> list[tuple[Path, os.stat_result]]:
    folder = cache_folder()
    if not folder.is_dir():
        return []
    files = []
    for path in folder.iterdir():
        try:
            if path.is_file() and not path.name.startswith("."):
                files.append((path, path.stat()))
        except FileNotFoundError:
            continue
    return files


def _file(path: Path) -> list[object]:
    status = path.stat()
    return [str(path.resolve()), status.st_size, status.st_mtime_ns]
