"""Groups of like cells of an embedding: k-means on the directions of their vectors."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.sparse import csr_matrix
from sklearn.cluster import MiniBatchKMeans
from sklearn.exceptions import ConvergenceWarning

#: Cells that move the centres at once, while the sample is gone through.
_BATCH = 4096
#: Beginnings that are tried on the sample; the best goes on.
_STARTS = 3
#: Cells in work at once: what is made of them stays small.
_CHUNK = 16_384


@dataclass(frozen=True, eq=False)
class Clusters:
    """Centres (k, D) float32 among the unit vectors of cells; those next to each other in the order are alike."""

    centres: np.ndarray

    def nearest(self, directions: np.ndarray) -> np.ndarray:
        """The number (n,) of the centre that each unit vector (n, D) is closest to."""
        half = 0.5 * (self.centres**2).sum(axis=1)
        parts = (directions[start : start + _CHUNK] for start in range(0, len(directions), _CHUNK))
        found = [(part @ self.centres.T - half).argmax(axis=1) for part in parts]
        return np.concatenate(found) if found else np.zeros(0, np.int64)

    def gaps(self) -> np.ndarray:
        """The distances (k − 1,) from each centre to the next."""
        return np.asarray(np.linalg.norm(np.diff(self.centres, axis=0), axis=1))


class Recentring:
    """Moves every centre to the mean of all cells that are closest to it: one step of k-means over a whole raster."""

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters
        self._sums = np.zeros(clusters.centres.shape)
        self._counts = np.zeros(len(clusters.centres), np.int64)

    def add(self, directions: np.ndarray) -> None:
        """Take unit vectors (n, D) in."""
        numbers = self._clusters.nearest(directions)
        entries = np.ones(len(numbers), np.float32), (numbers, np.arange(len(numbers)))
        self._sums += csr_matrix(entries, (len(self._counts), len(numbers))) @ directions
        self._counts += np.bincount(numbers, minlength=len(self._counts))

    def result(self) -> Clusters:
        """The centres where they belong, in order; one without cells stays where it was."""
        means = self._sums / np.maximum(self._counts, 1)[:, None]
        return _ordered(np.where(self._counts[:, None] > 0, means, self._clusters.centres))


def directions(cells: np.ndarray) -> np.ndarray:
    """Unit vectors (n, D) float32 of the cells (D, …) that have data, in their order."""
    flat = cells.reshape(len(cells), -1)
    chosen = np.flatnonzero(np.isfinite(flat[0]))
    units = np.empty((len(chosen), len(cells)), np.float32)
    for start in range(0, len(chosen), _CHUNK):
        tokens = flat[:, chosen[start : start + _CHUNK]].T
        lengths = np.sqrt(np.einsum("ij,ij->i", tokens, tokens))[:, None]
        units[start : start + _CHUNK] = tokens / np.maximum(lengths, 1e-12)
    return units


def fit_clusters(sample: np.ndarray, count: int, seed: int) -> Clusters:
    """``count`` centres of a sample (n, D) of unit vectors, found by mini-batches; fewer where fewer are distinct.

    The sample must not be empty. The same sample and ``seed`` give the same centres.
    """
    # Vectors that differ have different shadows on a direction drawn at random.
    shadows = sample @ np.random.default_rng(seed).normal(size=sample.shape[1])
    found = min(count, len(np.unique(shadows.round(6))))
    model = MiniBatchKMeans(found, batch_size=_BATCH, n_init=_STARTS, random_state=seed)
    with warnings.catch_warnings():
        # Fewer distinct cells than clusters, told by the number that comes back.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(sample)
    return _ordered(model.cluster_centers_)


def _ordered(centres: np.ndarray) -> Clusters:
    """Alike next to alike, and always from the same end."""
    centres = np.asarray(centres, np.float32)
    if len(centres) > 2:
        centres = centres[leaves_list(linkage(centres, "average", optimal_ordering=True))]
    first, last = centres[0], centres[-1]
    largest = np.abs(last - first).argmax()
    return Clusters(np.ascontiguousarray(centres[::-1] if first[largest] > last[largest] else centres))
