"""The simulated scene as files: one ground, seen by Sentinel-2, Sentinel-1, Landsat-8 and an RGB camera."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape  # nosec B406: it only writes

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import ColorInterp
from rasterio.transform import from_origin
from scipy import ndimage

from engine import __version__
from engine.errors import JobError, OutputError
from engine.sample.digitised import digitise
from engine.sample.land import CLASSES, PIXEL_M, Land, draw_land
from engine.sample.shapes import Floats
from engine.sample.spectra import backscatter, band_reflectance, temperatures
from engine.spectrum.sensors import load_sensor

SIZE_M = 2560
#: Smaller scenes have no room for a town, a river, a lake and a wood.
MIN_SIZE_M = 600
#: Where the scene pretends to lie: fields of southern Germany.
CRS = "EPSG:32632"
WEST_M, NORTH_M = 650_000.0, 5_360_000.0

#: Ground drawn around the scene, so that Landsat's coarser grid may begin outside it.
_MARGIN_M = 30.0
_LANDSAT_M = 30.0
#: Landsat Collection 2: reflectance = DN × gain + offset, temperature in K alike (USGS LSDS-1619, section 6).
_SR_GAIN, _SR_OFFSET = 2.75e-5, -0.2
_ST_GAIN, _ST_OFFSET = 0.00341802, 149.0
#: The thermal sensor sees 100 m (USGS), delivered at 30 m.
_THERMAL_M = 100.0
#: Looks of an IW GRD product (Sentinel-1 Product Specification: 4.4 on average), and its noise floor in dB.
_LOOKS = 4
_NOISE_FLOOR_DB = -27.0

_RECORD = "scene.json"
_TRAINING = "training.geojson"


@dataclass(frozen=True)
class _Raster:
    """One file to write: ``values`` (bands, height, width) from the corner ``west``, ``north``."""

    name: str
    what: str
    values: NDArray[Any]
    gsd_m: float
    bands: Sequence[str]
    nodata: float | None = None
    margin_m: float = 0.0
    scales: Sequence[tuple[float, float]] = ()
    colours: Sequence[ColorInterp] = ()
    palette: dict[int, tuple[int, int, int]] = field(default_factory=dict)


def write_sample(folder: Path, size_m: int = SIZE_M, seed: int = 0) -> list[Path]:
    """Write a simulated scene of ``size_m`` × ``size_m`` metres into ``folder`` and give the paths of its files.

    ``S2A_MSIL2A_sample.tif`` (12 bands at 10 m, DN = reflectance × 10000, 0 beyond a slanted
    swath edge), ``S1A_IW_GRDH_sample.tif`` (VV, VH in dB at 10 m, NaN in a corner),
    ``LC08_L2SP_sample.tif`` (SR_B1–SR_B7, ST_B10 at 30 m, DN of Collection 2),
    ``RGB_sample.tif`` (8 bit at 2 m), ``labels.tif`` (classes at 10 m) and ``training.geojson`` (a few polygons per
    class, as one would draw them); beside them ``scene.json``, which says what they are. All show the same ground; the
    same seed gives the same files. A scene written earlier is replaced.

    JobError for a size below MIN_SIZE_M or not a multiple of 20, or a negative seed;
    OutputError when the folder cannot be written or holds other files of these names.
    """
    if size_m < MIN_SIZE_M or size_m % 20:
        raise JobError(
            f"A sample scene of {size_m} m is not possible.", f"Take a multiple of 20 m, at least {MIN_SIZE_M} m."
        )
    if seed < 0:
        raise JobError(f"The seed {seed} is negative.", "Take a whole number from 0 on.")
    canvas_m = math.ceil((size_m + 2 * _MARGIN_M) / _LANDSAT_M) * _LANDSAT_M
    land = draw_land(round(canvas_m / PIXEL_M), seed)
    eye = _Eye(land, size_m, np.random.default_rng([seed, 1]))
    rasters = [eye.sentinel2(), eye.sentinel1(), eye.landsat8(), eye.rgb(), eye.labels()]
    record = {
        "about": "A simulated landscape for demonstrations and tests: no place on Earth, no satellite recorded it.",
        "written_by": f"smarties sample, engine {__version__}",
        "seed": seed,
        "size_m": size_m,
        "files": {**{raster.name: raster.what for raster in rasters}, _TRAINING: "Polygons of known class, as drawn"},
        "classes": {str(value): name for value, (name, _) in CLASSES.items()},
    }
    training = digitise(rasters[-1].values[0], from_origin(WEST_M, NORTH_M, 10.0, 10.0), CRS, seed)
    try:
        return _write_scene(Path(folder), rasters, training, record)
    except OSError as error:
        raise OutputError(
            f"The sample scene cannot be written to {folder}: {error.strerror or error}.", "Choose another folder."
        ) from error


class _Eye:
    """Looks at the ground as each sensor does."""

    def __init__(self, land: Land, size_m: int, rng: np.random.Generator) -> None:
        self.land = land
        self.size_m = size_m
        self.rng = rng

    def crop(self, ground: NDArray[Any]) -> NDArray[Any]:
        """The scene without the margin."""
        start, count = round(_MARGIN_M / PIXEL_M), round(self.size_m / PIXEL_M)
        return ground[start : start + count, start : start + count]

    def mix(self, of_materials: NDArray[np.float64]) -> Floats:
        """A property of the materials, mixed by share on every pixel of the ground."""
        table = of_materials.astype(np.float32)
        base = table[self.land.base]
        return base + self.land.share * (table[self.land.cover] - base)

    def reflectance(self, min_nm: float, max_nm: float) -> Floats:
        """Reflectance of the ground between two wavelengths."""
        return self.mix(band_reflectance(min_nm, max_nm)) * self.land.light

    def sentinel2(self) -> _Raster:
        sensor = load_sensor("sentinel-2-l2a")
        bands = []
        for band in sensor.bands:
            seen = _mean_blocks(self.crop(self.reflectance(band.min_nm, band.max_nm)), 10.0)
            seen = _blurred(seen, band.gsd_m / 10.0)
            seen += self.rng.normal(0, 0.001, seen.shape) + seen * self.rng.normal(0, 0.006, seen.shape)
            bands.append(np.clip(np.rint(seen * 10_000), 1, 20_000).astype(np.uint16))
        values = np.stack(bands)
        rows, columns = (np.arange(length)[:, None] for length in values.shape[1:])
        # The eastern edge of a descending orbit's swath.
        values[:, columns.T > values.shape[2] * 1.02 - 0.15 * rows] = 0
        return _Raster(
            "S2A_MSIL2A_sample.tif",
            "Sentinel-2 L2A, DN = reflectance × 10000 without the +1000 offset, 0 = no data",
            values,
            10.0,
            [band.name for band in sensor.bands],
            nodata=0,
        )

    def sentinel1(self) -> _Raster:
        bands = []
        for polarisation in ("VV", "VH"):
            power = _mean_blocks(self.crop(self.mix(backscatter(polarisation)) * self.land.echo), 10.0)
            # The resolution is 20 m, the pixel 10 m: neighbours share ground and speckle.
            power = _blurred(power, 2.0) + 10 ** (_NOISE_FLOOR_DB / 10)
            bands.append((10 * np.log10(power * self.speckle(power.shape))).astype(np.float32))
        values = np.stack(bands)
        rows, columns = (np.arange(length)[:, None] for length in values.shape[1:])
        values[:, columns.T < values.shape[2] * 0.06 - 0.09 * rows] = np.nan
        return _Raster(
            "S1A_IW_GRDH_sample.tif",
            "Sentinel-1 IW GRD, sigma0 in dB, NaN = no data",
            values,
            10.0,
            ["VV", "VH"],
            nodata=math.nan,
        )

    def speckle(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Multi-look speckle with mean 1: the power of correlated complex noise, averaged over looks."""
        waves = ndimage.gaussian_filter(self.rng.standard_normal((2 * _LOOKS, *shape)), (0, 0.6, 0.6))
        power = (waves**2).mean(axis=0)
        return np.maximum(power / power.mean(), 1e-3)

    def landsat8(self) -> _Raster:
        sensor = load_sensor("landsat-8-l2")
        bands, names, scales = [], [], []
        for band in sensor.bands:
            if band.name.startswith("SR_"):
                seen = _blurred(_mean_blocks(self.reflectance(band.min_nm, band.max_nm), _LANDSAT_M), 1.0)
                seen += self.rng.normal(0, 0.001, seen.shape)
                gain, offset = _SR_GAIN, _SR_OFFSET
            elif band.name == "ST_B10":
                warm = self.mix(temperatures()) + 6 * (self.land.light - 1)
                seen = _blurred(_mean_blocks(warm, _LANDSAT_M), _THERMAL_M / _LANDSAT_M)
                seen += self.rng.normal(0, 0.1, seen.shape)
                gain, offset = _ST_GAIN, _ST_OFFSET
            else:
                # B11 is no part of a Collection 2 surface temperature product.
                continue
            bands.append(np.clip(np.rint((seen - offset) / gain), 1, 65_535).astype(np.uint16))
            names.append(band.name)
            scales.append((gain, offset))
        return _Raster(
            "LC08_L2SP_sample.tif",
            "Landsat-8 Collection 2 Level 2, scale and offset in the bands' tags, ST_B10 in K, 0 = no data",
            np.stack(bands),
            _LANDSAT_M,
            names,
            nodata=0,
            margin_m=_MARGIN_M,
            scales=scales,
        )

    def rgb(self) -> _Raster:
        # Air light, strongest in the blue, then the contrast and gamma of a picture for the eye.
        haze = {"red": 0.006, "green": 0.012, "blue": 0.022}
        bands = []
        for band in load_sensor("rgb").bands:
            # The catalogue names the feet of these broad bands; most light comes from the middle half.
            quarter = (band.max_nm - band.min_nm) / 4
            seen = self.crop(self.reflectance(band.min_nm + quarter, band.max_nm - quarter)) + haze[band.name]
            picture = 255 * np.clip((seen - 0.012) / 0.33, 0, 1) ** (1 / 1.55)
            picture = ndimage.gaussian_filter(picture, 0.45) + self.rng.normal(0, 1.2, picture.shape)
            bands.append(np.clip(np.rint(picture), 1, 255).astype(np.uint8))
        return _Raster(
            "RGB_sample.tif",
            "Red, green, blue for the eye, 8 bit",
            np.stack(bands),
            PIXEL_M,
            ["Red", "Green", "Blue"],
            colours=(ColorInterp.red, ColorInterp.green, ColorInterp.blue),
        )

    def labels(self) -> _Raster:
        label = self.crop(self.land.label)
        shares = np.stack([_mean_blocks((label == value).astype(np.float32), 10.0) for value in CLASSES])
        values = np.array(list(CLASSES), np.uint8)[shares.argmax(axis=0)]
        return _Raster(
            "labels.tif",
            "What covers most of the pixel: " + ", ".join(f"{value} {name}" for value, (name, _) in CLASSES.items()),
            values[None],
            10.0,
            ["class"],
            nodata=0,
            palette={value: colour for value, (_, colour) in CLASSES.items()},
        )


def _mean_blocks(ground: NDArray[Any], gsd_m: float) -> Floats:
    """Means of the ground over pixels of ``gsd_m``."""
    side = round(gsd_m / PIXEL_M)
    rows, columns = ground.shape[0] // side, ground.shape[1] // side
    return ground[: rows * side, : columns * side].reshape(rows, side, columns, side).mean(axis=(1, 3))


def _blurred(image: Floats, footprint_px: float) -> Floats:
    """The image seen by a detector whose footprint is ``footprint_px`` pixels wide."""
    return ndimage.gaussian_filter(image, 0.38 * footprint_px)


def _write_scene(
    folder: Path, rasters: Sequence[_Raster], training: dict[str, Any], record: dict[str, Any]
) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    foreign = [name for name in (*(raster.name for raster in rasters), _TRAINING) if (folder / name).exists()]
    if foreign and not (folder / _RECORD).exists():
        raise OutputError(f"{folder} holds a file {foreign[0]} that is no sample scene.", "Choose another folder.")
    paths = []
    for raster in rasters:
        path = folder / raster.name
        _in_one_piece(path, lambda part, raster=raster: _write_raster(part, raster, record))  # type: ignore[misc]
        if raster.palette:
            _in_one_piece(path.with_name(path.name + ".aux.xml"), _write_class_names)
        paths.append(path)
    texts = {_TRAINING: json.dumps(training), _RECORD: json.dumps(record, indent=2, ensure_ascii=False)}
    for name, text in texts.items():
        _in_one_piece(folder / name, lambda part, text=text: part.write_text(text + "\n", encoding="utf-8"))  # type: ignore[misc]
    return [*paths, folder / _TRAINING]


def _in_one_piece(path: Path, write: Callable[[Path], object]) -> None:
    """Write under another name and rename when whole, so that no half file bears the name."""
    part = path.with_name(f".part-{os.getpid()}-{path.name}")
    try:
        write(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _write_raster(path: Path, raster: _Raster, record: dict[str, Any]) -> None:
    count, height, width = raster.values.shape
    corner = from_origin(WEST_M - raster.margin_m, NORTH_M + raster.margin_m, raster.gsd_m, raster.gsd_m)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=height,
        width=width,
        count=count,
        dtype=raster.values.dtype,
        crs=CRS,
        transform=corner,
        nodata=raster.nodata,
        compress="deflate",
        predictor=3 if raster.values.dtype.kind == "f" else 2,
        tiled=True,
        blockxsize=128,
        blockysize=128,
        interleave="band",
    ) as dataset:
        dataset.write(raster.values)
        dataset.descriptions = tuple(raster.bands)
        dataset.update_tags(
            TIFFTAG_IMAGEDESCRIPTION=f"Simulated. {raster.what}",
            TIFFTAG_SOFTWARE=record["written_by"],
            SIMULATED="YES",
            SEED=str(record["seed"]),
        )
        if raster.scales:
            dataset.scales = [gain for gain, _ in raster.scales]
            dataset.offsets = [offset for _, offset in raster.scales]
        if raster.colours:
            dataset.colorinterp = raster.colours
        if raster.palette:
            dataset.write_colormap(1, {value: (*colour, 255) for value, colour in raster.palette.items()})
            dataset.update_tags(1, **{f"CLASS_{value}": name for value, (name, _) in CLASSES.items()})


def _write_class_names(path: Path) -> None:
    """GDAL's sidecar with the names of the classes, which QGIS shows in its legend."""
    names = ["", *(CLASSES[value][0] for value in sorted(CLASSES))]
    categories = "".join(f"<Category>{escape(name)}</Category>" for name in names)
    band = f'<PAMRasterBand band="1"><CategoryNames>{categories}</CategoryNames></PAMRasterBand>'
    path.write_text(f"<PAMDataset>{band}</PAMDataset>\n", encoding="utf-8")
