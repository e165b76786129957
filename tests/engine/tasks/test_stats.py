"""Statistics files: exact, refused when they do not fit, never half written."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio

from engine.errors import OutputError, StatisticsError
from engine.jobs.embed import EmbedJob
from engine.jobs.stats import StatsJob
from engine.tasks.embed import run as embed
from engine.tasks.inputs import read_statistics
from engine.tasks.stats import run


def test_percentiles_are_those_of_the_valid_pixels(scene, tmp_path):
    out = tmp_path / "stats.json"
    result = run(StatsJob(inputs=(str(scene["s2"]), str(scene["s1"])), output=str(out)))
    assert [count for _, count in result.images] == [12, 2]
    optical, radar = read_statistics(out)
    with rasterio.open(scene["s2"]) as source:
        values = source.read().astype(float)
    valid = ~(values == 0).all(axis=0)
    for band in range(12):
        p1, p99 = np.percentile(values[band][valid], [1, 99])
        assert optical.p1[band] == pytest.approx(p1) and optical.p99[band] == pytest.approx(p99)
        clipped = np.clip((values[band][valid] - p1) / (p99 - p1), 0, 1)
        assert optical.mean[band] == pytest.approx(clipped.mean(), abs=1e-6)
        assert optical.std[band] == pytest.approx(clipped.std(), abs=1e-6)
    assert radar.p1[0] < -10


def test_existing_file_is_kept(scene, tmp_path):
    out = tmp_path / "stats.json"
    out.write_text("mine")
    with pytest.raises(OutputError, match="exists"):
        run(StatsJob(inputs=(str(scene["s1"]),), output=str(out)))
    assert out.read_text() == "mine"


@pytest.mark.parametrize("content", ["", "{}", '{"smarties_statistics": 99, "images": []}', "[1]"])
def test_file_that_holds_no_statistics_is_refused(scene, tmp_path, content):
    file = tmp_path / "stats.json"
    file.write_text(content)
    with pytest.raises(StatisticsError, match=r"stats\.json"):
        embed(EmbedJob(inputs=(str(scene["s1"]),), output=str(tmp_path / "o.tif"), statistics=str(file)))


def test_statistics_of_other_images_are_refused(scene, tmp_path):
    file = tmp_path / "stats.json"
    run(StatsJob(inputs=(str(scene["s1"]),), output=str(file)))
    for inputs in ((scene["s2"],), (scene["s1"], scene["s2"])):
        with pytest.raises(StatisticsError):
            embed(EmbedJob(inputs=tuple(map(str, inputs)), output=str(tmp_path / "o.tif"), statistics=str(file)))
    assert json.loads(file.read_text())["images"][0]["bands"] == ["VV", "VH"]
