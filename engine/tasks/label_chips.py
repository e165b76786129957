"""Chips that hold labels, of the images behind embeddings: what learning inside the model looks at."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from engine.errors import CancelledError, CheckpointError, JobError, SourceError
from engine.heads.folds import Strata
from engine.jobs.embed import EmbedJob
from engine.jobs.train_head import TrainHeadJob
from engine.model.encoder import Encoder
from engine.progress import CancelCallback, Progress, ProgressCallback
from engine.raster.feature_raster import FeatureRaster
from engine.raster.map_writer import MapClass
from engine.raster.reader import GridReader
from engine.raster.strips import mirror
from engine.raster.tiles import TilePlan
from engine.tasks.embed_setup import EmbedSetup, set_up
from engine.tasks.features import FeatureExtractor
from engine.tasks.inputs import PreparedImage, prepare_images, statistics_text

if TYPE_CHECKING:
    from engine.tasks.train_scenes import Scene

#: Chips that are learnt from at most: 6 million pixels at 112 px a side, hours of training on a CPU.
MOST_CHIPS = 512


@dataclass(frozen=True, eq=False)
class ImagesBehind:
    """The images that an embedding was made of, ready for the model, and its tiles."""

    setup: EmbedSetup
    images: list[PreparedImage]
    plan: TilePlan


@dataclass(eq=False)
class LabelChips:
    """n chips of one or several scenes, with their labels; a context manager while pixels are read.

    ``encoder`` is the model of all scenes, on its device. ``scene`` (n,) numbers ``behind``; ``corners`` (n, 2) are
    the first row and column of each chip in its scene's pixels. ``classes`` (n, chip, chip) int32 is -1 where nothing
    is labelled or an image has no data, ``groups`` alike; groups are counted through all scenes. ``cores`` (n, 4): the
    rows and columns of a chip in which it, and no overlapping chip, speaks for a place. ``notes`` are for the user.
    """

    encoder: Encoder
    behind: list[ImagesBehind]
    scene: np.ndarray
    corners: np.ndarray
    classes: np.ndarray
    groups: np.ndarray
    cores: np.ndarray
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        self._stack = ExitStack()
        self._readers: dict[int, list[GridReader]] = {}

    def __len__(self) -> int:
        return len(self.scene)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._readers = {}
        self._stack.close()

    @property
    def chip(self) -> int:
        """Source pixels along a side."""
        return self.classes.shape[1]

    def extractor(self, scene: int, cancelled: CancelCallback) -> FeatureExtractor:
        """What encodes chips of a scene."""
        behind = self.behind[scene]
        job, device = behind.setup.job, behind.setup.device
        return FeatureExtractor(self.encoder, behind.images, job.fusion, device, job.batch, cancelled)

    @property
    def setup(self) -> EmbedSetup:
        """The settings of the first scene; model, chip, fusion, level and device are those of all."""
        return self.behind[0].setup

    def core(self, number: int) -> tuple[slice, slice]:
        """The rows and columns of a chip in which it alone speaks for a place."""
        top, bottom, left, right = self.cores[number].tolist()
        return slice(top, bottom), slice(left, right)

    @cached_property
    def strata(self) -> Strata:
        """How many pixels each class has in each group, each pixel counted once."""
        parts = []
        for number in range(len(self)):
            core = self.core(number)
            classes, groups = self.classes[number][core], self.groups[number][core]
            labelled = classes >= 0
            parts.append(Strata.of(classes[labelled], groups[labelled]))
        return Strata.merge(parts)

    def keep(self, classes: Sequence[MapClass], kept: Sequence[MapClass]) -> None:
        """Let the labels number ``kept`` in place of ``classes``; those of others are taken away."""
        numbers = {each.value: number for number, each in enumerate(kept)}
        # The last entry is for -1: nothing labelled.
        lookup = np.array([*(numbers.get(each.value, -1) for each in classes), -1], np.int32)
        self.classes = lookup[self.classes]
        self.__dict__.pop("strata", None)

    def batches(self, numbers: np.ndarray, size: int) -> Iterator[tuple[int, np.ndarray]]:
        """The chips ``numbers`` in batches of one scene each: (scene, chips)."""
        for scene in np.unique(self.scene[numbers]).tolist():
            members = numbers[self.scene[numbers] == scene]
            for batch in np.array_split(members, -(-len(members) // size)):
                yield scene, batch

    def read(self, scene: int, numbers: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Per image of a scene the values (B, C, chip, chip) and validity (B, chip, chip) of its chips ``numbers``."""
        if scene not in self._readers:
            grid = self.behind[scene].setup.grid
            self._readers[scene] = [
                self._stack.enter_context(image.detected.reader(grid)) for image in self.behind[scene].images
            ]
        chip = self.behind[scene].setup.chip
        corners = self.corners[numbers].tolist()
        parts = [[_read_chip(reader, y, x, chip) for y, x in corners] for reader in self._readers[scene]]
        return [np.stack([v for v, _ in part]) for part in parts], [np.stack([m for _, m in part]) for part in parts]


def open_label_chips(
    scenes: Sequence[Scene], job: TrainHeadJob, progress: ProgressCallback, cancelled: CancelCallback
) -> LabelChips:
    """The chips of the scenes' tiles that hold labels, ``MOST_CHIPS`` at most, rare classes first.

    The images are those that the embeddings were made of, with the statistics of then. Raises JobError where no
    labelled pixel has data, SourceError where the images are gone or are others by now, and the SmartiesErrors of
    embedding.
    """
    setups = [_setup_behind(scene.raster, job) for scene in scenes]
    encoder = setups[0].load_encoder()
    behind = [ImagesBehind(setup, _prepared(setup, cancelled), setup.tiles(encoder.config.grid)) for setup in setups]
    if encoder.info.sha256 != scenes[0].raster.record.model["sha256"]:
        raise CheckpointError(
            f"{scenes[0].raster.path.name} was made by another model than {setups[0].job.model} is by now.",
            "Make the embedding again.",
        )
    found: list[tuple[int, int, int]] = []
    held: list[np.ndarray] = []
    for number, scene in enumerate(scenes):
        plan = behind[number].plan
        tiles = _touched(plan, scene)
        for done, (row, col) in enumerate(tiles):
            _ask(cancelled)
            classes, _ = _labels(scene, plan, row, col)
            present = np.unique(classes[classes >= 0])
            if len(present):
                found.append((number, row, col))
                held.append(present)
            progress(Progress((number + (done + 1) / len(tiles)) / len(scenes) / 2, "Looking for labels"))
    chosen = spread(held, MOST_CHIPS, job.seed)
    notes = []
    if len(chosen) < len(found):
        notes.append(f"Of {len(found):,} chips with labels {len(chosen):,} were learnt from, spread over the classes.")
    tiles_of = [found[number] for number in chosen]
    chips = _empty(encoder, behind, tiles_of, tuple(notes))
    for place, (number, row, col) in enumerate(tiles_of):
        _ask(cancelled)
        scene, plan = scenes[number], behind[number].plan
        classes, groups = _labels(scene, plan, row, col)
        _, valid = chips.read(number, np.array([place]))
        measured = np.logical_and.reduce([mask[0] for mask in valid])[: classes.shape[0], : classes.shape[1]]
        here = (place, slice(0, classes.shape[0]), slice(0, classes.shape[1]))
        chips.classes[here] = np.where(measured, classes, -1)
        chips.groups[here] = np.where(measured & (classes >= 0), groups + scene.first_group, -1)
        progress(Progress(0.5 + (place + 1) / len(tiles_of) / 2, "Looking for labels"))
    return _with_labels(chips)


def spread(held: Sequence[np.ndarray], most: int, seed: int) -> np.ndarray:
    """Numbers (ascending) of at most ``most`` chips, given the classes that each holds.

    The class with fewest chosen chips draws next, the rarer of equal ones first.
    """
    if len(held) <= most:
        return np.arange(len(held))
    order = np.random.default_rng(seed).permutation(len(held))
    waiting: dict[int, list[int]] = {}
    for chip in order.tolist():
        for each in held[chip].tolist():
            waiting.setdefault(each, []).append(chip)
    rarity = {each: len(chips) for each, chips in waiting.items()}
    counts = dict.fromkeys(waiting, 0)
    chosen: set[int] = set()
    while len(chosen) < most:
        drawing = min((each for each in waiting if waiting[each]), key=lambda each: (counts[each], rarity[each], each))
        chip = waiting[drawing].pop()
        if chip not in chosen:
            chosen.add(chip)
            for each in held[chip].tolist():
                counts[each] += 1
    return np.array(sorted(chosen))


def _setup_behind(raster: FeatureRaster, job: TrainHeadJob) -> EmbedSetup:
    """The settings an embedding was made with, with the statistics of then, to be run where ``job`` says."""
    record = raster.record
    made = EmbedJob.from_dict(record.job)
    for name in made.inputs:
        if not Path(name.partition("@")[0]).exists():
            raise SourceError(
                f"{raster.path.name} was made of {name}, which is not there any more; this training needs the pixels.",
                "Put the image back, or give images.",
            )
    again = dataclasses.replace(
        made,
        output="",
        picture="",
        device=job.device,
        precision=job.precision,
        batch=job.batch,
        statistics=statistics_text([image["statistics"] for image in record.images]),
    )
    setup = set_up(again)
    weights = [[band.to_dict()["weights"] for band in assigned] for assigned in setup.assignments]
    recorded = [[band["weights"] for band in image["bands"]] for image in record.images]
    if not setup.grid.same_as(record.source_grid(raster.crs)) or weights != recorded:
        raise SourceError(
            f"The images that {raster.path.name} was made of have changed since.", "Make the embedding again."
        )
    return setup


def _prepared(setup: EmbedSetup, cancelled: CancelCallback) -> list[PreparedImage]:
    return prepare_images(
        setup.job, setup.detected, setup.assignments, setup.statistics, setup.grid, lambda _: None, cancelled
    )


def _touched(plan: TilePlan, scene: Scene) -> list[tuple[int, int]]:
    """Row and column of the tiles that share pixels with a window that holds labels."""
    touched = np.zeros((len(plan.row_starts), len(plan.col_starts)), bool)
    for row0, row1, col0, col1 in scene.labels.windows():
        # A tile is touched where it begins before the window's end and ends after its begin.
        top, left = (
            np.searchsorted(starts, first - plan.chip, side="right")
            for starts, first in ((plan.row_starts, row0), (plan.col_starts, col0))
        )
        bottom, right = np.searchsorted(plan.row_starts, row1), np.searchsorted(plan.col_starts, col1)
        touched[top:bottom, left:right] = True
    return [(int(row), int(col)) for row, col in np.argwhere(touched)]


def _labels(scene: Scene, plan: TilePlan, row: int, col: int) -> tuple[np.ndarray, np.ndarray]:
    """Classes and groups of the part of a tile that lies inside the grid."""
    y, x = plan.row_starts[row], plan.col_starts[col]
    return scene.labels.read(y, min(y + plan.chip, plan.height), x, min(x + plan.chip, plan.width))


def _empty(
    encoder: Encoder, behind: list[ImagesBehind], tiles: Sequence[tuple[int, int, int]], notes: tuple[str, ...]
) -> LabelChips:
    """Chips at these tiles (scene, row, column), without labels yet."""
    chip = behind[0].setup.chip
    corners, cores = [], []
    for number, row, col in tiles:
        plan = behind[number].plan
        corners.append((plan.row_starts[row], plan.col_starts[col]))
        cores.append((*_core(plan.row_starts, row, chip), *_core(plan.col_starts, col, chip)))
    shape = (len(tiles), chip, chip)
    return LabelChips(
        encoder,
        behind,
        np.array([number for number, _, _ in tiles], np.int64),
        np.array(corners, np.int64).reshape(-1, 2),
        np.full(shape, -1, np.int32),
        np.full(shape, -1, np.int32),
        np.array(cores, np.int64).reshape(-1, 4),
        notes,
    )


def _with_labels(chips: LabelChips) -> LabelChips:
    """Without the chips whose labels all lie where the images have no data."""
    kept = (chips.classes >= 0).any(axis=(1, 2))
    if not kept.any():
        raise JobError(
            "No labelled pixel has data in the images.", "Label places that the images show, outside their nodata."
        )
    for name in ("scene", "corners", "classes", "groups", "cores"):
        setattr(chips, name, getattr(chips, name)[kept])
    return chips


def _core(starts: tuple[int, ...], number: int, chip: int) -> tuple[int, int]:
    """First and end pixel, within the chip, up to halfway into the overlap with each neighbour along one axis."""
    start = starts[number]
    first = 0 if number == 0 else (starts[number - 1] + chip - start + 1) // 2
    end = chip if number + 1 == len(starts) else chip - (start + chip - starts[number + 1]) // 2
    return first, end


def _read_chip(reader: GridReader, y: int, x: int, chip: int) -> tuple[np.ndarray, np.ndarray]:
    """A chip, mirrored where it reaches beyond the grid as ``StripReader`` does."""
    height, width = reader.grid.height, reader.grid.width
    # A chip that lies mostly beyond the edge mirrors pixels that lie before its begin.
    rows, cols = mirror(np.arange(y, y + chip), height), mirror(np.arange(x, x + chip), width)
    top, left = int(rows.min()), int(cols.min())
    values, valid = reader.read(top, int(rows.max()) + 1, left, int(cols.max()) + 1)
    inside = np.ix_(rows - top, cols - left)
    return np.stack([band[inside] for band in values]), valid[inside]


def _ask(cancelled: CancelCallback) -> None:
    if cancelled():
        raise CancelledError("Cancelled; nothing was written.")
