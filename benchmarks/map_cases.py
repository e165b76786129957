"""The real places of the benchmark of maps: images, labels, and how they are divided into training and test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.transform import from_origin

#: Ranges of Sentinel-2's bands in nm (METHOD, section 1), for images that carry no names.
_S2_NM = {"B02": (427, 558), "B03": (524, 595), "B04": (634, 696), "B08": (728, 938), "B11": (1516, 1704),
          "B12": (2002, 2376)}  # fmt: skip


@dataclass(frozen=True)
class Scene:
    """One place: images on one grid, and the file of its labels, which lies on that grid."""

    name: str
    inputs: tuple[str, ...]
    labels: Path


@dataclass(frozen=True)
class Case:
    """Places with one kind of labels.

    ``ignore``: label values that are no class. ``block_px``: with one place, the side of the blocks that are dealt
    out to the parts of the test; None: one place after the other is the test. ``settings`` are those of the job.
    """

    name: str
    title: str
    scenes: tuple[Scene, ...]
    classes: dict[int, str]
    ignore: tuple[int, ...] = ()
    block_px: int | None = None
    settings: dict[str, Any] = field(default_factory=dict)


def cases(data: Path, work: Path) -> Iterator[Case]:
    """All cases; files that have to be made of others are written to ``work``."""
    yield from _flood(data)
    yield from _land_cover(data)
    yield _clouds(data, work)
    yield from _elkton(data)
    yield _potsdam(data)


def _flood(data: Path) -> Iterator[Case]:
    folder = data / "sen1floods11_spain_left"
    name = "Spain_7370579"
    s1, s2 = (str(folder / part / f"{name}_{part}Hand.tif") for part in ("S1", "S2"))
    labels = folder / "Labels" / f"{name}_LabelHand.tif"
    # Hand-drawn for one chip: blocks of 64 px (640 m) in turn are the test.
    for key, inputs, settings in (
        ("s1", (s1,), {}),
        ("s2", (s2,), {}),
        ("both", (s1, s2), {}),
        ("both-mixup", (s1, s2), {"fusion": "mixup"}),
    ):
        yield Case(
            f"flood-{key}", f"Flood, Sen1Floods11 Spain, {key.replace('-', ', ')}", (Scene(name, inputs, labels),),
            {0: "dry", 1: "flood"}, (-1,), 64, settings,
        )  # fmt: skip


def _land_cover(data: Path) -> Iterator[Case]:
    folder = data / "terramesh_s1s2"
    classes = {1: "water", 2: "trees", 3: "flooded", 4: "crops", 5: "built", 6: "bare", 7: "snow", 9: "range"}
    for key, kinds in (("s1", ("S1RTC",)), ("s2", ("S2L2A",)), ("both", ("S1RTC", "S2L2A"))):
        scenes = tuple(
            Scene(path.stem, tuple(str(folder / kind / path.name) for kind in kinds), path)
            for path in sorted((folder / "LULC").glob("*.tif"))
        )
        yield Case(f"landcover-{key}", f"Land cover, TerraMesh, {key}: two places for the third", scenes, classes)


def _clouds(data: Path, work: Path) -> Case:
    with np.load(data / "cloudmask_ukis" / "sentinel2.npz") as arrays:
        image, labels = arrays["img"].transpose(2, 0, 1), arrays["msk"][:, :, 0]
    paths = work / "clouds.tif", work / "cloud_labels.tif"
    for path, values, names in ((paths[0], image, _S2_NM), (paths[1], labels[None], ("mask",))):
        with rasterio.open(
            path, "w", driver="GTiff", width=512, height=512, count=len(values), dtype=values.dtype.name,
            crs="EPSG:32632", transform=from_origin(500_000, 5_000_000, 10, 10),
        ) as dataset:  # fmt: skip
            dataset.write(values)
            dataset.descriptions = tuple(names)
    bands = [
        {"name": name, "centre": sum(nm) / 2, "min": nm[0], "max": nm[1]} for name, nm in _S2_NM.items()
    ]  # fmt: skip
    table = json.dumps({"units": "nm", "radiometry": "reflectance", "bands": bands})
    # The file names no classes; the public code of ukis-csmask takes 0 for shadow, 4 for cloud, the rest for clear.
    classes = {0: "cloud shadow", 1: "clear, class 1", 3: "clear, class 3", 4: "cloud"}
    scene = Scene("ukis", (str(paths[0]),), paths[1])
    settings = {"band_tables": (table,), "statistics": "estimate", "chip": 112}
    return Case("clouds", "Clouds, ukis-csmask, six bands", (scene,), classes, (), 64, settings)


def _elkton(data: Path) -> Iterator[Case]:
    folder = data / "landsat8_elkton"
    optical, thermal = [f"B{number}" for number in range(1, 8)], ["B10", "B11"]
    labels = folder / "L8-Labels-Elkton-VA.tiff"
    for key, bands in (("optical", optical), ("thermal", thermal), ("both", optical + thermal)):
        files = tuple(str(folder / f"L8-{band}-Elkton-VA.tiff") for band in bands)
        # 3 classes in few polygons that cover 5 %: blocks as large as a polygon.
        yield Case(
            f"elkton-{key}", f"Land cover, Landsat-8 Elkton, {key}", (Scene("elkton", files, labels),),
            {0: "class 0", 1: "class 1", 2: "class 2"}, (255,), 16, {"statistics": "estimate"},
        )  # fmt: skip


def _potsdam(data: Path) -> Case:
    folder = data / "enmap_potsdam_tiles"
    scenes = tuple(
        Scene(path.stem[-6:], (str(folder / "images" / path.name),), path)
        for path in sorted((folder / "labels").glob("*.tif"))
    )
    # Tiles of 32 px: the whole tile is one chip.
    return Case(
        "potsdam", "Land cover, EnMAP Potsdam, 193 bands: five tiles for the sixth", scenes,
        {value: f"class {value}" for value in range(6)}, settings={"chip": 32, "overlap": 0.0},
    )  # fmt: skip
