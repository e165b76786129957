"""An image: the bands of one sensor at one place and time, in one file or many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engine.raster.grid import GSD_TIE, Grid
from engine.raster.opening import shorten
from engine.spectrum.raster_metadata import RasterMetadata


@dataclass(frozen=True)
class BandSource:
    """Where the pixels of one band lie.

    ``file`` is the path, or GDAL's name of a netCDF variable, to be opened with ``driver``
    and the GDAL ``settings``; ``number`` is the band's 1-based number in it, ``alpha`` that
    of the file's alpha band. ``gcps`` says that ``grid`` comes from ground control points.
    """

    file: str
    driver: str
    number: int
    grid: Grid
    dtype: str
    nodata: float | None
    scale: float
    offset: float
    alpha: int | None = None
    gcps: bool = False
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def file_name(self) -> str:
        """The file's name without its folder, short enough for a message."""
        return shorten(Path(self.file).name)


@dataclass(frozen=True)
class Image:
    """One sensor's image: a file, the band files of one product, or variables of a netCDF.

    ``grid`` is that of its finest band. ``notes`` tell the user what was left out or is
    unusual. Bands are numbered from 0, in the order of ``metadata``.
    """

    name: str
    paths: tuple[Path, ...]
    metadata: RasterMetadata
    grid: Grid
    sources: tuple[BandSource, ...]
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The name, short enough for a message."""
        return shorten(self.name, 60)

    @property
    def band_count(self) -> int:
        """Number of bands, masks and alpha among them."""
        return len(self.sources)

    @property
    def dtypes(self) -> tuple[str, ...]:
        """Data type of each band as stored, in numpy's names."""
        return tuple(source.dtype for source in self.sources)

    @property
    def scales(self) -> tuple[float, ...]:
        """The file's radiometric scale of each band; 1 where it gives none."""
        return tuple(source.scale for source in self.sources)

    @property
    def offsets(self) -> tuple[float, ...]:
        """The file's radiometric offset of each band; 0 where it gives none."""
        return tuple(source.offset for source in self.sources)

    def gridded_by(self, bands: Sequence[int]) -> Image:
        """The same image on the grid of the finest of these bands.

        An image of which the panchromatic band is not used needs not be read at its
        pixel size.
        """
        return replace(self, grid=finest_grid([self.sources[band] for band in bands]))


def finest_grid(sources: Sequence[BandSource]) -> Grid:
    """The grid with the smallest pixels; of equally fine ones the largest, of equally large ones the first."""
    sizes = [source.grid.gsd_m or abs(source.grid.transform.determinant) ** 0.5 for source in sources]
    finest = [source.grid for source, size in zip(sources, sizes, strict=True) if size <= min(sizes) * (1 + GSD_TIE)]
    return max(finest, key=lambda grid: grid.width * grid.height)
