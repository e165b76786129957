"""Real places with pixel labels, cut into the cells of tokens: land cover of TerraMesh, flood of Sen1Floods11."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio

from engine.errors import SourceError
from engine.jobs.embed import EmbedJob
from engine.raster.opening import READ_ERRORS
from engine.tasks.inputs import detect_inputs, grid_of, radiometry_of, sample
from train.evaluation.dataset import IGNORED

#: Source pixels at 10 m that fill one input. A cell is what one of its tokens covers: 8 × 8 px of 14 × 14 tokens.
CHIP_PX = 112
#: Side of the blocks that a cross-validation keeps together, and what does not train on each side of the test.
_BLOCK_PX, _GAP_PX = 64, 56
#: Parts of a single place, each in turn the test.
_PARTS = 4
#: A cell of which less is labelled has no label.
_LABELLED_SHARE = 0.5
#: Backscatter below this is taken for it, where it is stored as power: 60 dB below 1.
_LEAST_POWER = 1e-6

LAND_COVER = {1: "water", 2: "trees", 3: "flooded", 4: "crops", 5: "built", 6: "bare", 7: "snow", 9: "range"}
FLOOD = {0: "dry", 1: "flood"}


@dataclass(frozen=True)
class Scene:
    """One place: an image of each sensor on one grid, and the file of its labels, which lies on that grid."""

    name: str
    s1: Path
    s2: Path
    labels: Path


@dataclass(frozen=True)
class Case:
    """Places with one kind of labels: values of the label rasters and what they mean; other values are no class."""

    name: str
    title: str
    scenes: tuple[Scene, ...]
    classes: dict[int, str]


@dataclass(frozen=True, eq=False)
class Fold:
    """One division: per scene which cells (rows, cols) train, and which are the test; boolean, never the same."""

    train: tuple[np.ndarray, ...]
    test: tuple[np.ndarray, ...]


def cases(data: Path) -> Iterator[Case]:
    """The cases of the folder ``data``, which holds the folders terramesh_s1s2 and sen1floods11_spain_left.

    SourceError where neither is there.
    """
    terramesh, floods = data / "terramesh_s1s2", data / "sen1floods11_spain_left"
    if not terramesh.is_dir() and not floods.is_dir():
        raise SourceError(f"{data} holds neither {terramesh.name} nor {floods.name}.", "Give the folder that does.")
    if terramesh.is_dir():
        scenes = tuple(
            Scene(path.stem, terramesh / "S1RTC" / path.name, terramesh / "S2L2A" / path.name, path)
            for path in sorted((terramesh / "LULC").glob("*.tif"))
        )
        yield Case("land-cover", "TerraMesh land cover, two places for the third", scenes, LAND_COVER)
    if floods.is_dir():
        scenes = tuple(
            Scene(name, floods / "S1" / f"{name}_S1Hand.tif", floods / "S2" / f"{name}_S2Hand.tif", path)
            for path in sorted((floods / "Labels").glob("*_LabelHand.tif"))
            for name in [path.name.removesuffix("_LabelHand.tif")]
        )
        yield Case("flood", "Sen1Floods11 flood, three quarters of a place for the fourth", scenes, FLOOD)


def cell_labels(scene: Scene, classes: dict[int, str], cell_px: int) -> np.ndarray:
    """The most frequent class (rows, cols) int64 of every whole cell's pixels, numbered in the order of ``classes``.

    A cell is ``cell_px`` pixels wide and high. ``IGNORED`` where less than half of it is labelled. Raises SourceError
    for labels that cannot be read.
    """
    try:
        with rasterio.open(scene.labels) as raster:
            values = raster.read(1)
    except READ_ERRORS as error:
        raise SourceError(f"{scene.labels} cannot be read.", "Copy it again.") from error
    rows, cols = (side // cell_px for side in values.shape)
    cells = values[: rows * cell_px, : cols * cell_px].reshape(rows, cell_px, cols, cell_px).swapaxes(1, 2)
    counts = np.stack([(cells == value).sum(axis=(2, 3)) for value in classes], axis=-1)
    labelled = counts.sum(axis=-1) >= _LABELLED_SHARE * cell_px**2
    return np.where(labelled, counts.argmax(axis=-1), IGNORED)


def folds(labels: list[np.ndarray], cell_px: int) -> Iterator[Fold]:
    """Each scene in turn is the test; of a single one each quarter of its longer side, with half a chip around it."""
    known = [each != IGNORED for each in labels]
    if len(known) > 1:
        for number in range(len(known)):
            train = tuple(mask & (other != number) for other, mask in enumerate(known))
            yield Fold(train, tuple(mask & (other == number) for other, mask in enumerate(known)))
        return
    (mask,) = known
    along = np.indices(mask.shape)[int(np.argmax(mask.shape))]
    gap = -(-_GAP_PX // cell_px)
    for start, stop in _quarters(max(mask.shape)):
        inside = (along >= start) & (along < stop)
        near = (along >= start - gap) & (along < stop + gap)
        yield Fold((mask & ~near,), (mask & inside,))


def _quarters(length: int) -> Iterator[tuple[int, int]]:
    edges = [length * part // _PARTS for part in range(_PARTS + 1)]
    yield from itertools.pairwise(edges)


def blocks(labels: list[np.ndarray], cell_px: int) -> list[np.ndarray]:
    """The number of the block (rows, cols) that every cell lies in, counted through all scenes."""
    found, first = [], 0
    for each in labels:
        rows, cols = np.indices(each.shape) * cell_px // _BLOCK_PX
        found.append(first + rows * (cols.max() + 1) + cols)
        first = int(found[-1].max()) + 1
    return found


def raw_cells(inputs: tuple[Path, ...], shape: tuple[int, int], cell_px: int) -> np.ndarray:
    """Mean and std of every band in every whole cell: (rows, cols, 2·C) float64, of the bands that enter the model.

    In the unit of the sensors' statistics, as the model sees them: without the offset that some scenes carry.
    """
    job = EmbedJob(inputs=tuple(str(path) for path in inputs))
    detected = detect_inputs(job)
    grid = grid_of(job, detected)
    rows, cols = shape
    parts = []
    for each in detected:
        numbers = each.band_numbers
        found = radiometry_of(each, sample(each, grid, lambda: False), estimated=False).select(numbers)
        with each.reader(grid) as reader:
            values = reader.read(0, rows * cell_px, 0, cols * cell_px)[0].astype(np.float64)
        for band in range(len(numbers)):
            values[band] = found.gain[band] * values[band] + found.bias[band]
            if found.log10[band]:
                values[band] = 10 * np.log10(np.maximum(values[band], _LEAST_POWER))
        cells = values.reshape(len(values), rows, cell_px, cols, cell_px)
        parts += [cells.mean(axis=(2, 4)), cells.std(axis=(2, 4))]
    return np.concatenate(parts).transpose(1, 2, 0)
