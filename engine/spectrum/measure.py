"""Bands from what the dialects read: texts become nm, and each value remembers its source. Standard library only."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Optional, Sequence

from ..errors import BandTableError
from .bands import Band
from .dialects import Reading, Readings
from .units import all_to_nm, width_to_nm

#: How far two dialects of one file may differ and speak of one band: GDAL rounds to 1 nm.
SAME_WAVELENGTH = 0.005

BAD_BAND = "bad band"


def measure(dialects: Sequence[Readings], settled: Sequence[bool], notes: List[str]) -> List[Band]:
    """One nameless band per raster band, with wavelength, range and switched off where the file calls it bad.

    ``dialects`` are readings in the order of trust; the first that states a band's
    wavelength gives it. Its range is centre ± FWHM/2, by the first dialect that states the
    width for that wavelength. Bands that are ``settled`` or bad are read only where their
    values make sense. What is corrected is told in ``notes``.
    Raises BandTableError showing an impossible wavelength, or a unit that is none.
    """
    bands = [Band("") for _ in settled]
    for readings in dialects:
        for index, reading in enumerate(readings):
            if reading is not None and reading.usable is False and bands[index].enabled:
                sources = {**bands[index].sources, "enabled": reading.source}
                bands[index] = replace(bands[index], enabled=False, note=BAD_BAND, sources=sources)
    for readings in dialects:
        optional = [settled[index] or not band.enabled for index, band in enumerate(bands)]
        centres = _centres(readings, [band.centre_nm is not None for band in bands], optional, notes)
        for index, reading in enumerate(readings):
            if reading is None:
                continue
            if index in centres:
                sources = {**bands[index].sources, "centre_nm": reading.source}
                bands[index] = replace(bands[index], centre_nm=centres[index], sources=sources)
            bands[index] = _with_width(bands[index], reading)
    return bands


def _centres(readings: Readings, known: Sequence[bool], optional: Sequence[bool], notes: List[str]) -> Dict[int, float]:
    """The centres in nm that a dialect adds, by band; values of one unit are read together."""
    groups: Dict[Optional[str], Dict[str, int]] = {}
    for index, reading in enumerate(readings):
        if reading is None or reading.wavelength is None or known[index]:
            continue
        if optional[index] and _alone(reading) is None:
            continue
        groups.setdefault(reading.unit, {})[f"wavelength of band {index + 1}"] = index
    centres: Dict[int, float] = {}
    for unit, places in groups.items():
        texts = {what: str(_reading(readings, index).wavelength) for what, index in places.items()}
        nm, note = all_to_nm(texts, unit)
        centres.update((index, nm[what]) for what, index in places.items())
        if note:
            notes.append(f"{_reading(readings, next(iter(places.values()))).source}: {note}.")
    return centres


def _reading(readings: Readings, index: int) -> Reading:
    reading = readings[index]
    assert reading is not None, "grouped above"  # nosec B101: for the type checker
    return reading


def _alone(reading: Reading) -> Optional[float]:
    """The centre in nm by this reading alone, None where its value makes no sense."""
    try:
        return all_to_nm({"wavelength": reading.wavelength or ""}, reading.unit)[0]["wavelength"]
    except BandTableError:
        return None


def _with_width(band: Band, reading: Reading) -> Band:
    if reading.width is None or band.centre_nm is None or band.min_nm is not None:
        return band
    own = _alone(reading) if reading.wavelength is not None else band.centre_nm
    if own is None or abs(own / band.centre_nm - 1) > SAME_WAVELENGTH:
        return band
    width = width_to_nm(reading.width, band.centre_nm, reading.unit)
    if width is None:
        return band
    source = f"{reading.source}: FWHM"
    return replace(
        band,
        min_nm=band.centre_nm - width / 2,
        max_nm=band.centre_nm + width / 2,
        sources={**band.sources, "min_nm": source, "max_nm": source},
    )
