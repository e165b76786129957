"""A plan says what the run then is, refuses what the run would refuse, and is quick once the model was measured."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from engine.errors import CancelledError, CheckpointError, GridError, JobError, OutputError, SmartiesError
from engine.jobs.embed import EmbedJob
from engine.model import load_encoder
from engine.model.checkpoints import save_checkpoint
from engine.tasks import embed, pace
from engine.tasks.cost import bytes_text, duration_text
from engine.tasks.plan import call, report, run


def plan(*inputs, **settings):
    return run(EmbedJob(inputs=tuple(map(str, inputs)), **settings))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"level": "chips", "chip": 64, "overlap": 0.5},
        {"fusion": "concat", "dtype": "float16"},
        {"resolution": 20.0},
    ],
)
def test_what_is_planned_is_what_is_written(scene, tmp_path, settings):
    planned = plan(scene["s1"], scene["s2"], **settings)
    out = tmp_path / "out.tif"
    done = embed.run(EmbedJob(inputs=(str(scene["s1"]), str(scene["s2"])), output=str(out), **settings))
    assert (planned["rows"], planned["cols"], planned["dims"], planned["tiles"]) == (
        done.rows, done.cols, done.dims, done.tiles,
    )  # fmt: skip
    assert planned["device_name"] == done.device and planned["model"] == done.model
    with rasterio.open(out) as dataset:
        assert dataset.tags()["SMARTIES_GRID"] == planned["grid"]["text"]
        assert EmbedJob.from_json(dataset.tags()["SMARTIES_JOB"]).chip == planned["chip"]
    size = {"float16": 2}.get(settings.get("dtype"), 4)
    assert planned["output_bytes"] == done.rows * done.cols * done.dims * size
    assert set(planned["notes"]) <= set(done.notes)


def test_every_image_tells_how_it_comes_onto_the_grid(scene):
    planned = plan(scene["s1"], scene["s2"], scene["l8"])
    texts = [image["text"] for image in planned["images"]]
    crs = planned["grid"]["crs"]
    assert [image["is_reference"] for image in planned["images"]] == [True, False, False]
    assert texts[0].endswith(f": 10 m {crs}, reference grid")
    assert texts[1].endswith(f": 10 m {crs}, on the grid of {planned['images'][0]['name']}")
    assert texts[2].endswith(f": 30 m {crs} → grid of {planned['images'][0]['name']}")
    other = plan(scene["s2"], crs="EPSG:3035", resolution=25.0)
    assert other["images"][0]["text"].endswith(f": 10 m {crs} → 25 m EPSG:3035")
    assert not other["images"][0]["is_reference"]
    assert plan(scene["s2"], scene["l8"], reference=2)["images"][1]["is_reference"]


def test_the_plan_travels_as_json_and_reads_as_text(scene):
    planned = call({"inputs": [str(scene["s2"])], "output": ""}, lambda _: None, lambda: False)
    assert json.loads(json.dumps(planned)) == planned
    text = report(planned)
    assert "256×256 px, 10 m" in text and "SMARTIES ViT-Ti" in text and "memory" in text


@pytest.mark.parametrize(
    "settings",
    [
        {"fusion": "mixup"},
        {"model": "no such model"},
        {"model": "smarties-v1-vit-b"},
        {"chip": 0},
        {"extent": (0, 0, 1, 1)},
        {"crs": "nonsense"},
        {"device": "cuda:99"},
        {"statistics": "no such file.json"},
        {"sensors": ("no such sensor",)},
        {"picture": "nowhere/p.tif"},
        {"inputs": ("no such file.tif",)},
        {"inputs": ()},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_what_the_run_refuses_the_plan_refuses_in_the_same_words(scene, tmp_path, settings):
    job = EmbedJob(**{"inputs": (str(scene["s2"]),), "output": str(tmp_path / "o.tif"), **settings})
    with pytest.raises(SmartiesError) as planned:
        run(job)
    with pytest.raises(type(planned.value)) as refused:
        embed.run(job)
    assert str(planned.value) == str(refused.value)


def test_statistics_that_a_sensor_lacks_are_refused(scene):
    with pytest.raises(SmartiesError, match="Landsat"):
        plan(scene["l8"], statistics="sensor")


def test_an_output_that_exists_is_refused_and_none_is_fine(scene, tmp_path):
    out = tmp_path / "out.tif"
    out.write_bytes(b"x")
    with pytest.raises(OutputError, match="exists"):
        plan(scene["s2"], output=str(out))
    assert plan(scene["s2"], output=str(out), overwrite=True)["tiles"] == 9


def test_a_model_file_that_changes_is_looked_at_again(scene, tmp_path):
    file = tmp_path / "model.safetensors"
    save_checkpoint(load_encoder("smarties-tiny"), file)
    assert plan(scene["s2"], model=str(file))["dims"] == 192
    file.write_bytes(file.read_bytes()[:-1000])
    with pytest.raises(CheckpointError):
        plan(scene["s2"], model=str(file))
    file.unlink()
    with pytest.raises(CheckpointError, match="no model"):
        plan(scene["s2"], model=str(file))


def test_a_measured_model_is_planned_within_a_second_on_a_large_raster(tmp_path):
    source = tmp_path / "S2A_MSIL2A_20200101T000000_N0214_R001_T31TFJ_20200101T000000.tif"
    with rasterio.open(
        source, "w", driver="GTiff", width=10_000, height=10_000, count=12, dtype="uint16", tiled=True, SPARSE_OK=True,
        crs="EPSG:32631", transform=from_origin(300_000, 5_000_000, 10, 10),
    ):  # fmt: skip
        pass
    plan(source, statistics="estimate")
    started = time.process_time()
    planned = plan(source, statistics="estimate", overlap=0.0)
    # The processor's time: others may keep the machine busy.
    assert time.process_time() - started < 1
    assert planned["tiles"] == 90**2 and (planned["rows"], planned["cols"]) == (1250, 1250)


def test_the_measurement_is_made_once_per_model_chip_and_number_of_bands(scene, monkeypatch):
    monkeypatch.setattr(pace, "_known", {})
    for settings in ({}, {"overlap": 0.5}, {"dtype": "int8"}, {"statistics": "estimate"}):
        plan(scene["s2"], **settings)
    assert len(pace._known) == 1
    plan(scene["s2"], chip=56)
    plan(scene["s1"])
    assert len(pace._known) == 3


def test_a_finished_run_teaches_the_next_plan(scene, tmp_path, monkeypatch):
    monkeypatch.setattr(pace, "_known", {})
    job = EmbedJob(inputs=(str(scene["s2"]),), output=str(tmp_path / "o.tif"), overwrite=True, overlap=0.0)
    embed.run(job)
    assert not pace._known, "nobody asked for a plan"
    run(job)
    (key,) = pace._known
    measured = pace._known[key]
    embed.run(job)
    assert pace._known[key].tile_s != measured.tile_s and pace._known[key].dims == measured.dims


def test_more_work_takes_longer_and_more_memory(scene, monkeypatch):
    few = plan(scene["s2"], overlap=0.0)
    assert plan(scene["s2"], overlap=0.8)["seconds"] > few["seconds"]
    assert plan(scene["s2"], overlap=0.0, picture="p.tif")["seconds"] > few["seconds"]
    assert plan(scene["s2"], overlap=0.0, statistics="estimate")["seconds"] > few["seconds"]
    assert 300e6 < few["memory_bytes"] < 1200e6


def test_a_measurement_can_be_cancelled(scene, monkeypatch):
    monkeypatch.setattr(pace, "_known", {})
    with pytest.raises(CancelledError):
        run(EmbedJob(inputs=(str(scene["s2"]),)), cancelled=lambda: True)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 s"), (6.4, "7 s"), (200, "3 min"), (5399, "90 min"), (7200, "2.0 h")]
)
def test_times_are_told_in_round_numbers(seconds, text):
    assert duration_text(seconds) == text


def test_sizes_are_told_in_round_numbers():
    assert bytes_text(800_000_000) == "0.8 GB" and bytes_text(1_500_000) == "1.5 MB"


def test_a_picture_without_georeference_is_planned(tmp_path):
    source = tmp_path / "photo.tif"
    with rasterio.open(source, "w", driver="GTiff", width=64, height=48, count=3, dtype="uint8") as target:
        target.write(np.ones((3, 48, 64), np.uint8))
    planned = plan(source, sensors=("rgb",))
    assert planned["grid"]["gsd_m"] is None and planned["grid"]["crs"] == "no CRS"
    assert planned["images"][0]["text"] == "photo.tif: no georeference, reference grid"
    with pytest.raises(GridError, match="no CRS"):
        plan(source, sensors=("rgb",), extent=(0, 0, 1, 1), extent_crs="EPSG:4326")


def test_an_impossible_reference_is_refused(scene):
    with pytest.raises(JobError, match="reference"):
        plan(scene["s2"], reference=2)
