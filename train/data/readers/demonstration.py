"""The small corpus that ``smarties-tiny`` is trained on, packed from the project's folder of open rasters.

One collection per source and kind of pair. Sentinel-1 and -2 pairs are those the sources have. Every Sentinel-2 image
also makes a pair with an 8-bit RGB picture rendered from it: it ties the RGB layers to those of Sentinel-2. Sets that
must be shared alike are left out. UC Merced's numbers from 40 on are left for measuring.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import rasterio
import torch

from engine.errors import OutputError
from engine.raster.netcdf import axes_of
from engine.raster.resize import resize
from engine.raster.statistics import BandStatistics, StreamingStatistics
from train.data.shards import Collection, ShardWriter, Side
from train.data.sides import DECIBEL_STEP, RADAR_NODATA, catalogue_side

COPERNICUS = "contains modified Copernicus Sentinel data"
TWELVE = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12")
TEN = ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12")
NINE = ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B11", "B12")
#: Landsat-8's bands as the Sentinel-2 layers nearest to them.
LANDSAT = {"1": "aerosol", "2": "blue_1", "3": "green_2", "4": "red_2", "5": "near_infrared_3",
           "6": "short_wave_infrared_3", "7": "short_wave_infrared_4"}  # fmt: skip
#: Numbers of UC Merced below this are for training.
UC_MERCED_TRAINED = 40
#: Percentiles between which a rendered picture is stretched, band by band, as map software does.
_STRETCH = (1.0, 99.0)
#: Scene classes of Sen2Cor that show the land (vegetation, bare, water, unclassified, snow), and their least share.
_CLEAR, _CLEAR_SHARE = (4, 5, 6, 7, 11), 0.95
_MOST_DAYS = 3.0
#: What processing baseline 04.00 adds to Sentinel-2's numbers, and what shows that it was added.
_OFFSET, _OFFSET_FLOOR = 1000, 850

Image = np.ndarray
Record = tuple[tuple[Image, ...], str]


def pack_demonstration(data: Path, out: Path, report: Callable[[str], None] = print) -> None:
    """Pack all collections from ``data`` into folders under ``out``; ``report`` gets one line for each.

    The folder appears when all are packed. SourceError where a source is missing; OutputError.
    """
    partial = out.with_name(f".{out.name}.partial-{os.getpid()}")
    try:
        _pack_all(data, partial, report)
        os.replace(partial, out)
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror or error}.", "Choose another folder.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _pack_all(data: Path, out: Path, report: Callable[[str], None]) -> None:
    s1 = ("sentinel-1-grd", ("VV", "VH"))
    for name, level, bands, size, licence, images in _sentinel2_sources(data):
        optical = catalogue_side(level, bands, "uint16", size)
        rgb = catalogue_side("maxar-rgb", ("red", "green", "blue"), "uint8", size)
        red, green, blue = (bands.index(band) for band in ("B04", "B03", "B02"))

        def rendered(
            images: Iterator[Record] = images, order: tuple[int, ...] = (red, green, blue)
        ) -> Iterator[Record]:
            for (optical_image, *_), origin in images:
                yield (optical_image, _render(optical_image[list(order)])), origin

        _write(out / f"{name}-rgb", (optical, rgb), licence, rendered(), report)
    for name, level, bands, size, licence, pairs in _radar_pairs(data):
        optical = catalogue_side(level, bands, "uint16", size)
        radar = catalogue_side(*s1, "int16", size, gain=DECIBEL_STEP, nodata=RADAR_NODATA)
        _write(out / f"{name}-s1", (optical, radar), licence, pairs, report)
    rgb = catalogue_side("maxar-rgb", ("red", "green", "blue"), "uint8", 256)
    _write(out / "uc-merced", (rgb,), "public domain (USGS)", _uc_merced(data), report)
    _write_estimated(
        out / "naip",
        ("red_1", "green_1", "blue_3"),
        ("near_infrared_1",),
        256,
        "public domain (USDA)",
        _naip(data),
        report,
    )
    _write_estimated(out / "landsat8", tuple(LANDSAT.values()), (), 128, "public domain (USGS)", _landsat(data), report)


def _write(
    folder: Path, sides: Sequence[Side], licence: str, records: Iterator[Record], report: Callable[[str], None]
) -> None:
    with ShardWriter(folder, folder.name, sides, licence) as writer:
        for images, origin in records:
            writer.add(images, origin)
    report(
        f"{folder.name}: {len(Collection(folder)):,} records of {' and '.join(str(s.shape) for s in sides)}, {licence}"
    )


def _write_estimated(
    folder: Path, first: Sequence[str], second: Sequence[str], size: int, licence: str, records: Iterator[Record],
    report: Callable[[str], None],
) -> None:  # fmt: skip
    """A collection whose statistics are its own."""
    kept = list(records)
    sides = []
    for place, bands in enumerate(part for part in (first, second) if part):
        streaming = StreamingStatistics(len(bands), kept[0][0][place].dtype)
        for images, _ in kept:
            streaming.update(images[place], np.ones(images[place].shape[1:], bool))
        statistics: BandStatistics = streaming.result(bands, f"estimated from {folder.name}")
        sides.append(Side(folder.name, tuple(bands), str(kept[0][0][place].dtype), size, size, statistics))
    _write(folder, sides, licence, iter(kept), report)


def _sentinel2_sources(data: Path) -> Iterator[tuple[str, str, Sequence[str], int, str, Iterator[Record]]]:
    l2a = "sentinel-2-l2a"
    yield "s2-100k", l2a, TWELVE, 128, COPERNICUS, _s2_100k(data)
    yield "bigearthnet", l2a, TWELVE, 120, "CDLA-Permissive-1.0", _bigearthnet(data)
    yield (
        "worldcereal",
        l2a,
        TEN,
        64,
        COPERNICUS,
        ((images[:1], origin) for images, origin in _worldcereal(data, False)),
    )
    yield "monthly", l2a, NINE, 100, COPERNICUS, ((images[:1], origin) for images, origin in _monthly(data))
    yield "ssl4eo", l2a, TWELVE, 128, "CC-BY-4.0", _ssl4eo(data, "s2a", False)
    yield "ssl4eo-l1c", "sentinel-2-l1c", TWELVE, 128, "CC-BY-4.0", _ssl4eo(data, "s2c", False)
    yield (
        "sen1floods11",
        "sentinel-2-l1c",
        TWELVE,
        128,
        COPERNICUS,
        ((images[:1], o) for images, o in _sen1floods11(data)),
    )


def _radar_pairs(data: Path) -> Iterator[tuple[str, str, Sequence[str], int, str, Iterator[Record]]]:
    l2a, l1c = "sentinel-2-l2a", "sentinel-2-l1c"
    yield "worldcereal", l2a, TEN, 64, COPERNICUS, _worldcereal(data, True)
    yield "monthly", l2a, NINE, 100, COPERNICUS, _monthly(data)
    yield "bigearthnet", l2a, TWELVE, 120, "CDLA-Permissive-1.0", _bigearthnet_pairs(data)
    yield "ssl4eo", l2a, TWELVE, 128, "CC-BY-4.0", _ssl4eo(data, "s2a", True)
    yield "ssl4eo-l1c", l1c, TWELVE, 128, "CC-BY-4.0", _ssl4eo(data, "s2c", True)
    yield "sen1floods11", l1c, TWELVE, 128, COPERNICUS, _sen1floods11(data)


def _s2_100k(data: Path) -> Iterator[Record]:
    for path in sorted((data / "s2_100k").glob("*.tif")):
        with rasterio.open(path) as file:
            image = file.read()
        # Files of both processing baselines, without a word about it: with the offset no band's darkest is near 0.
        if np.percentile(image, 1, axis=(1, 2)).min() >= _OFFSET_FLOOR:
            image = np.clip(image.astype(np.int32) - _OFFSET, 1, None).astype(np.uint16)
        yield from _windows((image,), 128, 64, path.name)


def _uc_merced(data: Path) -> Iterator[Record]:
    for path in sorted((data / "ucmerced_00_58").rglob("*.webp")):
        number = re.search(r"(\d+)$", path.stem)
        if number and int(number[1]) < UC_MERCED_TRAINED:
            with rasterio.open(path) as file:
                yield (_to_size(file.read(), 256),), path.stem


def _bigearthnet(data: Path) -> Iterator[Record]:
    folders = sorted((data / "bigearthnet_s2").iterdir()) + sorted((data / "bigearthnet_pairs" / "s2-tiny").iterdir())
    for folder in folders:
        if folder.is_dir():
            yield (_band_files(folder, f"{folder.name}_", TWELVE, 120),), folder.name


def _bigearthnet_pairs(data: Path) -> Iterator[Record]:
    radar = {folder.name[-5:]: folder for folder in sorted((data / "bigearthnet_pairs" / "s1-tiny").iterdir())}
    for folder in sorted((data / "bigearthnet_pairs" / "s2-tiny").iterdir()):
        match = next((f for key, f in radar.items() if key == folder.name[-5:]), None)
        if match is not None:
            yield (
                (_band_files(folder, f"{folder.name}_", TWELVE, 120), _radar_files(match, f"{match.name}_")),
                folder.name,
            )


def _ssl4eo(data: Path, level: str, paired: bool) -> Iterator[Record]:
    root = data / "ssl4eo_s12_one_location"
    names = [name.replace("B0", "B") for name in TWELVE]
    radars = [_radar_files(folder, "") for folder in sorted((root / "s1" / "0000200").iterdir())]
    for folder in sorted((root / level / "0000200").iterdir()):
        optical = _band_files(folder, "", names, 264)
        for number, radar in enumerate(radars if paired else [None]):
            images = (optical,) if radar is None else (optical, radar)
            yield from _windows(images, 128, 68, f"{level}/{folder.name} {number if paired else ''}".strip())


def _sen1floods11(data: Path) -> Iterator[Record]:
    root = data / "sen1floods11_spain_left"
    with rasterio.open(next((root / "S2").glob("*.tif"))) as file:
        names = [name if len(name) > 2 else f"B0{name[1]}" for name in file.descriptions]
        optical = file.read([names.index(band) + 1 for band in TWELVE]).astype(np.uint16)
    with rasterio.open(next((root / "S1").glob("*.tif"))) as file:
        radar = _centibel(file.read())
    yield from _windows((optical, radar), 128, 64, "sen1floods11 Spain_7370579")


def _worldcereal(data: Path, paired: bool) -> Iterator[Record]:
    """Clear dates; with radar the nearest acquisition within days."""
    for folder in sorted((data / "worldcereal_sites").iterdir()):
        fine, coarse, radar = (
            next(folder.glob(f"{start}*.nc"), None) for start in ("S2_L2A_10m", "S2_L2A_20m", "S1_GRD")
        )
        if fine is None or coarse is None:
            continue
        bands = {name: _series(fine, name) for name in ("B02", "B03", "B04", "B08")}
        bands |= {name: _series(coarse, name) for name in ("B05", "B06", "B07", "B8A", "B11", "B12")}
        classes, dates = _series(coarse, "SCL"), _dates(fine, "B02")
        radars, radar_dates = ({}, [])
        if radar is not None:
            radars, radar_dates = {name: _series(radar, name) for name in ("VV", "VH")}, _dates(radar, "VV")
        for number, date in enumerate(dates):
            clear = np.isin(classes[number], _CLEAR).mean()
            stack = [bands[name][number] for name in TEN]
            if clear < _CLEAR_SHARE or any((layer == 0).any() for layer in stack):
                continue
            optical = np.stack([_to_size(layer[None], 64)[0] for layer in stack])
            origin = f"{folder.name} {date:%Y-%m-%d}"
            if not paired:
                yield (optical,), origin
                continue
            near = min(range(len(radar_dates)), key=lambda n: abs(radar_dates[n] - date), default=None)
            if near is None or abs((radar_dates[near] - date).total_seconds()) > _MOST_DAYS * 86400:
                continue
            values = np.stack([radars[name][near] for name in ("VV", "VH")])
            decibel = np.where(values == 0, np.nan, values / 1e4)
            if not np.isnan(decibel).any():
                yield (optical, _to_size(_centibel(decibel), 64)), origin


def _monthly(data: Path) -> Iterator[Record]:
    path = data / "worldcereal_monthly" / "worldcereal_preprocessed_inputs.nc"
    bands = [_series(path, f"S2-L2A-{name}") for name in NINE]
    radar = [_series(path, f"S1-SIGMA0-{name}") for name in ("VV", "VH")]
    for month in range(len(bands[0])):
        optical = np.stack([band[month] for band in bands])
        # The set's own scaling: dB = 20·log10(number) − 83.
        decibel = 20 * np.log10(np.stack([band[month] for band in radar]).astype(np.float64)) - 83
        if not (optical == 32769).any():
            yield (optical, _centibel(decibel)), f"worldcereal monthly {month + 1:02d}"


def _naip(data: Path) -> Iterator[Record]:
    path = next((data / "naip_1m").glob("*.tif"))
    with rasterio.open(path) as file:
        for (image,), origin in _windows((file.read(),), 256, 22, path.name):
            yield (image[:3], image[3:]), origin


def _landsat(data: Path) -> Iterator[Record]:
    stack = []
    for number in LANDSAT:
        with rasterio.open(data / "landsat8_elkton" / f"L8-B{number}-Elkton-VA.tiff") as file:
            stack.append(file.read(1))
    yield from _windows((np.stack(stack),), 128, 20, "landsat8 Elkton")


def _windows(images: tuple[Image, ...], size: int, stride: int, origin: str) -> Iterator[Record]:
    """All windows of ``size`` px, ``stride`` apart, the last ones at the edge."""
    height, width = images[0].shape[1:]
    for top in sorted({*range(0, height - size + 1, stride), height - size}):
        for left in sorted({*range(0, width - size + 1, stride), width - size}):
            cut = tuple(image[:, top : top + size, left : left + size] for image in images)
            yield cut, f"{origin} row {top} column {left}"


def _band_files(folder: Path, prefix: str, names: Sequence[str], size: int) -> Image:
    layers = []
    for name in names:
        with rasterio.open(folder / f"{prefix}{name}.tif") as file:
            layers.append(_to_size(file.read(), size)[0])
    return np.stack(layers).astype(np.uint16)


def _radar_files(folder: Path, prefix: str) -> Image:
    layers = []
    for name in ("VV", "VH"):
        with rasterio.open(folder / f"{prefix}{name}.tif") as file:
            layers.append(file.read(1))
    return _centibel(np.stack(layers))


def _centibel(decibel: Image) -> Image:
    stored = np.clip(np.nan_to_num(decibel, nan=0.0) / DECIBEL_STEP, RADAR_NODATA + 1, 32767).round().astype(np.int16)
    stored[:, np.isnan(decibel).any(axis=0)] = RADAR_NODATA
    return stored


def _to_size(image: Image, size: int) -> Image:
    """Integers (C, h, w) brought to ``size`` px by the exact resize, rounded."""
    if image.shape[1:] == (size, size):
        return image
    resized = resize(torch.from_numpy(image.astype(np.float32))[None], size, size)[0].numpy()
    return resized.round().astype(image.dtype)


def _render(rgb: Image) -> Image:
    """Three bands → 8 bit, each stretched between two percentiles."""
    low, high = np.percentile(rgb, _STRETCH, axis=(1, 2), keepdims=True)
    scaled = (rgb - low) / np.maximum(high - low, 1)
    return (np.clip(scaled, 0, 1) * 255).round().astype(np.uint8)


def _series(path: Path, variable: str) -> Image:
    with rasterio.open(f"netcdf:{path}:{variable}") as file:
        return file.read()


def _dates(path: Path, variable: str) -> list[datetime]:
    with rasterio.open(f"netcdf:{path}:{variable}") as file:
        return [datetime.fromisoformat(value) for value in axes_of(file)[0].values]
