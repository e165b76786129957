"""Which sensor of the catalogue took an image: named by the user, by its product's name, or by its bands' names.

Standard library only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import Iterator, List, Mapping, Optional, Sequence, Tuple

from .assign import verdict_of
from .bands import Band
from .names import colour_in, core_names, find_band, polarisation_in
from .raster_metadata import MAX_NAME_CHARACTERS, RasterMetadata
from .sensors import Sensor, SensorBand, load_sensor, match_names, match_product, sensor_band
from .stac import items_in

#: Tags that hold a product's identifier, then those that only name the satellite.
_PRODUCT_TAG = re.compile(
    r"(?:.*\.)?(?:LANDSAT_PRODUCT_ID|PRODUCT_ID|PRODUCT_URI\w*|LANDSAT_SCENE_ID|SCENE_ID|SYSTEM:ID|DATASTRIP_ID)", re.I
)
_SATELLITE_TAG = re.compile(r"(?:.*\.)?(?:SATID|SATELLITE_?ID|SATELLITE|SPACECRAFT_ID|SPACECRAFT_NAME|PLATFORM)", re.I)
_PRODUCT_TEXT = re.compile(
    r"(?:LANDSAT_PRODUCT_ID\s{0,99}=\s{0,99}\"|<PRODUCT_URI[^>]{0,200}>)\s{0,99}([^\"<\s]{1,200})"
)
_ITEM_KEYS = ("PRODUCT_ID", "LANDSAT_PRODUCT_ID", "system:id", "id", "collection")

#: What names a product stands once in a file, and a raster has a few files; a megabyte of names is none.
_MAX_TEXTS, _MAX_TEXTS_PER_FILE = 200, 8

GENERIC_RGB = "rgb"
SENTINEL1 = "sentinel-1-grd"


@dataclass(frozen=True)
class Identified:
    """A sensor and where it came from."""

    sensor: Sensor
    origin: str


def by_product(metadata: RasterMetadata) -> Optional[Identified]:
    """The sensor a product's name tells: of the file, its tags, the folders above, its sidecars."""
    for origin, text in islice(_product_texts(metadata), _MAX_TEXTS):
        sensor = match_product(text[:MAX_NAME_CHARACTERS])
        if sensor is not None:
            return Identified(sensor, f"{origin} {_short(text)}")
    return None


def is_rgb_picture(metadata: RasterMetadata, names: Sequence[Optional[str]]) -> bool:
    """True for three 8-bit bands, but for alpha, that are red, green and blue by name or by colour interpretation."""
    shown = [index for index in range(metadata.band_count) if metadata.colours[index] != "alpha"]
    if len(shown) != 3 or any(metadata.dtypes[index] not in ("uint8", "byte", "Byte") for index in shown):
        return False
    told = [names[index] for index in shown]
    colours = (
        [colour_in(name) for name in told] if any(told) else [colour_in(metadata.colours[index]) for index in shown]
    )
    return set(colours) == {"red", "green", "blue"}


def by_names(names: Sequence[str], notes: List[str]) -> Tuple[Optional[Identified], Mapping[str, SensorBand]]:
    """The sensor, and the bands, that band names tell by themselves.

    Names that fit sensors with other wavelengths tell nothing: a note names the sensors.
    Names that fit sensors of the same wavelengths tell the bands; the sensor too where
    it is the only one whose whole set of bands they are, or where the sensors differ in
    nothing but their names. VV and VH may stand beside optical bands of one stack.
    """
    radar = _sentinel1_by_names(names)
    others = [name for name in names if name not in radar]
    if radar:
        notes.append("Bands named VV and VH are taken for Sentinel-1's; for another radar give a band table.")
        if not others:
            return Identified(load_sensor(SENTINEL1), "band names"), radar
    sensor, optical = _optical_by_names(others, notes)
    identified = Identified(sensor, "band names") if sensor is not None and not radar else None
    return identified, {**radar, **optical}


def _sentinel1_by_names(names: Sequence[str]) -> Mapping[str, SensorBand]:
    """Bands named VV or VH as C band of Sentinel-1, which never takes both of them beside HH or HV; else {}."""
    polarisations = {name: polarisation_in(name) for name in names}
    if {"HH", "HV"} & set(polarisations.values()):
        return {}
    sensor = load_sensor(SENTINEL1)
    bands = {name: find_band(sensor, name) for name, polarisation in polarisations.items() if polarisation}
    return {name: band for name, band in bands.items() if band is not None}


def _optical_by_names(names: Sequence[str], notes: List[str]) -> Tuple[Optional[Sensor], Mapping[str, SensorBand]]:
    if not names:
        return None, {}
    cores = core_names(names)
    named = {sensor.name: sensor for sensor in (match_product(name) for name in names) if sensor is not None}
    fitting = [sensor for sensor in named.values() if all(find_band(sensor, name) for name in names)]
    fitting = [sensor for sensor in fitting or _spelled(match_names(cores), cores) if sensor.kind != "radar"]
    if not fitting:
        return None, {}
    if not _agree(fitting, cores):
        titles = ", ".join(sensor.title for sensor in fitting[:6]) + (" and others" if len(fitting) > 6 else "")
        notes.append(f"The band names fit {titles}, whose wavelengths differ: name the sensor (--sensor NAME).")
        return None, {}
    # All mean the same layers, so the sensors these were learnt from stand for the others (Sentinel-2 for HLS S30).
    fitting = [sensor for sensor in fitting if sensor.statistics is not None] or fitting
    sensor = _settled(fitting, cores)
    if sensor is None:
        titles = " or ".join(each.title for each in fitting)
        notes.append(f"The band names fit {titles}, of the same wavelengths; name the sensor to use its statistics.")
    bands = {}
    for name, core in zip(names, cores):
        band = find_band(sensor or fitting[0], name) or sensor_band(sensor or fitting[0], core)
        if band is not None:
            bands[name] = band
    return sensor, bands


def _spelled(sensors: Sequence[Sensor], names: Sequence[str]) -> List[Sensor]:
    """The sensors whose operators write B02 for B2, where the names are written so."""
    padded = [name for name in names if re.fullmatch(r"B0\d", name, re.IGNORECASE)]
    own = [sensor for sensor in sensors if all(_has_spelling(sensor, name) for name in padded)]
    return own if padded and own else list(sensors)


def _has_spelling(sensor: Sensor, name: str) -> bool:
    return any(name.lower() in (each.lower() for each in (band.name, *band.aliases)) for band in sensor.bands)


def _agree(sensors: Sequence[Sensor], names: Sequence[str]) -> bool:
    """True where every name means the same learnt layers in all the sensors, at wavelengths within 2.5 %."""
    for name in names:
        bands = [band for band in (sensor_band(sensor, name) for sensor in sensors) if band is not None]
        centres = [band.centre_nm for band in bands]
        if centres and max(centres) > 1.025 * min(centres):
            return False
        layers = {
            verdict_of(Band(band.name, band.centre_nm, polarisation=band.polarisation)).layer_keys for band in bands
        }
        if len(layers) > 1:
            return False
    return True


def _settled(sensors: Sequence[Sensor], names: Sequence[str]) -> Optional[Sensor]:
    """The one sensor among those of the same wavelengths whose bands these are, None where it stays open."""
    if all(_alike(sensor, sensors[0]) for sensor in sensors):
        return sensors[0]
    complete = []
    for sensor in sensors:
        named = {band.name for band in (sensor_band(sensor, name) for name in names) if band is not None}
        if named == {band.name for band in sensor.bands}:
            complete.append(sensor)
    return complete[0] if len(complete) == 1 else None


def _alike(one: Sensor, other: Sensor) -> bool:
    """True where it does not matter which of the two took the image (Landsat 8 and 9)."""
    return (one.bands, one.unit, one.reflectance_scale, one.reflectance_offset, one.nodata, one.statistics) == (
        other.bands,
        other.unit,
        other.reflectance_scale,
        other.reflectance_offset,
        other.nodata,
        other.statistics,
    )


def _product_texts(metadata: RasterMetadata) -> Iterator[Tuple[str, str]]:
    """(what it is, text) of everything that may name the product, in the order of trust."""
    yield "product name", metadata.name
    yield from _tagged(metadata, _PRODUCT_TAG)
    for parent in metadata.parents:
        yield "folder name", parent
    for item in items_in(metadata):
        properties = item.get("properties")
        for key in _ITEM_KEYS:
            for place in (item, properties if isinstance(properties, dict) else {}):
                if isinstance(place.get(key), str):
                    yield f"metadata {key}", place[key]
    for text in metadata.sidecars.values():
        for found in islice(_PRODUCT_TEXT.finditer(text), _MAX_TEXTS_PER_FILE):
            yield "metadata", found.group(1)
    yield from _tagged(metadata, _SATELLITE_TAG)


def _tagged(metadata: RasterMetadata, pattern: re.Pattern[str]) -> Iterator[Tuple[str, str]]:
    for tags in metadata.tags.values():
        for key, value in tags.items():
            if pattern.fullmatch(key):
                yield f"metadata {key.rpartition('.')[2]}", value.strip("\"' ")


def _short(text: str) -> str:
    return text if len(text) <= 70 else f"{text[:67]}…"
