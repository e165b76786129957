"""Principal components that are kept: fitted on one scene, saved, applied to another so that colours compare."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from engine.errors import CheckpointError
from engine.model.safetensors_header import read_header
from engine.raster.components import STRETCH, StreamingCovariance, stretched, strongest
from engine.raster.fingerprint import image_differences, setting_differences

#: The entry of the file's header that holds what is not a tensor, and the form of it.
METADATA_KEY, _FORMAT = "smarties_basis", 1
_MAKE = "Give a .safetensors file that 'smarties reduce --save-basis' wrote."


@dataclass(frozen=True, eq=False)
class Basis:
    """Components of a scene, the strongest first, and what vectors they are for.

    ``mean`` (D,), ``directions`` (n, D), ``low`` and ``high`` (n,), the values of each component at the 2nd and 98th
    percentile of the scene, all float32. ``shares`` (n,) are the parts of the scene's variance that the components
    hold. ``fingerprint`` and ``images`` are those of the scene's embedding (``FeatureRecord``), ``scene`` its name.
    """

    mean: np.ndarray
    directions: np.ndarray
    low: np.ndarray
    high: np.ndarray
    shares: tuple[float, ...]
    fingerprint: dict[str, Any]
    images: list[dict[str, Any]]
    scene: str

    def colours(self, projected: np.ndarray) -> np.ndarray:
        """Red, green and blue (n, 3) uint8 of components (n, k); where there are few, the last one again."""
        chosen = [min(number, len(self.low) - 1) for number in range(3)]
        return stretched(projected[:, chosen], self.low[chosen], self.high[chosen])

    def first(self, count: int) -> Basis:
        """The ``count`` strongest of the components."""
        return Basis(
            self.mean, self.directions[:count], self.low[:count], self.high[:count],
            self.shares[:count], self.fingerprint, self.images, self.scene,
        )  # fmt: skip

    def check_fits(self, fingerprint: Mapping[str, Any], what: str) -> None:
        """Raises CheckpointError, saying what differs, unless vectors of ``fingerprint`` are of the scene's kind."""
        differences = [
            *setting_differences(self.fingerprint, fingerprint),
            *image_differences(self.fingerprint, fingerprint),
        ]
        if differences:
            raise CheckpointError(
                f"The basis was fitted on {self.scene}, which {what} does not compare with: {'; '.join(differences)}.",
                "Embed both with the same model, settings and statistics, or fit a basis of its own.",
            )


def fit_basis(
    covariance: StreamingCovariance,
    sample: np.ndarray,
    count: int,
    fingerprint: dict[str, Any],
    images: list[dict[str, Any]],
    scene: str,
) -> Basis:
    """The ``count`` strongest components of all tokens; ``sample`` (n, D) of them, not empty, gives the stretch."""
    mean, products = covariance.result()
    directions, variances = strongest(products, count)
    total = max(float(np.trace(products)), 1e-30)
    origin = mean.astype(np.float32)
    low, high = np.percentile((sample - origin) @ directions.T, STRETCH, axis=0).astype(np.float32)
    shares = tuple(float(variance / total) for variance in variances)
    return Basis(origin, directions, low, high, shares, fingerprint, images, scene)


def save_basis(path: Path, basis: Basis) -> None:
    """Writes a basis: tensors, and all else as JSON in the header."""
    told = {
        METADATA_KEY: _FORMAT, "shares": basis.shares, "fingerprint": basis.fingerprint, "images": basis.images,
        "scene": basis.scene,
    }  # fmt: skip
    tensors = {name: np.ascontiguousarray(getattr(basis, name)) for name in ("mean", "directions", "low", "high")}
    # Not save_file, which makes files that only their owner can read.
    path.write_bytes(save(tensors, metadata={METADATA_KEY: json.dumps(told, ensure_ascii=False)}))


def load_basis(path: str | Path) -> Basis:
    """The basis in a file. CheckpointError for a file that is missing, damaged, or no basis."""
    path = Path(path).expanduser()
    if not path.is_file():
        raise CheckpointError(f"There is no basis {path}.", _MAKE)
    try:
        header = read_header(path)
    except CheckpointError as error:
        raise CheckpointError(error.message, _MAKE) from error
    text = header.metadata.get(METADATA_KEY)
    if text is None:
        raise CheckpointError(f"{path.name} is no basis of components.", _MAKE)
    try:
        told = json.loads(text)
        if told[METADATA_KEY] != _FORMAT:
            raise ValueError(f"format {told[METADATA_KEY]}")
        tensors = load_file(path)
        basis = Basis(
            mean=tensors["mean"].astype(np.float32),
            directions=tensors["directions"].astype(np.float32),
            low=tensors["low"].astype(np.float32),
            high=tensors["high"].astype(np.float32),
            shares=tuple(float(share) for share in told["shares"]),
            fingerprint=dict(told["fingerprint"]),
            images=list(told["images"]),
            scene=str(told["scene"]),
        )
        count, dims = basis.directions.shape
        if basis.mean.shape != (dims,) or not {(count,)} == {basis.low.shape, basis.high.shape, (len(basis.shares),)}:
            raise ValueError("tensors that do not belong together")
        if not all(np.isfinite(tensor).all() for tensor in tensors.values()):
            raise ValueError("numbers that are not finite")
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"{path.name} is damaged, or of another version ({error}).", "Make it again.") from error
    return basis
