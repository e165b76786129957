"""Coordinate reference systems: what they are called and what a unit of them is on the ground."""

from __future__ import annotations

import pytest
from rasterio.crs import CRS

from engine.errors import GridError
from engine.raster.crs import crs_label, ground_scale, parse_crs, transform_points

LOCAL = CRS.from_wkt('LOCAL_CS["A quarry",UNIT["metre",1]]')


def test_a_crs_is_named_by_its_authority() -> None:
    assert crs_label(CRS.from_epsg(3035)) == "EPSG:3035"


def test_a_crs_of_no_authority_is_called_what_it_calls_itself() -> None:
    assert crs_label(LOCAL) == "A quarry"


def test_no_crs_is_called_so() -> None:
    assert crs_label(None) == "no CRS"


@pytest.mark.parametrize("text", [3035, "3035", " 3035 ", "EPSG:3035", "epsg:3035", CRS.from_epsg(3035)])
def test_a_crs_is_read_from_every_usual_form(text: str | int | CRS) -> None:
    assert parse_crs(text) == CRS.from_epsg(3035)


def test_a_metre_of_utm_is_a_metre() -> None:
    assert ground_scale(CRS.from_epsg(32633), 5e5, 5e6) == 1


def test_grads_are_converted_like_degrees() -> None:
    # NTF (Paris) counts in grads: 400 to the circle.
    grads, degrees = CRS.from_epsg(4807), CRS.from_epsg(4275)
    assert ground_scale(grads, 0, 50) == pytest.approx(ground_scale(degrees, 0, 45) * 0.9, rel=1e-6)


def test_points_keep_their_place() -> None:
    xs, ys = transform_points(CRS.from_epsg(4326), CRS.from_epsg(32633), [15.0], [0.0])
    assert xs[0] == pytest.approx(500_000) and ys[0] == pytest.approx(0, abs=1e-6)


def test_a_point_behind_the_horizon_has_no_place() -> None:
    hemisphere = CRS.from_string("+proj=ortho +lat_0=0 +lon_0=0")
    with pytest.raises(GridError, match="no way from EPSG:4326"):
        transform_points(CRS.from_epsg(4326), hemisphere, [10.0, 180.0], [0.0, 0.0])


def test_a_local_system_has_no_way_to_the_earth() -> None:
    with pytest.raises(GridError, match="A quarry"):
        transform_points(LOCAL, CRS.from_epsg(4326), [0.0], [0.0])
