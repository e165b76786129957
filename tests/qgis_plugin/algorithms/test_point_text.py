"""Points as people and Processing write them."""

from __future__ import annotations

from typing import Any

import pytest
from qgis.core import QgsCoordinateReferenceSystem, QgsPointXY, QgsProcessingContext, QgsReferencedPointXY
from smarties.engine.errors import JobError
from smarties.qgis_plugin.algorithms.point_text import in_one_crs, parse_points

UTM = QgsCoordinateReferenceSystem("EPSG:32631")


def engine_points(*values: Any) -> tuple[list[list[str]], str | None]:
    groups, crs = in_one_crs([parse_points(value) for value in values], QgsProcessingContext())
    return groups, crs.authid() if crs is not None else None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1,2", (["1.0,2.0"], None)),
        ("-1.5 , 2e3; 3,4\n5 6 [EPSG:32631]", (["-1.5,2000.0", "3.0,4.0", "5.0,6.0"], "EPSG:32631")),
        (QgsPointXY(1, 2), (["1.0,2.0"], None)),
        (QgsReferencedPointXY(QgsPointXY(1, 2), UTM), (["1.0,2.0"], "EPSG:32631")),
        ("", ([], None)),
        (None, ([], None)),
    ],
)
def test_a_point_is_read_however_it_is_given(value: Any, expected: tuple[list[str], str | None]) -> None:
    (points,), crs = engine_points(value)
    assert (points, crs) == expected


def test_points_in_different_systems_come_to_that_of_the_first() -> None:
    (like, unlike), crs = engine_points("500000,5000000 [EPSG:32631]", "3,45 [EPSG:4326]")
    assert crs == "EPSG:32631"
    x, y = map(float, unlike[0].split(","))
    assert (x, y) == pytest.approx((500000, 4982950), abs=1)
    assert like == ["500000.0,5000000.0"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("x,2",), "“x,2” is no point"),
        (("1;2",), "“1” is no point"),
        (("1,2 [EPSG:99999999]",), "is no CRS"),
        (("1,2 [EPSG:4326]", "3,4"), "Some of the points have a CRS"),
    ],
)
def test_what_is_no_point_is_told(values: tuple[str, ...], expected: str) -> None:
    with pytest.raises(JobError, match=expected):
        engine_points(*values)
