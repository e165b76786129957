"""A head's description and samples of vectors, made up."""

from __future__ import annotations

import numpy as np

from engine.heads.head import HeadInfo
from engine.heads.sample import LabelledSample
from engine.raster.map_writer import MapClass

COLOURS = ("#1f77b4", "#2ca02c", "#d62728", "#9467bd")


def described(kind: str = "linear", dims: int = 4, classes: int = 3) -> HeadInfo:
    """A head's description, as one trained on two bands has it."""
    figures = {"p1": [0.0, 0.0], "p99": [1.0, 1.0], "mean": [0.5, 0.4], "std": [0.1, 0.2]}
    bands = [{"name": "B02", "weights": {"blue_1": 1.0}}, {"name": "B04", "weights": {"red_2": 1.0}}]
    return HeadInfo(
        kind=kind,
        fingerprint={
            "model": {"sha256": "ab" * 32, "projections": ""},
            "bands": [[band["weights"] for band in bands]],
            "statistics": [figures],
            "chip": 112,
            "fusion": "stack",
            "level": "tokens",
        },
        features={
            "model": {"source": "m", "name": "m", "title": "Model M", "sha256": "ab" * 32, "random": True},
            **{"dims": dims, "chip": 112, "overlap": 0.25, "fusion": "stack", "level": "tokens"},
            **{"min_valid": 0.5, "interpolation": "log", "allow_outside": False, "projections": False},
        },
        images=[{"name": "S2", "bands": bands, "statistics": {**figures, "source": "the sensor's"}}],
        classes=tuple(MapClass(number + 1, f"classe é{number}", COLOURS[number]) for number in range(classes)),
        accuracy=None,
        training={"seed": 0},
        versions={"smarties": "0"},
        created="2026-01-01T00:00:00+00:00",
    )


def clouds(n: int = 300, dims: int = 4, classes: int = 3, spread: float = 0.5, seed: int = 0) -> LabelledSample:
    """``n`` pixels around one centre per class, each on a cell of its own, 10 to a group."""
    generator = np.random.default_rng(seed)
    centres = np.random.default_rng(9).normal(size=(classes, dims)) * 3
    labels = np.arange(n) % classes
    vectors = (centres[labels] + generator.normal(size=(n, dims)) * spread).astype(np.float32)
    numbers = np.arange(n)
    return LabelledSample(
        vectors=vectors,
        cells=np.repeat(numbers[:, None], 4, axis=1),
        shares=np.full((n, 4), 0.25, np.float32),
        own=numbers,
        classes=labels,
        groups=numbers // 10,
        stands_for=np.ones(n),
        places=np.stack([np.zeros(n, int), numbers, numbers], 1),
    )
