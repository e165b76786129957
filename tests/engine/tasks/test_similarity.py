"""Similarity: exact to a hundredth, at the right cells, quick once the index is there, and clear where it cannot be."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS

from engine.errors import CancelledError, JobError, OutputError, SourceError
from engine.jobs.similarity import SimilarityJob
from engine.raster.feature_raster import FeatureRaster
from engine.raster.stored_values import int8_scales
from engine.raster.writers import RasterWriter
from engine.tasks import similarity_examples, similarity_index
from engine.tasks.similarity import call, run

UTM = CRS.from_epsg(32633)
TRANSFORM = Affine(80, 0, 400_000, 0, -80, 5_600_000)


def write_embedding(path, values, dtype="float32", transform=TRANSFORM, crs=UTM):
    """An embedding of given values (D, rows, cols)."""
    dims, rows, cols = values.shape
    tags = {
        "SMARTIES_JOB": json.dumps({"chip": 112, "fusion": "stack", "level": "tokens"}),
        "SMARTIES_MODEL": json.dumps({"name": "made-up", "title": "made up", "sha256": "0" * 64}),
        "SMARTIES_IMAGES": "[]",
        "SMARTIES_LATTICE": json.dumps(
            {"transform": [10, 0, 4e5, 0, -10, 5.6e6], "width": 8 * cols, "height": 8 * rows}
        ),
    }
    names = [f"feature {number + 1}" for number in range(dims)]
    scales = int8_scales(values) if dtype == "int8" else None
    with RasterWriter(
        path, rows, cols, dims, transform, crs, dtype, band_names=names, tags=tags, scales=scales, overwrite=True
    ) as writer:
        writer.write(0, values.copy())
    return path


def landscape(rows, cols, dims=96, seed=0, rare=0):
    """Values of a smooth landscape with noise, a common mean and a gap; ``rare`` cells look like nothing else."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:rows, 0:cols] / 16
    waves = [np.sin(a * y + b * x + c) for a, b, c in rng.uniform(0.2, 2, (12, 3))]
    values = np.tensordot(rng.normal(size=(dims, 12)), np.stack(waves), 1) + rng.normal(size=(dims, 1, 1)) * 3
    values += 0.7 * np.exp(-np.arange(dims) / 30)[:, None, None] * rng.normal(size=(dims, rows, cols))
    for number in rng.choice(rows * cols, rare, replace=False):
        values[:, number // cols, number % cols] = 9 * rng.normal(size=dims)
    values[:, :3, :5] = np.nan
    return values.astype(np.float32)


def cosines(values, examples, centred):
    """Exact cosines (m, rows, cols) of cells with the cells ``examples`` (row, col)."""
    dims = len(values)
    flat = values.reshape(dims, -1).astype(np.float64)
    if centred:
        flat = flat - np.nanmean(flat, axis=1, keepdims=True)
    units = flat / np.linalg.norm(flat, axis=0)
    chosen = units.reshape(values.shape)[:, [row for row, _ in examples], [col for _, col in examples]]
    return np.tensordot(chosen.T, units.reshape(values.shape), 1)


def centre_of(row, col):
    x, y = TRANSFORM @ (col + 0.5, row + 0.5)
    return f"{x},{y}"


def similar(embedding, out, like, unlike=(), centred=False, **settings):
    """A search by the cosine as it is, unless told otherwise."""
    examples = {"like": tuple(like), "unlike": tuple(unlike)}
    return run(SimilarityJob(inputs=(str(embedding),), **examples, output=str(out), centred=centred, **settings))


def read(path):
    with rasterio.open(path) as dataset:
        return dataset.read(1)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """An embedding of 70 × 90 cells, its path and its values."""
    values = landscape(70, 90, rare=12)
    return write_embedding(tmp_path_factory.mktemp("place") / "place.tif", values), values


@pytest.mark.parametrize("centred", [False, True], ids=["as it is", "centred"])
def test_similarity_is_the_cosine_within_a_hundredth(place, tmp_path, centred):
    embedding, values = place
    cells = [(10, 20), (50, 70), (65, 3)]
    result = similar(embedding, tmp_path / "out.tif", [centre_of(*cell) for cell in cells], centred=centred)
    exact = cosines(values, cells, centred).max(axis=0)
    found = read(tmp_path / "out.tif")
    assert np.nanmax(np.abs(found - exact)) <= 0.01
    np.testing.assert_array_equal(np.isnan(found), np.isnan(values[0]))
    assert [found[cell] for cell in cells] == pytest.approx([1, 1, 1], abs=0.01)
    assert (result.rows, result.cols, result.like, result.unlike) == (70, 90, 3, 0)
    assert result.value_range == (pytest.approx(np.nanquantile(found, 0.02), abs=0.001), np.nanmax(found))


@pytest.mark.parametrize("centred", [False, True], ids=["as it is", "centred"])
def test_examples_against_take_a_third_of_what_is_like_them(place, tmp_path, centred):
    embedding, values = place
    against = [centre_of(50, 70), centre_of(40, 8)]
    similar(embedding, tmp_path / "out.tif", [centre_of(10, 20)], against, centred=centred)
    exact = cosines(values, [(10, 20), (50, 70), (40, 8)], centred)
    expected = np.clip(exact[0] - np.maximum(exact[1:].max(axis=0), 0) / 3, -1, 1)
    assert np.nanmax(np.abs(read(tmp_path / "out.tif") - expected)) <= 0.014


def test_the_mean_is_taken_off_unless_told_otherwise(place, tmp_path):
    embedding, values = place
    job = SimilarityJob(inputs=(str(embedding),), like=(centre_of(10, 20),), output=str(tmp_path / "out.tif"))
    run(job)
    assert np.nanmax(np.abs(read(tmp_path / "out.tif") - cosines(values, [(10, 20)], True)[0])) <= 0.01


def test_a_large_int8_embedding_is_indexed_as_exactly(tmp_path, monkeypatch):
    """Larger than the sample sees whole, in several windows; one corner is a material of its own."""
    monkeypatch.setattr(similarity_index, "_PICTURE_SIDE", 48)
    monkeypatch.setattr(similarity_index, "_WINDOW_BYTES", 2**20)
    monkeypatch.setattr(similarity_index, "_SAMPLE_WINDOWS", 3)
    values = landscape(300, 280, rare=40)
    values[:, 290:, 270:] += np.random.default_rng(5).normal(size=(96, 1, 1)).astype(np.float32) * 6
    embedding = write_embedding(tmp_path / "large.tif", values, "int8")
    with FeatureRaster(embedding) as raster:
        stored = raster.read(0, 300)
    cells = [(295, 275), (7, 100)]
    similar(embedding, tmp_path / "out.tif", [centre_of(*cell) for cell in cells])
    assert np.nanmax(np.abs(read(tmp_path / "out.tif") - cosines(stored, cells, False).max(axis=0))) <= 0.01


def test_where_the_sample_misleads_the_index_keeps_more(tmp_path, monkeypatch):
    """The sample sees a plain; everything else differs from it and from itself."""
    monkeypatch.setattr(similarity_index, "_WHOLE_BYTES", 2 * 96 * 50)
    monkeypatch.setattr(similarity_index, "_sample", lambda raster, *_: (_first_rows(raster), np.zeros(96, np.float32)))
    values = np.random.default_rng(0).normal(size=(96, 40, 40)).astype(np.float32)
    values[:, :10] = values[:, :1, :1] + 0.01 * values[:, :10]
    embedding = write_embedding(tmp_path / "odd.tif", values)
    similar(embedding, tmp_path / "out.tif", [centre_of(30, 30)])
    assert np.abs(read(tmp_path / "out.tif") - cosines(values, [(30, 30)], False)[0]).max() <= 0.012


def _first_rows(raster):
    values = raster.read(0, 10).reshape(raster.dims, -1)
    return values / np.linalg.norm(values, axis=0)


def test_the_map_lies_on_the_embedding_and_says_what_it_is(place, tmp_path):
    embedding, _ = place
    similar(embedding, tmp_path / "out.tif", [centre_of(10, 20)])
    with rasterio.open(tmp_path / "out.tif") as drawn:
        assert (drawn.crs, drawn.transform, drawn.dtypes) == (UTM, TRANSFORM, ("float32",))
        assert np.isnan(drawn.nodata) and drawn.descriptions == ("similarity",)
        tags = drawn.tags()
    assert tags["SMARTIES_TASK"] == "similarity"
    assert SimilarityJob.from_json(tags["SMARTIES_JOB"]).like == (centre_of(10, 20),)
    assert json.loads(tags["SMARTIES_MODEL"])["name"] == "made-up"


def test_a_point_may_be_given_in_another_crs(place, tmp_path):
    embedding, _ = place
    lon, lat = (value[0] for value in rasterio.warp.transform(UTM, "EPSG:4326", [401_640.0], [5_599_160.0]))
    similar(embedding, tmp_path / "lonlat.tif", [f"{lon},{lat}"], points_crs="EPSG:4326")
    similar(embedding, tmp_path / "own.tif", [centre_of(10, 20)])
    np.testing.assert_array_equal(read(tmp_path / "lonlat.tif"), read(tmp_path / "own.tif"))


def test_a_picture_without_georeference_is_searched_where_qgis_draws_it(tmp_path):
    values = landscape(20, 20)
    embedding = write_embedding(tmp_path / "plain.tif", values, transform=Affine.scale(8), crs=None)
    similar(embedding, tmp_path / "out.tif", ["100,-44"])
    assert read(tmp_path / "out.tif")[5, 12] == pytest.approx(1, abs=0.01)


def write_layer(path, geometries, crs="EPSG:32633"):
    import pyogrio.raw
    import shapely

    kinds = {shapely.get_type_id(geometry) for geometry in geometries}
    kind = {0: "Point", 1: "LineString", 3: "Polygon"}[kinds.pop()] if len(kinds) == 1 else "Unknown"
    wkb = np.array([shapely.to_wkb(geometry) for geometry in geometries], dtype=object)
    pyogrio.raw.write(path, wkb, [], [], geometry_type=kind, crs=crs, driver="GPKG")
    return str(path)


def test_a_polygon_stands_for_the_mean_direction_of_its_cells(place, tmp_path):
    import shapely

    embedding, values = place
    left, top = TRANSFORM @ (30, 20)
    # 6 columns and 4 rows, edges a little inside: the cells by their centres.
    polygons = write_layer(tmp_path / "like.gpkg", [shapely.box(left + 9, top - 311, left + 471, top - 9)])
    similar(embedding, tmp_path / "out.tif", [polygons])
    units = values.reshape(96, -1) / np.linalg.norm(values.reshape(96, -1), axis=0)
    mean = units.reshape(values.shape)[:, 20:24, 30:36].reshape(96, -1).mean(axis=1)
    expected = ((mean / np.linalg.norm(mean)) @ units).reshape(70, 90)
    assert np.nanmax(np.abs(read(tmp_path / "out.tif") - expected)) <= 0.01


def test_of_a_very_large_polygon_a_part_tells_the_same(place, tmp_path, monkeypatch):
    import shapely

    polygons = write_layer(tmp_path / "like.gpkg", [shapely.box(*TRANSFORM @ (5, 65), *TRANSFORM @ (85, 5))])
    similar(place[0], tmp_path / "all.tif", [polygons])
    monkeypatch.setattr(similarity_examples, "_MOST_CELLS", 1500)
    monkeypatch.setattr(similarity_examples, "_FILL_ROWS", 16)
    similar(place[0], tmp_path / "part.tif", [polygons])
    assert 0 < np.nanmax(np.abs(read(tmp_path / "all.tif") - read(tmp_path / "part.tif"))) < 0.02


def test_a_polygon_smaller_than_a_cell_a_line_and_points_count_and_what_lies_off_is_told(place, tmp_path):
    import shapely

    embedding, values = place
    x, y = TRANSFORM @ (40, 30)
    shapes = [
        shapely.box(x + 3, y - 9, x + 8, y - 3),
        shapely.LineString([(x - 800, y - 760), (x - 700, y - 760)]),
        shapely.Point(x + 1640, y - 40),
        shapely.box(0, 0, 10, 10),
        shapely.Point(TRANSFORM @ (1.5, 1.5)),
    ]
    layer = write_layer(tmp_path / "mixed.gpkg", shapes)
    result = similar(embedding, tmp_path / "out.tif", [layer])
    found = read(tmp_path / "out.tif")
    assert [found[30, 40], found[30, 60]] == pytest.approx([1, 1], abs=0.01)
    line = cosines(values, [(39, 30), (39, 31)], False)[:, 39, 30:32].mean(axis=1)
    assert found[39, 30:32] == pytest.approx(line / np.sqrt(line.mean()), abs=0.012)
    assert result.like == 3
    assert any("2 of 5 features lie where there is no data" in note for note in result.notes)


def test_places_at_the_threshold_and_above_become_polygons_of_the_same_area(place, tmp_path):
    import pyogrio.raw
    import shapely

    embedding, _ = place
    result = similar(
        embedding, tmp_path / "out.tif", [centre_of(10, 20)], threshold=0.9, polygons=str(tmp_path / "alike.gpkg")
    )
    meta, _, wkb, fields = pyogrio.raw.read(tmp_path / "alike.gpkg")
    area = shapely.area(shapely.from_wkb(wkb)).sum()
    assert area == pytest.approx((read(tmp_path / "out.tif") >= 0.9).sum() * 80 * 80)
    assert result.polygon_count == len(wkb) > 0
    assert set(fields[list(meta["fields"]).index("class")]) == {"alike"}


@pytest.mark.parametrize(
    ("like", "said"),
    [
        ("390000,5600000", "lies outside the embedding, which covers"),
        ("400040,5599960", "no data at the point"),
        ("missing.gpkg", "missing.gpkg does not exist"),
    ],
)
def test_an_example_without_a_place_is_one_clear_sentence(place, tmp_path, like, said):
    with pytest.raises((JobError, SourceError), match=said):
        similar(place[0], tmp_path / "out.tif", [like])
    assert list(tmp_path.iterdir()) == []


def test_features_that_all_lie_elsewhere_are_refused_with_both_places(place, tmp_path):
    import shapely

    layer = write_layer(tmp_path / "far.gpkg", [shapely.box(0, 0, 9, 9)])
    with pytest.raises(JobError, match=r"No feature of far\.gpkg lies where place\.tif has data"):
        similar(place[0], tmp_path / "out.tif", [layer])


def test_inputs_are_never_replaced_and_an_empty_embedding_is_told(place, tmp_path):
    with pytest.raises(OutputError, match="one of the files to read"):
        similar(place[0], place[0], [centre_of(10, 20)], overwrite=True)
    empty = write_embedding(tmp_path / "empty.tif", np.full((8, 5, 5), np.nan, np.float32))
    with pytest.raises(SourceError, match="no data anywhere"):
        similar(empty, tmp_path / "out.tif", [centre_of(1, 1)])


def test_cancelled_nothing_is_left(place, tmp_path, monkeypatch):
    monkeypatch.setenv("SMARTIES_CACHE", str(tmp_path / "cache"))
    job = SimilarityJob(inputs=(str(place[0]),), like=(centre_of(10, 20),), output=str(tmp_path / "out.tif"))
    with pytest.raises(CancelledError):
        run(job, cancelled=lambda: True)
    assert not (tmp_path / "out.tif").exists()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_damaged_index_is_made_again_and_a_changed_embedding_has_another(tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    monkeypatch.setenv("SMARTIES_CACHE", str(cache))
    embedding = write_embedding(tmp_path / "place.tif", landscape(20, 30))
    similar(embedding, tmp_path / "out.tif", [centre_of(10, 20)])
    first = read(tmp_path / "out.tif")
    (index,) = cache.iterdir()
    similarity_index._opened.clear()
    index.write_bytes(index.read_bytes()[:200])
    similar(embedding, tmp_path / "out.tif", [centre_of(10, 20)], overwrite=True)
    np.testing.assert_array_equal(read(tmp_path / "out.tif"), first)
    write_embedding(embedding, landscape(20, 30, seed=1))
    similar(embedding, tmp_path / "out.tif", [centre_of(10, 20)], overwrite=True)
    assert np.nanmax(np.abs(read(tmp_path / "out.tif") - first)) > 0.02


def test_images_are_embedded_first_and_their_features_kept(scene, tmp_path):
    settings = {"inputs": [str(scene["s2"])], "overlap": 0.0, "overwrite": True, "output": str(tmp_path / "out.tif")}
    with rasterio.open(scene["s2"]) as dataset:
        x, y = dataset.transform @ (128, 128)
    first = call({**settings, "like": [f"{x},{y}"]}, lambda _: None, lambda: False)
    again = call({**settings, "like": [f"{x},{y}"]}, lambda _: None, lambda: False)
    assert (first["rows"], first["cols"]) == (32, 32)
    assert read(tmp_path / "out.tif")[16, 16] == pytest.approx(1, abs=0.01)
    assert any("Sentinel-2" in note for note in first["notes"]), first["notes"]
    assert again["seconds"] < first["seconds"] / 2


def test_a_click_on_an_embedding_needs_neither_torch_nor_the_vector_libraries(place, tmp_path):
    job = {"inputs": [str(place[0])], "like": [centre_of(10, 20)], "output": str(tmp_path / "out.tif")}
    code = (
        "import sys, json\nfrom engine.tasks.similarity import call\n"
        f"call(json.loads({json.dumps(job)!r}), lambda _: None, lambda: False)\n"
        "print([name for name in ('torch', 'shapely', 'pyogrio', 'sklearn', 'skimage') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
