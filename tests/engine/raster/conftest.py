"""What tests of rasters share: writing a small one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.enums import ColorInterp

#: 10 m pixels in UTM zone 33.
TRANSFORM = Affine(10, 0, 500_000, 0, -10, 5_000_000)

WriteRaster = Callable[..., Path]


@pytest.fixture
def write_raster(tmp_path: Path) -> WriteRaster:
    """``write_raster(name, values (C,h,w), crs=…, transform=…, nodata=…, mask=…, alpha=…)`` → path of a GeoTIFF."""

    def write(
        name: str,
        values: np.ndarray,
        crs: Any = "EPSG:32633",
        transform: Affine | None = TRANSFORM,
        mask: np.ndarray | None = None,
        alpha: bool = False,
        scales: tuple[float, ...] | None = None,
        offsets: tuple[float, ...] | None = None,
        descriptions: tuple[str, ...] | None = None,
        **profile: Any,
    ) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        count, height, width = values.shape
        georeference = {} if transform is None else {"transform": transform}
        with rasterio.open(
            path,
            "w",
            driver=profile.pop("driver", "GTiff"),
            count=count,
            height=height,
            width=width,
            dtype=values.dtype,
            crs=crs,
            **georeference,
            **profile,
        ) as dataset:
            if alpha:
                # Before the pixels: the TIFF header cannot be changed afterwards.
                dataset.colorinterp = [ColorInterp.gray] * (count - 1) + [ColorInterp.alpha]
            dataset.write(values)
            if mask is not None:
                dataset.write_mask(mask)
            if scales is not None:
                dataset.scales = scales
            if offsets is not None:
                dataset.offsets = offsets
            if descriptions is not None:
                dataset.descriptions = descriptions
        return path

    return write
