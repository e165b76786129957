"""Draws a sample of the labelled pixels, evenly over classes and groups, with the vectors around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.errors import CancelledError, JobError
from engine.heads.folds import Strata
from engine.heads.sample import LabelledSample
from engine.progress import CancelCallback, Progress, ProgressCallback
from engine.raster.feature_raster import READ_BYTES, FeatureRaster
from engine.raster.upsample import Upsampler
from engine.tasks.label_cells import cell_labels
from engine.tasks.train_scenes import Scene

#: Labelled pixels a head is trained on at most; more of the same polygons tell it little more.
MOST_PIXELS = {"linear": 12_000, "knn": 20_000, "conv": 20_000}
#: What the vectors of a sample may take in memory; each pixel may need four.
_VECTOR_BYTES = 512 * 2**20
#: numpy's hypergeometric numbers end here.
_MOST_DRAWN = 999_999_999


@dataclass(eq=False)
class _Found:
    """The parts of a sample, as they are read."""

    vectors: list[np.ndarray] = field(default_factory=list)
    parts: list[tuple[np.ndarray, ...]] = field(default_factory=list)
    count: int = 0


def pixel_limit(kind: str, dims: int) -> int:
    """How many pixels a head of this kind is trained on at most."""
    return min(MOST_PIXELS[kind], _VECTOR_BYTES // (4 * 4 * dims))


def draw_sample(
    scenes: Sequence[Scene], limit: int, seed: int, progress: ProgressCallback, cancelled: CancelCallback
) -> tuple[LabelledSample, Strata]:
    """At most ``limit`` labelled pixels with data (chips, at level "chips"), and how many each group has of each class.

    Every class gets the same share of the sample, as far as it has pixels, and within a class every group. Equal
    for equal ``seed``. Raises JobError where no labelled pixel has data.
    """
    parts = []
    for scene, done in _each(scenes, 0, progress):
        parts += [Strata.of(classes, groups) for _, _, classes, groups in _labelled(scene, done, cancelled)]
    if not parts:
        raise JobError(
            "No labelled pixel has data in the images.", "Label places that the images show, outside their nodata."
        )
    strata = Strata.merge(parts)
    wanted = quotas(strata, limit, seed)
    left, to_draw = strata.pixels.copy(), wanted.copy()
    found = _Found()
    for scene, done in _each(scenes, 0.5, progress):
        generator = np.random.default_rng((seed, scene.number))
        for rows, cols, classes, groups in _labelled(scene, done, cancelled):
            place = strata.place(classes, groups)
            chosen = _draw(place, left, to_draw, generator)
            if len(chosen):
                _read(scene, rows[chosen], cols[chosen], place[chosen], found)
    return _joined(found, strata, wanted), strata


def quotas(strata: Strata, limit: int, seed: int) -> np.ndarray:
    """How many pixels (n,) int64 to draw of each stratum: at most ``limit``, shared evenly by class, then by group."""
    per_class = strata.pixels_per_class
    numbers = np.array(sorted(per_class))
    budgets = evenly(np.array([per_class[number] for number in numbers]), limit, seed)
    wanted = np.zeros(len(strata.pixels), np.int64)
    for number, budget in zip(numbers, budgets, strict=True):
        members = strata.classes == number
        wanted[members] = evenly(strata.pixels[members], max(int(budget), 1), seed)
    return wanted


def evenly(available: np.ndarray, total: int, seed: int) -> np.ndarray:
    """Shares (n,) of ``total``, as equal as what is ``available`` (n,) allows; who gets the odd ones is drawn."""
    if available.sum() <= total:
        return available.astype(np.int64)
    ordered = np.sort(available)
    # With a share of ordered[k] each, the k smaller ones give all they have.
    given = np.concatenate([[0], np.cumsum(ordered)[:-1]]) + ordered * np.arange(len(ordered), 0, -1)
    first = int(np.argmax(given > total))
    share = int((total - ordered[:first].sum()) // (len(ordered) - first))
    shares = np.minimum(available, share).astype(np.int64)
    open_ones = np.flatnonzero(available > share)
    odd = np.random.default_rng(seed).permutation(open_ones)[: total - int(shares.sum())]
    shares[odd] += 1
    return shares


def _each(
    scenes: Sequence[Scene], start: float, progress: ProgressCallback
) -> Iterator[tuple[Scene, ProgressCallback]]:
    """The scenes, each with a callback for its half of its share of the progress, that begins at ``start``."""
    for number, scene in enumerate(scenes):

        def report(event: Progress, number: int = number) -> None:
            progress(Progress(start + (number + event.fraction) / len(scenes) / 2, event.message))

        yield scene, report


def _labelled(
    scene: Scene, progress: ProgressCallback, cancelled: CancelCallback
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Rows, columns, classes and groups of labelled pixels with data, by window (of cells, at level "chips")."""
    raster = scene.raster
    if raster.record.level == "chips":
        for rows, cols, classes, groups in cell_labels(raster, scene.labels, cancelled):
            inside = raster.has_data(int(rows[0]), int(rows[0]) + 1, 0, raster.cols)[0, cols]
            if inside.any():
                yield rows[inside], cols[inside], classes[inside], groups[inside] + scene.first_group
        progress(Progress(1, "Reading the labels"))
        return
    grid = raster.source_grid
    upsampler = Upsampler(raster.grid, grid)
    for window in scene.labels.windows():
        if cancelled():
            raise CancelledError("Cancelled; nothing was written.")
        classes, groups = scene.labels.read(*window)
        rows, cols = np.nonzero(classes >= 0)
        found = classes[rows, cols].astype(np.int64), groups[rows, cols].astype(np.int64) + scene.first_group
        rows, cols = rows + window[0], cols + window[2]
        inside = _have_data(raster, upsampler.own(rows, cols))
        if inside.any():
            yield rows[inside], cols[inside], found[0][inside], found[1][inside]
        progress(Progress(min(1.0, window[1] / grid.height), "Reading the labels"))


def _have_data(raster: FeatureRaster, cells: np.ndarray) -> np.ndarray:
    """Which of the cells (n,), each row · width + column, have data."""
    if not len(cells):
        return np.zeros(0, bool)
    rows, cols = cells // raster.cols, cells % raster.cols
    row, col = int(rows.min()), int(cols.min())
    return raster.has_data(row, int(rows.max()) + 1, col, int(cols.max()) + 1)[rows - row, cols - col]


def _draw(place: np.ndarray, left: np.ndarray, to_draw: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Numbers of the pixels of a window that enter the sample; ``left`` and ``to_draw`` per stratum go down.

    Each stratum gives as many as fall on this window when all its pixels are drawn from alike.
    """
    present, counts = np.unique(place, return_counts=True)
    wanted, rest = to_draw[present], left[present] - to_draw[present]
    taken = generator.hypergeometric(np.minimum(wanted, _MOST_DRAWN), np.minimum(rest, _MOST_DRAWN), counts)
    left[present] -= counts
    to_draw[present] -= taken
    order = np.lexsort((generator.random(len(place)), place))
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    rank = np.arange(len(place)) - np.repeat(first, counts)
    return np.sort(order[rank < np.repeat(taken, counts)])


def _read(scene: Scene, rows: np.ndarray, cols: np.ndarray, place: np.ndarray, found: _Found) -> None:
    """Adds pixels, whose own cells have data, with the cells around them."""
    raster = scene.raster
    if raster.record.level == "chips":
        own = rows * raster.cols + cols
        cells, shares = np.repeat(own[:, None], 4, axis=1), np.full((len(own), 4), 0.25, np.float32)
    else:
        upsampler = Upsampler(raster.grid, raster.source_grid)
        own = upsampler.own(rows, cols)
        cells, shares = upsampler.at(rows, cols)
    needed, corner = np.unique(cells, return_inverse=True)
    corner = corner.reshape(cells.shape)
    cell_rows, cell_cols = needed // raster.cols, needed % raster.cols
    window = int(cell_rows.min()), int(cell_rows.max()) + 1, int(cell_cols.min()), int(cell_cols.max()) + 1
    size = (window[1] - window[0]) * (window[3] - window[2]) * raster.dims * 4
    if size > READ_BYTES and len(rows) > 1:
        # Cells as fine as pixels: a window of labels holds too many of them to be read at once.
        order = np.argsort(rows if window[1] - window[0] >= window[3] - window[2] else cols, kind="stable")
        for half in np.array_split(order, 2):
            _read(scene, rows[half], cols[half], place[half], found)
        return
    vectors = raster.read(*window)[:, cell_rows - window[0], cell_cols - window[2]].T
    present = np.isfinite(vectors[:, 0])
    shares = np.where(present[corner], shares, 0)
    shares /= shares.sum(axis=1, keepdims=True)
    # Scenes are told apart by what lies beyond any cell of one.
    own_everywhere = own + scene.number * 2**40
    places = np.stack([np.full(len(rows), scene.number), rows, cols], axis=1)
    found.parts.append((corner + found.count, shares, own_everywhere, places, place))
    found.vectors.append(np.where(present[:, None], vectors, 0))
    found.count += len(vectors)


def _joined(found: _Found, strata: Strata, wanted: np.ndarray) -> LabelledSample:
    """The whole sample; every pixel stands for its share of its group's."""
    cells, shares, own, places, place = (np.concatenate(each) for each in zip(*found.parts, strict=True))
    # Groups that were left out, where a class has more of them than places in the sample, are stood for by the rest.
    total = np.bincount(strata.classes, strata.pixels)
    sampled = np.bincount(strata.classes, np.where(wanted > 0, strata.pixels, 0))
    each = strata.pixels / np.maximum(wanted, 1) * (total / np.maximum(sampled, 1))[strata.classes]
    return LabelledSample(
        vectors=np.concatenate(found.vectors),
        cells=cells,
        shares=shares.astype(np.float32),
        own=own,
        classes=strata.classes[place],
        groups=strata.groups[place],
        stands_for=each[place],
        places=places,
    )
