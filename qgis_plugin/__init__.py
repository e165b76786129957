"""The QGIS side of SMARTIES: panel, Processing algorithms and the link to the engine's process.

It imports QGIS, GDAL, the standard library and the parts of `engine` that need nothing else; never torch or rasterio.
"""
