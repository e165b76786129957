"""The scenes a head is trained on: embeddings that speak one language, and whose polygons are told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import rasterio.warp
from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError

from engine.errors import JobError
from engine.raster.feature_raster import FeatureRaster
from engine.raster.grid import Bounds, Grid
from engine.vector.labels import OpenedLabels, SceneLabels


@dataclass(frozen=True, eq=False)
class Scene:
    """An embedding and the labels on it; ``first_group`` is added to its groups, to tell them from other scenes'."""

    number: int
    raster: FeatureRaster
    labels: SceneLabels
    first_group: int


def scenes_of(rasters: Sequence[FeatureRaster], labels: OpenedLabels, one_source: bool) -> list[Scene]:
    """The scenes of a training.

    On one grid, with labels of ``one_source``, the same polygons have the same groups: of two dates none may teach
    what the other is tested on.
    """
    scenes: list[Scene] = []
    free = 0
    for number, (raster, found) in enumerate(zip(rasters, labels.scenes, strict=True)):
        grid = raster.source_grid
        same = next((each for each in scenes if one_source and each.raster.source_grid.same_as(grid)), None)
        scenes.append(Scene(number, raster, found, same.first_group if same else free))
        free += 0 if same else found.group_count
    return scenes


def check_alike(rasters: Sequence[FeatureRaster]) -> None:
    """Raises JobError unless one head can be trained on all these embeddings together."""
    first = rasters[0]
    for other in rasters[1:]:
        ours, theirs = first.record.fingerprint, other.record.fingerprint
        differing = [name for name in ours if ours[name] != theirs[name]]
        if differing:
            hint = "Embed all scenes with the same model and settings."
            if differing == ["statistics"]:
                hint = "Embed all scenes with one file of 'smarties stats' (--statistics)."
            raise JobError(
                f"{first.path.name} and {other.path.name} cannot be trained on together: they differ in"
                f" {' and '.join(differing)}.",
                hint,
            )


def overlap_warnings(scenes: Sequence[Scene]) -> list[str]:
    """Sentences where what a head was tested on is in part what it learnt from: scenes or chips that overlap."""
    first = scenes[0].raster
    if first.record.level == "chips":
        step = round((~first.source_grid.transform @ first.grid.transform).a)
        if step < first.record.chip:
            return [
                f"Chips overlap by {1 - step / first.record.chip:.0%}: neighbours that were learnt from show part of"
                " what was tested, so the figures may flatter. With --overlap 0 they do not."
            ]
    for number, scene in enumerate(scenes):
        for other in scenes[:number]:
            if scene.first_group != other.first_group and _overlap(scene.raster.source_grid, other.raster.source_grid):
                return [
                    f"{other.raster.path.name} and {scene.raster.path.name} show partly the same place: what is"
                    " labelled in both was learnt from in one and tested in the other, so the figures may flatter."
                ]
    return []


def _overlap(one: Grid, other: Grid) -> bool:
    theirs: Bounds = other.bounds
    if one.crs != other.crs:
        if one.crs is None or other.crs is None:
            return False
        try:
            theirs = rasterio.warp.transform_bounds(other.crs, one.crs, *theirs)
        except (RasterioError, CPLE_BaseError):
            return False
    ours = one.bounds
    return ours[0] < theirs[2] and theirs[0] < ours[2] and ours[1] < theirs[3] and theirs[1] < ours[3]
