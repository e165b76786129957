"""Describe tells what is known, and never refuses an image for a band it does not know."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from engine.jobs.describe import DescribeJob
from engine.tasks.describe import call, report, run, sensor_listing


def describe(*inputs, **settings):
    return run(DescribeJob(inputs=tuple(map(str, inputs)), **settings))


def test_bands_tell_wavelength_source_layer_and_verdict(scene):
    described = describe(scene["s2"], scene["l8"])
    assert json.loads(json.dumps(described)) == described
    sentinel, landsat = described["images"]
    red = sentinel["bands"][3]
    assert (red["name"], red["layers"], red["verdict"]) == ("B04", "red_2", "seen")
    assert red["centre_nm"] == pytest.approx(665, abs=1) and red["sources"]["centre_nm"]
    thermal = next(band for band in landsat["bands"] if "10" in band["name"])
    assert thermal["verdict"] == "interpolated" and thermal["distance_nm"] > 8000
    assert described["grid"]["width"] > 200


def test_report_has_one_line_per_band(scene):
    text = report(describe(scene["s1"]))
    assert sum(line.lstrip().startswith(("1  VV", "2  VH")) for line in text.splitlines()) == 2
    assert "backscatter in dB" in text and "Common grid" in text


def test_unknown_bands_are_described_with_the_way_out(tmp_path):
    source = tmp_path / "unnamed.tif"
    with rasterio.open(
        source, "w", driver="GTiff", width=8, height=8, count=5, dtype="uint16", crs="EPSG:32631",
        transform=from_origin(0, 0, 10, 10),
    ) as target:  # fmt: skip
        target.write(np.ones((5, 8, 8), np.uint16))
    described = describe(source)
    assert {band["verdict"] for band in described["images"][0]["bands"]} == {"unknown"}
    assert "--sensor" in report(described)


def test_images_far_apart_are_described_though_they_share_no_grid(scene, tmp_path):
    far = tmp_path / "S2A_MSIL2A_far.tif"
    with rasterio.open(scene["s2"]) as source:
        profile, values = source.profile | {"transform": from_origin(9e5, 1e6, 10, 10)}, source.read()
    with rasterio.open(far, "w", **profile) as target:
        target.write(values)
    described = describe(scene["s2"], far)
    assert len(described["images"]) == 2
    assert "error" in described["grid"]
    assert "none" in report(described)


def test_the_worker_gets_the_same(scene):
    params = {"inputs": [str(scene["rgb"])]}
    assert call(params, lambda _: None, lambda: False) == describe(scene["rgb"])


def test_every_sensor_is_listed_with_its_bands():
    listed = {sensor["name"]: sensor for sensor in sensor_listing()}
    assert listed["sentinel-2-l2a"]["statistics"] and not listed["landsat-8-l1"]["statistics"]
    assert len(listed["sentinel-2-l2a"]["bands"]) == 12
