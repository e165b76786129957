"""A made Sentinel-2 image for benchmarks: 12 bands of stored numbers that change over space as land does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from rasterio.windows import Window

from train.data.sides import catalogue_side

#: Its bands as the sensor names them; ``SIDE`` has the layers learnt from them, and their statistics.
BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12")
SIDE = catalogue_side("sentinel-2-l2a", BANDS, "uint16", 112)
#: A name of a product before baseline 04.00, whose values have no offset.
NAME = "S2A_MSIL2A_20200601T104031_N0214_R008_T31UFS_20200601T134000.tif"
CRS, TRANSFORM = "EPSG:32631", Affine(10, 0, 600_000, 0, -10, 5_700_000)

_ROWS = 256


def write_scene(folder: Path, height: int, width: int, bands: int = 12, **options: Any) -> Path:
    """A tiled, ZSTD-packed GeoTIFF of uint16 in ``folder``; ``options`` of its creation come before these.

    Fields of 20 px with noise on them, in the range of the sensor's statistics. Rows repeat after 1,024, so that a
    large one takes no longer to make than to write.
    """
    path = folder / NAME
    pattern = made_values(bands, min(height, 1024), width)
    settings = {"tiled": True, "compress": "ZSTD", "zstd_level": 1, "blockxsize": 256, "blockysize": 256, **options}
    with rasterio.open(
        path, "w", driver="GTiff", width=width, height=height, count=bands, dtype="uint16", transform=TRANSFORM,
        crs=CRS, bigtiff="IF_SAFER", **settings,
    ) as dataset:  # fmt: skip
        dataset.descriptions = BANDS[:bands]
        for row in range(0, height, _ROWS):
            rows = min(_ROWS, height - row)
            taken = np.arange(row, row + rows) % pattern.shape[1]
            dataset.write(pattern[:, taken], window=Window(0, row, width, rows))
    return path


def made_values(bands: int, height: int, width: int) -> np.ndarray:
    """Stored numbers of the first ``bands`` bands: (bands, height, width) uint16, none of them nodata."""
    numbers = np.random.default_rng(0)
    values = np.empty((bands, height, width), np.uint16)
    for band, (low, high) in enumerate(zip(SIDE.statistics.p1[:bands], SIDE.statistics.p99[:bands], strict=True)):
        fields = numbers.random((height // 20 + 1, width // 20 + 1), np.float32)
        land = fields.repeat(20, axis=0)[:height].repeat(20, axis=1)[:, :width]
        noise = numbers.standard_normal((height, width), np.float32)
        values[band] = np.clip(low + (high - low) * (0.1 + 0.7 * land + 0.03 * noise), 1, 10_000)
    return values
