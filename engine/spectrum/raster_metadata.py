"""What detection reads of a raster, whoever opened it. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Optional, Tuple


@dataclass(frozen=True)
class RasterMetadata:
    """Everything a raster says about its bands; made by the engine from rasterio and by QGIS from osgeo.

    ``name`` is that of the file or product folder, without path; ``parents`` are the
    folders above, nearest first, at most three. ``tags`` are the dataset's by GDAL domain
    ("" is the default one), ``band_tags`` the same per band. ``band_names`` are band
    descriptions, or the band token of one-file-per-band products, or netCDF variables.
    ``colours`` are GDAL's colour interpretations in lower case ("red", "alpha",
    "undefined"). ``sidecars`` are texts of small files beside the raster, by file name.
    """

    name: str
    parents: Tuple[str, ...]
    band_count: int
    dtypes: Tuple[str, ...]
    tags: Mapping[str, Mapping[str, str]]
    band_tags: Tuple[Mapping[str, Mapping[str, str]], ...]
    band_names: Tuple[Optional[str], ...]
    colours: Tuple[Optional[str], ...]
    sidecars: Mapping[str, str]
