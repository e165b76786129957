"""What a legend holds."""

from __future__ import annotations

from smarties.qgis_plugin.algorithms.map_results import existing


def test_a_class_that_does_not_occur_is_not_in_the_legend() -> None:
    classes = [{"value": 1, "pixels": 7}, {"value": 2, "pixels": 0}]
    clusters = [{"value": 1, "share": 0.0}, {"value": 2, "share": 1.0}]
    assert [each["value"] for each in existing(classes)] == [1]
    assert [each["value"] for each in existing(clusters)] == [2]
