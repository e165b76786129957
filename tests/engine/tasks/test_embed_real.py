"""Must hold 3: real rasters of every kind are embedded, open again, and lie on their source within half a token."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge

from engine.jobs.embed import EmbedJob
from engine.tasks.embed import EmbedResult, run

WIDTH = 192  # of smarties-tiny


def embed(output: Path, *inputs: Path | str, **settings: object) -> EmbedResult:
    return run(EmbedJob(inputs=tuple(map(str, inputs)), output=str(output), **settings))


def check_alignment(embedding: Path, source: Path | str, band: int = 1) -> None:
    """The features explain the ground under them better than the ground half a token or a token away."""
    with rasterio.open(embedding) as dataset:
        features = dataset.read().reshape(dataset.count, -1).T
        valid = np.isfinite(features).all(axis=1)
        explained = {}
        reduced = PCA(min(8, valid.sum() // 8)).fit_transform(features[valid])
        for dx, dy in product((-1.0, -0.5, 0.0, 0.5, 1.0), repeat=2):
            shifted = dataset.transform @ Affine.translation(dx, dy)
            with rasterio.open(source) as raw, WarpedVRT(
                raw, crs=dataset.crs, transform=shifted, width=dataset.width, height=dataset.height,
                resampling=Resampling.average,
            ) as vrt:  # fmt: skip
                ground = vrt.read(band).astype(np.float64).ravel()[valid]
            inner = np.isfinite(ground)
            explained[dx, dy] = Ridge(1.0).fit(reduced[inner], ground[inner]).score(reduced[inner], ground[inner])
    best = max(explained, key=explained.__getitem__)
    assert max(map(abs, best)) <= 0.5, f"best at a shift of {best} tokens: {explained}"


def check_output(embedding: Path, source: Path | str, dims: int, token_px: float, gsd: float) -> dict:
    """Opens the raster again: size, georeferencing, values, names, provenance. Returns its image records."""
    with rasterio.open(embedding) as dataset, rasterio.open(source) as raw:
        assert dataset.count == dims
        assert dataset.crs == raw.crs
        assert dataset.res == pytest.approx((gsd * token_px,) * 2, rel=0.02)
        assert dataset.bounds.left == pytest.approx(raw.bounds.left, abs=gsd * 0.51)
        assert dataset.bounds.top == pytest.approx(raw.bounds.top, abs=gsd * 0.51)
        assert dataset.bounds.right >= raw.bounds.right - gsd * 0.51
        assert dataset.bounds.bottom <= raw.bounds.bottom + gsd * 0.51
        values = dataset.read()
        tags = dataset.tags()
        assert all(dataset.descriptions)
        assert np.isnan(dataset.nodata)
    assert np.isfinite(values).any()
    valid = np.isfinite(values).all(axis=0)
    assert values[:, valid].std(axis=1).min() > 0, "a feature that never varies"
    assert json.loads(tags["SMARTIES_MODEL"])["name"] == "smarties-tiny"
    assert "ViT-Ti" in tags["TIFFTAG_IMAGEDESCRIPTION"]
    return json.loads(tags["SMARTIES_IMAGES"])


@pytest.mark.parametrize(("fusion", "dims"), [("stack", WIDTH), ("concat", 2 * WIDTH), ("mixup", 2 * WIDTH)])
def test_terramesh_s1_and_s2(data_dir, tmp_path, fusion, dims):
    place = "637U_59R_1_3.tif"
    s1, s2 = data_dir / "terramesh_s1s2/S1RTC" / place, data_dir / "terramesh_s1s2/S2L2A" / place
    out = tmp_path / "out.tif"
    embed(out, s1, s2, fusion=fusion)
    records = check_output(out, s2, dims, token_px=8, gsd=10)
    assert [len(record["bands"]) for record in records] == [2, 12]
    assert {band["verdict"] for record in records for band in record["bands"]} == {"seen"}
    check_alignment(out, s2, band=8)
    again = tmp_path / "again.tif"
    embed(again, s1, s2, fusion=fusion)
    with rasterio.open(out) as first, rasterio.open(again) as second:
        np.testing.assert_array_equal(first.read(), second.read())


def test_terramesh_offset_of_1000_is_removed(data_dir, tmp_path):
    source = data_dir / "terramesh_s1s2/S2L1C/282D_485L_3_3.tif"
    out = tmp_path / "out.tif"
    embed(out, source)
    (record,) = check_output(out, source, WIDTH, token_px=8, gsd=10)
    assert "1000" in record["radiometry"]["action"]
    assert "B10" not in [band["name"] for band in record["bands"]]


def test_sen1floods11_in_degrees(data_dir, tmp_path):
    s1 = data_dir / "sen1floods11_spain_left/S1/Spain_7370579_S1Hand.tif"
    s2 = data_dir / "sen1floods11_spain_left/S2/Spain_7370579_S2Hand.tif"
    out = tmp_path / "out.tif"
    embed(out, s1, s2)
    with rasterio.open(s1) as raw, rasterio.open(out) as dataset:
        degrees = raw.res[0]
        holes = ~np.isfinite(raw.read(1))
        assert dataset.shape == (64, 32)
    check_output(out, s1, WIDTH, token_px=8, gsd=degrees)
    check_alignment(out, s2, band=8)
    with rasterio.open(out) as dataset:
        empty = np.isnan(dataset.read(1))
    all_holes = holes.reshape(64, 8, 32, 8).mean(axis=(1, 3))
    assert not np.any(~empty & (all_holes > 0.5)), "nodata in must be nodata out"


def test_bigearthnet_folder_of_band_files(data_dir, tmp_path):
    folder = next((data_dir / "bigearthnet_s2").iterdir())
    out = tmp_path / "out.tif"
    embed(out, folder, chip=120)
    red = next(folder.glob("*_B04.tif"))
    (record,) = check_output(out, red, WIDTH, token_px=120 / 14, gsd=10)
    assert len(record["bands"]) == 12
    check_alignment(out, red)


@pytest.mark.parametrize(("kind", "bands"), [("s1", 2), ("s2a", 12), ("s2c", 12)])
def test_ssl4eo_folder(data_dir, tmp_path, kind, bands):
    folder = sorted((data_dir / f"ssl4eo_s12_one_location/{kind}/0000200").iterdir())[0]
    first = folder / ("VV.tif" if kind == "s1" else "B4.tif")
    out = tmp_path / "out.tif"
    embed(out, folder)
    with rasterio.open(first) as raw, rasterio.open(out) as dataset:
        assert dataset.res == pytest.approx((raw.res[0] * 8, raw.res[1] * 8))
        (record,) = json.loads(dataset.tags()["SMARTIES_IMAGES"])
    assert len(record["bands"]) == bands
    check_alignment(out, first)


def test_landsat8_with_thermal_by_interpolation(data_dir, tmp_path):
    folder = data_dir / "landsat8_elkton"
    files = [folder / f"L8-B{n}-Elkton-VA.tiff" for n in (2, 3, 4, 5, 6, 7, 10)]
    outputs = {mode: tmp_path / f"{mode}.tif" for mode in ("log", "released")}
    for mode, out in outputs.items():
        embed(out, *files, interpolation=mode)
    (record,) = check_output(outputs["log"], files[0], WIDTH, token_px=8, gsd=29.9)
    thermal = next(band for band in record["bands"] if "10" in band["name"])
    assert thermal["verdict"] == "interpolated"
    assert thermal["weights"] == pytest.approx({"short_wave_infrared_4": 0.842, "microwave_1": 0.158}, abs=5e-4)
    check_alignment(outputs["log"], files[3])
    with rasterio.open(outputs["log"]) as log, rasterio.open(outputs["released"]) as released:
        assert np.nanmax(np.abs(log.read() - released.read())) > 0.1


def test_landsat8_folder_leaves_out_labels_and_quality(data_dir, tmp_path):
    out = tmp_path / "out.tif"
    embed(out, data_dir / "landsat8_elkton")
    with rasterio.open(out) as dataset:
        (record,) = json.loads(dataset.tags()["SMARTIES_IMAGES"])
    names = [band["name"] for band in record["bands"]]
    assert any("10" in name for name in names)
    assert not any(word in name.lower() for name in names for word in ("label", "qa", "b8", "b9"))


def test_enmap_tile_by_wavelength(data_dir, tmp_path):
    source = data_dir / "enmap_potsdam_tiles/images/enmap_potsdam_tile_64_0.tif"
    out = tmp_path / "out.tif"
    embed(out, source)
    (record,) = check_output(out, source, WIDTH, token_px=8, gsd=30)
    names = [band["name"] for band in record["bands"]]
    assert 100 < len(names) < 224
    assert {band["verdict"] for band in record["bands"]} <= {"seen", "near", "interpolated"}


def test_enmap_tiles_lie_on_their_source(data_dir, tmp_path):
    for source in sorted((data_dir / "enmap_potsdam_tiles/images").glob("*.tif"))[:3]:
        out = tmp_path / source.name
        embed(out, source, chip=28)
        check_alignment(out, source, band=80)


def test_naip(data_dir, tmp_path):
    source = data_dir / "naip_1m/m_3607717_sw_18_1_20160620_subset.tif"
    out = tmp_path / "out.tif"
    embed(out, source)
    (record,) = check_output(out, source, WIDTH, token_px=16, gsd=1)
    layers = [band["layers"] for band in record["bands"]]
    assert layers[:3] == ["red_1", "green_1", "blue_3"]
    assert layers[3].startswith("near_infrared")
    check_alignment(out, source, band=4)


def test_majortom_at_mixed_resolutions(data_dir, tmp_path):
    folder = next((data_dir / "majortom_s2_l2a").iterdir())
    out = tmp_path / "out.tif"
    embed(out, folder, overlap=0.0)
    (record,) = check_output(out, folder / "B04.tif", WIDTH, token_px=8, gsd=10)
    assert len(record["bands"]) == 12
    for band in ("B08.tif", "B11.tif", "B01.tif"):
        check_alignment(out, folder / band)


def test_netcdf_time_series_by_date(data_dir, tmp_path):
    folder = data_dir / "worldcereal_sites/00002806639B424A"
    source = next(folder.glob("S2_L2A_10m_*.nc"))
    out = tmp_path / "out.tif"
    embed(out, f"{source}@3", sensors=("sentinel-2-l2a",))
    with rasterio.open(out) as dataset:
        assert dataset.crs.to_epsg() == 32631
        (record,) = json.loads(dataset.tags()["SMARTIES_IMAGES"])
    assert [band["name"] for band in record["bands"]] == ["B02", "B03", "B04", "B08"]
