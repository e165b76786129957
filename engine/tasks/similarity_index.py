"""The cells of an embedding as short vectors of bytes, kept on disk: cosines with all of them in a blink.

A cell's unit vector is turned to the directions that carry the most, of which so many are kept that what is left
out is negligible, and each is stored as one byte. A cell of which too much is left out even so is stored whole,
apart. The cosine that comes out differs from the exact one by less than 0.01.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from engine.errors import CancelledError, OutputError, SourceError
from engine.partial import Claim
from engine.progress import CancelCallback, Progress, ProgressCallback
from engine.raster.feature_raster import FeatureRaster
from engine.tasks.feature_cache import cache_folder, prune, touch

#: The part of a cell's squared length that may be left out; the cosine of two such cells is off by no more.
_LEFT_OUT = 0.003
#: How far the bytes may miss a vector for lack of range.
_CLIPPED = 0.002
#: So many cells of the sample must do with the directions that are kept; the others are stored whole.
_COVERED = 0.995
#: Room for the values that the sample did not show.
_HEADROOM = 1.25
_LIMIT = 127
#: Cells stored whole take at most so much memory while an index is made; with more of them it keeps more directions.
_WHOLE_BYTES = 64 * 2**20
#: The sample: a shrunken picture of the whole, so that nothing large is missed, and cells as they are.
_PICTURE_BYTES, _PICTURE_SIDE = 48 * 2**20, 256
_SAMPLE_WINDOWS, _SAMPLE_CELLS = 12, 12_000
_WINDOW_BYTES = 16 * 2**20
#: What a likeness to a counter-example weighs beside one to an example. Whole it does harm, for what is sought is alike
#: to it, too; a third to a half is best (benchmarks/counter_examples.py). Rocchio's formula has a fifth.
_AGAINST = 1 / 3
#: Values that are turned from bytes to floats at once, by one thread: they stay in its cache.
_CHUNK_VALUES = 196_608
_MOST_THREADS = 8
#: Part of every index's name: another one makes older files be made anew.
_FORMAT = 1


@dataclass(frozen=True, eq=False)
class SimilarityIndex:
    """The unit vectors of ``rows`` × ``cols`` cells, ready for cosines.

    ``codes`` (cells, K) int8, mapped from the file, stand for ``offset + scale · codes`` (K,) along the rows of
    ``basis`` (K, D). ``missing`` (cells,) bool are those without data. ``whole`` (n,) are the ascending numbers of the
    cells whose unit vectors are ``vectors`` (n, D) float16. ``mean`` (D,) is what was taken off before, zeros for
    nothing.
    """

    rows: int
    cols: int
    mean: np.ndarray
    basis: np.ndarray
    offset: np.ndarray
    scale: np.ndarray
    codes: np.ndarray
    missing: np.ndarray
    whole: np.ndarray
    vectors: np.ndarray

    def unit(self, values: np.ndarray) -> np.ndarray:
        """Unit vectors (n, D) of cells' values (n, D), the mean taken off; zeros stay zeros."""
        return _unit((values - self.mean).T).T

    def scores(self, row0: int, row1: int, like: np.ndarray, unlike: np.ndarray) -> np.ndarray:
        """Similarity (row1 − row0, cols) float32 to unit vectors ``like`` (m, D), NaN where there is no data.

        The cosine with the nearest of ``like``, less a third of that with the nearest of ``unlike`` (n, D; may be
        empty) where that is above zero; between −1 and 1.
        """
        first, end = row0 * self.cols, row1 * self.cols
        examples = np.concatenate([like, unlike])
        turned = examples @ self.basis.T
        constant = (turned @ self.offset)[:, None]
        weights = turned * self.scale
        result = np.empty(end - first, np.float32)
        size = max(64, _CHUNK_VALUES // self.codes.shape[1])
        starts = np.linspace(first, end, min(_MOST_THREADS, os.cpu_count() or 1) + 1).astype(np.int64)

        def fill(part: tuple[int, int]) -> None:
            floats = np.empty((size, self.codes.shape[1]), np.float32)
            for start in range(part[0], part[1], size):
                stop = min(start + size, part[1])
                chunk = floats[: stop - start]
                chunk[:] = self.codes[start:stop]
                result[start - first : stop - first] = _combined(weights @ chunk.T + constant, len(like))

        # The library's own threads, inside ours, would wait for each other.
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(len(starts) - 1) as pool:
            list(pool.map(fill, zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)))
        here = slice(*np.searchsorted(self.whole, (first, end)))
        result[self.whole[here] - first] = _combined(examples @ self.vectors[here].astype(np.float32).T, len(like))
        result[self.missing[first:end]] = np.nan
        return result.reshape(row1 - row0, self.cols)


#: The index that was used last, by the name of its file: a worker answers clicks on one embedding after the other.
_opened: dict[Path, SimilarityIndex] = {}


def similarity_index(
    raster: FeatureRaster, centred: bool, progress: ProgressCallback, cancelled: CancelCallback
) -> SimilarityIndex:
    """The index of an embedding: the open one, the kept one, or one made now, in one pass.

    ``centred`` takes the embedding's mean off before the vectors get their length. Raises SourceError for an embedding
    without data, OutputError where there is no room for the index, CancelledError.
    """
    path = _index_path(raster, centred)
    if path not in _opened:
        _opened.clear()
        index = _read(path)
        if index is None:
            _make(raster, centred, path, progress, cancelled)
            index = _read(path)
            prune(keep=path)
        if index is None:
            raise OutputError(f"{path} was removed while it was in use.", "Run it again.")
        _opened[path] = index
    touch(path)
    return _opened[path]


def _index_path(raster: FeatureRaster, centred: bool) -> Path:
    """Where the index of an embedding is kept: named after the file, its size and its time of change."""
    path = raster.path.resolve()
    status = path.stat()
    # The time of an embedding in the cache says when it was used; its name stands for what is in it.
    changed = 0 if path.parent == cache_folder().resolve() else status.st_mtime_ns
    key = json.dumps([_FORMAT, str(path), status.st_size, changed, centred])
    return cache_folder() / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.alike"


def _make(
    raster: FeatureRaster, centred: bool, path: Path, progress: ProgressCallback, cancelled: CancelCallback
) -> None:
    """Write the index of an embedding to ``path``, whole or not at all."""
    sample, mean = _sample(raster, centred, cancelled)
    basis = _basis(sample)
    headroom = _HEADROOM
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with Claim(path) as temporary:
            while True:
                turned = basis @ sample
                low, high = turned.min(axis=1), turned.max(axis=1)
                scale = np.maximum((high - low) / 2, 1e-3) * headroom / _LIMIT
                codes = _Codes(mean, basis, (low + high) / 2, scale)
                exceptions = _write(raster, codes, temporary, progress, cancelled)
                if exceptions is None:
                    break
                # The sample does not stand for all: with all directions and ranges wide enough there are no exceptions.
                sample = np.concatenate([sample, exceptions.T.astype(np.float32)], axis=1)
                basis, headroom = _basis(sample, 2 * len(basis)), 2 * headroom
            os.replace(temporary, path)
    except OSError as error:
        raise OutputError(
            f"The index of {raster.path.name} cannot be kept in {path.parent}: {error.strerror}.",
            "Make room there, or choose another folder with SMARTIES_CACHE.",
        ) from error


@dataclass(frozen=True, eq=False)
class _Codes:
    """How vectors become bytes; the fields are those of ``SimilarityIndex``."""

    mean: np.ndarray
    basis: np.ndarray
    offset: np.ndarray
    scale: np.ndarray

    def __call__(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Cells' values (D, n) → bytes (n, K), which cells these do not do justice (n,) bool, unit vectors (D, n)."""
        units = _unit(values - self.mean[:, None])
        turned = self.basis @ units
        left_out = (units * units).sum(axis=0) - (turned * turned).sum(axis=0)
        steps = (turned - self.offset[:, None]) / self.scale[:, None]
        bounded = np.clip(steps, -_LIMIT, _LIMIT)
        missed = ((steps - bounded) * self.scale[:, None]) ** 2
        far = (left_out > _LEFT_OUT) | (missed.sum(axis=0) > _CLIPPED**2)
        return np.rint(bounded).astype(np.int8).T, far, units


def _write(
    raster: FeatureRaster, codes: _Codes, path: Path, progress: ProgressCallback, cancelled: CancelCallback
) -> np.ndarray | None:
    """Write an index, reading the embedding once from top to bottom.

    Where too many cells have to be stored whole it stops and gives those found (n, D), else None.
    """
    kept, dims = codes.basis.shape
    rows, cols = raster.rows, raster.cols
    free = shutil.disk_usage(path.parent).free
    if rows * cols * (kept + 1) > free:
        raise OutputError(
            f"The index of {raster.path.name} takes {rows * cols * kept / 1e9:.1f} GB; {path.parent} has"
            f" {free / 1e9:.1f} GB free.",
            "Make room there, or choose another folder with SMARTIES_CACHE.",
        )
    missing = np.zeros((rows, cols), np.bool_)
    numbers: list[np.ndarray] = []
    vectors: list[np.ndarray] = []
    room = _WHOLE_BYTES // (2 * dims)
    with path.open("wb") as file:
        for array in (codes.mean, codes.basis, codes.offset, codes.scale):
            np.lib.format.write_array(file, array.astype(np.float32), allow_pickle=False)
        header = {"descr": "|i1", "fortran_order": False, "shape": (rows, cols, kept)}
        np.lib.format.write_array_header_1_0(file, header)
        begin = file.tell()
        for (row0, row1, col0, col1), values in _read_ahead(raster, [*raster.windows(_WINDOW_BYTES)]):
            if cancelled():
                raise CancelledError("Cancelled; nothing was written.")
            shape = row1 - row0, col1 - col0
            absent = np.isnan(values[0])
            missing[row0:row1, col0:col1] = absent
            stored, far, units = codes(np.where(absent, 0, values).reshape(dims, -1))
            for row, line in enumerate(np.ascontiguousarray(stored).reshape(*shape, kept), start=row0):
                file.seek(begin + (row * cols + col0) * kept)
                file.write(line.data)
            whole = np.flatnonzero(far & ~absent.ravel())
            numbers.append((row0 + whole // shape[1]) * cols + col0 + whole % shape[1])
            vectors.append(units[:, whole].T.astype(np.float16))
            room -= len(whole)
            if room < 0:
                return np.concatenate(vectors)
            progress(Progress((row0 + (row1 - row0) * col1 / cols) / rows, "Preparing the embedding for the search"))
        file.seek(begin + rows * cols * kept)
        order = np.argsort(np.concatenate(numbers), kind="stable")
        np.lib.format.write_array(file, np.packbits(missing), allow_pickle=False)
        np.lib.format.write_array(file, np.concatenate(numbers)[order], allow_pickle=False)
        np.lib.format.write_array(file, np.concatenate(vectors)[order], allow_pickle=False)
    return None


def _read(path: Path) -> SimilarityIndex | None:
    """The index in a file; None where there is none, or a damaged one, which is to be made again."""
    try:
        with path.open("rb") as file:
            mean, basis, offset, scale = (np.lib.format.read_array(file, allow_pickle=False) for _ in range(4))
            np.lib.format.read_magic(file)
            (rows, cols, kept), _, _ = np.lib.format.read_array_header_1_0(file)
            begin = file.tell()
            file.seek(rows * cols * kept, os.SEEK_CUR)
            missing, whole, vectors = (np.lib.format.read_array(file, allow_pickle=False) for _ in range(3))
        codes = np.asarray(np.memmap(path, np.int8, "r", begin, (rows * cols, kept)))
    except (OSError, ValueError, EOFError):
        return None
    absent = np.unpackbits(missing, count=rows * cols).view(np.bool_)
    return SimilarityIndex(rows, cols, mean, basis, offset, scale, codes, absent, whole, vectors)


def _sample(raster: FeatureRaster, centred: bool, cancelled: CancelCallback) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors (D, n) of cells from all over an embedding, and what was taken off them (D,)."""
    side = min(_PICTURE_SIDE, max(16, int((_PICTURE_BYTES / (4 * raster.dims)) ** 0.5)))
    shape = min(raster.rows, side), min(raster.cols, side)
    parts = [_with_data(raster.read(0, raster.rows, 0, raster.cols, shape))]
    if shape != (raster.rows, raster.cols):
        # Where there are overviews the picture shows means: these are cells as they are.
        generator = np.random.default_rng(0)
        windows = [*raster.windows(_WINDOW_BYTES)]
        for number in generator.permutation(len(windows)).tolist():
            if cancelled():
                raise CancelledError("Cancelled; nothing was written.")
            cells = _with_data(raster.read(*windows[number]))
            if cells.shape[1]:
                count = min(_SAMPLE_CELLS // _SAMPLE_WINDOWS, cells.shape[1])
                parts.append(cells[:, generator.choice(cells.shape[1], count, replace=False)])
            if len(parts) > _SAMPLE_WINDOWS:
                break
    if not any(part.shape[1] for part in parts):
        raise SourceError(f"{raster.path.name} has no data anywhere.", "Embed images that hold some.")
    mean = np.zeros(raster.dims, np.float32)
    if centred:
        # Cells as they are where the picture misses the little that has data.
        mean = next(part for part in parts if part.shape[1]).mean(axis=1, dtype=np.float64).astype(np.float32)
    return np.concatenate([_unit(part - mean[:, None]) for part in parts], axis=1), mean


def _basis(sample: np.ndarray, least: int = 0) -> np.ndarray:
    """Orthonormal directions (K, D) that hold what counts of unit vectors (D, n), at least ``least`` if there are."""
    energies, directions = np.linalg.eigh(sample.astype(np.float64) @ sample.T.astype(np.float64))
    basis = directions.T[np.argsort(-energies)].astype(np.float32)
    held = np.cumsum((basis @ sample) ** 2, axis=0)
    enough = (np.quantile(held[-1] - held, _COVERED, axis=1) <= _LEFT_OUT).argmax() + 1
    # Whole groups of eight: what numbers are added up in.
    kept = -(-max(int(enough), least) // 8) * 8
    return np.ascontiguousarray(basis[:kept])


def _read_ahead(
    raster: FeatureRaster, windows: Sequence[tuple[int, int, int, int]]
) -> Iterator[tuple[tuple[int, int, int, int], np.ndarray]]:
    """Windows with their values (D, h, w); the next one is read while one is worked on."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(raster.read, *windows[0])
        for window, following in itertools.zip_longest(windows, windows[1:]):
            values = coming.result()
            if following is not None:
                coming = pool.submit(raster.read, *following)
            yield window, values


def _with_data(values: np.ndarray) -> np.ndarray:
    """Values (D, h, w) → those of the cells with data (D, n)."""
    return values[:, ~np.isnan(values[0])]


def _unit(values: np.ndarray) -> np.ndarray:
    """Vectors (D, n) brought to length 1; zeros stay zeros."""
    length = np.sqrt((values * values).sum(axis=0))
    return values / np.maximum(length, 1e-12)


def _combined(cosines: np.ndarray, like: int) -> np.ndarray:
    """Cosines (m, n) with examples, of which the first ``like`` are for and the others against → scores (n,)."""
    nearest = cosines[:like].max(axis=0)
    if len(cosines) > like:
        nearest -= _AGAINST * np.maximum(cosines[like:].max(axis=0), 0)
    return np.clip(nearest, -1, 1)
