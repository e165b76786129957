"""Why bands are refused, in words: one error that names all bands concerned. Standard library only."""

from __future__ import annotations

from typing import Sequence, Tuple

from ..errors import OutsideSpectrumError, UnknownBandError
from .bands import MICROWAVE_MIN_NM, Band
from .units import wavelength_text

#: Bands named in a message before "and N more".
NAMED = 12

_WAYS_OUT = (
    "Name the sensor (--sensor NAME) or give the wavelengths in a band table (--bands TABLE.json, or the panel's band "
    "table); “smarties describe” shows what was read."
)


def unknown_error(bands: Sequence[Band]) -> UnknownBandError:
    """The error for bands without wavelength, or radar bands without polarisation."""
    missing = "wavelength"
    if all(band.is_radar and band.polarisation is None for band in bands):
        missing = "polarisation"
    kind = "radar " if all(band.is_radar for band in bands) else ""
    names = _joined([band.name for band in bands])
    return UnknownBandError(f"Nothing tells the {missing} of {kind}{_counted(bands)}{names}.", _WAYS_OUT)


def beyond_error(bands: Sequence[Band]) -> OutsideSpectrumError:
    """The error for bands no layer may speak for: beyond the spectrum, or radar that was not learnt."""
    told = f"{_counted(bands)}{_joined([_described(band) for band in bands])}"
    if any(band.is_radar for band in bands):
        return OutsideSpectrumError(
            f"The model knows radar only as C band (near 5.4 GHz) in VV and VH, not {told}.",
            "Switch it off in the band table: no layer can stand in for another polarisation or radar band.",
        )
    return OutsideSpectrumError(
        f"Outside the model's spectrum, 422 nm to 5.6 cm: {told}.", "Switch it off in the band table."
    )


def far_error(bands: Sequence[Tuple[Band, float]]) -> OutsideSpectrumError:
    """The error for (band, distance in nm to the nearest learnt range) that only the user can allow."""
    told = [f"{_described(band)}, {_distance(distance)} from the nearest learnt range" for band, distance in bands]
    return OutsideSpectrumError(
        f"Nothing near was learnt for {_counted([band for band, _ in bands])}{_joined(told)}.",
        "Switch it off in the band table, or allow bands far from what was learnt (--allow-outside).",
    )


def _counted(bands: Sequence[Band]) -> str:
    """ "band ", "bands ", or nothing before names that begin with the word."""
    if bands[0].name.lower().startswith("band"):
        return ""
    return "bands " if len(bands) > 1 else "band "


def _described(band: Band) -> str:
    where = ""
    if band.centre_nm is not None:
        where = wavelength_text(band.centre_nm)
    polarisation = band.polarisation if band.polarisation != band.name else None
    known = ", ".join(part for part in (polarisation, where) if part)
    return f"{band.name} ({known})" if known else band.name


def _joined(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _distance(distance_nm: float) -> str:
    return f"{distance_nm:.5g} nm" if distance_nm < MICROWAVE_MIN_NM else f"{distance_nm / 1e7:.3g} cm"
