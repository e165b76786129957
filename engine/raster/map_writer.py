"""Write maps: rasters of few bands, in windows, with colours and class names where they have classes."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from xml.sax.saxutils import escape  # nosec B406: it only writes

import numpy as np
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, Resampling
from rasterio.windows import Window

from engine.errors import OutputError
from engine.raster.opening import gdal_environment
from engine.raster.tiff_files import overview_factors, verify_whole

_BLOCK = 256


@dataclass(frozen=True)
class MapClass:
    """A class of a map: the raster's value, its name, and its colour as "#rrggbb"."""

    value: int
    name: str
    colour: str

    @property
    def rgb(self) -> tuple[int, int, int]:
        """The colour as three bytes."""
        return int(self.colour[1:3], 16), int(self.colour[3:5], 16), int(self.colour[5:7], 16)


class MapWriter:
    """A tiled, packed GeoTIFF written in windows to ``temporary`` (of ``engine.raster.outputs.Outputs``).

    With ``classes`` it carries their palette, and their names in a GDAL sidecar, which ``Outputs`` moves along.
    Windows are multiples of 256 px but at the edges, or small: a block that is written twice is packed twice.
    Errors of the disk are GDAL's own; ``Outputs`` puts them into words.
    """

    def __init__(
        self,
        temporary: Path,
        rows: int,
        cols: int,
        dtype: str,
        nodata: float | None,
        transform: Affine,
        crs: CRS | None,
        band_names: Sequence[str],
        tags: Mapping[str, str],
        classes: Sequence[MapClass] = (),
    ) -> None:
        self._path = temporary
        self._classes = classes
        self._shape = (rows, cols)
        bytes_needed = rows * cols * len(band_names) * np.dtype(dtype).itemsize
        free = shutil.disk_usage(temporary.parent).free
        # Maps of classes pack to a tenth and less; measured values to about two thirds.
        if bytes_needed * (0.1 if classes else 0.6) > free:
            raise OutputError(
                f"The map takes up to {bytes_needed / 1e9:.1f} GB; {temporary.parent} has {free / 1e9:.1f} GB free.",
                "Free some space, or choose another folder.",
            )
        # GDAL knows half precision as a float32 of which 16 bits are stored.
        half: dict[str, object] = {"nbits": 16} if dtype == "float16" else {}
        kind = "float32" if half else dtype
        with gdal_environment():
            self._dataset = rasterio.open(
                temporary, "w", driver="GTiff", width=cols, height=rows, count=len(band_names), dtype=kind,
                nodata=nodata, transform=transform, crs=crs, tiled=True, blockxsize=_BLOCK, blockysize=_BLOCK,
                compress="ZSTD", zstd_level=1, predictor=1 if classes else (3 if dtype == "float32" else 2),
                interleave="band", bigtiff="IF_SAFER", **half,
            )  # fmt: skip
        self._dataset.descriptions = tuple(band_names)
        self._dataset.update_tags(**tags, AREA_OR_POINT="Area")
        if classes:
            self._dataset.colorinterp = (ColorInterp.palette, *([ColorInterp.undefined] * (len(band_names) - 1)))
            palette = {each.value: (*each.rgb, 255) for each in classes}
            if nodata is not None:
                palette[int(nodata)] = (0, 0, 0, 0)
            self._dataset.write_colormap(1, palette)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.finish()
        else:
            self._dataset.close()

    def write(self, row0: int, col0: int, values: np.ndarray) -> None:
        """Write ``values`` (bands, h, w) at (row0, col0)."""
        with gdal_environment():
            self._dataset.write(values, window=Window(col0, row0, values.shape[2], values.shape[1]))

    def finish(self) -> None:
        """Add overviews, close, and check that every block is there."""
        factors = overview_factors(*self._shape)
        with gdal_environment(ZSTD_LEVEL_OVERVIEW=1):
            if factors:
                self._dataset.build_overviews(factors, Resampling.mode if self._classes else Resampling.average)
            self._dataset.close()
        verify_whole(self._path, len(factors))
        if self._classes:
            Path(f"{self._path}.aux.xml").write_text(_category_names(self._classes), encoding="utf-8")


def _category_names(classes: Sequence[MapClass]) -> str:
    """GDAL's sidecar with a name per value: GeoTIFF has no place for them inside."""
    names = {each.value: each.name for each in classes}
    lines = [f"      <Category>{escape(names.get(value, ''))}</Category>" for value in range(max(names) + 1)]
    body = "\n".join(lines)
    return (
        '<PAMDataset>\n  <PAMRasterBand band="1">\n    <CategoryNames>\n'
        f"{body}\n    </CategoryNames>\n  </PAMRasterBand>\n</PAMDataset>\n"
    )
