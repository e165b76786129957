"""The three strongest principal components of an embedding, as colours: fitted on a sample of its tokens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

#: Tokens the components are fitted on; more change a picture by less than the eye sees.
FIT_TOKENS = 50_000
#: What the sample may take in memory; wide features are sampled more thinly, still many times over their number.
_SAMPLE_BYTES = 128 * 2**20
#: The darkest and the brightest part of every component, in percent, that become 0 and 255.
STRETCH = (2.0, 98.0)
#: Tokens whose products are summed in float32; the sums of these are added in float64.
_CHUNK = 4096


class TokenSample:
    """A uniform sample of the tokens that pass by, row by row: the same ones however the rows are cut.

    Every token draws a number from its row; those below a threshold are kept, and the
    threshold halves whenever the sample is full.
    """

    def __init__(self, dims: int, cols: int, limit: int = FIT_TOKENS) -> None:
        self._dims = dims
        self._cols = cols
        self._limit = min(limit, max(_SAMPLE_BYTES // (4 * dims), 1))
        self._parts: list[tuple[np.ndarray, np.ndarray]] = []
        self._count = 0
        self._threshold = 1.0

    def add(self, row0: int, rows: np.ndarray) -> None:
        """Offer output rows ``rows`` (dims, n, cols) float32 from ``row0`` on, NaN where there is no data."""
        for number in range(rows.shape[1]):
            draws = np.random.default_rng(row0 + number).random(self._cols)
            chosen = np.flatnonzero((draws < self._threshold) & np.isfinite(rows[0, number]))
            self._keep(draws[chosen], rows[:, number, chosen].T)

    def tokens(self) -> np.ndarray:
        """The sample (n, dims) float32, in the order of the raster."""
        if not self._parts:
            return np.zeros((0, self._dims), np.float32)
        return np.concatenate([tokens for _, tokens in self._parts])

    def _keep(self, draws: np.ndarray, tokens: np.ndarray) -> None:
        if not len(draws):
            return
        self._parts.append((draws, np.ascontiguousarray(tokens)))
        self._count += len(draws)
        while self._count > self._limit:
            self._threshold /= 2
            kept = [(old, old < self._threshold, values) for old, values in self._parts]
            self._parts = [(old[inside], values[inside]) for old, inside, values in kept if inside.any()]
            self._count = sum(len(old) for old, _ in self._parts)


@dataclass(frozen=True, eq=False)
class Components:
    """Principal components as red, green, blue, and the features that come nearest to them.

    ``basis`` (3, D), ``low`` and ``high`` (3,) the stretch of tokens projected on it. ``bands`` are three
    features, counted from 1 and distinct where there are three, ``ranges`` their own stretch.
    """

    basis: np.ndarray
    low: np.ndarray
    high: np.ndarray
    bands: tuple[int, int, int]
    ranges: tuple[tuple[float, float], tuple[float, float], tuple[float, float]]

    def colours(self, tokens: np.ndarray) -> np.ndarray:
        """Red, green and blue (n, 3) uint8 of tokens (n, D); 0 for NaN and where a component does not vary."""
        share = (tokens @ self.basis.T - self.low) / np.maximum(self.high - self.low, 1e-12)
        return (np.clip(np.nan_to_num(share), 0, 1) * 255).round().astype(np.uint8)


def fit_components(tokens: np.ndarray) -> Components:
    """The components of a sample (n, D) of tokens; plain black where it is empty.

    With fewer than three features the last component is repeated.
    """
    dims = tokens.shape[1]
    if not len(tokens):
        flat, unit = np.zeros(3, np.float32), (0.0, 1.0)
        bands = (1, min(2, dims), min(3, dims))
        return Components(np.zeros((3, dims), np.float32), flat, flat, bands, (unit, unit, unit))
    mean = tokens.mean(axis=0, dtype=np.float64).astype(np.float32)
    covariance = np.zeros((dims, dims))
    for start in range(0, len(tokens), _CHUNK):
        centred = tokens[start : start + _CHUNK] - mean
        covariance += centred.T @ centred
    # Eigenvectors come by growing eigenvalue, one per column.
    strongest = eigh(covariance, subset_by_index=(max(0, dims - 3), dims - 1))[1].T[::-1]
    basis = np.stack([strongest[min(number, len(strongest) - 1)] for number in range(3)]).astype(np.float32)
    # An eigenvector may point either way: here its largest part is positive, so that colours repeat.
    largest = np.abs(basis).argmax(axis=1)
    basis *= np.sign(basis[np.arange(3), largest])[:, None]
    low, high = np.percentile(tokens @ basis.T, STRETCH, axis=0)
    red, green, blue = nearest = _nearest_features(basis)
    ranges = [(float(a), float(b)) for a, b in np.percentile(tokens[:, nearest], STRETCH, axis=0).T]
    return Components(
        basis,
        low.astype(np.float32),
        high.astype(np.float32),
        (red + 1, green + 1, blue + 1),
        (ranges[0], ranges[1], ranges[2]),
    )


def _nearest_features(basis: np.ndarray) -> list[int]:
    """For each component the feature that carries most of it and was not taken by one before."""
    taken: list[int] = []
    for component in np.abs(basis):
        order = np.argsort(-component, kind="stable").tolist()
        taken.append(next((feature for feature in order if feature not in taken), order[0]))
    return taken
