"""Grids: their size on the ground, their windows, and the one grid chosen for several images."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.warp import transform as project

from engine.errors import GridError
from engine.raster.grid import MAX_SIDE_PX, Grid, bounds_text, common_grid, metres_text

UTM33 = CRS.from_epsg(32633)
WGS84 = CRS.from_epsg(4326)


@dataclass(frozen=True)
class Picture:
    """An image as far as ``common_grid`` is concerned."""

    title: str
    grid: Grid


def utm(width: int = 100, height: int = 80, gsd: float = 10, left: float = 500_000, top: float = 5_000_000) -> Grid:
    return Grid(UTM33, Affine(gsd, 0, left, 0, -gsd, top), width, height)


def picture(*args: float, **kwargs: float) -> Picture:
    return Picture("a.tif", utm(*args, **kwargs))  # type: ignore[arg-type]


def test_description_names_size_gsd_and_crs() -> None:
    assert utm(1068, 1068).describe() == "1068×1068 px, 10 m, EPSG:32633"


def test_description_of_a_picture_without_crs_says_so() -> None:
    assert Grid(None, Affine.identity(), 256, 256).describe() == "256×256 px, no georeference"


def test_gsd_is_in_metres_for_feet() -> None:
    feet = Grid(CRS.from_epsg(2263), Affine(10, 0, 980_000, 0, -10, 200_000), 10, 10)
    assert feet.gsd_m == pytest.approx(3.048, rel=1e-4)


def test_gsd_of_degrees_follows_the_latitude_of_the_centre() -> None:
    # One degree at 60° N: 55.80 km by 111.41 km on WGS 84 (Snyder 1987, table 6 on parallels and meridians).
    grid = Grid(WGS84, Affine(1e-3, 0, 20, 0, -1e-3, 60.005), 10, 10)
    assert grid.gsd_m == pytest.approx(math.sqrt(55.80 * 111.41), rel=1e-3)


def test_gsd_of_web_mercator_is_the_grounds_not_the_maps() -> None:
    grid = Grid(CRS.from_epsg(3857), Affine(10, 0, 0, 0, -10, 8_399_737.9), 10, 10)  # 60° N
    assert grid.gsd_m == pytest.approx(5.0, rel=1e-3)


def test_gsd_of_another_planet_uses_its_own_radius() -> None:
    mars = CRS.from_wkt('GEOGCS["Mars",DATUM["D",SPHEROID["S",3396190,0]],PRIMEM["R",0],UNIT["degree",0.0174532925]]')
    grid = Grid(mars, Affine(1, 0, -5, 0, -1, 5), 10, 10)
    assert grid.gsd_m == pytest.approx(math.radians(1) * 3_396_190, rel=1e-6)


def test_a_grid_without_crs_has_no_gsd() -> None:
    assert Grid(None, Affine.identity(), 4, 4).gsd_m is None


@pytest.mark.parametrize(("metres", "text"), [(10, "10 m"), (0.3, "0.3 m"), (3032.1, "3.03 km"), (9.754, "9.75 m")])
def test_lengths_are_told_to_three_digits(metres: float, text: str) -> None:
    assert metres_text(metres) == text


def test_bounds_are_told_with_the_digits_their_size_calls_for() -> None:
    assert bounds_text((500_000.4, 4_999_000, 501_000, 5_000_000)) == "500000, 4999000, 501000, 5000000"
    assert bounds_text((10.0, 20.0, 10.02, 20.02)) == "10.00000, 20.00000, 10.02000, 20.02000"


@given(
    row0=st.integers(0, 50), rows=st.integers(1, 30), col0=st.integers(0, 50), cols=st.integers(1, 50),
    angle=st.sampled_from([0, 90, 180, 270]),
)  # fmt: skip
def test_bounds_of_a_window_lead_back_to_the_window(row0: int, rows: int, col0: int, cols: int, angle: int) -> None:
    grid = Grid(UTM33, Affine.translation(5e5, 5e6) @ Affine.rotation(angle) @ Affine.scale(10, -10), 100, 80)
    window = (row0, row0 + rows, col0, col0 + cols)
    assert grid.window_of(grid.crop(*window).bounds) == window


def test_a_window_of_bounds_takes_every_pixel_they_touch() -> None:
    assert utm().window_of((500_015, 4_999_905, 500_021, 4_999_995)) == (0, 10, 1, 3)


def test_crop_keeps_the_lattice() -> None:
    grid = utm()
    assert grid.crop(7, 20, 5, 30).offset_in(grid) == (7, 5)
    assert grid.crop(7, 20, 5, 30).bounds == (500_050, 4_999_800, 500_300, 4_999_930)


@pytest.mark.parametrize(
    "other", [utm(gsd=20), utm(left=500_005), Grid(WGS84, utm().transform, 100, 80), utm(gsd=10.01)]
)
def test_other_lattices_have_no_offset(other: Grid) -> None:
    assert other.offset_in(utm()) is None


def test_rounding_in_a_transform_does_not_part_two_lattices() -> None:
    # 0.0001 px over the whole raster, as after a round trip through text.
    assert utm(left=500_000.001).same_as(utm())


# common_grid


def test_one_image_keeps_its_own_grid() -> None:
    assert common_grid([picture()]) == utm()


def test_the_finest_image_is_the_reference_and_is_never_resampled() -> None:
    coarse, fine = picture(50, 50, gsd=20), picture(60, 60, gsd=10, left=500_103)
    grid = common_grid([coarse, fine])
    assert grid.gsd_m == pytest.approx(10)
    assert grid.offset_in(fine.grid) is not None


def test_of_equally_fine_images_the_first_is_the_reference() -> None:
    first, second = picture(left=500_003), picture()
    assert common_grid([first, second]).offset_in(first.grid) is not None


def test_the_asked_reference_wins_over_the_finest() -> None:
    coarse, fine = picture(50, 50, gsd=20), picture(60, 60, gsd=10)
    assert common_grid([coarse, fine], reference=0).gsd_m == pytest.approx(20)


def test_the_grid_is_cropped_to_where_all_images_lie() -> None:
    grid = common_grid([picture(100, 80), picture(100, 80, left=500_300, top=4_999_800)])
    assert grid.bounds == (500_300, 4_999_200, 501_000, 4_999_800)


def test_a_pixel_whose_centre_another_image_covers_stays() -> None:
    grid = common_grid([picture(100, 80), picture(100, 80, left=500_304)])
    assert grid.bounds[0] == 500_300
    grid = common_grid([picture(100, 80), picture(100, 80, left=500_306)])
    assert grid.bounds[0] == 500_310
    grid = common_grid([picture(100, 80), picture(100, 80, top=4_999_996)])
    assert grid.bounds[3] == 5_000_000
    grid = common_grid([picture(100, 80), picture(100, 80, top=4_999_994)])
    assert grid.bounds[3] == 4_999_990


@given(
    left=st.floats(499_000, 501_000), top=st.floats(4_999_000, 5_001_000), gsd=st.floats(3, 60),
    angle=st.floats(-180, 180),
)  # fmt: skip
def test_any_overlap_gives_whole_pixels_of_the_reference(left: float, top: float, gsd: float, angle: float) -> None:
    reference = Picture("ref", utm())
    lattice = Affine.translation(left, top) @ Affine.rotation(angle) @ Affine.scale(gsd, -gsd)
    other = Picture("other", Grid(UTM33, lattice, 90, 70))
    try:
        grid = common_grid([reference, other], reference=0)
    except GridError:
        return
    row, col = grid.offset_in(reference.grid) or (-1, -1)
    assert row >= 0 and row + grid.height <= 80
    assert col >= 0 and col + grid.width <= 100


def test_a_rotated_reference_keeps_its_own_pixels() -> None:
    rotated = Grid(UTM33, Affine.translation(5e5, 5e6) @ Affine.rotation(30) @ Affine.scale(10, -10), 100, 100)
    grid = common_grid([Picture("rotated", rotated), picture(400, 400, gsd=30, left=495_000, top=5_005_000)])
    assert grid.same_as(rotated)


def test_a_south_up_reference_keeps_its_own_pixels() -> None:
    south_up = Grid(UTM33, Affine(10, 0, 500_000, 0, 10, 4_999_000), 100, 100)
    assert common_grid([Picture("south-up", south_up), picture(100, 100)], reference=0).same_as(south_up)


def test_images_of_different_crs_meet_where_both_lie() -> None:
    left, top = project(UTM33, WGS84, [500_200], [4_999_800])
    degrees = Grid(WGS84, Affine(2e-4, 0, left[0], 0, -2e-4, top[0]), 200, 200)
    grid = common_grid([picture(), Picture("degrees", degrees)])
    assert grid.crs == UTM33
    assert grid.bounds == pytest.approx((500_200, 4_999_200, 501_000, 4_999_800), abs=11)


def test_an_extent_is_taken_outward_to_whole_pixels() -> None:
    grid = common_grid([picture()], extent=(500_055, 4_999_455, 500_155, 4_999_555))
    assert grid.bounds == (500_050, 4_999_450, 500_160, 4_999_560)


def test_an_extent_beyond_the_image_ends_with_the_image() -> None:
    assert common_grid([picture()], extent=(0, 0, 1e6, 1e7)) == utm()


def test_another_crs_gives_a_north_up_lattice_around_the_image() -> None:
    grid = common_grid([picture()], crs="EPSG:3035")
    assert grid.crs == CRS.from_epsg(3035)
    assert grid.transform.b == grid.transform.d == 0
    assert grid.gsd_m == pytest.approx(10, rel=0.05)


def test_epsg_numbers_are_understood_as_text_and_as_numbers() -> None:
    assert common_grid([picture()], crs=3035) == common_grid([picture()], crs="3035")


def test_an_asked_resolution_puts_pixel_edges_on_its_multiples() -> None:
    grid = common_grid([picture(left=500_007)], resolution=25)
    assert grid.transform.c % 25 == 0 and grid.transform.f % 25 == 0
    assert grid.pixel_size == (25, 25)


def test_extent_and_resolution_together_give_exactly_that_grid() -> None:
    grid = common_grid([picture()], extent=(500_103, 4_999_503, 500_303, 4_999_703), resolution=20, crs=32633)
    assert grid.bounds == (500_103, 4_999_503, 500_303, 4_999_703)
    assert (grid.width, grid.height) == (10, 10)


def test_the_images_own_resolution_and_crs_do_not_resample_it() -> None:
    assert common_grid([picture(left=500_003)], crs=32633, resolution=10) == utm(left=500_003)


def test_disjoint_images_are_refused_with_both_extents() -> None:
    with pytest.raises(GridError, match=r"600000.*EPSG:32633.*500000.*do not overlap"):
        common_grid([Picture("b.tif", utm()), Picture("far.tif", utm(left=600_000))])


def test_an_extent_outside_is_refused() -> None:
    with pytest.raises(GridError, match="outside a"):
        common_grid([picture()], extent=(0, 0, 10, 10))


@pytest.mark.parametrize("extent", [(1, 1, 1, 2), (3, 0, 1, 2), (0, 0, math.inf, 1), (math.nan, 0, 1, 1)])
def test_an_empty_or_endless_extent_is_refused(extent: tuple[float, float, float, float]) -> None:
    with pytest.raises(GridError, match="empty"):
        common_grid([picture()], extent=extent)


@pytest.mark.parametrize("resolution", [0, -10, math.nan, math.inf])
def test_an_impossible_resolution_is_refused(resolution: float) -> None:
    with pytest.raises(GridError, match="not a pixel size"):
        common_grid([picture()], resolution=resolution)


def test_metres_given_for_degrees_are_refused() -> None:
    degrees = Picture("d.tif", Grid(WGS84, Affine(1e-4, 0, 10, 0, -1e-4, 50), 100, 100))
    with pytest.raises(GridError, match="10 degree leaves no pixel"):
        common_grid([degrees], resolution=10)


def test_an_absurd_number_of_pixels_is_refused() -> None:
    with pytest.raises(GridError, match="pixels"):
        common_grid([picture(MAX_SIDE_PX, 10)], resolution=1)


@pytest.mark.parametrize("crs", ["EPSG:999999", "nonsense", ""])
def test_text_that_is_no_crs_is_refused(crs: str) -> None:
    with pytest.raises(GridError, match="not a coordinate reference system"):
        common_grid([picture()], crs=crs)


def test_a_picture_without_crs_may_stand_alone() -> None:
    pixels = Grid(None, Affine.identity(), 256, 200)
    assert common_grid([Picture("p.png", pixels)]) == pixels


def test_pictures_of_the_same_pixels_without_crs_may_stand_together() -> None:
    pixels = Grid(None, Affine.identity(), 256, 200)
    assert common_grid([Picture("p.png", pixels), Picture("q.png", pixels)]) == pixels


@pytest.mark.parametrize("settings", [{"crs": 4326}, {"resolution": 5.0}])
def test_a_picture_without_crs_cannot_be_put_on_another_grid(settings: dict[str, float]) -> None:
    with pytest.raises(GridError, match=r"p.png has no CRS"):
        common_grid([Picture("p.png", Grid(None, Affine.identity(), 9, 9))], **settings)  # type: ignore[arg-type]


def test_a_picture_without_crs_has_no_place_beside_a_map() -> None:
    with pytest.raises(GridError, match=r"p.png has no CRS"):
        common_grid([picture(), Picture("p.png", Grid(None, Affine.identity(), 100, 80))])


def test_an_image_across_the_antimeridian_is_read_beside_one_that_touches_it() -> None:
    x, y = project(WGS84, CRS.from_epsg(32660), [180], [10])
    across = Grid(CRS.from_epsg(32660), Affine(10, 0, x[0] - 1000, 0, -10, y[0] + 1000), 200, 200)
    west = Grid(WGS84, Affine(1e-4, 0, -180, 0, -1e-4, 10.005), 200, 200)
    grid = common_grid([Picture("west", west), Picture("across", across)], reference=0)
    assert grid.bounds[0] == pytest.approx(-180)
    assert 85 <= grid.width <= 95  # about 1 km of 11 m pixels


def test_an_image_across_the_antimeridian_is_refused_in_degrees() -> None:
    x, y = project(WGS84, CRS.from_epsg(32660), [180], [10])
    across = Grid(CRS.from_epsg(32660), Affine(10, 0, x[0] - 1000, 0, -10, y[0] + 1000), 200, 200)
    with pytest.raises(GridError, match="antimeridian"):
        common_grid([Picture("across", across)], crs=4326)


def test_a_map_of_the_world_may_stand_beside_a_scene() -> None:
    world = Grid(WGS84, Affine(0.1, 0, -180, 0, -0.1, 90), 3600, 1800)
    assert common_grid([picture(), Picture("world", world)]) == utm()


def test_a_map_of_the_world_is_refused_on_a_crs_of_half_of_it() -> None:
    world = Picture("world", Grid(WGS84, Affine(1, 0, -180, 0, -1, 90), 360, 180))
    with pytest.raises(GridError, match="world"):
        common_grid([world], crs="+proj=ortho +lat_0=0 +lon_0=0")


def test_another_planet_cannot_be_brought_to_earth() -> None:
    mars = CRS.from_wkt('GEOGCS["Mars",DATUM["D",SPHEROID["S",3396190,0]],PRIMEM["R",0],UNIT["degree",0.0174532925]]')
    with pytest.raises(GridError):
        common_grid([picture(), Picture("mars", Grid(mars, Affine(1e-4, 0, 15, 0, -1e-4, 45.2), 99, 99))])


# extents in a CRS of their own


def degrees_of(grid: Grid, window: tuple[int, int, int, int]) -> tuple[float, float, float, float]:
    """The envelope in degrees of all corners of the pixels of a window."""
    piece = grid.crop(*window)
    corners = [piece.transform @ (col, row) for col in range(piece.width + 1) for row in range(piece.height + 1)]
    xs, ys = project(UTM33, WGS84, [x for x, _ in corners], [y for _, y in corners])
    return min(xs), min(ys), max(xs), max(ys)


def test_an_extent_in_degrees_takes_all_pixels_it_covers() -> None:
    image = picture(3000, 3000, left=600_000)
    extent = degrees_of(image.grid, (1000, 1100, 1400, 1600))
    row, col = common_grid([image], extent=extent, extent_crs="EPSG:4326").offset_in(image.grid) or (-1, -1)
    grid = common_grid([image], extent=extent, extent_crs=4326)
    # The meridians lean against the grid: the envelope reaches beyond the window it was made from, but not far.
    assert row <= 1000 and col <= 1400 and row + grid.height >= 1100 and col + grid.width >= 1600
    assert grid.height < 125 and grid.width < 225


def test_curved_edges_of_an_extent_are_followed() -> None:
    # A parallel over 6° of longitude bulges by kilometres in UTM; the corners alone would miss its middle.
    image = Picture("wide.tif", Grid(UTM33, Affine(100, 0, 250_000, 0, -100, 7_400_000), 5000, 3000))
    grid = common_grid([image], extent=(12.5, 65.0, 17.5, 66.0), extent_crs="EPSG:4326")
    _, ys = project(WGS84, UTM33, [12.5, 15.0, 12.5, 15.0], [65.0, 65.0, 66.0, 66.0])
    _, bottom, _, top = grid.bounds
    assert bottom <= min(ys) and top >= max(ys)
    assert bottom > min(ys) - 300 and top < max(ys) + 300


def test_an_extent_in_the_grids_own_crs_needs_no_telling() -> None:
    extent = (500_105.0, 4_999_415.0, 500_333.0, 4_999_780.0)
    assert common_grid([picture()], extent=extent, extent_crs=UTM33) == common_grid([picture()], extent=extent)


def test_the_whole_world_is_the_whole_image() -> None:
    image = picture()
    assert common_grid([image], extent=(-180, -90, 180, 90), extent_crs="EPSG:4326") == image.grid


def test_an_extent_of_the_map_goes_with_another_crs_and_resolution() -> None:
    image = picture(1000, 1000)
    xs, ys = project(UTM33, CRS.from_epsg(3857), [503_000, 505_000], [4_995_000, 4_997_000])
    extent = (xs[0], ys[0], xs[1], ys[1])
    grid = common_grid([image], extent=extent, crs=3035, resolution=20, extent_crs=3857)
    assert grid.crs == CRS.from_epsg(3035) and grid.pixel_size == (20, 20)
    (x,), (y,) = project(UTM33, grid.crs, [504_000], [4_996_000])
    assert grid.centre == pytest.approx((x, y), abs=25)
    assert 100 <= grid.width < 120 and 100 <= grid.height < 120


def test_an_extent_across_the_antimeridian_is_found_from_either_side() -> None:
    image = Picture("fiji.tif", Grid(CRS.from_epsg(32760), Affine(100, 0, 700_000, 0, -100, 8_100_000), 2000, 1000))
    east = common_grid([image], extent=(179.0, -18, 180, -17.5), extent_crs=4326)
    west = common_grid([image], extent=(-180, -18, -179.5, -17.5), extent_crs=4326)
    assert east.bounds[2] == pytest.approx(west.bounds[0], abs=2500)
    assert east.width > 400 and west.width > 300


def test_an_extent_elsewhere_is_told_in_its_own_crs() -> None:
    with pytest.raises(GridError, match=r"10\.0+, 20\.0+, 11\.0+, 21\.0+ in EPSG:4326 lies outside a\.tif"):
        common_grid([picture()], extent=(10, 20, 11, 21), extent_crs="EPSG:4326")


def test_an_extent_has_no_place_on_a_picture_without_crs() -> None:
    flat = Picture("p.png", Grid(None, Affine.identity(), 256, 256))
    with pytest.raises(GridError, match=r"p\.png has no CRS, so an extent in EPSG:4326"):
        common_grid([flat], extent=(0, 0, 10, 10), extent_crs="EPSG:4326")
    assert common_grid([flat], extent=(0, 0, 10, 10)).width == 10


def test_an_extent_in_no_crs_is_refused() -> None:
    with pytest.raises(GridError, match="coordinate reference system"):
        common_grid([picture()], extent=(0, 0, 1, 1), extent_crs="EPSG:nonsense")
