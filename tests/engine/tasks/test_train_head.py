"""Training heads on the simulated scene: what is written, what is measured, and what is said when it cannot be."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyogrio.raw
import pytest
import rasterio
import shapely
import torch
from click.testing import CliRunner
from made_embeddings import CELLS, UTM, made_embedding
from made_heads import clouds, described

from engine.cli import cli
from engine.errors import CancelledError, JobError, OutputError
from engine.heads.files import load_head
from engine.heads.folds import Strata
from engine.heads.sample import LabelledSample
from engine.jobs.embed import EmbedJob
from engine.jobs.train_head import TrainHeadJob
from engine.model.own_layers import read_own_layers
from engine.progress import Progress
from engine.raster.map_writer import MapClass
from engine.tasks import embed
from engine.tasks.train_head import call, run
from engine.tasks.train_token_head import train_token_head, with_data

NAMES = {1: "field", 2: "bare", 3: "forest", 4: "water", 5: "town", 6: "grass"}


@pytest.fixture(scope="module")
def polygons(scene, tmp_path_factory) -> Path:
    """Squares of 8 px, each of one class with a name, as an analyst may draw them on the simulated scene."""
    with rasterio.open(scene["labels"]) as dataset:
        labels, transform, crs = dataset.read(1), dataset.transform, dataset.crs
    shapes, names = [], []
    for row in range(0, 248, 8):
        for col in range(0, 200, 8):
            values = np.unique(labels[row : row + 8, col : col + 8])
            if len(values) == 1 and names.count(NAMES[values[0]]) < 8:
                corners = [transform @ corner for corner in ((col, row), (col + 8, row + 8))]
                shapes.append(shapely.box(*corners[0], *corners[1]))
                names.append(NAMES[values[0]])
    path = tmp_path_factory.mktemp("polygons") / "drawn.gpkg"
    write(path, shapes, names, crs)
    assert all(names.count(name) >= 5 for name in NAMES.values())
    return path


def write(path, shapes, names, crs):
    geometries = shapely.to_wkb(np.array(shapes, object))
    fields = [np.array(names, object)]
    pyogrio.raw.write(path, geometries, fields, ["class"], geometry_type="Polygon", crs=crs.to_string())


@pytest.fixture(scope="module")
def embedding(scene, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("given") / "given.tif"
    embed.run(EmbedJob(inputs=(str(scene["s2"]),), output=str(out)))
    return out


def train(tmp_path, inputs, labels, **settings):
    job = {"output": str(tmp_path / "head.safetensors"), **settings}
    return run(TrainHeadJob(inputs=(str(inputs),), labels=(str(labels),), **job))


def no_embedding(*_: object) -> None:
    raise AssertionError("nothing should be embedded here")


def test_a_head_is_trained_measured_reported_and_saved(scene, polygons, tmp_path, monkeypatch):
    result = train(tmp_path, scene["s2"], polygons, report=str(tmp_path / "r.html"))
    head = load_head(result.output)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["head.json", "head.safetensors", "r.html"]
    assert [each["name"] for each in result.classes] == [each.name for each in head.info.classes]
    assert head.info.accuracy == result.accuracy == json.loads((tmp_path / "head.json").read_text())["accuracy"]
    assert result.accuracy["grouped_by"] == "polygon" and result.accuracy["folds"] == 5
    assert result.accuracy["overall"] > 0.8 and not result.warnings
    assert head.info.features["chip"] == 112 and head.info.features["model"]["name"] == "smarties-tiny"
    assert any("digital" in note for note in result.notes) and not result.features_reused, result.notes
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert page.count("data:image/png") == 3 and "water" in page and "logistic regression" in page
    assert "water" in result.summary() and "polygons it had not seen" in result.summary()

    # Train again, with a polygon more: the embedding is there, and the head is another.
    meta, _, shapes, fields = pyogrio.raw.read(polygons)
    more = tmp_path / "more.gpkg"
    shapes = [*shapely.from_wkb(shapes), shapely.from_wkb(shapes[0]).buffer(15)]
    write(more, shapes, [*fields[0], fields[0][0]], rasterio.CRS.from_user_input(meta["crs"]))
    monkeypatch.setattr(embed, "run", no_embedding)
    again = train(tmp_path, scene["s2"], more, overwrite=True)
    assert again.features_reused
    weights = load_head(again.output).tensors()["weight"]
    assert not torch.equal(weights, head.tensors()["weight"])
    train(tmp_path, scene["s2"], polygons, overwrite=True)
    assert torch.equal(load_head(again.output).tensors()["weight"], head.tensors()["weight"])


@pytest.mark.parametrize("kind", ["knn", "conv"])
def test_every_kind_learns_what_the_scene_shows(embedding, polygons, tmp_path, kind):
    result = train(tmp_path, embedding, polygons, kind=kind, folds=3, epochs=20)
    assert result.kind == load_head(result.output).KIND == kind
    assert result.accuracy["balanced"] > 0.7 and result.accuracy["folds"] == 3


def test_labels_that_cannot_be_used_are_told_before_anything_is_embedded(scene, polygons, tmp_path, monkeypatch):
    monkeypatch.setattr(embed, "run", no_embedding)
    with pytest.raises(JobError, match="no field “kind”"):
        train(tmp_path, scene["rgb"], polygons, class_field="kind", chip=100)
    assert not list(tmp_path.iterdir())


def test_pixels_of_a_polygon_never_test_what_its_other_pixels_taught():
    """Groups that are all alike inside and have nothing to do with their class: random pixels would look perfect."""
    generator = np.random.default_rng(0)
    groups = np.repeat(np.arange(60), 20)
    centres, classes = generator.normal(size=(60, 16)) * 4, generator.integers(0, 2, 60)
    count = len(groups)
    sample = LabelledSample(
        vectors=(centres[groups] + generator.normal(size=(count, 16)) * 0.1).astype(np.float32),
        cells=np.repeat(np.arange(count)[:, None], 4, axis=1),
        shares=np.full((count, 4), 0.25, np.float32),
        own=np.arange(count),
        classes=classes[groups],
        groups=groups,
        stands_for=np.ones(count),
        places=np.zeros((count, 3), np.int64),
    )
    info = described("knn", dims=16, classes=2)
    job = TrainHeadJob(inputs=("x",), kind="knn")
    strata = Strata.of(sample.classes, groups)
    trained = train_token_head(job, info, sample, strata, "polygon", lambda _: None, lambda: False)
    assert 0.3 < trained.accuracy["overall"] < 0.7
    assert len(trained.tested.right) == count


def test_a_class_without_data_is_left_out_and_one_class_alone_is_refused():
    sample = clouds(60)
    sample = sample.take(sample.classes != 1)
    classes = [MapClass(number, name, "#000000") for number, name in ((3, "a"), (5, "b"), (9, "c"))]
    strata = Strata.of(sample.classes, sample.groups)
    kept_sample, kept_strata, kept, missing = with_data(sample, strata, classes)
    assert [each.value for each in kept] == [3, 9] and missing == ["b"]
    assert set(kept_sample.classes) == {0, 1} == set(kept_strata.groups_per_class)
    one = sample.take(sample.classes == 2)
    with pytest.raises(JobError, match=r"Only the class “c”.*second class"):
        with_data(one, Strata.of(one.classes, one.groups), classes)


def test_a_class_with_one_polygon_is_warned_of_and_not_measured(embedding, polygons, tmp_path):
    meta, _, shapes, fields = pyogrio.raw.read(polygons)
    first = int(np.flatnonzero(fields[0] == "water")[0])
    kept = np.flatnonzero((fields[0] != "water") | (np.arange(len(shapes)) == first))
    few = tmp_path / "few.gpkg"
    write(few, shapely.from_wkb(shapes[kept]), fields[0][kept], rasterio.CRS.from_user_input(meta["crs"]))
    result = train(tmp_path, embedding, few)
    water = next(each for each in result.accuracy["per_class"] if each["name"] == "water")
    assert water["iou"] is None and water["groups"] == 1
    assert any("“water” has only one polygon" in warning for warning in result.warnings)
    unmeasured = train(tmp_path, embedding, few, folds=0, overwrite=True, report=str(tmp_path / "r.html"))
    assert unmeasured.accuracy is None and "not measured" in unmeasured.summary()
    assert "not measured" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_two_dates_of_one_place_share_their_polygons_and_other_statistics_are_refused(tmp_path):
    generator = np.random.default_rng(0)
    shown = np.kron(np.arange(36).reshape(6, 6) % 2, np.ones((4, 4)))
    kept = {"model": "made", "overlap": 0.25, "min_valid": 0.5, "interpolation": "log", "allow_outside": False}

    def date(name, **settings):
        values = shown + generator.normal(size=(5, 24, 24))
        return str(made_embedding(tmp_path / name, values, job=kept, **settings))

    first, second = date("a.tif"), date("b.tif")
    labels = tmp_path / "labels.tif"
    profile = {"crs": UTM, "transform": CELLS @ CELLS.scale(1 / 8), "width": 192, "height": 192, "count": 1}
    with rasterio.open(labels, "w", dtype="uint8", **profile) as dataset:
        dataset.write((1 + shown.repeat(8, axis=0).repeat(8, axis=1)).astype(np.uint8), 1)
    job = TrainHeadJob(
        inputs=(first, second),
        labels=(str(labels),),
        block_px=32,
        output=str(tmp_path / "h.safetensors"),
        overwrite=True,
    )
    both, one = run(job), run(replace(job, inputs=(first,)))
    assert [each["groups"] for each in both.classes] == [each["groups"] for each in one.classes] == [18, 18]
    assert [each["pixels"] for each in both.classes] == [2 * each["pixels"] for each in one.classes]
    assert not both.warnings
    # Labels of their own, one per date, tell nothing of which places are the same.
    apart = run(replace(job, labels=(str(labels), str(labels))))
    assert [each["groups"] for each in apart.classes] == [36, 36]
    assert any("show partly the same place" in warning for warning in apart.warnings)
    other = date("c.tif", statistics={"p99": [2999.0]})
    with pytest.raises(JobError, match=r"a\.tif and c\.tif .* differ in statistics.*smarties stats"):
        run(replace(job, inputs=(first, other)))


def test_cancel_leaves_nothing_and_what_stood_there_stays(embedding, polygons, tmp_path):
    (tmp_path / "head.json").write_text("mine")
    with pytest.raises(OutputError, match="exists"):
        train(tmp_path, embedding, polygons)
    stop = []

    def watch(event: Progress) -> None:
        if event.message.startswith("Measuring"):
            stop.append(event)

    job = TrainHeadJob(
        inputs=(str(embedding),), labels=(str(polygons),), output=str(tmp_path / "head.safetensors"), overwrite=True
    )
    with pytest.raises(CancelledError):
        run(job, watch, lambda: bool(stop))
    assert [path.name for path in tmp_path.iterdir()] == ["head.json"]
    assert (tmp_path / "head.json").read_text() == "mine"


def test_a_head_never_takes_the_place_of_its_labels(embedding, tmp_path):
    labels = tmp_path / "flood.json"
    labels.write_text("{}")
    with pytest.raises(OutputError, match="files to read"):
        train(tmp_path, embedding, labels, output=str(tmp_path / "flood.safetensors"), overwrite=True)
    assert labels.read_text() == "{}"


def test_bands_of_ones_own_are_learnt_and_travel_with_the_head(scene, polygons, tmp_path):
    result = train(tmp_path, scene["l8"], polygons, learn_bands=True, epochs=1, folds=2)
    head = load_head(result.output)
    own = read_own_layers(result.output)
    assert head.info.features["projections"] is True
    assert head.info.fingerprint["model"]["projections"] == own.sha256
    assert any("projections of your own" in note for note in result.notes)
    assert not any("interpolated" in note for note in result.notes)
    assert result.accuracy["folds"] == 2


def test_the_worker_gets_plain_values_and_the_command_line_the_same(embedding, polygons, tmp_path):
    params = {"inputs": [str(embedding)], "labels": [str(polygons)], "output": str(tmp_path / "w.safetensors")}
    answer = call(params, lambda _: None, lambda: False)
    answer = json.loads(json.dumps(answer))
    ran = CliRunner().invoke(
        cli,
        ["train-head", str(embedding), "--labels", str(polygons), "--out", str(tmp_path / "c.safetensors"), "--json"],
    )
    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.stdout)
    assert told["accuracy"] == answer["accuracy"] and told["classes"] == answer["classes"]


def test_a_flood_is_found_on_blocks_that_were_not_seen(data_dir, tmp_path):
    folder = data_dir / "sen1floods11_spain_left"
    image, labels = (next((folder / name).glob("*.tif")) for name in ("S2", "Labels"))
    result = train(
        tmp_path,
        image,
        labels,
        ignore=("-1",),
        class_names=("1=flood",),
        class_colours=("1=#2255ff",),
        block_px=64,
        overlap=0.0,
    )
    flood = result.accuracy["per_class"][1]
    assert (flood["value"], flood["name"], flood["colour"]) == (1, "flood", "#2255ff")
    assert result.accuracy["balanced"] > 0.8 and result.accuracy["grouped_by"] == "block"
    with rasterio.open(labels) as dataset:
        assert flood["pixels"] <= (dataset.read(1) == 1).sum()
