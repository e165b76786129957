"""Images: which grid is theirs when their bands differ in size."""

from __future__ import annotations

from affine import Affine
from rasterio.crs import CRS

from engine.raster.grid import Grid
from engine.raster.image import BandSource, Image, finest_grid
from engine.spectrum.raster_metadata import RasterMetadata


def source(gsd: float, pixels: int = 100, crs: CRS | None = None) -> BandSource:
    grid = Grid(crs, Affine(gsd, 0, 0, 0, -gsd, 0), pixels, pixels)
    return BandSource(f"/data/{gsd}.tif", "GTiff", 1, grid, "uint16", None, 1e-4, -0.1)


def image(*sources: BandSource, name: str = "LC08") -> Image:
    count = len(sources)
    metadata = RasterMetadata(
        name, (), count, ("uint16",) * count, {}, ({},) * count, (None,) * count, (None,) * count, {}
    )
    return Image(name, (), metadata, finest_grid(sources), sources)


def test_the_finest_band_gives_the_grid() -> None:
    utm = CRS.from_epsg(32633)
    assert image(source(30, crs=utm), source(15, crs=utm), source(30, crs=utm)).grid.gsd_m == 15


def test_without_crs_the_finest_band_gives_the_grid_too() -> None:
    assert image(source(2), source(1)).grid.transform.a == 1


def test_of_equally_fine_bands_the_largest_gives_the_grid() -> None:
    assert finest_grid([source(10, 50), source(10, 90), source(20, 500)]).width == 90


def test_a_panchromatic_band_that_is_not_used_does_not_set_the_pixel_size() -> None:
    landsat = image(source(30), source(15), source(30))
    assert landsat.gridded_by([0, 2]).grid.transform.a == 30
    assert landsat.gridded_by([0, 2]).sources == landsat.sources
    assert landsat.gridded_by([0, 1]).grid.transform.a == 15


def test_scales_and_offsets_are_told_per_band() -> None:
    assert image(source(10), source(20)).scales == (1e-4, 1e-4)
    assert image(source(10), source(20)).offsets == (-0.1, -0.1)


def test_a_long_name_is_shortened_for_messages() -> None:
    assert len(image(source(10), name="S2A_MSIL2A_" * 20).title) == 60


def test_a_file_is_named_in_messages_without_its_folder() -> None:
    assert source(10).file_name == "10.tif"
