"""What a raster's bands are: wavelengths, polarisations, sensor, and where each value came from.

Sources in their order: the user's table, the wavelength dialects of
`engine.spectrum.dialects`, band names within a known sensor, band order within a product
known by name. Nothing is guessed: a band that nothing tells stays without wavelength, and
`engine.spectrum.assign` then refuses it. Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from ..errors import BandTableError
from .assign import verdict_of
from .bands import POLARISATIONS, Band
from .dialects import DIALECTS, Readings
from .identify import GENERIC_RGB, Identified, by_names, by_product, is_rgb_picture
from .layers import SPECTRUM_MAX_NM, SPECTRUM_MIN_NM
from .measure import measure
from .names import colour_in, find_band, named_bands, polarisation_in, quality_note, without_wavelength
from .raster_metadata import RasterMetadata, bounded
from .sensors import Sensor, SensorBand, band_key, band_order, load_sensor, sensor_band
from .sentinel2_baseline import offset_in_values
from .table import USER, BandTable

__all__ = ["Detection", "RasterMetadata", "detect"]

#: A file with more bands than this that states wavelengths is an imaging spectrometer's.
SPECTROMETER_BANDS = 32
#: How far a file's wavelength may lie from its sensor's band of that name to be that band.
SAME_BAND = 0.02
#: How near a wavelength must come to another band of the sensor to be that one, against the band's name.
SAME_CENTRE = 0.005

_POLARISATION_TAGS = ("POLARIMETRIC_INTERP", "POLARISATION", "POLARIZATION")

Match = Tuple[SensorBand, str]


@dataclass(frozen=True)
class Detection:
    """What is known of a raster's bands.

    ``bands`` holds one band per raster band, in order; those that are no measurement of
    the ground are not enabled, and their note says why. ``sensor_from`` tells where the
    sensor came from, "" without one. ``sentinel2_offset``: whether Sentinel-2's +1000 is
    in the values, None where the metadata do not decide. ``notes`` are sentences for the user.
    """

    bands: Tuple[Band, ...]
    sensor: Optional[Sensor]
    sensor_from: str
    sentinel2_offset: Optional[bool]
    notes: Tuple[str, ...]


def detect(metadata: RasterMetadata, sensor: Optional[str] = None, table: Optional[BandTable] = None) -> Detection:
    """What the bands of a raster are, from its metadata, the ``sensor`` the user names and the user's ``table``.

    Raises UnknownSensorError for a sensor the catalogue lacks, and BandTableError for an
    impossible wavelength in the metadata (shown), or a table that does not fit the raster.
    What the table settles or switches off is not read from the metadata, so that a table
    can always mend them.
    """
    notes: List[str] = []
    metadata = bounded(metadata)
    stated = _stated(metadata, table)
    readings = [dialect(metadata, notes) for dialect in DIALECTS]
    names = _names(metadata, stated, readings)
    quality = [_quality(metadata, index, names[index]) for index in range(metadata.band_count)]
    settled = [bool(quality[index]) or _settles(band) for index, band in enumerate(stated)]
    measured = measure(readings, settled, notes)
    identified, named = _identify(metadata, names, sensor, table, notes)
    known_sensor = identified.sensor if identified is not None else None
    matches = _matches(metadata, names, quality, known_sensor, named, notes)
    bands = []
    for index in range(metadata.band_count):
        given = stated[index]
        band = replace(measured[index], name=_name(metadata, index, names[index], matches[index]))
        if given is not None and given.centre_nm is not None:
            band = _with_fields(band, given, ("centre_nm", "min_nm", "max_nm"))
        band = _with_polarisation(band, metadata, index, names[index])
        match = matches[index]
        if match is not None:
            band = _with_catalogue(band, match, known_sensor, notes)
        reason = quality[index] or (quality_note(names[index] or "", known_sensor) if match is None else "")
        if reason:
            band = _off(band, reason, f"band name {names[index]}" if names[index] else "colour interpretation")
        bands.append(band if given is None else _with_statement(band, given))
    if _is_spectrometer(measured, known_sensor):
        chosen = [given is not None and "enabled" in given.sources for given in stated]
        bands = [band if chosen[index] else _without_blind(band, known_sensor) for index, band in enumerate(bands)]
    _note_colours(metadata, bands, notes)
    offset = offset_in_values(metadata) if known_sensor is None or known_sensor.name.startswith("sentinel-2") else None
    origin = identified.origin if identified is not None else ""
    return Detection(_uniquely_named(bands), known_sensor, origin, offset, tuple(dict.fromkeys(notes)))


# -- what the user states -------------------------------------------------------------------------


def _stated(metadata: RasterMetadata, table: Optional[BandTable]) -> List[Optional[Band]]:
    """The table's band for each raster band: by name where every name is one of the raster's, else by order."""
    stated: List[Optional[Band]] = [None] * metadata.band_count
    if table is None:
        return stated
    places: Dict[str, List[int]] = {}
    for index, name in enumerate(metadata.band_names):
        if name:
            for form in {name.strip().lower(), without_wavelength(name).lower()}:
                places.setdefault(form, []).append(index)
    found = [places.get(band.name.lower(), []) for band in table.bands]
    if all(len(indexes) == 1 for indexes in found) and len({indexes[0] for indexes in found}) == len(found):
        for band, indexes in zip(table.bands, found):
            stated[indexes[0]] = band
        return stated
    if len(table.bands) == metadata.band_count:
        return list(table.bands)
    lost = [band.name or "?" for band, indexes in zip(table.bands, found) if len(indexes) != 1]
    raise BandTableError(
        f"The band table has {len(table.bands)} bands, {metadata.name} has {metadata.band_count}, and these names are "
        f"not among its band names: {', '.join(lost[:8])}.",
        "List all bands in the order of the file, or name them as the file does.",
    )


def _settles(given: Optional[Band]) -> bool:
    """True where nothing more needs to be read of a band."""
    if given is None:
        return False
    return given.centre_nm is not None or given.layer is not None or not given.enabled


def _with_statement(band: Band, given: Band) -> Band:
    """What the user says besides the wavelengths has the last word."""
    fields = tuple(field for field in ("polarisation", "layer", "enabled") if field in given.sources)
    band = _with_fields(band, given, fields)
    if "enabled" in fields:
        band = replace(band, note=given.note)
    return replace(band, note=given.note) if given.note else band


def _with_fields(band: Band, given: Band, fields: Sequence[str]) -> Band:
    sources = {field: text for field, text in band.sources.items() if field not in fields}
    sources.update((field, given.sources.get(field, USER)) for field in fields if getattr(given, field) is not None)
    return replace(band, sources=sources, **{field: getattr(given, field) for field in fields})


# -- names ----------------------------------------------------------------------------------------


def _names(
    metadata: RasterMetadata, stated: Sequence[Optional[Band]], readings: Sequence[Readings]
) -> Tuple[Optional[str], ...]:
    """For each band the name that means something: the user's, the description, or what a dialect calls it."""
    named = list(named_bands(metadata.band_names))
    for dialect in readings:
        told = named_bands([reading.name if reading is not None else None for reading in dialect])
        named = [name or other for name, other in zip(named, told)]
    return tuple(given.name if given is not None and given.name else name for given, name in zip(stated, named))


def _name(metadata: RasterMetadata, index: int, name: Optional[str], match: Optional[Match]) -> str:
    """The name shown, from which the catalogue's band can be found again."""
    if match is not None:
        band = match[0]
        return without_wavelength(name) if name and _is_its_name(name, band) else band.name
    return without_wavelength(name or metadata.band_names[index] or "") or f"band {index + 1}"


def _is_its_name(name: str, band: SensorBand) -> bool:
    """True where ``name`` without its wavelength is the band's name or an alias, as `sensor_band` compares them."""
    bare = band_key(without_wavelength(name))
    return any(bare == band_key(known) for known in (band.name, *band.aliases))


def _uniquely_named(bands: Sequence[Band]) -> Tuple[Band, ...]:
    """The bands with names that differ: outputs and statistics are found by name."""
    seen: Dict[str, int] = {}
    unique = []
    for band in bands:
        seen[band.name] = seen.get(band.name, 0) + 1
        unique.append(band if seen[band.name] == 1 else replace(band, name=f"{band.name} ({seen[band.name]})"))
    return tuple(unique)


def _quality(metadata: RasterMetadata, index: int, name: Optional[str]) -> str:
    """Why a band is no measurement, as far as its colour and name alone tell; "" where it may be one."""
    if metadata.colours[index] == "alpha":
        return "alpha channel"
    return quality_note(name, None) if name else ""


# -- the sensor and its bands ---------------------------------------------------------------------


def _identify(
    metadata: RasterMetadata,
    names: Sequence[Optional[str]],
    asked: Optional[str],
    table: Optional[BandTable],
    notes: List[str],
) -> Tuple[Optional[Identified], Mapping[str, SensorBand]]:
    """The sensor, and bands that their names alone tell."""
    if asked is not None:
        return Identified(load_sensor(asked), USER), {}
    if table is not None and table.sensor is not None:
        return Identified(load_sensor(table.sensor), "user's table"), {}
    product = by_product(metadata)
    told = [name for name in names if name]
    resolved = product is not None and any(find_band(product.sensor, name) for name in told)
    if not resolved and is_rgb_picture(metadata, names) and (product is None or product.sensor.unit != "8bit"):
        return Identified(load_sensor(GENERIC_RGB), "band names" if any(told) else "colour interpretation"), {}
    if product is not None and (resolved or not told or product.sensor.kind == "spectrometer"):
        return product, {}
    found, named = by_names([name for name in names if name and not quality_note(name, None)], notes)
    # A folder may hold anything; names that tell a sensor by themselves are nearer to the image.
    return (found, named) if found is not None or named else (product, {})


def _matches(
    metadata: RasterMetadata,
    names: Sequence[Optional[str]],
    quality: Sequence[str],
    sensor: Optional[Sensor],
    named: Mapping[str, SensorBand],
    notes: List[str],
) -> List[Optional[Match]]:
    """The catalogue's band for each raster band, and how it was found."""
    matches: List[Optional[Match]] = [None] * metadata.band_count
    title = f" of {sensor.title}" if sensor is not None else ""
    for index, name in enumerate(names):
        band = named.get(name or "") or (find_band(sensor, name) if sensor is not None and name else None)
        if band is not None and not quality[index]:
            matches[index] = (band, f"band name {name}{title}")
    shown = [index for index in range(metadata.band_count) if not quality[index]]
    if sensor is None or not sensor.bands or any(matches) or any(names[index] for index in shown):
        return matches
    colours = {index: colour_in(metadata.colours[index]) for index in shown}
    is_true_colour = len(shown) == 3 and set(colours.values()) == {"red", "green", "blue"}
    order = band_order(sensor, len(shown), (metadata.name, *metadata.parents))
    if order is not None and not (is_true_colour and sensor.kind == "rgb"):
        for index, band_name in zip(shown, order):
            band = sensor_band(sensor, band_name)
            assert band is not None, "the catalogue checks its orders"  # nosec B101: for the type checker
            matches[index] = (band, f"band order{title}")
        return matches
    for index, colour in colours.items():
        band = sensor_band(sensor, colour) if colour else None
        if band is not None:
            matches[index] = (band, f"colour interpretation {colour}")
    if not any(matches):
        layouts = ", ".join(str(count) for count in sorted({len(order) for order in sensor.orders.values()}))
        known = f"with {layouts}" if layouts else "only with named bands"
        count = f"{len(shown)} unnamed band{'s' if len(shown) != 1 else ''}"
        notes.append(f"The file has {count}; files of {sensor.title} are known {known}: name the bands.")
    return matches


def _with_catalogue(band: Band, found: Match, sensor: Optional[Sensor], notes: List[str]) -> Band:
    """A band with what the catalogue knows of it, where its own wavelength does not speak against it."""
    match, source = found
    if band.centre_nm is not None and not _is_at(match, band.centre_nm, SAME_BAND):
        own = band.sources.get("centre_nm", "metadata")
        others = sensor.bands if sensor is not None else ()
        other = next((each for each in others if _is_at(each, band.centre_nm, SAME_CENTRE)), None)
        meant = "its own wavelength is used" if other is None else f"it is taken for {other.name}"
        stated = f"Band {band.name} lies at {band.centre_nm:.5g} nm ({own})"
        notes.append(f"{stated}, not at {match.centre_nm:.5g} nm as {match.name}: {meant}.")
        if other is None:
            return band
        match, source, band = other, own, replace(band, name=other.name)
    sources = dict(band.sources)
    if band.centre_nm is None:
        band = replace(band, centre_nm=match.centre_nm)
        sources["centre_nm"] = source
    if band.min_nm is None and band.centre_nm is not None and match.min_nm <= band.centre_nm <= match.max_nm:
        band = replace(band, min_nm=match.min_nm, max_nm=match.max_nm)
        sources.update(min_nm=source, max_nm=source)
    if match.polarisation is not None and band.polarisation is None:
        sources["polarisation"] = source
        band = replace(band, polarisation=match.polarisation)
    if match.layer is not None:
        band = replace(band, layer=match.layer)
        sources["layer"] = source
    band = replace(band, sources=sources)
    return band if match.default_on else _off(band, match.note, source)


def _is_at(match: SensorBand, centre_nm: float, tolerance: float) -> bool:
    return abs(centre_nm / match.centre_nm - 1) <= tolerance


def _with_polarisation(band: Band, metadata: RasterMetadata, index: int, name: Optional[str]) -> Band:
    told = polarisation_in(name) if name else None
    source = f"band name {name}"
    if told is None:
        tags = metadata.band_tags[index].get("", {})
        for key, value in tags.items():
            if key.upper() in _POLARISATION_TAGS and value.strip().upper() in POLARISATIONS:
                told, source = value.strip().upper(), f"metadata {key}"
    if told is None:
        return band
    return replace(band, polarisation=told, sources={**band.sources, "polarisation": source})


# -- switching off --------------------------------------------------------------------------------


def _off(band: Band, note: str, source: str) -> Band:
    return replace(band, enabled=False, note=note, sources={**band.sources, "enabled": source})


def _is_spectrometer(measured: Sequence[Band], sensor: Optional[Sensor]) -> bool:
    if sensor is not None and sensor.kind == "spectrometer":
        return True
    return sum(band.centre_nm is not None for band in measured) > SPECTROMETER_BANDS


def _without_blind(band: Band, sensor: Optional[Sensor]) -> Band:
    """A spectrometer's band, off where water vapour hides the ground or nothing near was learnt."""
    if not band.enabled or band.centre_nm is None or band.layer is not None:
        return band
    centre = band.centre_nm
    if sensor is not None and any(low <= centre <= high for low, high in sensor.dropped_nm):
        return _off(band, "water vapour hides the ground here", sensor.title)
    if band.is_radar or verdict_of(band).verdict != "outside":
        return band
    beyond = not SPECTRUM_MIN_NM <= centre <= SPECTRUM_MAX_NM
    return _off(band, "outside the model's spectrum" if beyond else "far from every learnt range", "learnt ranges")


def _note_colours(metadata: RasterMetadata, bands: Sequence[Band], notes: List[str]) -> None:
    """Say why red, green and blue alone do not settle wavelengths."""
    open_bands = [band for band in bands if band.enabled and band.centre_nm is None and band.layer is None]
    colours = [colour_in(name) or colour_in(colour) for name, colour in zip(metadata.band_names, metadata.colours)]
    if open_bands and any(colours) and not any("--sensor" in note for note in notes):
        notes.append(
            "Bands named by colour alone are taken for visible light only in 8-bit pictures of three; "
            "here name the sensor, or “rgb” for a true-colour picture."
        )
