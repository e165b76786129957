"""Small scenes and lists of them, for runs over many."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin


def write_scenes(folder: Path, count: int, side: int) -> list[Path]:
    """Three-band Sentinel-2 scenes of different heights, so that none can be taken for another."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(count):
        path = folder / f"S2_{number}.tif"
        shape = (3, side + 8 * number, side)
        with rasterio.open(
            path, "w", driver="GTiff", count=3, height=shape[1], width=shape[2], dtype="uint16", crs="EPSG:32632",
            transform=from_origin(5e5, 5e6, 10, 10), tiled=True, blockxsize=64, blockysize=64,
        ) as dataset:  # fmt: skip
            dataset.write(np.random.default_rng(number).integers(300, 3000, shape).astype("uint16"))
            dataset.descriptions = ("B04", "B03", "B02")
        paths.append(path)
    return paths


def json_lines(path: Path, lines: list[dict]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def report_of(path: Path) -> dict[str, dict]:
    """The whole lines of a report, by scene."""
    lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []
    return {line["name"]: line for line in map(json.loads, lines)}
