"""SMARTIES engine: one vision transformer for the bands of any satellite.

Importing this package costs nothing: torch, rasterio and timm are loaded by the
modules that need them, so that QGIS can import ``engine.spectrum`` and
``engine.protocol`` on the standard library alone.
"""

__version__ = "0.1.0"
