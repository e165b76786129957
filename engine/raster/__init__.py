"""Pixels: opening rasters, their grids, reading, writing. Importing it limits what GDAL may do in this process."""

from __future__ import annotations

from engine.raster.drivers import limit_gdal

limit_gdal()
