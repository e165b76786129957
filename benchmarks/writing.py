"""How fast is an embedding written? Ours, as it grows, beside one float32 COG at the end.

    python benchmarks/writing.py

768 bands of 344 × 344 cells, smooth with noise on them. Plain: GDAL's COG driver, as it comes. Ours: a tiled GeoTIFF
packed by ZSTD, in float32, float16 and int8 with a scale per band, rows handed over a strip at a time.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio.crs import CRS

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from benchmarks import plain  # noqa: E402
from benchmarks.comparison import Comparison, benchmark, difference, in_turn  # noqa: E402
from engine.raster.stored_values import int8_scales  # noqa: E402
from engine.raster.writers import RasterWriter  # noqa: E402

DIMS, SIDE, STRIP = 768, 344, 7
#: float32 comes back as it was; float16 to its 11 binary digits, int8 to half a step of its scale.
AGREE = {"float32": 0.0, "float16": 2.0**-11, "int8": 0.501 * 1.25 / 127}
UTM, CELLS = "EPSG:32631", Affine(80, 0, 600_000, 0, -80, 5_700_000)


def main() -> None:
    """Measure, print, and write the record."""
    benchmark("writing", "Writing an embedding", __doc__, lambda rounds: [compare(DIMS, SIDE, rounds)], rounds=2)


def compare(dims: int, side: int, rounds: int) -> Comparison:
    """Both ways of writing ``dims`` bands of ``side`` × ``side`` cells."""
    values = made_features(dims, side)
    scales = int8_scales(values)
    with tempfile.TemporaryDirectory() as folder:
        cog = Path(folder) / "plain.tif"
        ways: dict[str, Callable[[], object]] = {
            "plain COG, float32": lambda: plain.write_cog(cog, values, CELLS, UTM),
            **{f"ours, {dtype}": _ours(Path(folder) / f"{dtype}.tif", values, dtype, scales) for dtype in AGREE},
        }
        for run in ways.values():
            run()
        expected = read(cog)
        differences = {
            f"ours, {dtype}": difference(f"writing {dtype}", read(Path(folder) / f"{dtype}.tif"), expected, limit)
            for dtype, limit in AGREE.items()
        }
        what = f"{dims} bands of {side} × {side}"
        return Comparison(what, in_turn(ways, rounds), differences, {"ours, int8": 20.0})


def made_features(dims: int, side: int) -> np.ndarray:
    """Features (dims, side, side) float32: fields of 8 cells, with noise."""
    numbers = np.random.default_rng(0)
    coarse = numbers.standard_normal((dims, side // 8 + 1, side // 8 + 1), np.float32)
    smooth = coarse.repeat(8, axis=1).repeat(8, axis=2)[:, :side, :side]
    return smooth + 0.2 * numbers.standard_normal((dims, side, side), np.float32)


def read(path: Path) -> np.ndarray:
    """All bands, their scales applied, float32."""
    with rasterio.open(path) as dataset:
        values: np.ndarray = dataset.read().astype(np.float32)
        return values * np.asarray(dataset.scales, np.float32)[:, None, None]


def _ours(path: Path, values: np.ndarray, dtype: str, scales: np.ndarray) -> Callable[[], None]:
    dims, rows, cols = values.shape

    def run() -> None:
        with RasterWriter(
            path, rows, cols, dims, CELLS, CRS.from_string(UTM), dtype, overwrite=True, tags={},
            band_names=[f"feature {number}" for number in range(dims)], scales=scales if dtype == "int8" else None,
        ) as writer:  # fmt: skip
            for row in range(0, rows, STRIP):
                writer.write(row, values[:, row : row + STRIP])

    return run


if __name__ == "__main__":
    main()
