"""Embeddings with labels, opened as a training opens them: shared by the tests of what looks at chips."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from engine.jobs.train_head import TrainHeadJob
from engine.raster.feature_raster import FeatureRaster
from engine.tasks.feature_source import feature_sources
from engine.tasks.train_scenes import Scene, scenes_of
from engine.vector.labels import OpenedLabels, open_labels

#: 48 wide, 2 blocks, 6 × 6 tokens: nothing that is tested here asks for more.
MODEL = str(Path(__file__).resolve().parents[1] / "golden" / "autoencoder_tiny.safetensors")


def no_progress(_: object) -> None:
    """Tells nobody."""


def never() -> bool:
    """Is not cancelled."""
    return False


@contextmanager
def opened(job: TrainHeadJob) -> Iterator[tuple[list[Scene], OpenedLabels]]:
    """The scenes of a job with their labels."""
    with ExitStack() as stack:
        sources = feature_sources(job, no_progress, never)
        rasters = [stack.enter_context(FeatureRaster(source.path)) for source in sources]
        grids = [raster.source_grid for raster in rasters]
        labels = open_labels(job.labels, grids, block_px=job.block_px or 16)
        yield scenes_of(rasters, labels, one_source=True), labels
