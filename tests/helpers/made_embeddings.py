"""Embeddings made by hand, with the metadata of real ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from rasterio.crs import CRS

from engine.raster.stored_values import int8_scales
from engine.raster.writers import RasterWriter

UTM = CRS.from_epsg(32633)
#: Cells of 80 m, of 8 pixels each way.
CELLS = Affine(80, 0, 400_000, 0, -80, 5_600_000)
RED = {"name": "B04", "weights": {"red_2": 1.0}}
FIGURES = {"bands": ["B04"], "p1": [0.0], "p99": [3000.0], "mean": [0.4], "std": [0.2], "source": "by hand"}


def made_embedding(
    path: Path,
    values: np.ndarray,
    dtype: str = "float32",
    transform: Affine = CELLS,
    job: dict[str, Any] | None = None,
    model: dict[str, Any] | None = None,
    statistics: dict[str, Any] | None = None,
) -> Path:
    """Writes ``values`` (dims, rows, cols), NaN where there is no data; the rest changes what the metadata tell."""
    dims, rows, cols = values.shape
    image = {"name": path.stem, "sensor": None, "bands": [RED], "statistics": {**FIGURES, **(statistics or {})}}
    lattice = [transform.a / 8, 0, transform.c, 0, transform.e / 8, transform.f]
    tags = {
        "SMARTIES_JOB": json.dumps({"chip": 112, "fusion": "stack", "level": "tokens", **(job or {})}),
        "SMARTIES_MODEL": json.dumps({"name": "made", "title": "made by hand", "sha256": "0" * 64, **(model or {})}),
        "SMARTIES_IMAGES": json.dumps([image]),
        "SMARTIES_LATTICE": json.dumps({"transform": lattice, "width": 8 * cols, "height": 8 * rows}),
    }
    names = [f"feature {number + 1}" for number in range(dims)]
    scales = int8_scales(values.reshape(dims, -1)) if dtype == "int8" else None
    with RasterWriter(
        path, rows, cols, dims, transform, UTM, dtype, band_names=names, tags=tags, scales=scales, overwrite=True
    ) as writer:
        writer.write(0, values.astype(np.float32))
    return path
