"""Principal components of an embedding: of all its tokens in one pass, or of a sample of them as colours."""

from __future__ import annotations

from collections.abc import Callable
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
    threshold halves whenever the sample is full. ``stored`` makes of tokens (D, n) what will be
    read again of them.
    """

    def __init__(
        self, dims: int, cols: int, limit: int = FIT_TOKENS, stored: Callable[[np.ndarray], np.ndarray] | None = None
    ) -> None:
        self._dims = dims
        self._stored = stored
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
            tokens = rows[:, number, chosen]
            self._keep(draws[chosen], (tokens if self._stored is None else self._stored(tokens)).T)

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


class StreamingCovariance:
    """Mean and covariance of all tokens that pass by, exact but for rounding."""

    def __init__(self, dims: int) -> None:
        self.count = 0
        # Tokens are taken off one of them first: far from zero the products would lose their digits.
        self._origin: np.ndarray | None = None
        self._sum = np.zeros(dims)
        self._products = np.zeros((dims, dims))

    def add(self, tokens: np.ndarray) -> None:
        """Take tokens (n, D) float32 in, all with data."""
        if self._origin is None and len(tokens):
            self._origin = tokens[:_CHUNK].mean(axis=0, dtype=np.float64).astype(np.float32)
        for start in range(0, len(tokens), _CHUNK):
            centred = tokens[start : start + _CHUNK] - self._origin
            self._sum += centred.sum(axis=0, dtype=np.float64)
            self._products += centred.T @ centred
        self.count += len(tokens)

    def result(self) -> tuple[np.ndarray, np.ndarray]:
        """The mean (D,) and the covariance (D, D), float64; there must have been a token."""
        shift = self._sum / self.count
        origin = np.zeros_like(shift) if self._origin is None else self._origin
        return origin + shift, self._products / self.count - np.outer(shift, shift)


def strongest(covariance: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The ``count`` strongest components (count, D) float32, and their variances (count,), the strongest first.

    A component may point either way: here its largest part is positive, so that colours repeat. There are no more
    than D; no variance is below 0.
    """
    dims = len(covariance)
    # They come by growing eigenvalue, one per column.
    variances, vectors = eigh(covariance, subset_by_index=(max(0, dims - count), dims - 1))
    basis = vectors.T[::-1].astype(np.float32)
    basis *= np.where(basis[np.arange(len(basis)), np.abs(basis).argmax(axis=1)] < 0, -1, 1)[:, None]
    return basis, np.maximum(variances[::-1], 0)


def stretched(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Values (n, 3) as bytes, ``low`` (3,) as 0 and ``high`` as 255; 0 for NaN and where both are the same."""
    share = (values - low) / np.maximum(high - low, 1e-12)
    return (np.clip(np.nan_to_num(share), 0, 1) * 255).round().astype(np.uint8)


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
        return stretched(tokens @ self.basis.T, self.low, self.high)


def fit_components(tokens: np.ndarray) -> Components:
    """The components of a sample (n, D) of tokens; plain black where it is empty.

    With fewer than three features the last component is repeated.
    """
    dims = tokens.shape[1]
    if not len(tokens):
        flat, unit = np.zeros(3, np.float32), (0.0, 1.0)
        bands = (1, min(2, dims), min(3, dims))
        return Components(np.zeros((3, dims), np.float32), flat, flat, bands, (unit, unit, unit))
    covariance = StreamingCovariance(dims)
    covariance.add(tokens)
    found = strongest(covariance.result()[1], 3)[0]
    basis = found[[min(number, len(found) - 1) for number in range(3)]]
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
