"""Lay a finished GeoTIFF out for reading over a network: heads first, then the small overviews, then the rest."""

from __future__ import annotations

from pathlib import Path

import rasterio
import rasterio.shutil

from engine.raster.opening import gdal_environment
from engine.raster.tiff_files import verify_whole


def write_cog(source: Path, target: Path, block: tuple[int, int]) -> None:
    """Copy the tiled GeoTIFF ``source``, overviews and all, to ``target`` as a cloud-optimised one.

    ``block`` is rows and columns of its blocks. GDAL copies block by block. Its COG driver before version 3.11 knows
    no separate bands, and takes a block of all of them into memory at once (2 GB for 768 bands of 512² in float32):
    its GTiff driver lays a file out likewise when it copies overviews. GDAL's validator accepts what comes of it.
    Raises GDAL's errors.
    """
    with gdal_environment(GDAL_TIFF_OVR_BLOCKSIZE=block[1]):
        with rasterio.open(source) as dataset:
            overviews = len(dataset.overviews(1))
            half = dataset.tags(1, ns="IMAGE_STRUCTURE").get("NBITS") == "16"
        rasterio.shutil.copy(
            source,
            target,
            driver="GTiff",
            copy_src_overviews="YES",
            tiled="YES",
            blockysize=block[0],
            blockxsize=block[1],
            compress="ZSTD",
            zstd_level=1,
            predictor=2,
            interleave="BAND",
            bigtiff="IF_SAFER",
            num_threads="ALL_CPUS",
            **({"nbits": 16} if half else {}),
        )
        verify_whole(target, overviews)
