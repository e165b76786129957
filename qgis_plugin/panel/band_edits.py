"""What one edit of the band table makes of a band. Nothing here knows of windows.

Every function takes the band as it stands, the same band as it was detected, and what the
person chose; it returns the new band, or raises BandTableError and nothing has changed.
What the file said gives way to what the person says; what the person said is never
changed silently. An emptied cell goes back to what was detected.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Collection, Dict, Mapping, Optional, Tuple

from ...engine.errors import BandTableError
from ...engine.spectrum.bands import MICROWAVE_MIN_NM, POLARISATIONS, Band
from ...engine.spectrum.detect import SAME_BAND, SAME_CENTRE
from ...engine.spectrum.layers import LAYER_BY_KEY
from ...engine.spectrum.sensors import Sensor, SensorBand, sensor_band
from ...engine.spectrum.table import USER
from ...engine.spectrum.units import check_range
from ..translation import tr
from .band_units import read_range, read_wavelength, same

#: Sources of what follows from an edit; `USER` alone is what the person wrote.
MIDDLE = f"{USER}: middle of the limits"
BY_WAVELENGTH = f"{USER}: by wavelength"
BY_NAME = f"{USER}: by name"

WAVELENGTHS = ("centre_nm", "min_nm", "max_nm")
FIELDS = (*WAVELENGTHS, "polarisation", "layer", "enabled")


def is_users(source: str) -> bool:
    """True for a source that is the person's word, or follows from it."""
    return source.split(":")[0] == USER or source == "user's table"


def with_name(band: Band, detected: Band, text: str, sensor: Optional[Sensor], taken: Collection[str]) -> Band:
    """The band renamed; a name of the sensor's catalogue brings its wavelengths unless the person gave others.

    ``taken`` are the names of the other bands, casefolded: names find bands in tables and statistics.
    """
    name = " ".join(text.split()) or detected.name
    if name == band.name:
        return band
    if name.casefold() in taken:
        raise BandTableError(tr("Another band is called {name} already.").format(name=name))
    renamed = replace(band, name=name)
    if name == detected.name:
        return _like_detected(renamed, detected, BY_NAME)
    known = sensor_band(sensor, name) if sensor is not None else None
    if known is None or band.sources.get("centre_nm") == USER:
        return renamed
    if band.centre_nm is not None and _is_at(band.centre_nm, known, SAME_BAND):
        return renamed
    return _with_catalogue(renamed, known)


def with_centre(band: Band, detected: Band, text: str, units: str, sensor: Optional[Sensor] = None) -> Band:
    """The band with another centre; a range that was not the person's and no longer fits is dropped.

    The range of the sensor's band at the new centre takes its place, where there is one.
    """
    if not text.strip():
        return _restored(band, detected)
    centre = read_wavelength(text, units, f"centre of {band.name}", band.is_radar)
    return centred(band, detected, centre, sensor)


def centred(band: Band, detected: Band, centre_nm: float, sensor: Optional[Sensor] = None) -> Band:
    """`with_centre` for a number in nm."""
    if same(centre_nm, band.centre_nm):
        return band
    if same(centre_nm, detected.centre_nm):
        return _restored(band, detected)
    sources = {**band.sources, "centre_nm": USER}
    if band.min_nm is not None and band.max_nm is not None and not band.min_nm <= centre_nm <= band.max_nm:
        if sources.get("min_nm") == USER:
            check_range(band.name, centre_nm, band.min_nm, band.max_nm)
        band = replace(band, min_nm=None, max_nm=None)
        sources = _without(sources, ("min_nm", "max_nm"))
    return _with_known_range(_by_wavelength(replace(band, centre_nm=centre_nm, sources=sources)), sensor)


def with_range(band: Band, detected: Band, text: str, units: str, sensor: Optional[Sensor] = None) -> Band:
    """The band with other limits; a centre that was not the person's and lies outside becomes their middle."""
    if not text.strip():
        return _with_known_range(_without_range(band, detected), sensor)
    return ranged(band, detected, *read_range(text, units, band.name, band.is_radar))


def ranged(band: Band, detected: Band, min_nm: float, max_nm: float) -> Band:
    """`with_range` for numbers in nm."""
    if same(min_nm, band.min_nm) and same(max_nm, band.max_nm):
        return band
    check_range(band.name, None, min_nm, max_nm)
    centre = band.centre_nm
    sources = {**band.sources, "min_nm": USER, "max_nm": USER}
    if band.centre_nm is None or not min_nm <= band.centre_nm <= max_nm:
        if sources.get("centre_nm") == USER:
            check_range(band.name, band.centre_nm, min_nm, max_nm)
        centre = (min_nm + max_nm) / 2
        sources["centre_nm"] = MIDDLE
    moved = replace(band, centre_nm=centre, min_nm=min_nm, max_nm=max_nm, sources=sources)
    return _settled(_by_wavelength(moved), detected)


def located(
    band: Band,
    detected: Band,
    centre_nm: Optional[float],
    min_nm: Optional[float],
    max_nm: Optional[float],
    sensor: Optional[Sensor] = None,
) -> Band:
    """The band with centre and limits that the person gave together; either may be missing."""
    if min_nm is None or max_nm is None:
        return band if centre_nm is None else centred(band, detected, centre_nm, sensor)
    if centre_nm is None:
        return ranged(band, detected, min_nm, max_nm)
    check_range(band.name, centre_nm, min_nm, max_nm)
    given = dict(zip(WAVELENGTHS, (centre_nm, min_nm, max_nm)))
    new = [field for field, value in given.items() if not same(value, getattr(band, field))]
    if not new:
        return band
    sources = {**band.sources, **{field: USER for field in new}}
    moved = replace(band, centre_nm=centre_nm, min_nm=min_nm, max_nm=max_nm, sources=sources)
    return _settled(_by_wavelength(moved), detected)


def with_polarisation(band: Band, detected: Band, polarisation: Optional[str]) -> Band:
    """The band with another polarisation, or none; only radar has one."""
    polarisation = polarisation.strip().upper() or None if polarisation else None
    if polarisation == band.polarisation:
        return band
    if polarisation is not None and polarisation not in POLARISATIONS:
        known = ", ".join(POLARISATIONS)
        raise BandTableError(tr("{value} is no polarisation: use {known}.").format(value=polarisation, known=known))
    if polarisation is not None and band.centre_nm is not None and band.centre_nm <= MICROWAVE_MIN_NM:
        raise BandTableError(tr("{name} is no radar band: it has no polarisation.").format(name=band.name))
    changed = replace(band, polarisation=polarisation, sources={**band.sources, "polarisation": USER})
    return _settled(_by_wavelength(changed), detected)


def with_layer(band: Band, detected: Band, key: Optional[str]) -> Band:
    """The band that a learnt layer named by the person speaks for, or (None) the one its wavelength tells."""
    if key == band.layer:
        return band
    if key is not None and key not in LAYER_BY_KEY:
        raise BandTableError(tr("There is no layer {key}.").format(key=key))
    return _settled(replace(band, layer=key, sources={**band.sources, "layer": USER}), detected)


def with_enabled(band: Band, detected: Band, enabled: bool) -> Band:
    """The band switched on or off."""
    if enabled == band.enabled:
        return band
    if enabled == detected.enabled:
        return _take(replace(band, note=detected.note), detected, ("enabled",))
    return replace(band, enabled=enabled, note="", sources={**band.sources, "enabled": USER})


def stated(band: Band, detected: Band) -> Band:
    """The band as a table states it, so that the engine reads it back just so.

    Of a changed band every field counts as stated, else the engine would fill emptied ones from the metadata.
    """
    if band == detected:
        return band
    return replace(band, sources={"polarisation": USER, "layer": BY_WAVELENGTH, "enabled": USER, **band.sources})


def said(band: Band, detected: Band) -> Band:
    """Only what the person said of a band, and its name where the person changed it."""
    given = [field for field in FIELDS if is_users(band.sources.get(field, ""))]
    return _take(Band(band.name if band.name != detected.name else ""), band, given)


def applied(detected: Band, entry: Band, only_users: bool) -> Band:
    """A detected band with what a table's ``entry`` states of it; of ``only_users`` fields where another sensor rules.

    Raises BandTableError where the two contradict each other.
    """
    given = [field for field in FIELDS if field in entry.sources and (not only_users or is_users(entry.sources[field]))]
    if "centre_nm" in given and not only_users:
        # As the engine has it: a table's wavelengths hold together.
        given = [*WAVELENGTHS, *(field for field in given if field not in WAVELENGTHS)]
    # Names carry no source: under another sensor they are the former one's.
    name = detected.name if only_users else entry.name or detected.name
    band = _take(replace(detected, name=name), entry, given)
    if "centre_nm" in given or "min_nm" in given:
        centre, low, high = band.centre_nm, band.min_nm, band.max_nm
        if centre is not None and low is not None and high is not None and not low <= centre <= high:
            band = replace(band, min_nm=None, max_nm=None, sources=_without(band.sources, ("min_nm", "max_nm")))
    if "layer" not in given and not same(band.centre_nm, detected.centre_nm):
        band = _by_wavelength(band)
    if "enabled" in given or entry.note:
        band = replace(band, note=entry.note)
    check_range(band.name, band.centre_nm, band.min_nm, band.max_nm)
    return _settled(band, detected)


# -- parts ----------------------------------------------------------------------------------------


def _without(sources: Mapping[str, str], fields: Tuple[str, ...]) -> Dict[str, str]:
    return {field: source for field, source in sources.items() if field not in fields}


def _take(band: Band, other: Band, fields: Collection[str]) -> Band:
    """The band with these fields, and their sources, of another."""
    sources = {field: source for field, source in band.sources.items() if field not in fields}
    sources.update((field, other.sources[field]) for field in fields if field in other.sources)
    return replace(band, sources=sources, **{field: getattr(other, field) for field in fields})


def _by_wavelength(band: Band) -> Band:
    """The band whose layer, unless the person named it, follows from the wavelength: it is no catalogue's band now."""
    if band.layer is None or band.sources.get("layer") == USER:
        return band
    return replace(band, layer=None, sources={**band.sources, "layer": BY_WAVELENGTH})


def _settled(band: Band, detected: Band) -> Band:
    """The band with the detected sources where its values are the detected ones again."""
    if all(same(getattr(band, field), getattr(detected, field)) for field in WAVELENGTHS):
        band = _take(band, detected, WAVELENGTHS)
        if band.polarisation == detected.polarisation and band.sources.get("layer") == BY_WAVELENGTH:
            band = _take(band, detected, ("layer",))
    kept = [field for field in ("polarisation", "layer") if getattr(band, field) == getattr(detected, field)]
    return _take(band, detected, kept)


def _restored(band: Band, detected: Band) -> Band:
    """The band with the detected centre, and range where the person gave none."""
    if band.sources.get("min_nm") == USER:
        check_range(band.name, detected.centre_nm, band.min_nm, band.max_nm)
        return _settled(_take(band, detected, ("centre_nm",)), detected)
    return _settled(_take(band, detected, WAVELENGTHS), detected)


def _without_range(band: Band, detected: Band) -> Band:
    centre, low, high = band.centre_nm, detected.min_nm, detected.max_nm
    fits = centre is not None and low is not None and high is not None and low <= centre <= high
    if band.sources.get("centre_nm") == MIDDLE:
        return _settled(_take(band, detected, WAVELENGTHS), detected)
    if fits:
        return _settled(_take(band, detected, ("min_nm", "max_nm")), detected)
    return replace(band, min_nm=None, max_nm=None, sources=_without(band.sources, ("min_nm", "max_nm")))


def _like_detected(band: Band, detected: Band, source: str) -> Band:
    """The band with the detected value of all that came from ``source``."""
    return _settled(_take(band, detected, [each for each in FIELDS if band.sources.get(each) == source]), detected)


def _with_known_range(band: Band, sensor: Optional[Sensor]) -> Band:
    """A band without range with that of the sensor's band at its centre: by its name, else by the centre.

    The engine fills it in just so (`engine.spectrum.detect`), and the table shall show it.
    """
    if sensor is None or band.centre_nm is None or band.min_nm is not None:
        return band
    centre = band.centre_nm
    own = sensor_band(sensor, band.name)
    if own is None or not _is_at(centre, own, SAME_BAND):
        own = next((each for each in sensor.bands if _is_at(centre, each, SAME_CENTRE)), None)
    if own is None or not own.min_nm <= centre <= own.max_nm:
        return band
    sources = {**band.sources, "min_nm": BY_WAVELENGTH, "max_nm": BY_WAVELENGTH}
    return replace(band, min_nm=own.min_nm, max_nm=own.max_nm, sources=sources)


def _is_at(centre_nm: float, known: SensorBand, tolerance: float) -> bool:
    return abs(centre_nm / known.centre_nm - 1) <= tolerance


def _with_catalogue(band: Band, known: SensorBand) -> Band:
    sources = {**band.sources, **{field: BY_NAME for field in (*WAVELENGTHS, "polarisation", "layer")}}
    return replace(
        band, centre_nm=known.centre_nm, min_nm=known.min_nm, max_nm=known.max_nm, polarisation=known.polarisation,
        layer=known.layer, sources=sources,
    )  # fmt: skip
