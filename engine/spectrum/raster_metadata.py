"""What detection reads of a raster, whoever opened it. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Mapping, Optional, Tuple

#: Names longer than this are none: detection compares names with patterns whose work grows with their square.
MAX_NAME_CHARACTERS = 200


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


def bounded(metadata: RasterMetadata) -> RasterMetadata:
    """The same with names cut to a length that a name may have."""

    def cut(text: Optional[str]) -> Optional[str]:
        return text if text is None else text[:MAX_NAME_CHARACTERS]

    return replace(
        metadata,
        name=metadata.name[:MAX_NAME_CHARACTERS],
        parents=tuple(parent[:MAX_NAME_CHARACTERS] for parent in metadata.parents),
        band_names=tuple(cut(name) for name in metadata.band_names),
    )
