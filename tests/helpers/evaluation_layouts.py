"""Tiny files in the published layouts of the evaluation datasets, as the tests of their readers need them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine

AREA = "1330_3107_13"
S2_BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12")
#: Pixels of a 20 m and a 60 m file of a patch, of the 24 at 10 m that the tests have for the 120 published.
PATCH_PX, SIDES = 24, {"B01": 4, "B09": 4, "B05": 12, "B06": 12, "B07": 12, "B8A": 12, "B11": 12, "B12": 12}


def write_raster(path: Path, bands: np.ndarray, driver: str = "GTiff", **profile: Any) -> Path:
    """``bands`` (C, h, w) as a raster file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = bands.shape
    with rasterio.open(
        path, "w", driver=driver, count=count, height=height, width=width, dtype=bands.dtype, **profile
    ) as file:
        file.write(bands)
    return path


def noise(shape: Sequence[int], dtype: str, low: float = 1, high: float = 200, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(low, high, shape).astype(dtype)


def write_scenes(
    folder: Path, images: Mapping[str, Sequence[str]], suffix: str = ".tif", band_count: int = 3, side: int = 8
) -> None:
    """``images``: stems by the name of their class' folder. Band b of an image holds b everywhere."""
    values = np.tile(np.arange(1, band_count + 1, dtype=np.uint16)[:, None, None], (1, side, side))
    driver, dtype = ("JPEG", "uint8") if suffix == ".jpg" else ("GTiff", "uint16" if band_count > 4 else "uint8")
    for name, stems in images.items():
        for stem in stems:
            write_raster(folder / name / f"{stem}{suffix}", values.astype(dtype), driver)


def write_patch(
    folder: Path, name: str, labels: Sequence[str], partner: str | None = None, sides: Mapping[str, int] = SIDES
) -> None:
    """A BigEarthNet patch of either sensor; a Sentinel-2 band holds its place in S2_BANDS, in steps of 100."""
    metadata: dict[str, Any] = {"labels": list(labels)}
    if name.startswith("S1"):
        metadata["corresponding_s2_patch"] = partner
        shape = (1, PATCH_PX, PATCH_PX)
        bands = {"VV": noise(shape, "float32", -20, -5, 1), "VH": noise(shape, "float32", -30, -10, 2)}
    else:
        bands = {
            band: np.full((1, side, side), 100 * (place + 1), np.uint16)
            for place, band in enumerate(S2_BANDS)
            for side in [sides.get(band, PATCH_PX)]
        }
    for band, values in bands.items():
        write_raster(folder / name / f"{name}_{band}.tif", values)
    (folder / name / f"{name}_labels_metadata.json").write_text(json.dumps(metadata))


def write_burn_scene(folder: Path, name: str, seed: int, side: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """A scene of HLS Burn Scars: six reflectances with fill in the top left corner, and its mask."""
    image = noise((6, side, side), "float32", 0.01, 0.4, seed)
    image[:, :2, :2] = 9999
    mask = np.zeros((1, side, side), np.int16)
    mask[0, : side // 2] = 1
    mask[0, :2, :2] = -1
    stem = folder / f"subsetted_512x512_HLS.S30.{name}.2020248.v1.4"
    write_raster(stem.with_name(stem.name + "_merged.tif"), image)
    write_raster(stem.with_name(stem.name + ".mask.tif"), mask)
    return image, mask[0]


def write_month(
    root: Path, area: str, month: str, seed: int = 0, side: int = 32, hyphens: bool = False
) -> tuple[np.ndarray, str]:
    """A month of DynamicEarthNet, labels in rows by class: the image of its first day, and its line in the lists."""
    image = noise((4, side, side), "int16", 100, 3000, seed)
    write_raster(root / "planet" / "10N" / "26E-183N" / area / "PF-SR" / f"{month}-01.tif", image)
    channels = np.zeros((7, side, side), np.uint8)
    for number in range(7):
        channels[number, 4 * number : 4 * number + 4] = 255  # the rows from 28 on have no class
    scene, mark = "10N-121W-39N-L3H-SR", "-" if hyphens else "_"
    day = f"{month}-01" if hyphens else f"{month}-01".replace("-", "_")
    label = Path("labels") / f"{area}{mark}10N" / "Labels" / "Raster" / scene / f"{scene}-{day}.tif"
    write_raster(root / label, channels)
    line = f"/reprocess-cropped/UTM-24000/10N/26E-183N/{area}/PF-SR /{label.as_posix()} {month}"
    return image, line


def write_mosaic(
    area_folder: Path, month: str, seed: int = 0, side: int = 31, labels: str = "labels_match_pix", clouds: bool = False
) -> np.ndarray:
    """A month of SpaceNet 7: RGBA without its last column seen, and one building over rows 4–7, columns 8–11."""
    area = area_folder.name
    stem = f"global_monthly_{month}_mosaic_{area}"
    image = noise((4, side, side), "uint8", 1, 255, seed)
    image[3] = 255
    image[3, :, -1] = 0
    # Square pixels of the web mercator, near the origin, where a degree is a degree.
    transform = Affine(4.0, 0, 1000.0, 0, -4.0, 2000.0)
    write_raster(area_folder / "images_masked" / f"{stem}.tif", image, crs="EPSG:3857", transform=transform)
    ring = [(8, 4), (12, 4), (12, 8), (8, 8), (8, 4)]
    if labels == "labels_raster":
        raster = np.zeros((1, side, side), np.uint8)
        raster[0, 4:8, 8:12] = 255
        write_raster(area_folder / labels / f"{stem}_Buildings.tif", raster)
    else:
        if labels != "labels_match_pix":
            degree = 111319.49079327358
            ring = [((1000 + 4 * x) / degree, (2000 - 4 * y) / degree) for x, y in ring]  # type: ignore[misc]
        feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        path = area_folder / labels / f"{stem}_Buildings.geojson"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    if clouds:
        write_raster(area_folder / "UDM_masks" / f"{stem}_UDM.tif", np.ones((1, side, side), np.uint8))
    return image


def write_contest_patch(root: Path, part: str, number: int, folders: str = "{}_0", side: int = 24) -> np.ndarray:
    """A patch of DFC2020: Sentinel-1 in dB, 13 bands of Sentinel-2 of which band b holds b × 100 ± 50, labels 0–10."""
    labels = (np.arange(side * side).reshape(1, side, side) % 11).astype(np.int32)
    s2 = (100 * np.arange(1, 14)[:, None, None] + noise((13, side, side), "int32", -50, 51, number)).astype(np.uint16)
    for key, values in (("dfc", labels), ("s1", noise((2, side, side), "float64", -25, -5, number)), ("s2", s2)):
        name = f"ROIs0000_{part}_{key}_0_p{number}.tif"
        write_raster(root / f"ROIs0000_{part}" / folders.format(key) / name, values)
    return labels[0]


def write_season(
    root: Path, uid: int, dates: Sequence[str], missing: Mapping[str, str] | None = None, zeros: Sequence[str] = ()
) -> None:
    """A chip of SICKLE: an npz of Landsat-8 per date, without the band ``missing`` names, and its mask."""
    bands = ("SR_B1", "SR_B2", "SR_B3", "SR_B4", "SR_B5", "SR_B6", "SR_B7", "ST_B10")
    folder = root / "images" / "L8" / "npy" / str(uid)
    folder.mkdir(parents=True, exist_ok=True)
    for place, day in enumerate(dates):
        arrays = {band: noise((12, 11), "float32", 8000, 30000, place) for band in bands}
        if day in zeros:
            arrays["SR_B1"][:6] = 0
        arrays.pop((missing or {}).get(day, ""), None)
        np.savez(folder / f"LC08_142053_{day}.npz", **arrays)  # type: ignore[arg-type]
    mask = np.zeros((6, 32, 32), np.float32)
    mask[0, :16], mask[1, :16] = uid, 1  # a plot of paddy, called as the chip is
    mask[0, 16:24], mask[1, 16:24] = uid + 1000, 7  # a plot of something else
    write_raster(root / "masks" / "10m" / f"{uid}.tif", mask)


def write_table(root: Path, rows: Sequence[tuple[int, int, str, str, int]]) -> None:
    """The table of SICKLE of (UNIQUE_ID, PLOT_ID, SPLIT, STANDARD_SEASON, YEAR)."""
    lines = ["UNIQUE_ID,PLOT_ID,CROP,SPLIT,STANDARD_SEASON,YEAR"]
    lines += [f"{uid},{plot},Paddy,{split},{season},{year}" for uid, plot, split, season, year in rows]
    (root / "sickle_dataset_tabular.csv").write_text("\n".join(lines) + "\n")
