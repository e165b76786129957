"""Embedding the simulated scene: what is written, that it repeats, stops when asked, and stays in memory."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.warp
from rasterio.transform import from_origin

from engine.errors import CancelledError, JobError, OutputError, StatisticsError
from engine.jobs.embed import EmbedJob
from engine.progress import Progress
from engine.tasks.embed import call, run


def embed(output, *inputs, **settings):
    return run(EmbedJob(inputs=tuple(map(str, inputs)), output=str(output), **settings))


def read(path):
    with rasterio.open(path) as dataset:
        return dataset.read()


def test_output_carries_all_it_was_made_of(scene, tmp_path):
    out = tmp_path / "out.tif"
    result = embed(out, scene["s1"], scene["s2"])
    assert (result.rows, result.cols, result.dims) == (32, 32, 192)
    with rasterio.open(out) as dataset, rasterio.open(scene["s2"]) as source:
        tags = dataset.tags()
        assert dataset.crs == source.crs
        assert dataset.transform.almost_equals(source.transform @ source.transform.scale(8))
        assert np.isnan(dataset.nodata)
        assert dataset.descriptions[0] == "feature 1"
        assert dataset.interleaving.name == "band"
    assert EmbedJob.from_json(tags["SMARTIES_JOB"]).chip == 112
    model = json.loads(tags["SMARTIES_MODEL"])
    assert model["name"] == "smarties-tiny" and model["random"] is False and len(model["sha256"]) == 64
    images = json.loads(tags["SMARTIES_IMAGES"])
    assert [image["sensor"] for image in images] == ["sentinel-1-grd", "sentinel-2-l2a"]
    assert images[1]["bands"][3]["name"] == "B04" and images[1]["bands"][3]["layers"] == "red_2"
    assert images[1]["statistics"]["p99"][3] == pytest.approx(2829.486, abs=1e-3)
    assert "torch" in json.loads(tags["SMARTIES_VERSIONS"])
    assert tags["TIFFTAG_IMAGEDESCRIPTION"].endswith(f" by {result.model}") and "SMARTIES ViT-Ti" in result.model
    assert result.model in result.summary() and not any("random" in note for note in result.notes)


def test_weights_that_were_never_trained_are_told_of_everywhere(scene, untrained, tmp_path):
    out, picture = tmp_path / "out.tif", tmp_path / "pca.tif"
    result = embed(out, scene["s1"], model=str(untrained), overlap=0.0, picture=str(picture))
    for path in (out, picture):
        with rasterio.open(path) as dataset:
            tags = dataset.tags()
        assert json.loads(tags["SMARTIES_MODEL"])["random"] is True
        assert "random weights" in tags["TIFFTAG_IMAGEDESCRIPTION"]
    assert "random weights" in result.notes[0] and "random weights" in result.summary()


def test_the_picture_comes_with_the_embedding(scene, tmp_path):
    out, picture = tmp_path / "out.tif", tmp_path / "drawn" / "pca.tif"
    picture.parent.mkdir()
    result = embed(out, scene["s2"], overlap=0.5, picture=str(picture))
    assert result.picture == str(picture) and str(picture) in result.summary()
    with rasterio.open(out) as dataset, rasterio.open(picture) as drawn:
        assert (drawn.transform, drawn.crs, drawn.shape) == (dataset.transform, dataset.crs, dataset.shape)
        tags = drawn.tags()
        assert tags["SMARTIES_EMBEDDING"] == "../out.tif"
        assert tags["SMARTIES_JOB"] == dataset.tags()["SMARTIES_JOB"]
        assert tags["SMARTIES_MODEL"] == dataset.tags()["SMARTIES_MODEL"]
        np.testing.assert_array_equal(drawn.read(4) == 0, np.isnan(dataset.read(1)))
        image = drawn.read([1, 2, 3])
    again = tmp_path / "again.tif"
    embed(tmp_path / "out2.tif", scene["s2"], overlap=0.5, picture=str(again))
    np.testing.assert_array_equal(read(again)[:3], image)


def test_three_features_to_look_at_are_named_with_and_without_a_picture(scene, tmp_path):
    result = embed(tmp_path / "out.tif", scene["s2"], overlap=0.0)
    assert result.picture == ""
    assert len(set(result.rgb_bands)) == 3
    values = read(tmp_path / "out.tif")
    for band, (low, high) in zip(result.rgb_bands, result.rgb_ranges, strict=True):
        assert (low, high) == pytest.approx(np.nanpercentile(values[band - 1], [2, 98]), abs=1e-5)


def test_neither_file_appears_where_the_picture_cannot_be_written(scene, tmp_path):
    with pytest.raises(OutputError, match=r"does not exist"):
        embed(tmp_path / "o.tif", scene["rgb"], picture=str(tmp_path / "nowhere" / "p.tif"))
    with pytest.raises(OutputError, match="GeoTIFF"):
        embed(tmp_path / "o.tif", scene["rgb"], picture=str(tmp_path / "p.png"))
    with pytest.raises(OutputError, match="one of the images"):
        embed(tmp_path / "o.tif", scene["rgb"], picture=str(scene["rgb"]), overwrite=True)
    if Path("/proc/self").is_dir():
        with pytest.raises(OutputError, match=r"p\.tif cannot be written"):
            embed(tmp_path / "o.tif", scene["rgb"], picture="/proc/self/p.tif", overlap=0.0)
    assert list(tmp_path.iterdir()) == []


def test_neither_file_appears_where_the_embedding_cannot_take_its_name(scene, tmp_path):
    out, picture = tmp_path / "o.tif", tmp_path / "p.tif"

    def in_the_way(event: Progress) -> None:
        if "picture" in event.message:
            out.write_bytes(b"mine")

    job = EmbedJob(inputs=(str(scene["rgb"]),), output=str(out), picture=str(picture), overlap=0.0)
    with pytest.raises(OutputError, match="exists"):
        run(job, in_the_way)
    assert [path.name for path in tmp_path.iterdir()] == ["o.tif"] and out.read_bytes() == b"mine"


def test_cancel_while_the_picture_is_drawn_leaves_nothing(scene, tmp_path):
    drawing = threading.Event()

    def watch(event: Progress) -> None:
        if "Finishing" in event.message:
            drawing.set()

    job = EmbedJob(
        inputs=(str(scene["rgb"]),), output=str(tmp_path / "o.tif"), picture=str(tmp_path / "p.tif"), overlap=0.0
    )
    with pytest.raises(CancelledError):
        run(job, watch, drawing.is_set)
    assert list(tmp_path.iterdir()) == []


def test_a_raster_without_data_is_embedded_and_drawn(tmp_path):
    source = tmp_path / "S2A_MSIL2A_20200101T000000_N0214_R001_T31TFJ_20200101T000000.tif"
    with rasterio.open(
        source, "w", driver="GTiff", width=64, height=64, count=12, dtype="uint16", nodata=0,
        crs="EPSG:32631", transform=from_origin(0, 0, 10, 10),
    ) as target:  # fmt: skip
        values = np.zeros((12, 64, 64), np.uint16)
        values[:, :2, :2] = 1000
        target.write(values)
    result = embed(tmp_path / "o.tif", source, picture=str(tmp_path / "p.tif"))
    assert len(set(result.rgb_bands)) == 3
    assert (read(tmp_path / "p.tif") == 0).all()


def test_nodata_in_is_nodata_out(scene, tmp_path):
    out = tmp_path / "out.tif"
    embed(out, scene["s2"], overlap=0.5)
    with rasterio.open(scene["s2"]) as source:
        empty = (source.read() == 0).all(axis=0).reshape(32, 8, 32, 8).mean(axis=(1, 3))
    missing = np.isnan(read(out)).all(axis=0)
    assert (empty > 0.5).any(), "the scene has a swath edge"
    np.testing.assert_array_equal(missing, empty > 0.5)


@pytest.mark.parametrize("fusion", ["stack", "concat", "mixup"])
def test_same_job_gives_the_same_pixels_whatever_the_batch(scene, tmp_path, fusion):
    first, second = tmp_path / "a.tif", tmp_path / "b.tif"
    embed(first, scene["s1"], scene["s2"], fusion=fusion)
    embed(second, scene["s1"], scene["s2"], fusion=fusion)
    np.testing.assert_array_equal(read(first), read(second))
    embed(second, scene["s1"], scene["s2"], fusion=fusion, batch=3, overwrite=True)
    np.testing.assert_allclose(read(first), read(second), atol=1e-4)


def test_types_of_output_agree(scene, tmp_path):
    full = tmp_path / "float32.tif"
    embed(full, scene["s2"])
    values = read(full)
    spread = np.nanmax(np.abs(values))
    half = tmp_path / "float16.tif"
    embed(half, scene["s2"], dtype="float16")
    np.testing.assert_allclose(read(half), values, atol=spread * 1e-3)
    small = tmp_path / "int8.tif"
    embed(small, scene["s2"], dtype="int8")
    with rasterio.open(small) as dataset:
        scaled = dataset.read().astype(float) * np.array(dataset.scales)[:, None, None]
        assert dataset.dtypes[0] == "int8" and dataset.nodata == -128
        mask = dataset.read(1) == -128
    np.testing.assert_array_equal(mask, np.isnan(values[0]))
    step = np.array(dataset.scales)[:, None]
    error = np.abs(scaled[:, ~mask] - values[:, ~mask])
    assert np.mean(error <= step * 0.51) > 0.999


def test_one_vector_per_chip(scene, tmp_path):
    out = tmp_path / "chips.tif"
    result = embed(out, scene["s2"], level="chips", chip=64, overlap=0.0)
    assert (result.rows, result.cols) == (4, 4)
    with rasterio.open(out) as dataset:
        assert dataset.res == (640, 640)


def test_landsat_on_the_grid_of_sentinel2(scene, tmp_path):
    out = tmp_path / "out.tif"
    result = embed(out, scene["s2"], scene["l8"])
    with rasterio.open(out) as dataset:
        assert dataset.res == (80, 80)
        images = json.loads(dataset.tags()["SMARTIES_IMAGES"])
    verdicts = {band["name"]: band["verdict"] for band in images[1]["bands"]}
    assert verdicts["ST_B10"] == "interpolated"
    assert any("ST_B10" in note and "interpolated" in note for note in result.notes)


def test_the_grid_is_that_of_the_reference(scene, tmp_path):
    out = tmp_path / "out.tif"
    embed(out, scene["s2"], scene["l8"], reference=2)
    with rasterio.open(out) as dataset:
        assert dataset.res == (240, 240)
    for wrong in (0, 3):
        with pytest.raises(JobError, match="reference"):
            embed(tmp_path / "no.tif", scene["s2"], scene["l8"], reference=wrong)


def test_an_extent_may_come_in_another_crs(scene, tmp_path):
    out = tmp_path / "out.tif"
    with rasterio.open(scene["s2"]) as source:
        middle = (source.bounds.left + source.bounds.right) / 2, (source.bounds.bottom + source.bounds.top) / 2
        (x,), (y,) = rasterio.warp.transform(source.crs, "EPSG:4326", [middle[0]], [middle[1]])
    embed(out, scene["s2"], extent=(x - 0.005, y - 0.005, x + 0.005, y + 0.005), extent_crs="EPSG:4326")
    with rasterio.open(out) as dataset, rasterio.open(scene["s2"]) as source:
        assert dataset.crs == source.crs and dataset.res == (80, 80)
        assert dataset.bounds.left < middle[0] < dataset.bounds.right
        assert 0.005 * 2 * 111_000 < dataset.bounds.top - dataset.bounds.bottom < 1300


def test_asked_extent_crs_and_resolution(scene, tmp_path):
    out = tmp_path / "out.tif"
    with rasterio.open(scene["s2"]) as source:
        left, top = source.bounds.left + 300, source.bounds.top - 300
    embed(out, scene["s2"], extent=(left, top - 1120, left + 1120, top), resolution=20.0)
    with rasterio.open(out) as dataset:
        assert dataset.res == (160, 160)
        assert dataset.shape == (7, 7)
        assert abs(dataset.bounds.left - left) <= 20
    embed(out, scene["s2"], crs="EPSG:4326", overwrite=True)
    with rasterio.open(out) as dataset:
        assert dataset.crs.to_epsg() == 4326


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (113, 15)])
def test_rasters_smaller_than_a_chip(tmp_path, size):
    source = tmp_path / "S2A_MSIL2A_20200101T000000_N0214_R001_T31TFJ_20200101T000000.tif"
    values = np.random.default_rng(0).integers(200, 3000, (12, *size)).astype(np.uint16)
    with rasterio.open(
        source, "w", driver="GTiff", width=size[1], height=size[0], count=12, dtype="uint16",
        crs="EPSG:32631", transform=from_origin(0, 0, 10, 10),
    ) as target:  # fmt: skip
        target.write(values)
    out = tmp_path / "out.tif"
    result = embed(out, source)
    assert (result.rows, result.cols) == (-(-size[0] // 8), -(-size[1] // 8))
    assert np.isfinite(read(out)).all()


def test_statistics_from_a_file_equal_the_estimate(scene, tmp_path):
    from engine.jobs.stats import StatsJob
    from engine.tasks.stats import run as measure

    file = tmp_path / "stats.json"
    measure(StatsJob(inputs=(str(scene["s2"]),), output=str(file)))
    given, estimated = tmp_path / "given.tif", tmp_path / "estimated.tif"
    embed(given, scene["s2"], statistics=str(file))
    embed(estimated, scene["s2"], statistics="estimate")
    np.testing.assert_array_equal(read(given), read(estimated))


def test_sensor_statistics_that_do_not_exist_are_refused(scene, tmp_path):
    with pytest.raises(StatisticsError, match="Landsat"):
        embed(tmp_path / "out.tif", scene["l8"], statistics="sensor")


def test_mixup_of_one_image_is_refused(scene, tmp_path):
    with pytest.raises(JobError, match="two images"):
        embed(tmp_path / "out.tif", scene["s2"], fusion="mixup")


def test_existing_output_is_refused_before_any_work(scene, tmp_path):
    out = tmp_path / "out.tif"
    out.write_bytes(b"x")
    with pytest.raises(OutputError):
        run(EmbedJob(inputs=("no such file.tif",), output=str(out)))


def test_an_input_is_never_overwritten(scene, tmp_path):
    source = tmp_path / scene["s2"].name
    source.write_bytes(scene["s2"].read_bytes())
    link = tmp_path / "elsewhere.tif"
    link.symlink_to(source)
    for output in (source, link):
        with pytest.raises(OutputError, match="one of the images"):
            embed(output, source, overwrite=True)
    assert source.read_bytes() == scene["s2"].read_bytes()


def test_progress_rises_to_one_and_tells_the_time_left(scene, tmp_path):
    events: list[Progress] = []

    def slowly(event: Progress) -> None:
        events.append(event)
        # A rate is told only once a run has lasted 2 s.
        time.sleep(0.1)

    run(EmbedJob(inputs=(str(scene["s2"]),), output=str(tmp_path / "o.tif"), overlap=0.7, batch=1), slowly)
    fractions = [event.fraction for event in events]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert any(event.seconds_left for event in events)
    assert any("tile" in event.message for event in events)


@pytest.mark.parametrize("asked", [2, 25, 60])
def test_cancel_stops_within_a_tile_and_leaves_nothing(scene, tmp_path, asked):
    questions = iter(range(10**6))

    def cancelled() -> bool:
        return next(questions) >= asked

    before = set(threading.enumerate())
    with pytest.raises(CancelledError):
        run(EmbedJob(inputs=(str(scene["s2"]),), output=str(tmp_path / "o.tif"), overlap=0.7), cancelled=cancelled)
    assert list(tmp_path.iterdir()) == []
    assert set(threading.enumerate()) <= before


def test_worker_call_takes_and_gives_json_values(scene, tmp_path):
    params = {
        "inputs": [str(scene["rgb"])],
        "output": str(tmp_path / "o.tif"),
        "overlap": 0.0,
        "statistics": "estimate",
    }
    result = call(params, lambda _: None, lambda: False)
    assert json.loads(json.dumps(result))["dims"] == 192


RESIDENT = """
import sys
from engine.jobs.embed import EmbedJob
from engine.tasks.embed import run
resident = []
def note(progress):
    if "tile" in progress.message:
        resident.append((progress.fraction, int(open("/proc/self/statm").read().split()[1]) * 4096 / 2**20))
run(EmbedJob(inputs=(sys.argv[1],), output=sys.argv[2], overlap=0.0, chip=448, dtype="int8"), note)
for start, end in ((0.2, 0.5), (0.7, 1.0)):
    part = sorted(mib for fraction, mib in resident if start <= fraction <= end)
    print(part[len(part) // 2])
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="resident memory is read from Linux's /proc")
def test_memory_does_not_grow_along_the_raster(tmp_path):
    block = np.random.default_rng(0).integers(200, 3000, (12, 256, 2048)).astype("uint16")
    source = tmp_path / "S2A_MSIL2A_N0214.tif"
    with rasterio.open(
        source, "w", driver="GTiff", width=2048, height=12288, count=12, dtype="uint16", tiled=True,
        compress="lzw", crs="EPSG:32631", transform=from_origin(0, 0, 10, 10),
    ) as target:  # fmt: skip
        for row in range(0, 12288, 256):
            target.write(block, window=rasterio.windows.Window(0, row, 2048, 256))
    command = [sys.executable, "-c", RESIDENT, str(source), str(tmp_path / "out.tif")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    early, late = map(float, done.stdout.split())
    # Between the two stretches 290 MiB of source are decoded.
    assert late < early + 75, f"{early:.0f} MiB in the first half, {late:.0f} MiB at the end"
