"""Rasters opened for training: the bands that have a learnt layer of their own, and grids that hold pairs together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from affine import Affine

from engine.errors import JobError, SourceError
from engine.jobs.image import ImageJob
from engine.raster.grid import Grid, common_grid
from engine.raster.radiometry import Radiometry
from engine.raster.reader import GridReader
from engine.spectrum.assign import Assignment
from engine.spectrum.layers import LAYER_BY_KEY
from engine.tasks.inputs import DetectedImage, detect_inputs, radiometry_of, sample
from train.data.readers.source import SkipError

#: A pair whose ratio of pixel sizes differs by more than this factor from the first pair's does not fit its records.
RATIO_TOLERANCE = 1.5


@dataclass(frozen=True)
class OpenedRaster:
    """A raster, the numbers of the bands that are packed, and the keys of their learnt layers."""

    image: DetectedImage
    numbers: tuple[int, ...]
    layers: tuple[str, ...]

    @property
    def sensor(self) -> str:
        """The sensor's name, "unknown" where nothing tells it."""
        return self.image.sensor.name if self.image.sensor else "unknown"

    @property
    def gsd_m(self) -> float | None:
        """Metres per pixel; None without georeference."""
        return self.image.image.grid.gsd_m

    @property
    def names(self) -> tuple[str, ...]:
        """The bands' names."""
        return tuple(self.image.detection.bands[number].name for number in self.numbers)

    @property
    def dtypes(self) -> tuple[str, ...]:
        """The types the bands are stored in."""
        return tuple(self.image.image.dtypes[number] for number in self.numbers)

    def radiometry(self, grid: Grid, estimated: bool) -> Radiometry:
        """The unit of the bands' values. RadiometryError where it is not the sensor's and not ``estimated``."""
        values = sample(self.image, grid, lambda: False)
        return radiometry_of(self.image, values, estimated).select(self.numbers)

    def reader(self, grid: Grid) -> GridReader:
        """A reader of the packed bands on ``grid``."""
        return self.image.reader(grid, self.numbers)


@dataclass(frozen=True)
class Layout:
    """What all records have in common: a crop is ``base`` px of the coarsest image, ``factors`` times that of each."""

    base: int
    factors: tuple[int, ...]
    coarsest: int

    @property
    def pixels(self) -> tuple[int, ...]:
        """The side of each image in px."""
        return tuple(self.base * factor for factor in self.factors)


def open_raster(path: str, sensor: str) -> OpenedRaster:
    """Open a raster and choose its bands. No pixel is read.

    Bands between two learnt layers are left out: there is no layer that could learn them. Of several bands of one
    layer the nearest is taken. Raises SmartiesError for what cannot be opened or has no such band.
    """
    job = ImageJob(inputs=(path,), sensors=(sensor,), allow_outside=True)
    found = detect_inputs(job)
    if len(found) != 1:
        raise SourceError(
            f"{path} holds {len(found)} images: {', '.join(each.image.title for each in found)}.",
            "Name one of them, such as FILE.nc@DATE or a variable.",
        )
    image = found[0]
    best: dict[str, tuple[tuple[bool, float], int]] = {}
    for number, assignment in zip(image.band_numbers, image.assign(job), strict=True):
        if len(assignment.weights) == 1:
            key = assignment.layer_keys[0]
            candidate = (_strangeness(assignment), number)
            best[key] = min(best.get(key, candidate), candidate)
    if not best:
        raise SourceError(f"{path} has no band of a learnt layer.", "Choose another raster.")
    chosen = sorted((number, key) for key, (_, number) in best.items())
    return OpenedRaster(image, tuple(number for number, _ in chosen), tuple(key for _, key in chosen))


def common_layout(opened: Sequence[OpenedRaster], crop: int) -> Layout:
    """The layout of records like ``opened``, with crops of at most ``crop`` px of the finer image. JobError: none."""
    sizes = [each.gsd_m for each in opened]
    factors, coarsest = (1,) * len(opened), 0
    if len(opened) == 2 and sizes[0] is not None and sizes[1] is not None:
        coarsest = int(sizes[1] > sizes[0] * RATIO_TOLERANCE)
        ratio = max(1, round(sizes[coarsest] / sizes[1 - coarsest]))  # type: ignore[operator]
        factors = (ratio, 1) if coarsest else (1, ratio)
    base = crop // max(factors)
    if base < 1:
        raise JobError(
            f"A crop of {crop} px of the finer image is less than one pixel of the other, {max(factors)} times as"
            " large.",
            "Choose a larger --side.",
        )
    return Layout(base, factors, coarsest)


def grids_of(opened: Sequence[OpenedRaster], layout: Layout) -> list[Grid]:
    """The grid each raster is read on: the coarsest one's lattice where all lie, divided for the finer. GridError."""
    lattice = common_grid([each.image.image for each in opened], reference=layout.coarsest)
    if len(opened) == 2 and (fine := opened[1 - layout.coarsest].gsd_m) and (coarse := opened[layout.coarsest].gsd_m):
        ratio, wanted = coarse / fine, max(layout.factors)
        if not wanted / RATIO_TOLERANCE <= ratio <= wanted * RATIO_TOLERANCE:
            raise SkipError(
                "have another ratio of pixel sizes than the first",
                f"{opened[0].image.image.title} & {opened[1].image.image.title} ({ratio:.3g} instead of {wanted})",
            )
    return [_divided(lattice, factor) for factor in layout.factors]


def _divided(grid: Grid, factor: int) -> Grid:
    """The same ground with each pixel divided into ``factor`` × ``factor``."""
    if factor == 1:
        return grid
    return Grid(grid.crs, grid.transform @ Affine.scale(1 / factor), grid.width * factor, grid.height * factor)


def _strangeness(assignment: Assignment) -> tuple[bool, float]:
    """How far a band is from the one its layer was learnt from; smaller is nearer."""
    layer = LAYER_BY_KEY[assignment.layer_keys[0]]
    centre = assignment.band.centre_nm
    return assignment.verdict != "seen", 0.0 if centre is None else abs(centre - layer.centre_nm)
