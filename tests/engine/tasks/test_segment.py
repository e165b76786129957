"""Maps of the simulated scene with heads made by hand: what they hold, where they lie, and what is refused."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import rasterio
import torch
from skimage.measure import label

from engine.errors import CancelledError, CheckpointError, JobError, OutputError
from engine.heads.files import load_head, save_head
from engine.heads.head import HeadInfo
from engine.heads.knn import KnnHead
from engine.heads.linear import LinearHead
from engine.jobs.embed import EmbedJob
from engine.jobs.segment import SegmentJob
from engine.raster.feature_raster import FeatureRaster
from engine.raster.map_writer import MapClass
from engine.tasks import embed, segment_cells
from engine.tasks.segment import call, run
from tests.helpers.made_embeddings import made_embedding

CLASSES = (MapClass(3, "Wasser", "#3377bb"), MapClass(7, "森林", "#226633"), MapClass(11, "town", "#bb3333"))


def head_info(embedding, kind="linear", classes=CLASSES) -> HeadInfo:
    """What a head trained on ``embedding`` says of itself."""
    with FeatureRaster(embedding) as raster:
        record = raster.record
        settings = ("chip", "overlap", "fusion", "level", "min_valid", "interpolation", "allow_outside")
        features = {name: record.job[name] for name in settings}
        model = {"source": record.job["model"], **record.model}
        features |= {"model": model, "dims": raster.dims, "projections": False}
        return HeadInfo(
            kind, record.fingerprint, features, record.images, tuple(classes), None, {}, {}, "2025-01-01T00:00:00+00:00"
        )


def save(head, path) -> Path:
    save_head(path, path.with_suffix(".json"), head)
    return path


def linear_head(embedding, path, classes=CLASSES, scale=4.0) -> Path:
    """A head whose classes part the embedding in similar shares: any directions through the middle of its vectors."""
    info = head_info(embedding, classes=classes)
    with FeatureRaster(embedding) as raster:
        vectors = raster.read(0, raster.rows).reshape(raster.dims, -1).T
    vectors = vectors[np.isfinite(vectors[:, 0])]
    weight = np.random.default_rng(1).normal(size=(len(classes), info.dims)).astype(np.float32)
    scores = vectors @ weight.T
    weight *= scale / scores.std(axis=0)[:, None]
    bias = -(vectors @ weight.T).mean(axis=0)
    return save(LinearHead(info, torch.from_numpy(weight), torch.from_numpy(bias)), path)


@pytest.fixture(scope="module")
def made(scene, untrained, tmp_path_factory):
    """An embedding of the radar image by a small model, a head for it, and the folder they are in."""
    folder = tmp_path_factory.mktemp("segment")
    output = folder / "s1_embedding.tif"
    embed.run(EmbedJob(inputs=(str(scene["s1"]),), output=str(output), model=str(untrained), chip=224))
    return {"embedding": output, "head": linear_head(output, folder / "head.safetensors"), "folder": folder}


def segment(made, output, *inputs, **settings):
    inputs = inputs or (made["embedding"],)
    settings = {"head": str(made["head"]), **settings}
    return run(SegmentJob(inputs=tuple(map(str, inputs)), output=str(output), **settings))


def read(path):
    with rasterio.open(path) as dataset:
        return dataset.read()


def wanted_probabilities(made) -> np.ndarray:
    """The head's scores between the centres of cells, by torch, everywhere as if every cell had data."""
    head = load_head(made["head"])
    with FeatureRaster(made["embedding"]) as raster:
        values = np.nan_to_num(raster.read(0, raster.rows))
    scores = head.scores(torch.from_numpy(values.reshape(len(values), -1).T)).T.reshape(-1, *values.shape[1:])
    pixels = torch.nn.functional.interpolate(scores[None], scale_factor=16, mode="bilinear", align_corners=False)
    return torch.softmax(pixels[0], dim=0).numpy()


def test_a_pixel_has_the_class_that_the_scores_around_it_give(made, tmp_path):
    out, sure, parts = (tmp_path / name for name in ("out.tif", "sure.tif", "parts.tif"))
    result = segment(made, out, confidence=str(sure), probabilities=str(parts))
    wanted = wanted_probabilities(made)
    with FeatureRaster(made["embedding"]) as raster:
        empty = np.isnan(raster.read(0, raster.rows)[0])
    # Next to cells without data the weights are others; those pixels are the Upsampler's test.
    near = np.kron(_grown(empty), np.ones((16, 16), bool))
    found = read(parts)
    np.testing.assert_allclose(found[:, ~near], wanted[:, ~near], atol=1e-4)
    inside = np.kron(empty, np.ones((16, 16), bool))
    assert inside.any() and np.isnan(found[:, inside]).all() and np.isfinite(found[:, ~inside]).all()
    classes = read(out)[0]
    assert (classes[inside] == 255).all()
    values = np.array([each.value for each in CLASSES])
    np.testing.assert_array_equal(classes[~inside], values[found[:, ~inside].argmax(axis=0)])
    np.testing.assert_array_equal(read(sure)[0][~inside], found[:, ~inside].max(axis=0))
    assert (result.rows, result.cols) == (256, 256)
    counted = {each["value"]: each["pixels"] for each in result.classes}
    assert counted == {value: int((classes == value).sum()) for value in values} and min(counted.values()) > 500


def test_the_border_of_two_classes_lies_where_their_cells_meet(tmp_path):
    values = np.zeros((1, 4, 6), np.float32)
    values[0, 1:3, 3:] = 1
    values[0, 3, 0] = np.nan
    job = {"overlap": 0.25, "min_valid": 0.5, "interpolation": "log", "allow_outside": False, "model": "made"}
    embedding = made_embedding(tmp_path / "cells.tif", values, job=job)
    info = head_info(embedding, classes=CLASSES[:2])
    head = save(LinearHead(info, torch.tensor([[0.0], [2.0]]), torch.tensor([1.0, 0.0])), tmp_path / "head.safetensors")
    run(SegmentJob(inputs=(str(embedding),), head=str(head), output=str(tmp_path / "out.tif")))
    found = read(tmp_path / "out.tif")[0]
    wanted = np.full((32, 48), CLASSES[0].value)
    wanted[8:24, 24:] = CLASSES[1].value
    wanted[24:, :8] = 255
    # Bilinear: corners are rounded, straight borders lie halfway between the centres, which is where cells meet.
    for rows, cols in ((slice(12, 20), slice(None)), (slice(None), slice(28, 48)), (slice(24, 32), slice(0, 20))):
        np.testing.assert_array_equal(found[rows, cols], wanted[rows, cols])


def test_the_map_lies_on_the_image_and_carries_palette_names_and_history(made, scene, tmp_path):
    out = tmp_path / "out.tif"
    result = segment(made, out)
    with rasterio.open(out) as dataset, rasterio.open(scene["s1"]) as source:
        assert (dataset.transform, dataset.crs, dataset.shape) == (source.transform, source.crs, source.shape)
        assert (dataset.dtypes[0], dataset.nodata) == ("uint8", 255)
        colours = dataset.colormap(1)
        tags = dataset.tags()
    assert [colours[each.value][:3] for each in CLASSES] == [each.rgb for each in CLASSES]
    assert "<Category>森林</Category>" in Path(f"{out}.aux.xml").read_text(encoding="utf-8")
    assert tags["SMARTIES_TASK"] == "segment" and json.loads(tags["SMARTIES_MODEL"])["random"] is True
    assert SegmentJob.from_json(tags["SMARTIES_JOB"]).head == str(made["head"])
    assert json.loads(tags["SMARTIES_HEAD"])["kind"] == "linear"
    assert "random" in " ".join(result.notes)
    pixel_m2 = 100
    assert [each["area_m2"] for each in result.classes] == [each["pixels"] * pixel_m2 for each in result.classes]
    assert "Wasser" in result.summary() and "km²" in result.summary()


def test_images_and_their_embedding_give_one_map_but_for_pixels_without_data(made, scene, tmp_path, monkeypatch):
    monkeypatch.setenv("SMARTIES_CACHE", str(tmp_path / "cache"))
    segment(made, tmp_path / "of_embedding.tif")
    events = []
    job = SegmentJob(inputs=(str(scene["s1"]),), head=str(made["head"]), output=str(tmp_path / "of_images.tif"))
    run(job, events.append)
    assert [event.fraction for event in events] == sorted(event.fraction for event in events)
    of_images, of_embedding = read(tmp_path / "of_images.tif"), read(tmp_path / "of_embedding.tif")
    with rasterio.open(scene["s1"]) as source:
        empty = np.isnan(source.read()).any(axis=0)
    assert (of_images[0][empty] == 255).all() and not (of_embedding[0][empty] == 255).all()
    # Embeddings are kept in half precision: a pixel between two classes may tip over.
    assert (of_images[0] == of_embedding[0])[~empty].mean() > 0.999
    kept = list((tmp_path / "cache").iterdir())
    monkeypatch.setattr(embed, "run", lambda *_: pytest.fail("the kept embedding was made again"))
    run(dataclasses.replace(job, overwrite=True, overlap=None))
    assert list((tmp_path / "cache").iterdir()) == kept and len(kept) == 1


def test_confidence_by_entropy_is_one_minus_its_share_of_the_largest(made, tmp_path):
    sure, parts = tmp_path / "sure.tif", tmp_path / "parts.tif"
    segment(made, tmp_path / "o.tif", confidence=str(sure), confidence_kind="entropy", probabilities=str(parts))
    p = read(parts)
    known = np.isfinite(p[0])
    p = p[:, known].astype(float)
    np.testing.assert_allclose(p.sum(axis=0), 1, atol=1e-5)
    np.testing.assert_allclose(read(sure)[0][known], 1 + (p * np.log(p)).sum(axis=0) / np.log(3), atol=1e-4)
    with rasterio.open(parts) as dataset:
        assert dataset.descriptions == tuple(each.name for each in CLASSES)
    with rasterio.open(sure) as dataset:
        assert np.isnan(dataset.nodata) and "entropy" in dataset.tags()["TIFFTAG_IMAGEDESCRIPTION"]


def test_sieved_raster_and_polygons_agree_to_the_pixel(made, tmp_path):
    segment(made, tmp_path / "raw.tif")
    out, polygons = tmp_path / "out.tif", tmp_path / "out.gpkg"
    result = segment(made, out, sieve_px=60, polygons=str(polygons))
    before, after = read(tmp_path / "raw.tif")[0], read(out)[0]
    np.testing.assert_array_equal(before == 255, after == 255)
    assert (before != after).any()
    patches = label(np.where(after == 255, 0, after), background=0, connectivity=1)
    assert np.bincount(patches.ravel())[1:].min() >= 60
    layer = pyogrio.raw.read(polygons, read_geometry=False)
    table = dict(zip(layer[0]["fields"], layer[3], strict=True))
    assert len(table["value"]) == patches.max()
    for each in result.classes:
        mine = table["value"] == each["value"]
        assert set(table["class"][mine]) == {each["name"]}
        assert table["area_m2"][mine].sum() == pytest.approx(each["area_m2"], rel=1e-9)
        assert each["pixels"] == (after == each["value"]).sum()
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_many_classes_make_the_same_map_in_small_windows(made, tmp_path, monkeypatch):
    classes = tuple(MapClass(10 * number, f"class {number}", "#112233") for number in range(300))
    head = linear_head(made["embedding"], tmp_path / "many.safetensors", classes)
    segment(made, tmp_path / "whole.tif", head=str(head))
    monkeypatch.setattr(segment_cells, "_PIXEL_BYTES", 100_000)
    monkeypatch.setattr(segment_cells, "_CELL_BYTES", 200_000)
    segment(made, tmp_path / "parts.tif", head=str(head))
    whole = read(tmp_path / "whole.tif")
    np.testing.assert_array_equal(whole, read(tmp_path / "parts.tif"))
    assert whole.dtype == np.uint16 and whole.max() == 65535 and len(np.unique(whole)) > 20


def test_votes_of_neighbours_make_a_map_too(made, tmp_path):
    info = head_info(made["embedding"], "knn")
    with FeatureRaster(made["embedding"]) as raster:
        values = raster.read(0, 16)
    # One labelled cell per class: their own pixels must come out as theirs.
    places = [(5, 5), (8, 12), (14, 6)]
    bank = torch.nn.functional.normalize(torch.from_numpy(np.stack([values[:, r, c] for r, c in places])), dim=1)
    tensors = {"bank": bank.half(), "labels": torch.arange(3), "class_weights": torch.ones(3)}
    head = save(KnnHead.from_tensors(info, tensors), tmp_path / "knn.safetensors")
    segment(made, tmp_path / "out.tif", head=str(head))
    found = read(tmp_path / "out.tif")[0]
    assert [found[16 * r + 8, 16 * c + 8] for r, c in places] == [each.value for each in CLASSES]


def test_a_head_of_chips_gives_one_class_per_chip(scene, made, tmp_path):
    chips = tmp_path / "chips.tif"
    embed.run(EmbedJob(inputs=(str(scene["s1"]),), output=str(chips), level="chips", chip=128, overlap=0))
    head = linear_head(chips, tmp_path / "chips.safetensors")
    result = segment(made, tmp_path / "out.tif", scene["s1"], head=str(head))
    with rasterio.open(tmp_path / "out.tif") as found, rasterio.open(chips) as embedding:
        assert (found.transform, found.shape) == (embedding.transform, embedding.shape) == (found.transform, (2, 2))
        assert len(np.unique(found.read(1))) > 1
    assert sum(each["pixels"] for each in result.classes) == 4


def test_what_the_head_was_not_trained_for_is_refused_before_anything_is_computed(made, scene, tmp_path, monkeypatch):
    monkeypatch.setattr(embed, "run", lambda *_: pytest.fail("something was embedded"))
    out = tmp_path / "out.tif"
    with pytest.raises(CheckpointError, match="trained on 2 bands"):
        segment(made, out, scene["s2"])
    with pytest.raises(CheckpointError, match="one image, not on 2 images"):
        segment(made, out, scene["s1"], scene["s2"])
    with pytest.raises(CheckpointError, match="statistics of the image are not those"):
        segment(made, out, scene["s1"], statistics="estimate")
    with pytest.raises(JobError, match="one is mapped at a time"):
        segment(made, out, made["embedding"], _copy(made["embedding"], tmp_path / "second.tif"))
    with pytest.raises(JobError, match="No output was named"):
        segment(made, "")
    with pytest.raises(OutputError, match="one of the files to read"):
        segment(made, made["embedding"], overwrite=True)
    with pytest.raises(OutputError, match="GeoPackage"):
        segment(made, out, polygons=str(tmp_path / "out.shp"))
    with pytest.raises(CheckpointError, match="no head"):
        segment(made, out, head=str(tmp_path / "nowhere.safetensors"))
    assert [path.name for path in tmp_path.iterdir()] == ["second.tif"]


def test_another_model_under_the_same_name_is_refused(made, scene, tmp_path):
    head = load_head(made["head"])
    model = tmp_path / "model.safetensors"
    model.write_bytes(Path(made["head"]).read_bytes())
    features = {**head.info.features, "model": {**head.info.features["model"], "source": str(model)}}
    path = tmp_path / "head.safetensors"
    save(LinearHead(dataclasses.replace(head.info, features=features), head.weight, head.bias), path)
    with pytest.raises(CheckpointError, match="not the model the head was trained with"):
        segment(made, tmp_path / "out.tif", scene["s1"], head=str(path))
    model.unlink()
    with pytest.raises(CheckpointError, match="which is not there"):
        segment(made, tmp_path / "out.tif", scene["s1"], head=str(path))


def test_the_heads_statistics_go_into_another_images_embedding(scene, tmp_path, monkeypatch):
    monkeypatch.setenv("SMARTIES_CACHE", str(tmp_path / "cache"))
    learnt = tmp_path / "learnt.tif"
    embed.run(EmbedJob(inputs=(str(scene["l8"]),), output=str(learnt)))
    head = linear_head(learnt, tmp_path / "head.safetensors")
    # The same land a little darker, its bands the other way round.
    with rasterio.open(scene["l8"]) as source:
        values = (source.read() * 0.95).astype(np.uint16)
    other = _like(scene["l8"], tmp_path / "LC08_L2SP_other.tif", values[::-1], backwards=True)
    told = run(SegmentJob(inputs=(str(other),), head=str(head), output=str(tmp_path / "out.tif")))
    assert "Check the unit of the values" not in " ".join(told.notes)
    (kept,) = (tmp_path / "cache").iterdir()
    with FeatureRaster(kept) as made_now, FeatureRaster(learnt) as made_then:
        assert made_now.record.fingerprint == made_then.record.fingerprint
        ours, theirs = made_now.record.images[0], made_then.record.images[0]
        assert [band["name"] for band in ours["bands"]] == [band["name"] for band in theirs["bands"]][::-1]
        assert ours["statistics"]["p99"] == theirs["statistics"]["p99"][::-1]
    # Values of another unit would all be clipped to one: the user is told.
    tenth = _like(scene["l8"], tmp_path / "LC08_L2SP_tenth.tif", values / np.float32(10))
    told = run(SegmentJob(inputs=(str(tenth),), head=str(head), output=str(tmp_path / "tenth.tif")))
    assert "Check the unit of the values" in " ".join(told.notes)
    # The image the head was trained on estimates these statistics by itself: what it gave is taken again.
    segmented = SegmentJob(inputs=(str(scene["l8"]),), head=str(head), output=str(tmp_path / "same.tif"))
    run(segmented)
    run(dataclasses.replace(segmented, output=str(tmp_path / "estimated.tif"), statistics="estimate"))
    np.testing.assert_array_equal(read(tmp_path / "same.tif"), read(tmp_path / "estimated.tif"))


def test_cancelling_leaves_what_was_there(made, tmp_path):
    out = tmp_path / "out.tif"
    out.write_bytes(b"before")
    asked = []

    def cancelled():
        asked.append(1)
        return len(asked) > 2

    job = SegmentJob(
        inputs=(str(made["embedding"]),), head=str(made["head"]), output=str(out), overwrite=True, sieve_px=9,
        polygons=str(tmp_path / "p.gpkg"),
    )  # fmt: skip
    with pytest.raises(CancelledError):
        run(job, cancelled=cancelled)
    assert [path.name for path in tmp_path.iterdir()] == ["out.tif"] and out.read_bytes() == b"before"


def test_the_worker_gets_plain_values(made, tmp_path):
    params = {"inputs": [str(made["embedding"])], "head": str(made["head"]), "output": str(tmp_path / "out.tif")}
    result = call(params, lambda _: None, lambda: False)
    assert json.loads(json.dumps(result))["classes"][1]["name"] == "森林"


def _grown(mask):
    padded = np.pad(mask, 1)
    shifts = [(row, col) for row in (0, 1, 2) for col in (0, 1, 2)]
    return np.any([padded[r : r + mask.shape[0], c : c + mask.shape[1]] for r, c in shifts], axis=0)


def _like(source, target, values, backwards=False):
    """``values`` with all that ``source`` tells of its bands, from the last to the first where ``backwards``."""
    step = -1 if backwards else 1
    with rasterio.open(source) as other:
        profile = {**other.profile, "dtype": values.dtype}
        with rasterio.open(target, "w", **profile) as dataset:
            dataset.write(values)
            dataset.descriptions = other.descriptions[::step]
            dataset.scales, dataset.offsets = other.scales[::step], other.offsets[::step]
            dataset.update_tags(**other.tags())
            for number, band in enumerate(list(other.indexes)[::step], start=1):
                dataset.update_tags(number, **other.tags(band))
    return target


def _copy(source, target):
    target.write_bytes(Path(source).read_bytes())
    return target
